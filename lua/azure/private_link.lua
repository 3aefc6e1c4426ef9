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

--- What may be said of a link; only `signalr` is always needed. Ids may be
--- handles, such as `client:signalr(id)`.
---@class azure.private_link.AnySpec
---@field signalr string|table id
---@field upstream string|table|nil id of the web app, function app, slot, vault or storage account
---@field name string? of the link: 3 to 63 letters, digits and hyphens
---@field group string? default by the upstream's type: "sites", "sites-<slot>", "vault" or "table"
---@field request_message string? default "please approve"; with our reference at most 140 characters
---@field approve boolean|azure.Client|nil true: by this client; a client: by that one; false: stop with a hand-off
---@field connection string|string[]|nil ids or names that a person chose
---@field match string? what is proof enough: "reference" (default), "name" or "baseline"
---@field undo boolean? reject again what this run approved, when SignalR does not follow it
---@field replicas boolean? false: leave replicas alone
---@field timeout number? seconds of the whole job, default 1800
---@field poll_interval number? seconds between looks, default 5
---@field grace number? seconds before doubt is an error, and for which weaker proof must stay alone, default 180
---@field settle number? seconds without a change before weaker proof counts, default 20
---@field replica_settle number? the same for a link and its replicas, which share a reference, default 600
---@field linked_within number? seconds in which SignalR has to follow an approval, default 900
---@field api_version string? of the upstream's provider, where it is not known here
---@field on_event (fun(event: azure.Event))|table|nil gets every step
---@field format string? of `status`: "table" (default), "tree", "json" or "mermaid"
---@field color boolean? of `status` as a tree; default: on a terminal, unless NO_COLOR is set
---@field probe string|function|nil of `verify`: URL of an upstream that tells what it saw, or a function that does
---@field probe_headers table<string, string>? sent to that URL
---@field probe_timeout number? seconds to wait for the first call to be seen, default 120
---@field since number? only calls from then on count, in seconds since 1970; default: now

--- What a job needs.
---@class azure.private_link.Spec: azure.private_link.AnySpec
---@field upstream string|table id of the web app, function app, slot, vault or storage account
---@field name string of the link: 3 to 63 letters, digits and hyphens

---@class azure.private_link.ApproveOptions
---@field connection string|string[]|nil id or name that a person of the approver's side chose
---@field timeout number? seconds, default 1800
---@field poll_interval number? seconds between looks, default 5
---@field grace number? as in a spec
---@field settle number? as in a spec
---@field replica_settle number? as in a spec
---@field api_version string? of the upstream's provider
---@field on_event (fun(event: azure.Event))|table|nil

---@class azure.private_link.RemoveGroupOptions
---@field confirm string the group's name
---@field timeout number? seconds, default 3600
---@field on_event function|table|nil

--- What establish would do and what speaks against it, without any write.
---@param client azure.Client
---@param spec azure.private_link.Spec
---@return azure.private_link.Plan? plan
---@return azure.Error? err
function private_link.plan(client, spec)
  local result, err = require("azure.private_link.plan").run(client, spec)
  return result, err
end

--- Does the whole job, or as much of it as is not done yet.
---@param client azure.Client
---@param spec azure.private_link.Spec
---@return azure.private_link.Report? report
---@return azure.Error? err kinds "refused" and "ambiguous" mean that a person must decide
function private_link.establish(client, spec)
  local report, err = require("azure.private_link.establish").run(client, spec)
  return report, err
end

--- Approves what another team asked for, after looking at all evidence again.
---@param client azure.Client the approver's
---@param handoff azure.private_link.Handoff|azure.private_link.Report what `establish{ approve = false }` gave, or its
--- field `handoff`
---@param opts azure.private_link.ApproveOptions?
---@return azure.private_link.Approval? result
---@return azure.Error? err
function private_link.approve(client, handoff, opts)
  local result, err = require("azure.private_link.approve").run(client, handoff, opts)
  return result, err
end

--- How it stands now. spec.format: "table" (default), "tree", "json", "mermaid".
---@param client azure.Client
---@param spec azure.private_link.AnySpec only `signalr` is needed
---@return azure.private_link.Status|string|nil status text in the other formats
---@return azure.Error? err
function private_link.status(client, spec)
  local result, err = require("azure.private_link.status").run(client, spec)
  return result, err
end

--- Proves it: both ends, every connection, open doors, and with `probe` (URL or
--- function giving calls) what the upstream saw `since` then (seconds since
--- 1970; default: now). Only calls that SignalR signed count.
---@param client azure.Client
---@param spec azure.private_link.Spec
---@return azure.private_link.Verification? verification
---@return azure.Error? err
function private_link.verify(client, spec)
  local result, err = require("azure.private_link.verify").run(client, spec)
  return result, err
end

--- Removes the link, waits until its connection is gone, lists what stays:
--- `orphans` are or may be the link's, `others` have its name and another
--- reference. `confirmed` is true when nothing of the link is left to be seen.
---@param client azure.Client
---@param spec azure.private_link.AnySpec `signalr` and `name`; with `upstream` the link's target is checked
---@return azure.private_link.Removal? report
---@return azure.Error? err
function private_link.remove(client, spec)
  local result, err = require("azure.private_link.remove").run(client, spec)
  return result, err
end

--- Deletes a whole resource group and waits: the seed article's clean-up.
---@param client azure.Client
---@param id string the group
---@param opts azure.private_link.RemoveGroupOptions
---@return boolean? ok
---@return azure.Error? err
function private_link.remove_group(client, id, opts)
  local ok, err = require("azure.private_link.remove").group(client, id, opts)
  return ok, err
end

return private_link
