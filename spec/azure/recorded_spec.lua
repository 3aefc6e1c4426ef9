-- What Azure really did, replayed: each request must be the recorded one byte
-- for byte and come no earlier than the service allowed.
local azure = require "azure"
local helper = require "spec.helper"
local scripted = require "spec.scripted"

local recordings = { by_name = {} }
for _, name in ipairs{ "signalr", "pubsub", "web", "others" } do
  for _, recording in ipairs(require("spec.azure.recorded." .. name)) do
    recordings[#recordings + 1], recordings.by_name[recording.name] = recording, recording
  end
end

local function list(client, path)
  local count = 0
  for _, err in client:list(path) do
    if err then return nil, err end
    count = count + 1
  end
  return count
end

local function play(client, call)
  local verb, path, body = table.unpack(call, 1, 3)
  if verb == "list" then return list(client, path) end
  if verb == "get" then return client:get(path) end
  return client[verb](client, path, body)
end

local function at(document, path)
  for step in path:gmatch("[^.]+") do document = document[tonumber(step) or step] end
  return document
end

local function check_result(recording, result, err)
  if recording.error then
    for name, value in pairs(recording.error) do assert.equal(value, err[name]) end
    return
  end
  assert.is_nil(err)
  if type(recording.result) ~= "table" then return assert.equal(recording.result, result) end
  for path, value in pairs(recording.result) do assert.equal(value, at(result, path)) end
end

local function check_times(server, recording)
  for i = 2, #recording do
    local pause = server.requests[i].at - server.requests[i - 1].at
    assert.is_true(pause >= (recording[i].wait or 0), ("request %d came after %.3f s"):format(i, pause))
  end
end

local function check_requests(server, recording)
  local first = server.requests[1]
  assert.equal(recording.call[3] or "", first.body)
  for i, request in ipairs(server.requests) do
    assert.equal("Bearer t0ken-of-the-spec", request.headers["authorization"])
    assert.is_string(request.headers["x-ms-client-request-id"])
    if i > 1 then
      assert.is_nil(request.headers["content-type"])
      assert.equal("", request.body)
    end
  end
end

describe("a recording", function()
  before_each(helper.virtual_time)

  for _, recording in ipairs(recordings) do
    it("plays: " .. recording.name, function()
      local server = scripted.start(recording)
      local client = scripted.client(server)

      local result, err = play(client, recording.call)

      server:assert_played()
      check_result(recording, result, err)
      check_times(server, recording)
      check_requests(server, recording)
    end)
  end

  it("keeps an interval of the caller's where the service names none", function()
    local recording = recordings[1]
    local server = scripted.start(recording)
    local client = scripted.client(server, { poll_interval = 30 })

    assert(play(client, recording.call))

    local pauses = server:pauses()
    for i = 1, 4 do assert.is_true(pauses[i] >= 30) end
  end)

  it("has signed URLs over 3 KB and answers with 6 KB of headers", function()
    local signed = recordings[2]

    assert.is_true(#signed[2][2] > 3200)
    assert.is_true(#signed[1].headers[9][2] + #signed[1].headers[10][2] > 6400)
  end)
end)

local verbs = { put = "PUT", patch = "PATCH", delete = "DELETE" }

-- Runs until the operation ends, or waits for its next poll after `count` answers.
local function until_parked(op, server, count)
  while not op:done() and not (#server.requests > count and op:status().next_poll_in) do azure.loop():step(1) end
end

-- Plays one recording so that after each answer everything is thrown away but
-- the token: a new client goes on from there.
local function play_in_pieces(server, recording)
  local verb, path, body = table.unpack(recording.call, 1, 3)
  local client = scripted.client(server)
  local op = client:begin{ method = verbs[verb], path = path, body = body }
  until_parked(op, server, 0)
  while not op:done() do
    local token, count = assert(op:resume_token()), #server.requests
    client:close()
    client = scripted.client(server)
    op = assert(client:resume(token))
    until_parked(op, server, count)
  end
  return op:wait()
end

describe("a recording resumed after each poll", function()
  before_each(helper.virtual_time)

  for _, recording in ipairs(recordings) do
    if #recording > 1 then
      it("plays: " .. recording.name, function()
        local server = scripted.start(recording)

        local result, err = play_in_pieces(server, recording)

        server:assert_played()
        check_result(recording, result, err)
        assert.equal(recording.call[1]:upper(), server.requests[1].method)
      end)
    end
  end
end)

describe("connections inside of a recorded parent", function()
  local states = require "azure.private_link.states"

  for _, recording in ipairs(recordings) do
    if recording.connection then
      it("are understood: " .. recording.name, function()
        local document = assert(azure.json.decode(recording[1].body))

        local connection = states.connection(document.properties.privateEndpointConnections[1])

        for name, value in pairs(recording.connection) do assert.equal(value, connection[name]) end
        assert.is_nil(connection.groups)
        assert.is_true(states.is_of_group(connection, recording.group))
      end)
    end
  end
end)

describe("recorded rate limits", function()
  before_each(helper.virtual_time)

  -- The old count and the global one in one answer: the smaller one is what is left.
  it("of both models in one answer are both read", function()
    local both = recordings.by_name["PUT of a SignalR with signed URLs of 3.3 KB"][1].headers
    local counts, more = {}, { { "x-ms-ratelimit-remaining-subscription-writes", "0" },
      { "x-ms-ratelimit-remaining-subscription-global-writes", "2999" } }
    for _, pair in ipairs(both) do counts[pair[1]] = pair[2] end

    local server = scripted.start{ { nil, nil, 200, headers = both }, { nil, nil, 200, headers = more }, { nil, nil, 200 } }
    local client = scripted.client(server)
    local write = { method = "PUT", path = "/subscriptions/s/x?api-version=1", body = "{}" }
    for _ = 1, 3 do assert(client:request(write)) end

    assert.equal("199", counts["x-ms-ratelimit-remaining-subscription-writes"])
    assert.equal("2999", counts["x-ms-ratelimit-remaining-subscription-global-writes"])
    local pauses = server:pauses()
    assert.is_true(pauses[1] < 0.05, pauses[1])
    assert.is_true(pauses[2] > 0.05, pauses[2])
  end)
end)

describe("recorded bodies", function()
  for _, recording in ipairs(recordings) do
    for i, line in ipairs(recording) do
      if line.body then
        it(("mean the same after decoding and encoding: %s, %d"):format(recording.name, i), function()
          local document = assert(azure.json.decode(line.body))

          assert.same(document, azure.json.decode(azure.json.encode(document)))
        end)
      end
    end
  end
end)
