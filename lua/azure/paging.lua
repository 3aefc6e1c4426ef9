--- Lists that come in pages, as a `for` iterator.

local core = require "azure.core"
local errors = require "azure.errors"
local json = require "azure.json"
local url = require "azure.url"

local paging = {}

local options = {
  api_version = true, query = true, headers = true, timeout = true, method = true, body = true, items = true,
  next_link = true, next_method = true, next_query = true, max_pages = true,
}

--- Walks "a.b" through tables; a name that itself has a dot ("odata.nextLink") goes first.
local function at(document, path)
  if type(document) == "table" and document[path] ~= nil then return document[path] end
  for step in path:gmatch("[^%.]+") do
    if type(document) ~= "table" then return nil end
    document = document[step]
  end
  return document
end

local function protocol_error(code, message, response)
  return errors.new{ kind = "protocol", code = code, message = message, status = response.status,
    request_id = response.request_id, hint = "the service answers with something else than a list of this shape; "
      .. "`items` and `next_link` say where things are" }
end

local function next_request(state, response)
  local link = state.next_link and at(response.json, state.next_link)
  if type(link) ~= "string" or link == "" then return nil end
  local absolute = core.resolve_url(state.url, link)
  if absolute and state.next_query then absolute = url.set_query(absolute, state.next_query) end
  if not absolute or not absolute:find("^[Hh][Tt][Tt][Pp][Ss]?://") then
    return nil, protocol_error("InvalidNextLink", "the nextLink is not a URL that can be read", response)
  end
  if state.seen[absolute] then
    return nil, protocol_error("PagingLoop", "the nextLink leads back to a page that was read before", response)
  end
  state.seen[absolute], state.url = true, absolute
  return {
    method = state.next_method or "GET", path = absolute, headers = state.headers, timeout = state.timeout,
    api_version = false,
  }
end

local function fetch(state)
  local request = state.request
  state.request = nil
  local response, err = state.ask(state.client, request)
  if not response then return err end
  local items = response.json and (state.items == "" and response.json or at(response.json, state.items))
  if items == json.null then items = {} end
  if type(items) ~= "table" then
    return protocol_error("NotAList", ("the answer has no list at '%s'"):format(state.items), response)
  end
  state.page, state.index = items, 0
  state.request, err = next_request(state, response)
  return err
end

local function advance(state)
  while not state.failed do
    state.index = state.index + 1
    local item = state.page[state.index]
    if item ~= nil then return item end
    local err = state.trouble
    if not err then
      if not state.request then return nil end
      err = fetch(state)
      if err and #state.page > 0 and state.index == 0 then -- the page is good, only what follows is not
        state.trouble, err = err, nil
      end
    end
    if err then
      state.failed = true
      return false, err
    end
  end
  return nil
end

--- The iterator behind `client:list`.
---@param client azure.Client
---@param path string|table
---@param opts table?
---@param ask fun(client: azure.Client, request: azure.Request): azure.JsonResponse?, azure.Error? one page
---@return fun(): any, azure.Error?
function paging.iterate(client, path, opts, ask)
  opts = errors.check_options(opts, options, "client:list", 3)
  errors.check_type(opts.next_method, "string|nil", "next_method", "client:list", 3)
  errors.check_type(opts.next_query, "table|nil", "next_query", "client:list", 3)
  local first = { method = opts.method, path = path, query = opts.query, headers = opts.headers, body = opts.body,
    api_version = opts.api_version, timeout = opts.timeout }
  local state = {
    client = client, ask = ask, request = first, items = opts.items or "value", headers = opts.headers,
    timeout = opts.timeout,
    next_method = opts.next_method, next_query = opts.next_query, page = {}, index = 0, seen = {},
  }
  if opts.next_link ~= false then state.next_link = opts.next_link or "nextLink" end
  state.url = url.build(client.endpoint, first, client.versions, "client:list")
  state.seen[state.url] = true
  return function() return advance(state) end
end

return paging
