--- What an answer's body says to scripts.

local core = require "azure.core"
local json = require "azure.json"

local answer = {}

-- Services answer with the same type again and again.
local last_kind, last_is_json

-- "application/json", "application/problem+json; charset=utf-8", but not "application/jsonl".
local function is_json(kind)
  if kind ~= last_kind then
    last_kind, last_is_json = kind, (kind .. ";"):lower():find("[/+]json%s*;") ~= nil
  end
  return last_is_json
end

--- Puts the decoded body into `response.json`.
---@param method string
---@param url string
---@param response azure.Response? nil: `err` is handed on
---@param err azure.Error?
---@return azure.JsonResponse?
---@return azure.Error? err for what calls itself JSON and is none; without a Content-Type it is a try
function answer.response(method, url, response, err)
  if not response then return nil, err end
  local kind = response.headers["content-type"]
  if response.body == "" or (kind and not is_json(kind)) then return response end
  local value, problem = json.decode(response.body)
  if not problem then
    response.json = value
    return response
  end
  if not kind then return response end
  for _, name in ipairs{ "status", "request_id", "correlation_id", "client_request_id", "attempts" } do
    problem[name] = response[name]
  end
  problem.method, problem.url = method, core.redact_url(url)
  return nil, problem
end

--- What get, put and the others give. The core decodes for them, which is half
--- the work of a whole response, and hands on the body of what is no JSON.
---@param document any nil: there is none
---@param failure azure.Error|string|nil the error, or the body that is no JSON
---@param status integer?
---@param request_id string?
---@param client_request_id string?
---@param attempts integer?
---@param method string?
---@param url string? fit for people
---@return any document true where the body is empty
---@return azure.Error?
function answer.document(document, failure, status, request_id, client_request_id, attempts, method, url)
  if document ~= nil then return document end
  if type(failure) ~= "string" then return nil, failure end
  local _, problem = json.decode(failure)
  problem.status, problem.request_id, problem.client_request_id = status, request_id, client_request_id
  problem.attempts, problem.method, problem.url = attempts, method, url
  return nil, problem
end

--- The same for a call that knows what it asked.
---@param method string
---@param url string
---@param document any
---@param ... any what else `answer.document` takes
---@return any document
---@return azure.Error?
function answer.document_of(method, url, document, ...)
  if document ~= nil then return document end
  local _, err = answer.document(nil, ...)
  if not err.method then err.method, err.url = method, core.redact_url(url) end
  return nil, err
end

--- A page of a list.
---@param method string
---@param url string
---@param document any nil: there is none
---@param ... any what else `answer.document` takes; with a document only status, ids and attempts
---@return { json: any, status: integer, request_id: string?, client_request_id: string?, attempts: integer }?
---@return azure.Error?
function answer.page(method, url, document, ...)
  if document == nil then return answer.document_of(method, url, nil, ...) end
  local status, request_id, client_request_id, attempts = ...
  return { json = document, status = status, request_id = request_id, client_request_id = client_request_id,
    attempts = attempts }
end

return answer
