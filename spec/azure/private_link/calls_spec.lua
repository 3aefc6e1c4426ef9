local helper = require "spec.helper"
local job_module = require "azure.private_link.job"
local scene = require "spec.azure.private_link.scene"

describe("a job's calls", function()
  local s, job

  local function new_job(fields)
    return job_module.new(s.client, s:spec(fields), "test", {})
  end

  before_each(function()
    s = scene.new()
    job = new_job()
  end)

  it("are tried once more when what failed may pass", function()
    s.e:fault{ match = "GET .*contoso%-signalr", effect = true, body = "<html>" }

    assert.equal("contoso-signalr", assert(job:get(s.client, s.e.ids.signalr)).name)
    assert.equal(2, #s.e:requests("GET .*contoso%-signalr"))
  end)

  it("are not tried again when that cannot help", function()
    local _, err = job:get(s.client, s.e.ids.signalr .. "-none")

    assert.equal(404, err.status)
    assert.equal(1, #s.e:requests("GET .*contoso%-signalr%-none"))
  end)

  for _, read in ipairs{ "get", "list" } do
    it(("end with the job: %s"):format(read), function()
      s.e:fault{ match = "GET .*privateEndpointConnections", delay = 1e5, times = 100 }
      job = new_job{ timeout = 60 }
      local started = helper.loop():now()

      local answer, err = job[read](job, s.client, s.e.ids.func .. "/privateEndpointConnections")

      assert.is_nil(answer)
      assert.equal("timeout", err.kind)
      assert.is_true(helper.loop():now() - started < 62)
    end)
  end

  it("tell a list what the answer is not", function()
    s.e:fault{ match = "GET .*privateEndpointConnections", status = 200, effect = true, body = "{}", times = 9 }

    local items, err = job:list(s.client, s.e.ids.func .. "/privateEndpointConnections")

    assert.is_nil(items)
    assert.equal("NotAList", err.code)
  end)

  it("give the api_version of the spec to the upstream and what is below it, to nobody else", function()
    job = new_job{ api_version = "2022-03-01" }
    local paths = {
      s.e.ids.func, s.e.ids.func:upper(), s.e.ids.func .. "/privateEndpointConnections",
      s.e.ids.signalr, s.e.ids.func .. "-2", s.e.ids.func .. "/providers/Microsoft.Authorization/permissions", s.e.ids.plan,
    }

    for _, path in ipairs(paths) do job:get(s.client, path) end

    local versions = {}
    for i, request in ipairs(s.e:requests("GET")) do versions[i] = request.query["api-version"] end
    assert.same({ "2022-03-01", "2022-03-01", "2022-03-01", "2024-03-01" }, { table.unpack(versions, 1, 4) })
    for i = 5, 7 do assert.are_not.equal("2022-03-01", versions[i]) end
  end)

  it("send a write once, and give its ids", function()
    local rule = s.e:fault{ match = "PUT", status = 503, times = 9 }
    assert.is_nil((job:write(s.client, "PUT", job:link_id(), {})))
    assert.equal(1, rule.hits)
    rule:remove()

    local call = assert(job:write(s.client, "PUT", job:link_id(), { properties = {
      privateLinkResourceId = s.e.ids.func, groupId = "sites", requestMessage = "x",
    } }, "azure-async-operation"))

    assert.is_string(call.request_id)
    assert.equal(call.request_id, job.request_ids[1].request_id)
  end)

  it("pause for as long as the service asks, and never past the deadline", function()
    job = new_job{ timeout = 100 }
    local started = helper.loop():now()

    assert(job:pause(0, 30))
    local first = helper.loop():now() - started
    assert(job:pause(0, 600))

    assert.is_true(first >= 30 and first < 31)
    assert.is_true(helper.loop():now() - started <= 100.1)
  end)
end)
