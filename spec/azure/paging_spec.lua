local azure = require "azure"
local helper = require "spec.helper"

local path = helper.group .. "/providers/Microsoft.SignalRService/signalR"

-- Answers of a server, one for each request in turn.
local function pages(e, list)
  for _, body in ipairs(list) do
    e:fault{ match = { method = "GET" }, status = 200, body = body, headers = { ["Content-Type"] = "application/json" } }
  end
end

local function collect(client, opts)
  local items = {}
  for item, err in client:list(path, opts) do
    if err then return items, err end
    items[#items + 1] = item
  end
  return items
end

describe("client:list", function()
  local e, client
  before_each(function()
    e = helper.emulator{ seed = "contoso" }
    client = helper.client(e)
    assert(client:get(helper.group))
    e:clear_requests()
  end)

  for _, case in ipairs{
    { "one page without a link", { '{"value":[1,2]}' }, { 1, 2 } },
    { "a link that is null", { '{"value":[1],"nextLink":null}' }, { 1 } },
    { "a link that is empty", { '{"value":[1],"nextLink":""}' }, { 1 } },
    { "a relative link", { '{"value":[1],"nextLink":"/next?page=2"}', '{"value":[2]}' }, { 1, 2 } },
    { "empty pages on the way", { '{"value":[],"nextLink":"/a"}', '{"value":[],"nextLink":"/b"}', '{"value":[3]}' }, { 3 } },
    { "a list that is null", { '{"value":null}' }, {} },
    { "nothing at all", { '{"value":[]}' }, {} },
  } do
    it("reads " .. case[1], function()
      pages(e, case[2])

      assert.same(case[3], (collect(client)))
      assert.equal(#case[2], #e:requests())
    end)
  end

  it("follows an absolute link byte for byte", function()
    pages(e, { ('{"value":[1],"nextLink":"%s/next?$skiptoken=a%%2Fb&x=%%7e"}'):format(e.url), '{"value":[2]}' })

    assert.same({ 1, 2 }, (collect(client)))
    assert.matches("/next%?%$skiptoken=a%%2Fb&x=%%7e$", e:requests()[2].url)
  end)

  it("refuses a link to another host and keeps what it has", function()
    pages(e, { '{"value":[1],"nextLink":"https://evil.example/next"}' })

    local items, err = collect(client)

    assert.same({ 1 }, items)
    assert.equal("ForeignOrigin", err.code)
    assert.equal(1, #e:requests())
  end)

  it("finds items and links by path, and by names that have a dot", function()
    pages(e, { '{"a":{"b":[1]},"odata.nextLink":"/next"}', '{"a":{"b":[2]}}' })

    assert.same({ 1, 2 }, (collect(client, { items = "a.b", next_link = "odata.nextLink" })))
  end)

  it("gives every next link the parameters that the caller asks for", function()
    pages(e, { '{"value":[1],"nextLink":"/next?Api-Version=x&$skiptoken=a%2Fb"}', '{"value":[2]}' })

    assert.same({ 1, 2 }, (collect(client, { next_query = { ["api-version"] = "1" } })))
    assert.matches("/next%?%$skiptoken=a%%2Fb&api%-version=1$", e:requests()[2].url)
  end)

  it("asks for the next page with the caller's method", function()
    e:fault{ match = "/first", status = 200, body = '{"value":[1],"nextLink":"/second"}' }
    e:fault{ match = "/second", status = 200, body = '{"value":[2]}' }

    local items = {}
    for item in client:list("/first", { method = "POST", next_method = "POST" }) do items[#items + 1] = item end

    assert.same({ 1, 2 }, items)
    assert.same({ "POST", "POST" }, { e:requests()[1].method, e:requests()[2].method })
  end)

  it("notices a loop", function()
    pages(e, { '{"value":[1],"nextLink":"/a"}', '{"value":[2],"nextLink":"/b"}', '{"value":[3],"nextLink":"/a"}' })

    local items, err = collect(client)

    assert.same({ 1, 2, 3 }, items)
    assert.equal("PagingLoop", err.code)
  end)

  it("gives an error in the middle once, then ends", function()
    pages(e, { '{"value":[1],"nextLink":"/missing-page"}' })
    local calls, last = 0, nil

    for item, err in client:list(path) do
      calls = calls + 1
      if calls == 2 then
        assert.is_false(item)
        last = err
      end
    end

    assert.equal(2, calls)
    assert.is_table(last)
  end)

  it("says what is missing when the answer is no list", function()
    pages(e, { '{"items":[1]}' })

    local _, err = collect(client)

    assert.equal("NotAList", err.code)
  end)

  it("finds items and links where it is told to", function()
    pages(e, { '{"data":{"items":[1],"more":"/x"}}', '{"data":{"items":[2]}}' })

    assert.same({ 1, 2 }, (collect(client, { items = "data.items", next_link = "data.more" })))
  end)

  it("reads one page only when told so", function()
    pages(e, { '{"value":[1],"nextLink":"/x"}' })

    assert.same({ 1 }, (collect(client, { next_link = false })))
  end)

  it("waits inside a task while others go on", function()
    helper.virtual_time()
    local order = {}
    pages(e, { '{"value":[1],"nextLink":"/page-two"}' })
    e:fault{ match = "/page%-two", status = 200, body = '{"value":[2]}', delay = 5 }
    local reader = azure.spawn(function()
      for item, err in client:list(path) do order[#order + 1] = item or tostring(err) end
    end)
    local other = azure.spawn(function() azure.sleep(1) order[#order + 1] = "other" end)

    reader:wait()
    other:wait()

    assert.same({ 1, "other", 2 }, order)
  end)

  it("checks its options before anything is sent", function()
    assert.error_matches(function() client:list(path, { item = "x" }) end, "did you mean 'items'")
    assert.equal(0, #e:requests())
  end)
end)
