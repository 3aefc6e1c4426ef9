--- Which connections on the upstream are ours, by evidence. Pure decisions.
--
-- `want` is what we know: { references=, messages=, name=, group=, baseline= }.
-- references and messages are sets: those of the link and of its replicas'
-- copies, and `known` ones that they had earlier in this run. baseline is the
-- set of connections (keys of ids) that were there before we created the link,
-- nil when we did not create it.

local reference = require "azure.private_link.reference"
local resource_id = require "azure.resource_id"
local states = require "azure.private_link.states"

local bind = {}

--- What is known from links of states.link: their references and messages.
---@param links table[]
---@param want table name, group, baseline and known (sets of references by owner)
---@return table want
function bind.want(links, want)
  want.references, want.messages = {}, {}
  for _, link in ipairs(links) do
    for ref in pairs(want.known and want.known[link.owner] or {}) do want.references[ref] = true end
    local ref = reference.find(link.message)
    if ref then want.references[ref] = true end
    if link.message then want.messages[link.message] = true end
  end
  return want
end

--- The ways to match, and what each means.
bind.matches = {
  reference = "the description carries our reference",
  name = "the private endpoint has the link's name",
  baseline = "it is the only new connection of the group",
}

local function equal_text(a, b)
  return type(a) == "string" and type(b) == "string" and a:lower() == b:lower()
end

-- Whether the description speaks against the connection. An approver may have
-- replaced it, so only a Pending one is held to our message.
local function contradiction(connection, want)
  local other = reference.find(connection.description)
  if other and not want.references[other] and not (want.former and want.former[other]) then
    return "the description carries another reference, " .. other
  end
  local is_pending = connection.status == "Pending"
  if is_pending and connection.description ~= "" and not want.messages[connection.description] then
    return "the description is not our request message"
  end
  return nil
end

local function tell(clues, holds, for_text, against_text)
  local list = holds and clues["for"] or clues.against
  list[#list + 1] = holds and for_text or against_text
end

--- What speaks for and against a connection.
---@param connection table of states.connection
---@param want table
---@return table clues { reference=, name=, new=, other_reference=, contradicted=, for={...}, against={...} }
function bind.evidence(connection, want)
  local clues = { ["for"] = {}, against = {} }
  local found = reference.find(connection.description)
  clues.reference = found ~= nil and want.references[found] == true
  clues.former = found ~= nil and not clues.reference and want.former ~= nil and want.former[found] == true
  clues.other_reference = found ~= nil and not clues.reference and not clues.former
  clues.name = equal_text(connection.endpoint_name, want.name)
  clues.contradicted = contradiction(connection, want) ~= nil
  tell(clues, clues.reference, "the description carries our reference", "the description lacks our reference")
  tell(clues, clues.name, "the private endpoint has the link's name",
    ("the private endpoint is called '%s'"):format(connection.endpoint_name or "?"))
  if want.baseline then
    clues.new = not want.baseline[resource_id.key(connection.id)]
    tell(clues, clues.new, "it appeared after our request", "it was there before our request")
  end
  if clues.contradicted then clues.against[#clues.against + 1] = contradiction(connection, want) end
  return clues
end

--- Whether the evidence is what `match` asks for.
---@param clues table
---@param match string
---@return boolean
function bind.is_enough(clues, match)
  if clues.new == false then return false end
  if match == "reference" then return clues.reference end
  if match == "name" then return clues.name and not clues.contradicted end
  return clues.new == true and not clues.contradicted
end

local function names(connection, wanted)
  return resource_id.equal(connection.id, wanted) or equal_text(connection.name, wanted)
end

local function is_explicit(connection, explicit)
  for _, wanted in ipairs(explicit) do
    if names(connection, wanted) then return true end
  end
  return false
end

local function candidate(connection, clues)
  return {
    id = connection.id, name = connection.name, status = connection.status,
    description = connection.description, groups = connection.groups,
    private_endpoint = connection.private_endpoint,
    ["for"] = clues["for"], against = clues.against,
  }
end

local slot_of = {
  Pending = "pending", Approved = "approved", Approving = "approved", Rejected = "rejected", Rejecting = "rejected",
  Disconnected = "disconnected", Disconnecting = "disconnected",
}

-- "baseline" means the only new one: a second new one takes the proof away,
-- even if its description says that it is somebody else's.
local function drop_if_not_alone(found, match)
  if match ~= "baseline" or #found.pending + #found.lacking < 2 then return end
  table.move(found.pending, 1, #found.pending, #found.lacking + 1, found.lacking)
  found.pending = {}
end

local function sort_one(found, connection, want, match, explicit)
  local clues = bind.evidence(connection, want)
  local entry = candidate(connection, clues)
  local ours
  if explicit then
    ours = is_explicit(connection, explicit)
    entry.evidence = "explicit"
    entry.refused = ours and (clues.new == false or clues.other_reference) or nil
  else
    ours = bind.is_enough(clues, match)
    entry.evidence = match
  end
  local slot = found[slot_of[connection.status] or "other"]
  if ours then
    slot[#slot + 1] = entry
  elseif clues.former and connection.status == "Pending" and clues.new ~= false then
    found.former[#found.former + 1] = entry
  elseif connection.status == "Pending" and clues.new ~= false and not clues.other_reference then
    found.lacking[#found.lacking + 1] = entry
  end
end

--- Sorts the connections of our group: ours by status, and new Pending ones that
--- lack the evidence. Those with somebody else's reference are nobody's doubt;
--- `former` ones carry a reference of this very run, of a request that timed out.
---@param connections table[] of states.connection
---@param want table
---@param match string
---@param explicit string[]? ids or names chosen by a person
---@return table found { pending=, approved=, rejected=, disconnected=, other=, lacking=, former= }
function bind.sort(connections, want, match, explicit)
  local found = { pending = {}, approved = {}, rejected = {}, disconnected = {}, other = {}, lacking = {}, former = {} }
  for _, connection in ipairs(connections) do
    if states.is_of_group(connection, want.group) then
      sort_one(found, connection, want, match, explicit)
    end
  end
  if not explicit then drop_if_not_alone(found, match) end
  return found
end

return bind
