--- The upstream's connections, as the job reads them.

local errors = require "azure.errors"
local resource_id = require "azure.resource_id"
local states = require "azure.private_link.states"

local connections = {}

-- What cannot be read could be anybody's, a rival's too: then nothing of the
-- list is good for a decision.
local function not_a_connection()
  return errors.new{
    kind = "protocol", code = "NotAConnection",
    message = "the upstream's list of connections has something else in it",
  }
end

--- All connections of the upstream.
---@param job table
---@param client azure.Client? default: the approver's
---@param id string? of another upstream than the job's
---@return table[]? connections of states.connection
---@return azure.Error? err
function connections.list(job, client, id)
  local raw, err = job:list(client or job.approver, (id or job.upstream.id) .. "/privateEndpointConnections")
  if not raw then return nil, err end
  local list = {}
  for i, item in ipairs(raw) do
    list[i] = type(item) == "table" and states.connection(item) or nil
    if not list[i] or not list[i].id then return nil, not_a_connection() end
  end
  return list
end

--- An error when a connection is not the upstream's own, whoever listed it.
---@param job table
---@param entry table
---@return azure.Error?
function connections.foreign(job, entry)
  local parsed = resource_id.parse(entry.id)
  if parsed and resource_id.equal(parsed.parent, job.upstream.id) then return nil end
  return errors.new{
    kind = "protocol", code = "ForeignConnection", target = entry.id,
    message = ("connection '%s' is listed by the upstream, but its id is another resource's"):format(entry.name or "?"),
    hint = "nothing was decided on it; look at the upstream's connections by hand",
  }
end

return connections
