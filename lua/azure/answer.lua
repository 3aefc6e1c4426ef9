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

--- The document of a body: what get, put and the others give. They ask the
--- core for the body only, which is half the work of a whole response.
---@param body string? nil: `status` is the error
---@param status integer|azure.Error
---@param request_id string?
---@param client_request_id string?
---@param attempts integer?
---@param method string?
---@param url string? fit for people
---@return any document true where there is none
---@return azure.Error?
function answer.document(body, status, request_id, client_request_id, attempts, method, url)
  if not body then return nil, status end
  if body == "" then return true end
  local value, problem = json.decode(body)
  if not problem then return value end
  problem.status, problem.request_id, problem.client_request_id = status, request_id, client_request_id
  problem.attempts, problem.method, problem.url = attempts, method, url
  return nil, problem
end

local function of_call(method, url, document, err)
  if err and not err.method then err.method, err.url = method, core.redact_url(url) end
  return document, err
end

--- The same for a call that knows what it asked.
---@param method string
---@param url string
---@param ... any what `answer.document` takes
---@return any document
---@return azure.Error?
function answer.document_of(method, url, ...)
  return of_call(method, url, answer.document(...))
end

return answer
