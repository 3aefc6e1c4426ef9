-- House rules that no other tool knows. Usage: house.lua RULE | --list
-- A finding is "file:line: what"; any finding makes the exit code 1.
local findings = {}

local function find(file, line, text, ...)
  findings[#findings + 1] = ("%s:%d: %s"):format(file, line, text:format(...))
end

local function output_of(command)
  local pipe = assert(io.popen(command))
  local list = {}
  for line in pipe:lines() do list[#list + 1] = line end
  pipe:close()
  return list
end

local function files(where, pattern)
  return output_of(("find %s -name node_modules -prune -o -type f -name '%s' -print 2>/dev/null | sort")
    :format(where, pattern))
end

local function lines_of(file)
  local list = {}
  for line in io.lines(file) do list[#list + 1] = line end
  return list
end

local function each_line(list, fn)
  for _, file in ipairs(list) do
    for number, line in ipairs(lines_of(file)) do fn(file, number, line) end
  end
end

local function is_binding(file)
  return file:find("/lua_[^/]*$") ~= nil
end

-- Drops comments and the insides of string literals, line by line, so that
-- prose does not count as code.
local function code_only(lines)
  local inside, result = false, {}
  for i, line in ipairs(lines) do
    line = line:gsub('\\.', "__"):gsub('"[^"]*"', '""')
    if inside then
      local stop = line:find("*/", 1, true)
      line = stop and line:sub(stop + 2) or ""
      inside = not stop
    end
    line = line:gsub("/%*.-%*/", "")
    local start = line:find("/*", 1, true)
    if start then
      line, inside = line:sub(1, start - 1), true
    end
    result[i] = line
  end
  return result
end

local rules = {}

local C_FUNCTION_MAX = 60
rules["c-function-length"] = function()
  for _, file in ipairs(files("csrc", "*.c")) do
    local start
    for number, line in ipairs(lines_of(file)) do
      if line:find("^[%a_].*%(") and not line:find(";%s*$") then start = number end
      if line:find("^}") and start then
        local length = number - start + 1
        if length > C_FUNCTION_MAX then
          find(file, start, "a function of %d lines, %d at most", length, C_FUNCTION_MAX)
        end
        start = nil
      end
    end
  end
end

rules["file-length"] = function()
  local function at_most(list, max)
    for _, file in ipairs(list) do
      local count = #lines_of(file)
      if count > max then find(file, count, "%d lines, %d at most", count, max) end
    end
  end
  at_most(files("csrc", "*.c"), 450)
  at_most(files("csrc", "*.h"), 100)
  at_most(files("lua", "*.lua"), 450)
end

rules["core-knows-no-lua"] = function()
  for _, file in ipairs(files("csrc", "*.[ch]")) do
    if not is_binding(file) then
      for number, line in ipairs(lines_of(file)) do
        if line:find("^%s*#%s*include.*[\"</]l[au][ux]?l?i?[ab]i?b?%.h[\">]") then
          find(file, number, "core files do not include Lua's headers")
        end
      end
    end
  end
end

-- The last two go by the locale: see bytes.h.
local banned = { "sprintf", "vsprintf", "strcpy", "strcat", "strtok", "atoi", "atol", "gets", "system", "popen",
  "signal", "sigaction", "alloca", "strcasecmp", "strncasecmp" }
-- terminal.c puts the interpreter's own handler back, and has none itself.
local allowed = { ["csrc/terminal.c"] = { sigaction = true } }
rules["banned-functions"] = function()
  for _, file in ipairs(files("csrc", "*.[ch]")) do
    local may = allowed[file] or {}
    for number, line in ipairs(code_only(lines_of(file))) do
      for _, name in ipairs(banned) do
        local calls = not may[name] and line:find("%f[%w_]" .. name .. "%s*%(")
        if calls then find(file, number, "%s is banned", name) end
      end
    end
  end
end

-- The system's own allocator is mem.c's alone.
rules["allocation-through-mem"] = function()
  for _, file in ipairs(files("csrc", "*.c")) do
    if file ~= "csrc/mem.c" then
      for number, line in ipairs(code_only(lines_of(file))) do
        for _, name in ipairs { "malloc", "calloc", "realloc", "strdup", "strndup", "asprintf", "vasprintf" } do
          if line:find("%f[%w_]" .. name .. "%s*%(") then find(file, number, "%s: use mem.h", name) end
        end
      end
    end
  end
end

-- A line of column 0 that declares a variable: ends in ";" or has "=", is not
-- const, and has no parameter list.
local function declares_variable(line)
  if not line:find("^[%a_]") or not line:find("[=;]") or line:find("%(") then return false end
  if line:find("%f[%w]const%f[%W]") or line:find("%f[%w]extern%f[%W]") then return false end
  if line:find("^typedef") or line:find("^enum") then return false end
  local first, second = line:match("^(%a+)%s+[%w_]+%s*([;=]?)")
  return not (first == "struct" and second == ";")
end

-- mem.c: the pin and the test's countdown. err.c: the error that is handed out
-- when memory for one is short. curl_once.c: what is done once in a process.
local may_have_globals = { ["csrc/mem.c"] = true, ["csrc/err.c"] = true, ["csrc/curl_once.c"] = true }
rules["no-globals"] = function()
  for _, file in ipairs(files("csrc", "*.c")) do
    for number, line in ipairs(code_only(lines_of(file))) do
      if not may_have_globals[file] and declares_variable(line) then
        find(file, number, "a variable outside of functions: %s", line)
      end
    end
  end
end

-- Readiness and the end of a child: the rest is POSIX, for macOS and the BSDs.
local may_be_linux = { ["csrc/poller_epoll.c"] = true, ["csrc/process.c"] = true }
local linux_only = { "sys/epoll", "sys/timerfd", "sys/eventfd", "sys/signalfd", "sys/inotify", "sys/prctl",
  "sys/syscall", "linux/" }
rules["linux-in-two-files"] = function()
  each_line(files("csrc", "*.[ch]"), function(file, number, line)
    for _, header in ipairs(linux_only) do
      if not may_be_linux[file] and line:find("^%s*#%s*include%s*<" .. header) then
        find(file, number, "a header that only Linux has")
      end
    end
  end)
end

-- What only Linux has stands between #ifdef and #else of __linux__ or of its own
-- name. No compiler here would tell: it knows it in any case.
local linux_names = { "SOCK_CLOEXEC", "SOCK_NONBLOCK", "MSG_NOSIGNAL", "MSG_CMSG_CLOEXEC", "accept4", "pipe2", "dup3",
  "ppoll", "syscall", "getrandom", "memfd_create", "prctl", "O_TMPFILE", "O_PATH", "POLLRDHUP", "epoll_create1", "eventfd",
  "signalfd", "timerfd_create", "secure_getenv", "gettid" }

-- The conditions that hold at each line, by looking at #if lines.
local function follow_conditions(stack, line)
  local word, rest = line:match("^%s*#%s*(%a+)%s*(.*)")
  if word == "if" or word == "ifdef" then stack[#stack + 1] = rest end
  if word == "ifndef" then stack[#stack + 1] = "" end
  if word == "else" or word == "elif" then stack[#stack] = rest end
  if word == "endif" then stack[#stack] = nil end
  return word ~= nil and word:find("^if") ~= nil
end

local function is_guarded(stack, name)
  for _, condition in ipairs(stack) do
    if condition:find("__linux__", 1, true) or (name and condition:find(name, 1, true)) then return true end
  end
  return false
end

rules["linux-only-names-are-guarded"] = function()
  for _, file in ipairs(files("csrc spec/c spec/trust spec/fuzz", "*.[ch]")) do
    local stack, defined = {}, {}
    for number, line in ipairs(code_only(lines_of(file))) do
      local is_condition = follow_conditions(stack, line)
      defined[line:match("^#%s*define%s+([%w_]+)") or ""] = true
      for _, header in ipairs(linux_only) do
        local used = line:find("^%s*#%s*include%s*<" .. header)
        if used and not is_guarded(stack) then find(file, number, "<%s> is there on Linux only", header) end
      end
      for _, name in ipairs(is_condition and {} or linux_names) do
        local used = line:find("%f[%w_]" .. name .. "%f[^%w_]") and not defined[name]
        if used and not is_guarded(stack, name) then find(file, number, "%s is there on Linux only", name) end
      end
    end
  end
end

local texts = "csrc lua spec examples bench rockspec Makefile README.md CHANGELOG.md .ci .busted .luacheckrc"
local function all_texts()
  return output_of("find " .. texts .. " -name node_modules -prune -o -type f -print 2>/dev/null"
    .. [[ | grep -vE '\.(png|svg|pem|bin|seed)$|/corpus/|package-lock\.json$' | sort]])
end

-- Spelled in pieces, or this file would find itself.
rules["no-machine-paths"] = function()
  local patterns = { "/wo" .. "rk/", "/fa" .. "rm/", "/ro" .. "ot/", "/ho" .. "me/%a", "/tmp/te" .. "am",
    "/Us" .. "ers/%a", "bash" .. "_jobs" }
  each_line(all_texts(), function(file, number, line)
    for _, pattern in ipairs(patterns) do
      local path = line:match("%S*" .. pattern .. "%S*")
      if path then find(file, number, "a path of one machine: %s", path) end
    end
  end)
end

rules["nothing-unfinished"] = function()
  local words = { "TO" .. "DO", "FIX" .. "ME", "XX" .. "X", "not imple" .. "mented", "place" .. "holder" }
  each_line(all_texts(), function(file, number, line)
    for _, word in ipairs(words) do
      if line:find("%f[%w]" .. word .. "%f[%W]") then find(file, number, "%s", word) end
    end
  end)
end

-- Files are written in two places, each with its spec that nobody else can read
-- them: the emulator's public CA (os.tmpname), and the key of an Arc challenge.
local writes_files = { ["lua/azure/emulator/init.lua"] = 1, ["csrc/emulator_file.c"] = 1 }
local writing = { 'io%.open%([^)]*,%s*"[wa]', "io%.output", "tmpfile", "O_CREAT", "O_WRONLY", "O_RDWR",
  "%f[%w_]fopen%f[^%w_]", "%f[%w_]creat%(", "mkstemp", "freopen" }
rules["no-other-file-is-written"] = function()
  local found = {}
  each_line(files("lua csrc", "*.[lch]*"), function(file, number, line)
    for _, pattern in ipairs(writing) do
      if line:find(pattern) then
        found[file] = (found[file] or 0) + 1
        if found[file] > (writes_files[file] or 0) then find(file, number, "writes a file") end
        break
      end
    end
  end)
end

rules["every-source-has-its-spec"] = function()
  for _, file in ipairs(files("lua", "*.lua")) do
    local spec = "spec/" .. file:gsub("^lua/", ""):gsub("%.lua$", "_spec.lua")
    local whole = "spec/" .. file:gsub("^lua/", ""):gsub("/init%.lua$", "_spec.lua")
    local handle = io.open(spec) or io.open(whole)
    if handle then handle:close() else find(file, 1, "has no %s", spec) end
  end
end

rules["plain-layout"] = function()
  each_line(files("lua csrc spec examples bench", "*.[lch]*"), function(file, number, line)
    if line:find("%s$") then find(file, number, "space at the end of the line") end
    if line:find("\t") then find(file, number, "a tab") end
  end)
end

rules["waits-cost-no-time-in-specs"] = function()
  each_line(files("spec/azure", "*_spec.lua"), function(file, number, line)
    if line:find("os%.execute%s*%(?%s*[\"']sleep") or line:find("socket%.sleep") then
      find(file, number, "specs do not sleep: use virtual time")
    end
  end)
end

local wanted = arg[1]
if wanted == "--list" then
  local names = {}
  for name in pairs(rules) do names[#names + 1] = name end
  table.sort(names)
  print(table.concat(names, "\n"))
  os.exit(0)
end
local rule = rules[wanted] or error("unknown rule: " .. tostring(wanted))
rule()
for _, finding in ipairs(findings) do print(finding) end
os.exit(#findings == 0)
