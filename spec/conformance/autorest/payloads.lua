-- Answers with every combination of status and body.
local function row(name, path, status, gives)
  local made = { name = "ResponsesScenario" .. name, sends = { "GET " .. path .. " " .. status },
    request = { method = "GET", path = path } }
  if status >= 400 then
    made.fails = { kind = "service", status = status }
  else
    made.gives = gives
  end
  return made
end

-- prefix, then letter and answer: { "A200MatchingModel", "200/valid", gives }
local function group(prefix, answers)
  local rows = {}
  for i, answer in ipairs(answers) do
    local name, tail, gives = table.unpack(answer)
    rows[i] = row(name, "/http/" .. prefix .. "/response/" .. tail,
      tonumber(tail:match "%d+"), gives)
  end
  return rows
end

local groups = {
  group("payloads/200/A/204/none/default/Error", {
    { "A200MatchingModel", "200/valid", "body" },
    { "A201DefaultNoModel", "201/valid", "body" },
    { "A202DefaultNoModel", "202/none", "body" },
    { "A204MatchingNoModel", "204/none", "nothing" },
    { "A400DefaultModel", "400/valid" },
  }),
  group("payloads/200/A/201/B/default/Error", {
    { "B200MatchingModel", "200/valid", "body" },
    { "B201MatchingModel", "201/valid", "body" },
    { "B400DefaultModel", "400/valid" },
  }),
  group("payloads/200/A/201/C/404/D/default/Error", {
    { "C200MatchingModel", "200/valid", "body" },
    { "C201MatchingModel", "201/valid", "body" },
    { "C404MatchingModel", "404/valid" },
    { "C400DefaultModel", "400/valid" },
  }),
  group("payloads/202/none/204/none/default/Error", {
    { "D202MatchingNoModel", "202/none", "nothing" },
    { "D204MatchingNoModel", "204/none", "nothing" },
    { "D400DefaultModel", "400/valid" },
  }),
  group("payloads/202/none/204/none/default/none", {
    { "E202MatchingInvalid", "202/invalid", "body" },
    { "E204MatchingNoModel", "204/none", "nothing" },
    { "E400DefaultNoModel", "400/none" },
    { "E400DefaultInvalid", "400/invalid" },
  }),
  group("payloads/default/a", {
    { "F200DefaultModel", "200/valid", "body" },
    { "F200DefaultNone", "200/none", "nothing" },
    { "F400DefaultModel", "400/valid" },
    { "F400DefaultNone", "400/none" },
  }),
  group("payloads/default/none", {
    { "G200DefaultInvalid", "200/invalid", "body" },
    { "G200DefaultNoModel", "200/none", "nothing" },
    { "G400DefaultInvalid", "400/invalid" },
    { "G400DefaultNoModel", "400/none" },
  }),
  group("payloads/200/a", {
    { "H200MatchingNone", "200/none", "nothing" },
    { "H200MatchingModel", "200/valid", "body" },
    { "H200MatchingInvalid", "200/invalid", "body" },
    { "H400NonMatchingNone", "400/none" },
    { "H400NonMatchingModel", "400/valid" },
    { "H400NonMatchingInvalid", "400/invalid" },
    { "H202NonMatchingModel", "202/valid", "body" },
  }),
  {
    row("EmptyErrorBody", "/http/failure/emptybody/error", 400),
    row("NoModelErrorBody", "/http/failure/nomodel/error", 400),
    row("NoModelEmptyBody", "/http/failure/nomodel/empty", 400),
  },
}

local rows = {}
for _, list in ipairs(groups) do
  table.move(list, 1, #list, #rows + 1, rows)
end
return { area = "Responses", rows = rows }
