-- What the emulator's specs share: asking without a socket.
local json = require "azure.json"
local wire = require "azure.emulator.wire"
local helper = require "spec.helper"

local support = {}

support.subscription = "/subscriptions/" .. helper.subscription
support.group = helper.group
support.signalr = helper.group .. "/providers/Microsoft.SignalRService/signalr/contoso-signalr"
support.func = helper.group .. "/providers/Microsoft.Web/sites/contoso-func"
support.link = support.signalr .. "/sharedPrivateLinkResources/func-pe"

support.versions = { signalr = "2024-03-01", web = "2023-12-01", other = "2021-04-01" }

local version_of_provider = {
  ["microsoft.authorization"] = "2022-04-01", ["microsoft.signalrservice"] = support.versions.signalr,
  ["microsoft.web"] = support.versions.web, ["microsoft.keyvault"] = "2023-07-01", ["microsoft.storage"] = "2023-05-01",
}

-- An extension comes last: its provider is the one that is asked.
local function version_of(path)
  return version_of_provider[path:lower():match(".*/providers/([^/]+)/")] or support.versions.other
end

--- An emulator without a socket, seeded with "contoso" unless told otherwise.
function support.start(opts)
  local all = { listen = false, seed = "contoso" }
  for key, value in pairs(opts or {}) do all[key] = value end
  return helper.emulator(all)
end

local function decoded(answer)
  local read = { status = answer.status, body = answer.body, raw = answer }
  read.json = answer.body ~= "" and json.decode(answer.body) or nil
  read.error = read.json and read.json.error
  read.header = function(name) return wire.get_header(answer, name) end
  return read
end

--- A token for ARM of a principal (default: the owner).
function support.token(e, principal, audience)
  return (require("azure.emulator.entra").issue(e, principal or e.owner, audience or "https://management.azure.com"))
end

--- Sends to ARM: opts may hold principal, headers, version, token, raw (body text).
function support.ask(e, method, path, body, opts)
  opts = opts or {}
  local headers = { Authorization = "Bearer " .. (opts.token or support.token(e, opts.principal)) }
  for name, value in pairs(opts.headers or {}) do headers[name] = value end
  if not path:find("api-version=", 1, true) and opts.version ~= false then
    path = path .. (path:find("?", 1, true) and "&" or "?") .. "api-version=" .. (opts.version or version_of(path))
  end
  return decoded(e:handle({
    method = method, path = path, headers = headers, body = opts.raw or (body and json.encode(body)) or "",
  }))
end

--- Sends anything, as it is.
function support.send(e, method, path, headers, body)
  return decoded(e:handle({ method = method, path = path, headers = headers, body = body }))
end

--- Sends a form to Entra.
function support.form(e, path, fields)
  local parts = {}
  for name, value in pairs(fields) do parts[#parts + 1] = name .. "=" .. wire.escape(value) end
  return support.send(e, "POST", path, { ["Content-Type"] = "application/x-www-form-urlencoded" },
    table.concat(parts, "&"))
end

--- The path of an absolute URL that a header gave.
function support.path_of(e, url)
  return url:sub(#e.url + 1)
end

--- Follows the URL in a header of an answer.
function support.follow(e, answer, header)
  return support.ask(e, "GET", support.path_of(e, answer.header(header)), nil, { version = false })
end

function support.link_body(target, group, message)
  return { properties = {
    privateLinkResourceId = target or support.func, groupId = group or "sites",
    requestMessage = message or "please approve",
  } }
end

--- Creates the link and lets its operation end.
function support.create_link(e, path, body)
  local answer = support.ask(e, "PUT", path or support.link, body or support.link_body())
  e:advance(75)
  return answer
end

function support.state(status, description)
  return { properties = { privateLinkServiceConnectionState = { status = status, description = description } } }
end

--- The connections of a target, rendered.
function support.connections(e, target)
  return support.ask(e, "GET", (target or support.func) .. "/privateEndpointConnections").json.value
end

return support
