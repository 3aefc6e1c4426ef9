-- What the fault matrices share: the faults, and a SignalR and a function of its
-- own for each try, so that one emulator will do.
local azure = require "azure"
local helper = require "spec.helper"

local matrix = {}

--- Each fault, and whether the very run that it strikes gets to its end all the
--- same. A 401 says that the credential is no good: no run goes on after that.
matrix.faults = {
  { "dropped before it arrives", { drop = "before" }, true },
  { "whose answer is dropped", { drop = "after" }, true },
  { "answered with 429", { status = 429, retry_after = 3 }, true },
  { "answered with 500", { status = 500 }, true },
  { "answered with 500 although it had its effect", { status = 500, effect = true }, true },
  { "answered with 409", { status = 409 }, true },
  { "answered with a page of HTML", { effect = true, body = "<html>sign in</html>" }, true },
  { "whose answer is cut off", { effect = true, truncate = 10 }, true },
  { "answered with 401", { status = 401 }, false },
}

function matrix.is_arm(request)
  return request.url:find("/subscriptions/", 1, true) ~= nil
end

function matrix.client(s, retries)
  return helper.client(s.e, {
    credential = helper.closing(s.e:credential()), retry = { max_retries = retries, delay = 0.1, max_delay = 1 },
  })
end

local Try = {}
Try.__index = Try

--- A try: `signalr`, `upstream` with a stranger's connection, and how it came out.
---@param s table a scene
---@param number integer
---@param opts { replica: boolean? }?
function matrix.try(s, number, opts)
  local base = helper.group .. "/providers/"
  local try = setmetatable({
    s = s, signalr = ("%sMicrosoft.SignalRService/signalR/crash-%d"):format(base, number),
    upstream = ("%sMicrosoft.Web/sites/crash-%d"):format(base, number),
  }, Try)
  local sku = opts and opts.replica and "Premium_P1" or "Standard_S1"
  s.e:seed{ { id = try.signalr, sku = { name = sku } }, { id = try.upstream, plan = s.e.ids.plan } }
  if opts and opts.replica then
    assert(s.client:put(try.signalr .. "/replicas/eu-replica", { location = "westeurope", sku = { name = sku, capacity = 1 } }))
  end
  try.stranger = s.e:stranger{ target = try.upstream }
  try.approvals = s.e.approvals
  return try
end

function Try:spec(fields)
  local all = {
    signalr = self.signalr, upstream = self.upstream, name = "func-pe", poll_interval = 10, replica_settle = 30,
  }
  for key, value in pairs(fields or {}) do all[key] = value end
  return all
end

function Try:establish(client, fields)
  return azure.private_link.establish(client, self:spec(fields))
end

function Try:link()
  return self.s.e:resource(self.signalr .. "/sharedPrivateLinkResources/func-pe")
end

--- Everything that must hold in the end, as one line.
function Try:outcome()
  local e = self.s.e
  local links = #e.state:children(self.signalr, "Microsoft.SignalRService/SignalR/sharedPrivateLinkResources")
  local link = self:link()
  return ("%d link, %s; %d approval; connections %s; stranger %s"):format(links, link and link.status or "none",
    e.approvals - self.approvals, self.s:statuses(self.upstream), self.stranger.status)
end

--- A rule for the request `number` (from now on) that `counts`.
function matrix.strike(s, fault, number, counts)
  local rule = { match = counts or matrix.is_arm, after = number - 1 }
  for key, value in pairs(fault) do rule[key] = value end
  s.e:clear_faults()
  return s.e:fault(rule)
end

--- Runs `first` once for each request that it makes, with the fault at that
--- request; `check(number, try, first's results...)` looks at what came of it.
---@return integer struck how many faults found their request
function matrix.each(s, fault, run, check, opts)
  local start = run.prepare or function(number) return matrix.try(s, number, opts) end
  local calm = start(0)
  s.e:clear_requests()
  assert(run.first(calm))
  local count, struck = #s.e:requests(matrix.is_arm), 0
  for number = 1, count do
    local try = start(number)
    local rule = matrix.strike(s, fault, number)
    local result, err = run.first(try)
    struck = struck + rule.hits
    rule:remove() -- a first run that was shorter leaves it unspent
    check(number, try, rule.hits > 0, result, err)
  end
  return struck, count
end

return matrix
