-- Statuses, redirects, retries and failures of plain HTTP.
local function pascal(word)
  return (word:gsub("^%l", string.upper))
end

local WITH_BODY = { put = true, post = true, patch = true, delete = true }

local function request(method, path, more)
  local made = { method = method:upper(), path = path,
    body = WITH_BODY[method] and "true" or nil }
  for key, value in pairs(more or {}) do
    made[key] = value
  end
  return made
end

-- each method of each code becomes a row
local function each(codes, make)
  local rows = {}
  for _, entry in ipairs(codes) do
    for method in entry[2]:gmatch "%a+" do
      rows[#rows + 1] = make(entry[1], method)
    end
  end
  return rows
end

local function success(code, method)
  local path = "/http/success/" .. code
  return { name = "HttpSuccess" .. code .. pascal(method), area = "HTTP success",
    gives = "nothing", request = request(method, path),
    sends = { ("%s %s %d"):format(method:upper(), path, code) } }
end

local successes = each({
  { 200, "head put post patch delete" }, { 201, "put post" },
  { 202, "put post patch delete" }, { 204, "head put post patch delete" },
}, success)

successes[#successes + 1] = { name = "HttpSuccess404Head", area = "HTTP success",
  fails = { kind = "service", status = 404 }, request = request("head", "/http/success/404"),
  sends = { "HEAD /http/success/404 404" } }
successes[#successes + 1] = { name = "HttpSuccess200Get", area = "HTTP success",
  gives = "nothing", sends = { "GET /http/success/200 200" },
  run = function(t)
    local response, err = t.client:request { method = "GET", path = "/http/success/200" }
    if not response then return nil, err end
    assert(response.json == true)
    return nil
  end }

-- 300 and 307 keep the method, 301 and 302 are followed for GET and HEAD only,
-- 303 turns a POST into a GET: the rule of @azure/core-rest-pipeline
local function follows(code, method)
  if code == 301 or code == 302 then return method == "get" or method == "head" end
  return true
end

local function redirect(code, method)
  local path, verb = "/http/redirect/" .. code, method:upper()
  local sends = { ("%s %s %d"):format(verb, path, code) }
  if follows(code, method) then
    local target = code == 303 and "get" or method
    sends[2] = ("%s /http/success/%s/200 200"):format(target:upper(), target)
  end
  return { name = "HttpRedirect" .. code .. pascal(method), area = "HTTP redirects",
    gives = "nothing", sends = sends,
    run = function(t)
      local response, err = t.client:request(request(method, path))
      if not response then return nil, err end
      assert(response.status == (follows(code, method) and 200 or code))
      return nil
    end }
end

local redirects = each({
  { 300, "head get" }, { 301, "head put get" }, { 302, "head get patch" },
  { 303, "post" }, { 307, "head get put post patch delete options" },
}, redirect)

local function retry(code, method)
  local path, verb = "/http/retry/" .. code, method:upper()
  return { name = "HttpRetry" .. code .. pascal(method), area = "HTTP retries",
    gives = "nothing", request = request(method, path, { safe_to_repeat = true }),
    sends = { ("%s %s %d"):format(verb, path, code), ("%s %s 200"):format(verb, path) } }
end

local retries = each({
  { 408, "head" }, { 502, "get options" }, { 500, "put patch" },
  { 503, "post delete" }, { 504, "put patch" },
}, retry)

local function failure(side, side_name)
  return function(code, method)
    local path = "/http/failure/" .. side .. "/" .. code
    local line = ("%s %s %d"):format(method:upper(), path, code)
    local sends = { line }
    local client
    if code == 429 then -- tried again, three times; not paced, which takes 15 s
      sends, client = { line, line, line, line }, { throttle = false }
    end
    return { name = "Http" .. side_name .. "Failure" .. code .. pascal(method),
      area = "HTTP failures", fails = { kind = "service", status = code },
      client = client, request = request(method, path), sends = sends }
  end
end

local client_failures = each({
  { 400, "head get options put post patch delete" }, { 401, "head" }, { 402, "get" },
  { 403, "get options" }, { 404, "put" }, { 405, "patch" }, { 406, "post" },
  { 407, "delete" }, { 409, "put" }, { 410, "head" }, { 411, "get" },
  { 412, "get options" }, { 413, "put" }, { 414, "patch" }, { 415, "post" },
  { 416, "get" }, { 417, "delete" }, { 429, "head" },
}, failure("client", "Client"))

local server_failures = each({ { 501, "head get" }, { 505, "post delete" } },
  failure("server", "Server"))

local rows = {}
for _, list in ipairs { successes, redirects, retries, client_failures,
  server_failures } do
  table.move(list, 1, #list, #rows + 1, rows)
end
return { area = "HTTP", rows = rows }
