--- Lists that come in pages, as a `for` iterator.

local core = require "azure.core"
local errors = require "azure.errors"
local json = require "azure.json"
local url = require "azure.url"

local paging = {}

local nothing = {} -- the page before the first one

local options = {
  api_version = true, query = true, headers = true, timeout = true, max_retries = true, safe_to_repeat = true,
  method = true, body = true, items = true, next_link = true, next_method = true, next_query = true, max_pages = true,
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

local hint = "the service answers with something else than a list of this shape; `items` and `next_link` say "
  .. "where things are"

local function protocol_error(state, code, message, response)
  local err = errors.new{ kind = "protocol", code = code, message = message, hint = hint,
    method = (state.method or "GET"):upper(), url = core.redact_url(state.url) }
  for _, name in ipairs{ "status", "request_id", "client_request_id", "attempts" } do err[name] = response[name] end
  return err
end

-- What tells one page from another: a POST may lead to its own URL.
local function key_of(request, absolute)
  local body = request.body
  if type(body) == "table" then body = json.encode(body) end
  return ("%s %s %s"):format((request.method or "GET"):upper(), absolute, body or "")
end

-- The service's own words: nothing of them may raise.
local function next_url(state, link)
  local absolute = core.resolve_url(state.url, link)
  if not absolute or not absolute:find("^[Hh][Tt][Tt][Pp][Ss]?://") then return nil end
  absolute = absolute:gsub("#.*$", "")
  local query = state.first.next_query
  if query then absolute = url.set_query(absolute, query) end
  return absolute
end

local function is_end(link)
  return link == nil or link == json.null or link == false or link == ""
end

local function next_request(state, response)
  local opts = state.first
  local link = opts.next_link ~= false and at(response.json, opts.next_link or "nextLink")
  if is_end(link) or state.pages == opts.max_pages then return nil end
  local absolute = type(link) == "string" and next_url(state, link)
  if not absolute then
    return nil, protocol_error(state, "InvalidNextLink", "the nextLink is not a URL that can be read", response)
  end
  local request = {
    method = opts.next_method or "GET", url = absolute, headers = opts.headers, timeout = opts.timeout,
    max_retries = opts.max_retries, safe_to_repeat = opts.safe_to_repeat,
  }
  local key = key_of(request, absolute)
  state.seen = state.seen or { [key_of(state.first, state.first.url)] = true }
  if state.seen[key] then
    return nil, protocol_error(state, "PagingLoop", "the nextLink leads back to a page that was read before", response)
  end
  state.seen[key], state.url = true, absolute
  return request
end

-- Some say "nothing" by 204. An object without the list is no empty list: what
-- is decided by one must not be decided by an answer that went wrong.
local function items_of(path, response)
  local document = response.json
  local items = document and (path == "" and document or at(document, path))
  if items == json.null or response.status == 204 then return {} end
  return json.is_array(items) and items or nil
end

local function fetch(state)
  local request, path = state.request, state.first.items or "value"
  state.request, state.method = nil, request.method
  local response, err = state.ask(state.client, request)
  if not response then return err end
  local items = items_of(path, response)
  if not items then
    return protocol_error(state, "NotAList", ("the answer has no list at '%s'"):format(path), response)
  end
  state.page, state.index, state.pages = items, 0, state.pages + 1
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

local function check(opts)
  errors.check_options(opts, options, "client:list")
  for _, name in ipairs{ "method", "items", "next_method" } do
    errors.check_type(opts[name], "string|nil", name, "client:list")
  end
  errors.check_type(opts.next_query, "table|nil", "next_query", "client:list")
  if opts.next_query then url.query(opts.next_query) end -- raises here what would be raised after the first page
  local pages = opts.max_pages
  if pages ~= nil and (math.type(pages) ~= "integer" or pages < 1) then
    errors.raise("client:list: 'max_pages' must be an integer from 1 up")
  end
  return opts
end

-- What is asked for, and how: the options are copied, since they are looked at
-- for each page.
local function first_request(path, opts)
  if opts == nil then return { plain = true, path = path } end
  local first = { path = path }
  for name, value in pairs(check(opts)) do first[name] = value end
  return first
end

--- The iterator behind `client:list`.
---@param client azure.Client
---@param path string|table
---@param opts table?
---@param ask fun(client: azure.Client, request: table): azure.JsonResponse?, azure.Error? one page, of a `url`; of a
---`plain` request there is nothing else to know
---@return fun(): any, azure.Error?
function paging.iterate(client, path, opts, ask)
  local first = first_request(path, opts)
  first.url = url.build(client.endpoint, first, client.versions, "client:list")
  local state = { client = client, ask = ask, first = first, request = first, url = first.url, page = nothing,
    index = 0, pages = 0 }
  return function() return advance(state) end
end

return paging
