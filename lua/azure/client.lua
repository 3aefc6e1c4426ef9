--- A client of Azure Resource Manager: any resource, any operation.

local answer = require "azure.answer"
local clouds = require "azure.clouds"
local core = require "azure.core"
local errors = require "azure.errors"
local json = require "azure.json"
local options = require "azure.client.options"
local paging = require "azure.paging"
local url = require "azure.url"

local module = {}

--- Azure's clouds: `public`, `usgov` and `china`.
---@type table<string, azure.Cloud>
module.clouds = clouds.known

--- api-versions for paths that carry none, by provider or resource type.
module.api_versions = clouds.api_versions

---@class azure.RetryOptions
---@field max_retries integer? default 3
---@field delay number? seconds before the first retry, default 0.8; doubled for each further one
---@field max_delay number? default 60

---@class azure.ClientOptions
---@field credential azure.Credential|false|nil default azure.identity.default{}; false sends no token
---@field cloud azure.Cloud|string|nil "public" (default), "usgov", "china" or endpoints
---@field subscription_id string? for your own use, and to register providers with where a path names none
---@field timeout number? seconds of one call with all its retries, default 100
---@field retry azure.RetryOptions?
---@field poll_interval number? seconds between polls; default: what the server says
---@field api_versions table<string, string>? for paths that carry none, by provider or resource type
---@field auto_register boolean? false: no call registers the resource provider that it lacks, to be sent again then
---@field throttle boolean? false: no pacing by ARM's limits
---@field ca_file string? PEM bundle
---@field ca_path string? folder of hashed certificates
---@field proxy string?
---@field no_proxy string?
---@field user_agent string? put in front of ours
---@field max_connections integer? default 32; calls beyond them wait for one
---@field max_response_bytes integer?
---@field connect_timeout number? seconds
---@field http1_only boolean?
---@field on_event (fun(event: azure.Event))|table|nil gets the steps of jobs that have no `on_event` of their own
---@field log (fun(level: string, text: string, at: number))? default: standard error, if there is a level
---@field log_level string? "error", "warning", "info" or "verbose"; AZURE_LOG_LEVEL is read too

---@class azure.CallOptions
---@field api_version string?
---@field query table<string, string|number|boolean|string[]>?
---@field headers table<string, string|number|false>? false: not even ours; an Authorization replaces the credential's
---@field timeout number? seconds of the call with all its retries
---@field max_retries integer?
---@field safe_to_repeat boolean? a POST that may be retried

---@class azure.WriteOptions: azure.CallOptions
---@field timeout number? seconds of the whole operation, default 30 minutes
---@field final_state_via string? "azure-async-operation", "operation-location", "location" or "original-uri"
---@field on_progress (fun(status: azure.OpStatus))?

---@class azure.ListOptions: azure.CallOptions
---@field method string? of the first page, default "GET"
---@field body any of the first page
---@field items string? where the items are, default "value"; "" where the answer is the list
---@field next_link string|false|nil where the next page's URL is, default "nextLink"; false: one page
---@field next_method string? of further pages, default "GET"
---@field next_query table? parameters that every next link is given
---@field max_pages integer? pages to read at most; default all

---@class azure.Request: azure.CallOptions
---@field method string? default "GET"
---@field path string|table an id or path, with or without a query, a URL of the same host, or a handle
---@field body any a table is sent as JSON, a string as it is
---@field any_status boolean? answers of 400 and more are results too
---@field any_redirect boolean? false: a 304, and a redirect that is not followed, are errors here too

---@class azure.OperationRequest: azure.CallOptions
---@field method string "PUT", "PATCH", "POST" or "DELETE"
---@field path string|table as in azure.Request
---@field body any a table is sent as JSON, a string as it is
---@field timeout number? seconds of the whole operation, default 30 minutes
---@field final_state_via string? "azure-async-operation", "operation-location", "location" or "original-uri"

---@class azure.ResumeOptions
---@field timeout number? seconds of the whole operation, default 30 minutes

---@class azure.JsonResponse: azure.Response
---@field json any the decoded body, where it is JSON

--- A client of Azure Resource Manager, as `azure.client{...}` makes it.
---@class azure.Client
---@field cloud azure.Cloud
---@field endpoint string origin of Azure Resource Manager
---@field credential azure.Credential?
---@field subscription_id string?
---@field on_event function?
---@field core azure.core.Client
local Client = {}
Client.__index = Client
Client.__name = "azure.client"

--- Makes a client. It does no I/O yet.
---@param opts azure.ClientOptions?
---@return azure.Client?
---@return azure.Error?
function module.new(opts)
  local settings, failure = options.read(opts)
  if not settings then return nil, failure end
  local inner, err = core.client(settings.core)
  if not inner then return nil, err end
  opts = settings.given
  return setmetatable({
    core = inner, cloud = settings.cloud, endpoint = settings.core.endpoint, credential = settings.credential,
    subscription_id = opts.subscription_id, on_event = opts.on_event, versions = settings.versions,
    auto_register = opts.auto_register ~= false, own_credential = opts.credential == nil and settings.credential or nil,
  }, Client)
end

local call_options = {
  api_version = true, query = true, headers = true, timeout = true, max_retries = true, safe_to_repeat = true,
}

local function encode_body(body)
  if body == nil or type(body) == "string" then return body end
  return json.encode(body)
end

local standard_methods = {}
for name in ("GET HEAD POST PUT PATCH DELETE OPTIONS"):gmatch("%u+") do standard_methods[name:lower()] = name end

-- Methods are case-sensitive (RFC 9110, 9.1), and nobody means a "put".
local function method_of(name)
  return type(name) == "string" and standard_methods[name:lower()] or name or "GET"
end

-- `request.url` is one that the service gave: it is asked as it is.
local function prepare(self, request, fname)
  errors.check_number(request.timeout, "timeout", fname)
  errors.check_type(request.query, "table|nil", "query", fname)
  return {
    method = method_of(request.method), url = request.url or url.build(self.endpoint, request, self.versions, fname),
    headers = request.headers, body = encode_body(request.body), timeout = request.timeout,
    max_retries = request.max_retries, safe_to_repeat = request.safe_to_repeat, any_status = request.any_status,
  }
end

local request_options = {
  method = true, path = true, query = true, headers = true, body = true, api_version = true, timeout = true,
  max_retries = true, safe_to_repeat = true, any_status = true, any_redirect = true,
}

--- Starts one call without waiting for it.
---@param request azure.Request
---@return azure.Op op gives what `request` returns
function Client:send(request)
  errors.check_self(self, "core", "client:send")
  errors.check_type(request, "table", "request", "client:send")
  errors.check_options(request, request_options, "client:send")
  local prepared = prepare(self, request, "client:send")
  prepared.any_redirect = request.any_redirect ~= false
  local method, where = prepared.method, prepared.url
  return self.core:send(prepared):map(function(...) return answer.response(method, where, ...) end)
end

local function send(self, prepared)
  prepared.once = true
  return answer.response(prepared.method, prepared.url, self.core:send(prepared):wait())
end

--- One call, answered with everything that came back: a 304 too, and a redirect that is not followed.
---@param request azure.Request
---@return azure.JsonResponse?
---@return azure.Error?
function Client:request(request)
  errors.check_self(self, "core", "client:request")
  errors.check_type(request, "table", "request", "client:request")
  errors.check_options(request, request_options, "client:request")
  local prepared = prepare(self, request, "client:request")
  prepared.any_redirect = request.any_redirect ~= false
  return send(self, prepared)
end

local function with_options(request, opts, allowed, fname)
  for key, value in pairs(errors.check_options(opts, allowed, fname)) do request[key] = value end
  return request
end

--- Reads a resource.
---@param id string|table an id, a path, or a handle
---@param opts azure.CallOptions?
---@return table? document
---@return azure.Error?
function Client:get(id, opts)
  errors.check_self(self, "core", "client:get")
  if opts == nil then
    local where = url.of(self.endpoint, id, self.versions, "client:get")
    return answer.document_of("GET", where, self.core:get(where):wait())
  end
  local prepared = prepare(self, with_options({ path = id }, opts, call_options, "client:get"), "client:get")
  prepared.gives, prepared.once = "document", true
  return answer.document_of("GET", prepared.url, self.core:send(prepared):wait())
end

local function page(self, request)
  if request.plain then return answer.page("GET", request.url, self.core:get(request.url, "page"):wait()) end
  local prepared = prepare(self, request, "client:list")
  prepared.gives, prepared.once = "page", true
  return answer.page(prepared.method, prepared.url, self.core:send(prepared):wait())
end

local function check_list(opts, fname)
  for _, name in ipairs{ "method", "items" } do errors.check_type(opts[name], "string|nil", name, fname) end
  errors.check_type(opts.next_link, "string|boolean|nil", "next_link", fname)
  errors.check_number(opts.timeout, "timeout", fname)
  if opts.next_link == true then errors.raise(fname .. ": 'next_link' must be a name, or false for one page") end
  errors.check_type(opts.query, "table|nil", "query", fname)
end

--- Reads a list page by page. An error comes as `false, err` and ends the loop.
---@param path string|table
---@param opts azure.ListOptions?
---@return fun(): any, azure.Error?
function Client:list(path, opts)
  errors.check_self(self, "core", "client:list")
  if type(opts) == "table" then check_list(opts, "client:list") end
  return paging.iterate(self, path, opts, page)
end

local begin_options = {
  method = true, path = true, query = true, headers = true, body = true, api_version = true, timeout = true,
  final_state_via = true, max_retries = true, safe_to_repeat = true,
}

local function prepare_operation(self, request, fname)
  local prepared = prepare(self, request, fname)
  prepared.timeout = nil -- of one call: the client's; `timeout` here is the whole operation's
  prepared.lro_timeout = request.timeout
  prepared.final_state_via = request.final_state_via
  prepared.gives = "document"
  return prepared
end

local function begin(self, prepared)
  return self.core:begin(prepared):map(answer.document)
end

--- Starts a long-running operation.
---@param request azure.OperationRequest
---@return azure.Op op gives the resource, or true where the final answer is empty
function Client:begin(request)
  errors.check_self(self, "core", "client:begin")
  errors.check_type(request, "table", "request", "client:begin")
  errors.check_options(request, begin_options, "client:begin")
  errors.check_type(request.method, "string", "method", "client:begin")
  return begin(self, prepare_operation(self, request, "client:begin"))
end

local write_options = {
  api_version = true, query = true, headers = true, timeout = true, final_state_via = true, max_retries = true,
  safe_to_repeat = true, on_progress = true,
}

-- Called last, so that the request, with a body that may be large, is not kept
-- for as long as Azure takes.
local function wait_for(begun, on_progress)
  local op <close> = begun
  return answer.document(op:wait(on_progress and { on_progress = on_progress }))
end

-- Options where the body belongs would be sent as one. `query` alone is a body
-- of some services (Resource Graph).
local function check_body(body, method, fname)
  if type(body) ~= "table" or next(body) == nil then return end
  local only_query = true
  for key in pairs(body) do
    if not write_options[key] then return end
    only_query = only_query and key == "query"
  end
  if only_query and method ~= "DELETE" then return end
  errors.raise(("%s: options come behind the body: %s(id, %s, { ... }); where these are the body, add {}"):format(fname,
    fname, method == "DELETE" and "nil" or "body"))
end

local function write(self, fname, method, id, body, opts)
  errors.check_self(self, "core", fname)
  if opts == nil then check_body(body, method, fname) end
  if opts == nil then
    return wait_for(self.core:write(method, url.of(self.endpoint, id, self.versions, fname), encode_body(body)))
  end
  local request = with_options({ method = method, path = id, body = body }, opts, write_options, fname)
  errors.check_type(request.on_progress, "function|nil", "on_progress", fname)
  local prepared = prepare_operation(self, request, fname)
  prepared.once = true
  return wait_for(self.core:begin(prepared), request.on_progress)
end

--- Creates or replaces a resource and waits for the end of it.
---@param id string|table
---@param body any a table is sent as JSON, a string as it is
---@param opts azure.WriteOptions?
---@return table|true|nil
---@return azure.Error?
function Client:put(id, body, opts) return write(self, "client:put", "PUT", id, body, opts) end

--- Changes a resource and waits for the end of it.
---@param id string|table
---@param body any
---@param opts azure.WriteOptions?
---@return table|true|nil
---@return azure.Error?
function Client:patch(id, body, opts) return write(self, "client:patch", "PATCH", id, body, opts) end

--- Calls an action and waits for the end of it.
---@param id string|table
---@param body any
---@param opts azure.WriteOptions?
---@return table|true|nil
---@return azure.Error?
function Client:post(id, body, opts) return write(self, "client:post", "POST", id, body, opts) end

--- Deletes a resource and waits until it is gone.
---@param id string|table
---@param body any nil in all of Azure's own operations
---@param opts azure.WriteOptions?
---@return table|true|nil
---@return azure.Error?
function Client:delete(id, body, opts) return write(self, "client:delete", "DELETE", id, body, opts) end

--- Goes on with an operation that `op:resume_token()` described, in this process or another.
---@param token string
---@param opts azure.ResumeOptions?
---@return azure.Op?
---@return azure.Error?
function Client:resume(token, opts)
  errors.check_self(self, "core", "client:resume")
  errors.check_type(token, "string", "token", "client:resume")
  opts = errors.check_options(opts, { timeout = true }, "client:resume")
  errors.check_number(opts.timeout, "timeout", "client:resume")
  local op, err = self.core:resume(token, { timeout = opts.timeout, gives = "document" })
  if not op then return nil, err end
  return op:map(answer.document)
end

--- A handle on a SignalR resource; no call is made.
---@param id string|table
---@return azure.SignalR
function Client:signalr(id)
  errors.check_self(self, "core", "client:signalr")
  return require("azure.signalr").new(self, id)
end

--- The private endpoint connections of any resource.
---@param target_id string|table
---@return azure.Connections
function Client:private_endpoint_connections(target_id)
  errors.check_self(self, "core", "client:private_endpoint_connections")
  return require("azure.private_endpoint").new(self, target_id)
end

--- Ends everything under way. Closing twice is fine. A credential that was
--- handed in stays open; the one that the client made for itself is closed.
function Client:close()
  errors.check_self(self, "core", "client:close")
  self.core:close()
  if self.own_credential then self.own_credential:close() end
end

Client.__close = Client.close

function Client:__tostring()
  return ("azure.client (%s)"):format(self.endpoint)
end

return module
