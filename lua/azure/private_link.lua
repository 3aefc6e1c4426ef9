--- The job: a private path from a SignalR to its upstream.
--
--     local report, err = azure.private_link.establish(client, {
--       signalr = signalr_id, upstream = func_id, name = "func-pe" })
--
-- Every function takes the same spec:
--   signalr, upstream   ids (or handles)
--   name                the link's name
--   group               default: "sites", "sites-<slot>", "vault" or "table", by the upstream's type
--   request_message     default "please approve"; a random reference is added to it
--   approve             true: by this client; a client: by that one; false: stop with a hand-off
--   match               "reference" (default), "name" or "baseline": what is proof enough
--   connection          id or name (or a list) that a person chose
--   undo                true: reject again what this run approved, when SignalR does not follow it
--   replicas            false: leave replicas alone
--   timeout             seconds, default 1800;  poll_interval, 5
--   grace               seconds before doubt is an error, and for which weaker proof must stay alone, 180
--   settle              seconds without a change before weaker proof counts, 20
--   replica_settle      the same for a link and its replicas, which share a reference, 600
--   linked_within       seconds in which SignalR has to follow an approval, 900
--   api_version         of the upstream's provider, where it is not known here
--   on_event            function or renderer that gets every step

---@class azure.private_link
local private_link = {}

---@class azure.private_link.Spec
---@field signalr string|table
---@field upstream string|table
---@field name string
---@field group string?
---@field request_message string?
---@field approve boolean|azure.Client|nil
---@field connection string|string[]|nil
---@field match string?
---@field undo boolean?
---@field replicas boolean?
---@field timeout number? seconds of the whole job, default 1800
---@field poll_interval number? seconds between looks, default 5
---@field grace number? seconds, default 180
---@field settle number? seconds, default 20
---@field replica_settle number? seconds, default 600
---@field linked_within number? seconds, default 900
---@field api_version string? of the upstream's provider
---@field on_event function|table|nil

---@class azure.private_link.ApproveOptions
---@field connection string|string[]|nil id or name that a person of the approver's side chose
---@field timeout number? seconds, default 1800
---@field poll_interval number?
---@field grace number?
---@field settle number?
---@field replica_settle number?
---@field api_version string? of the upstream's provider
---@field on_event function|table|nil

--- What establish would do and what speaks against it, without any write.
---@param client azure.Client
---@param spec azure.private_link.Spec
---@return table? plan ok, findings, calls ({ who, method, path, body, note } each); tostring(plan) is for people
---@return azure.Error? err
function private_link.plan(client, spec)
  local result, err = require("azure.private_link.plan").run(client, spec)
  return result, err
end

--- Does the whole job, or as much of it as is not done yet.
---@param client azure.Client
---@param spec azure.private_link.Spec
---@return table? report { state, changed, link, connection, evidence, timings, warnings, handoff? }
---@return azure.Error? err kinds "refused" and "ambiguous" mean that a person must decide
function private_link.establish(client, spec)
  local report, err = require("azure.private_link.establish").run(client, spec)
  return report, err
end

--- Approves what another team asked for, after looking at all evidence again.
---@param client azure.Client the approver's
---@param handoff table `report.handoff` of `establish{ approve = false }`, or that report
---@param opts azure.private_link.ApproveOptions?
---@return table? result { state="approved", changed, connections, warnings }
---@return azure.Error? err
function private_link.approve(client, handoff, opts)
  local result, err = require("azure.private_link.approve").run(client, handoff, opts)
  return result, err
end

--- How it stands now. spec.format: "table" (default), "tree", "json", "mermaid".
---@param client azure.Client
---@param spec table only `signalr` is needed
---@return table|string|nil status
---@return azure.Error? err
function private_link.status(client, spec)
  local result, err = require("azure.private_link.status").run(client, spec)
  return result, err
end

--- Proves it: both ends, every connection, open doors, and with `probe` (URL or
--- function giving calls) what the upstream saw `since` then (seconds since
--- 1970; default: now). Only calls that SignalR signed count.
---@param client azure.Client
---@param spec table
---@return table? verification ok, checks, connections, doors, probe, verdict ("private", "public", "not yet seen", nil)
---@return azure.Error? err
function private_link.verify(client, spec)
  local result, err = require("azure.private_link.verify").run(client, spec)
  return result, err
end

--- Removes the link, waits until its connection is gone, lists what stays:
--- `orphans` are or may be the link's, `others` have its name and another
--- reference. `confirmed` is true when nothing of the link is left to be seen.
---@param client azure.Client
---@param spec table `signalr` and `name`; with `upstream` the link's target is checked
---@return table? report { changed, confirmed, orphans, others, warnings, request_ids }
---@return azure.Error? err
function private_link.remove(client, spec)
  local result, err = require("azure.private_link.remove").run(client, spec)
  return result, err
end

--- Deletes a whole resource group and waits: the seed article's clean-up.
---@param client azure.Client
---@param id string the group
---@param opts { confirm: string, timeout: number? } confirm must be the group's name
---@return boolean? ok
---@return azure.Error? err
function private_link.remove_group(client, id, opts)
  local ok, err = require("azure.private_link.remove").group(client, id, opts)
  return ok, err
end

return private_link
