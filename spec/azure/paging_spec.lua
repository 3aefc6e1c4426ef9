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
    { "a link with a fragment, which goes", { '{"value":[1],"nextLink":"/a?b=1#c"}', '{"value":[2]}' }, { 1, 2 } },
  } do
    it("reads " .. case[1], function()
      pages(e, case[2])

      assert.same(case[3], (collect(client)))
      assert.equal(#case[2], #e:requests())
    end)
  end

  it("goes by the options as they were when it began", function()
    pages(e, { '{"items":[1],"more":"/next"}', '{"items":[2]}' })
    local opts, seen = { items = "items", next_link = "more", headers = { ["x-a"] = "1" } }, {}

    for item in client:list("/subscriptions/s/things?api-version=1", opts) do
      seen[#seen + 1] = item
      opts.items, opts.next_link, opts.headers, opts.timeout = 7, false, 7, "never"
    end

    assert.same({ 1, 2 }, seen)
    assert.equal("1", e:requests()[2].headers["x-a"])
  end)

  it("follows an absolute link byte for byte", function()
    pages(e, { ('{"value":[1],"nextLink":"%s/next?$skiptoken=a%%2Fb&x=%%7e"}'):format(e.url), '{"value":[2]}' })

    assert.same({ 1, 2 }, (collect(client)))
    assert.matches("/next%?%$skiptoken=a%%2Fb&x=%%7e$", e:requests()[2].url)
  end)

  it("encodes the spaces of a link, and nothing else", function()
    pages(e, { ('{"value":[1],"nextLink":"%s/next?t=1/1/1970 12:00:00 AM +00:00&a=b%%2f"}'):format(e.url),
      '{"value":[2]}' })

    assert.same({ 1, 2 }, (collect(client)))
    assert.matches("/next%?t=1/1/1970%%2012:00:00%%20AM%%20%+00:00&a=b%%2f$", e:requests()[2].url)
  end)

  it("follows a link whose scheme is in upper case", function()
    pages(e, { ('{"value":[1],"nextLink":"%s/next"}'):format(e.url:gsub("^http", "HTTP")), '{"value":[2]}' })

    assert.same({ 1, 2 }, (collect(client)))
  end)

  for name, link in pairs{
    ["a number"] = "5", ["a list"] = "[]", ["spaces around it"] = '" /next "', ["a control character"] = '"/a\\u0001"',
    ["a NUL"] = '"/a\\u0000b"', ["no host"] = '"http:///x"', ["another scheme"] = '"javascript:x"',
  } do
    it("tells of a link that is none, and does not raise: " .. name, function()
      pages(e, { ('{"value":[1],"nextLink":%s}'):format(link) })

      local items, err = collect(client)

      assert.same({ 1 }, items)
      assert.equal("protocol", err.kind)
      assert.equal(1, #e:requests())
    end)
  end

  it("takes a 204 for an empty page", function()
    e:fault{ match = { method = "GET" }, status = 204 }

    assert.same({}, (collect(client)))
  end)

  for _, body in ipairs{ "[]", "{}", '{"value":{}}', '{"value":7}', '{"nextLink":"/x"}', "false", "7" } do
    it("takes nothing else for one: " .. body, function()
      pages(e, { body })

      local _, err = collect(client)

      assert.equal("NotAList", err.code)
      assert.equal("GET", err.method)
      assert.matches("signalR", err.url)
      assert.is_string(err.client_request_id)
    end)
  end

  it("reads as many pages as it is told to", function()
    pages(e, { '{"value":[1],"nextLink":"/a"}', '{"value":[2],"nextLink":"/b"}', '{"value":[3]}' })

    assert.same({ 1, 2 }, (collect(client, { max_pages = 2 })))
    assert.equal(2, #e:requests())
  end)

  it("tries each page again as often as it is told to", function()
    helper.virtual_time()
    pages(e, { '{"value":[1],"nextLink":"/second"}' })
    e:fault{ match = "/second", status = 500, times = 9 }

    local items, err = collect(client, { max_retries = 1 })

    assert.same({ 1 }, items)
    assert.equal(2, err.attempts)
  end)

  it("tries a POST again when it is safe", function()
    helper.virtual_time()
    e:fault{ match = "/first", status = 500 }
    e:fault{ match = "/first", status = 200, body = '{"value":[1]}' }
    local items = {}

    for item in client:list("/first", { method = "POST", safe_to_repeat = true }) do items[#items + 1] = item end

    assert.same({ 1 }, items)
  end)

  it("takes a link of a POST to its own URL for another page", function()
    e:fault{ match = "POST ", status = 200, body = '{"value":[1],"nextLink":"/same"}' }
    e:fault{ match = "GET ", status = 200, body = '{"value":[2]}' }
    local items = {}

    for item, err in client:list("/same", { method = "post", body = { filter = "a" } }) do
      assert.is_nil(err)
      items[#items + 1] = item
    end

    assert.same({ 1, 2 }, items)
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
    assert.error_matches(function() client:list(path, { max_pages = 0 }) end, "'max_pages' must be")
    assert.error_matches(function() client:list(path, { max_pages = 1.5 }) end, "'max_pages' must be")
    assert.error_matches(function() client:list(path, { items = 7 }) end, "'items' must be")
    assert.error_matches(function() client:list(path, { next_query = { a = {}, b = print } }) end, "'b' must be")
    assert.equal(0, #e:requests())
  end)
end)
