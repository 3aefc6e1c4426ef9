--- Separation of duties: one team creates the link, another approves it.
-- The hand-off is plain data without secrets that survives JSON. Whoever
-- approves looks at all evidence again: the hand-off is a claim, not a proof.

local bind = require "azure.private_link.bind"
local errors = require "azure.errors"
local reference = require "azure.private_link.reference"
local report = require "azure.private_link.report"
local resource_id = require "azure.resource_id"

local handoff = {}

local VERSION = 1
local KIND = "azure-signalr.handoff"

local function connection_ids(job)
  local ids = {}
  for _, entry in ipairs(job.to_approve or {}) do ids[#ids + 1] = entry.id end
  return ids
end

-- What binds the connections; where nobody could look, what the spec asks for.
local function evidence_of(job)
  local entry = job.to_approve and job.to_approve[1]
  return entry and entry.evidence or job.match
end

--- The report of a job that stops before the approval.
---@param job table
---@return table? report with the field `handoff`
---@return azure.Error? err when nobody could use it
function handoff.offer(job)
  local evidence = evidence_of(job)
  if evidence == "reference" and not job.reference then
    return nil, errors.new{
      kind = "refused", code = "NothingToHandOff", target = job.link.id,
      message = ("link '%s' has no reference, so nobody can tell its connection"):format(job.name),
      hint = "hand it off with match=\"name\", or remove the link and establish it anew",
    }
  end
  local ids = connection_ids(job)
  local result = report.make(job, "awaiting-approval")
  result.handoff = {
    version = VERSION, kind = KIND,
    signalr = job.signalr.id, upstream = job.upstream.id, link = job:link_id(), name = job.name, group = job.group,
    connections = ids, connection = ids[1], reference = job.reference, message = job.link.message, match = evidence,
  }
  job:emit("handoff", "done", "the upstream's owner can approve now",
    { handoff = result.handoff, request_ids = job.request_ids })
  return result
end

local function malformed(reason)
  return nil, errors.new{
    kind = "refused", code = "InvalidHandoff", message = "this is not a hand-off: " .. reason,
    hint = "ask the creator for the table that establish{ approve = false } gave as report.handoff",
  }
end

local text_fields = { "signalr", "upstream", "link", "name", "group", "message" }

local function check_texts(offer)
  for _, field in ipairs(text_fields) do
    if type(offer[field]) ~= "string" or #offer[field] > 2048 then return malformed(field .. " is missing") end
  end
  for _, field in ipairs{ "signalr", "upstream", "link" } do
    if not resource_id.parse(offer[field]) then return malformed(field .. " is not a resource id") end
  end
  return true
end

-- What is approved is what the letter says that it is: the link of that name,
-- of that SignalR.
local function check_link_id(offer)
  local parsed = resource_id.parse(offer.link)
  local is_link = parsed.type:lower() == "microsoft.signalrservice/signalr/sharedprivatelinkresources"
  if not is_link or not resource_id.equal(parsed.parent, offer.signalr) then
    return malformed("link is not a link of that SignalR")
  end
  if parsed.name:lower() ~= offer.name:lower() then return malformed("link has another name") end
  return true
end

local function check_ids(offer)
  if offer.connections == nil then return true end
  if type(offer.connections) ~= "table" then return malformed("connections is not a list") end
  for _, id in ipairs(offer.connections) do
    local parsed = resource_id.parse(id)
    if not parsed or not resource_id.equal(parsed.parent, offer.upstream) then
      return malformed("a connection is not the upstream's")
    end
  end
  return true
end

local function check_evidence(offer)
  local match = offer.match == nil and "reference" or offer.match
  if match ~= "explicit" and not bind.matches[match] then return malformed("its match is " .. tostring(match)) end
  if match == "reference" and not offer.reference then return malformed("its reference is missing") end
  if offer.reference and not reference.carries(offer.message, offer.reference) then
    return malformed("its message does not carry its reference")
  end
  if match == "explicit" and #(offer.connections or {}) == 0 then return malformed("it names no connection") end
  return true
end

local checks = { check_texts, check_link_id, check_ids, check_evidence }

--- Looks whether something can be a hand-off at all. It came through other
--- hands: nothing in it is taken on trust.
---@param offer any the hand-off, or the report that has it
---@return table? offer
---@return azure.Error? err
function handoff.check(offer)
  if type(offer) ~= "table" then return malformed("it is a " .. type(offer)) end
  offer = type(offer.handoff) == "table" and offer.handoff or offer
  if offer.kind ~= KIND then return malformed("its kind is " .. tostring(offer.kind)) end
  if offer.version ~= VERSION then return malformed("its version is " .. tostring(offer.version)) end
  for _, check in ipairs(checks) do
    local ok, err = check(offer)
    if not ok then return nil, err end
  end
  return offer
end

return handoff
