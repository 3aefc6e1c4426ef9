--- Which connections on the upstream are ours, by evidence. Pure decisions.
--
-- `want` is what we know: { references=, messages=, shares=, name=, group=, baseline=, others= }.
-- references and messages are sets: those of the link and of its replicas'
-- copies, and `known` ones that they had earlier in this run. A share is the
-- links that have a reference in common: a replica's copy has its parent's.
-- baseline is the set of connections (keys of ids) that were there before we
-- created the link, nil when we did not create it. others are the names, in
-- lower case, of further links of this SignalR to this upstream.

local reference = require "azure.private_link.reference"
local resource_id = require "azure.resource_id"
local states = require "azure.private_link.states"

local bind = {}

local function references_of(link, known)
  local set = {}
  local ref = reference.find(link.message)
  if ref then set[ref] = true end
  for other in pairs(known and known[link.owner or "signalr"] or {}) do set[other] = true end
  return set
end

local function overlap(share, set)
  for ref in pairs(set) do
    if share.references[ref] then return true end
  end
  return false
end

-- A share of its own, or one with all that have a reference in common with it.
local function add_to_shares(shares, link, set)
  local mine = { links = { link }, references = set }
  for i = #shares, 1, -1 do
    local share = shares[i]
    if overlap(share, set) then
      for ref in pairs(share.references) do mine.references[ref] = true end
      table.move(share.links, 1, #share.links, #mine.links + 1, mine.links)
      table.remove(shares, i)
    end
  end
  shares[#shares + 1] = mine
end

--- What is known from links of states.link: their references, messages and shares.
---@param links table[]
---@param want table name, group, baseline, others and known (sets of references by owner)
---@return table want
function bind.want(links, want)
  want.references, want.messages, want.shares = {}, {}, {}
  for _, link in ipairs(links) do
    add_to_shares(want.shares, link, references_of(link, want.known))
    if link.message then want.messages[link.message] = true end
  end
  for _, share in ipairs(want.shares) do
    for ref in pairs(share.references) do want.references[ref] = share end
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

local function look_at_reference(clues, connection, want)
  local found = reference.find(connection.description)
  clues.reference = found ~= nil and want.references[found] ~= nil
  clues.share = clues.reference and want.references[found] or nil
  clues.former = found ~= nil and not clues.reference and want.former ~= nil and want.former[found] == true
  clues.other_reference = found ~= nil and not clues.reference and not clues.former
  tell(clues, clues.reference, "the description carries our reference", "the description lacks our reference")
  if clues.former then
    clues.against[#clues.against + 1] = "its reference is that of an earlier request of the link, which timed out"
  end
end

local function look_at_name(clues, connection, want)
  local name = connection.endpoint_name
  clues.name = equal_text(name, want.name)
  clues.other_link = not clues.name and want.others ~= nil and name ~= nil and want.others[name:lower()] == true
  tell(clues, clues.name, "the private endpoint has the link's name",
    ("the private endpoint is called '%s'%s"):format(name or "?",
      clues.other_link and ", as another link of this SignalR to this upstream" or ""))
end

--- What speaks for and against a connection.
---@param connection table of states.connection
---@param want table
---@return table clues reference, name, new, other_reference, other_link, contradicted; lists `for` and `against`
function bind.evidence(connection, want)
  local clues = { ["for"] = {}, against = {} }
  look_at_reference(clues, connection, want)
  look_at_name(clues, connection, want)
  clues.contradicted = contradiction(connection, want) ~= nil
  if want.baseline then
    clues.new = not want.baseline[resource_id.key(connection.id)]
    tell(clues, clues.new, "it appeared after our request", "it was there before our request")
  end
  if clues.contradicted then clues.against[#clues.against + 1] = contradiction(connection, want) end
  return clues
end

--- Whether the evidence is what `match` asks for. Our reference always is.
---@param clues table
---@param match string
---@return boolean
function bind.is_enough(clues, match)
  if clues.new == false then return false end
  if clues.reference or match == "reference" then return clues.reference end
  if match == "name" then return clues.name and not clues.contradicted end
  return clues.new == true and not clues.contradicted
end

local function names(connection, wanted)
  return resource_id.equal(connection.id, wanted) or equal_text(connection.name, wanted)
end

--- Whether a person chose the connection.
---@param connection table
---@param explicit string[] ids or names
---@return boolean
function bind.is_chosen(connection, explicit)
  for _, wanted in ipairs(explicit) do
    if names(connection, wanted) then return true end
  end
  return false
end

--- A connection as errors and reports name it, with what speaks for and against it.
---@param connection table of states.connection
---@param clues table of bind.evidence
---@return table
function bind.candidate(connection, clues)
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
-- even if its description says that it is somebody else's. Our reference needs
-- no such proof.
local function drop_if_not_alone(found, match)
  if match ~= "baseline" or #found.pending + #found.lacking < 2 then return end
  for _, entry in ipairs(found.pending) do
    if entry.evidence == "reference" then return end
  end
  table.move(found.pending, 1, #found.pending, #found.lacking + 1, found.lacking)
  found.pending = {}
end

-- A choice stands for evidence that is missing, not against evidence that is there.
local function judge_choice(found, entry, clues, chosen)
  entry.evidence = "explicit"
  if chosen then
    entry.refused = clues.new == false or clues.other_reference or clues.other_link or nil
    found.chosen[#found.chosen + 1] = entry
  elseif clues.reference and clues.new ~= false then
    found.rivals[#found.rivals + 1] = entry
  end
end

local function sort_one(found, connection, want, match, explicit)
  local clues = bind.evidence(connection, want)
  local entry = bind.candidate(connection, clues)
  local ours
  if explicit then
    ours = bind.is_chosen(connection, explicit)
    judge_choice(found, entry, clues, ours)
    entry.carries = clues.reference or nil
  else
    ours = bind.is_enough(clues, match)
    entry.evidence = clues.reference and "reference" or match
  end
  found.share_of[entry] = type(clues.share) == "table" and clues.share or nil
  local slot = found[slot_of[connection.status] or "other"]
  if ours then
    slot[#slot + 1] = entry
  elseif connection.status == "Pending" and clues.new ~= false and not clues.other_reference then
    found.lacking[#found.lacking + 1] = entry
  end
end

local function by_id(a, b)
  return resource_id.key(a.id) < resource_id.key(b.id)
end

--- Sorts the connections of our group: ours by status, and new Pending ones that
--- lack the evidence. Those with somebody else's reference are nobody's doubt.
---@param connections table[] of states.connection
---@param want table
---@param match string
---@param explicit string[]? ids or names chosen by a person
---@return table found { pending=, approved=, rejected=, disconnected=, other=, lacking=, chosen=, rivals= }
function bind.sort(connections, want, match, explicit)
  local found = {
    pending = {}, approved = {}, rejected = {}, disconnected = {}, other = {}, lacking = {}, chosen = {}, rivals = {},
    share_of = {},
  }
  for _, connection in ipairs(connections) do
    if states.is_of_group(connection, want.group) then
      sort_one(found, connection, want, match, explicit)
    end
  end
  if not explicit then drop_if_not_alone(found, match) end
  table.sort(found.pending, by_id)
  return found
end

return bind
