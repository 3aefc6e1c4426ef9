-- For Neovim, whose LuaJIT cannot load the module: a server in the background, answers by callback.
-- luacheck: globals vim
--     local azure = dofile("examples/rpc_neovim.lua")({ credential = { kind = "azure_cli" } })
--     local id = azure.call("private_link.establish", { signalr = "...", upstream = "...", name = "func-pe" },
--       function(report, err) vim.notify(err and err.message or report.state) end,
--       function(event) vim.notify(event.step .. ": " .. event.message) end)   -- optional: progress
--     azure.cancel(id)
return function(config, command)
  local azure, waiting, last_id, rest = {}, {}, 0, ""
  local function on_message(message)
    local request = waiting[message.id]
    if message.event then return request.on_event(message.event) end
    if not request then return vim.notify("azure: " .. message.error.message) end
    waiting[message.id] = nil
    request.on_answer(message.result, message.error)
  end
  local job = vim.fn.jobstart(command or { "lua5.4", "-l", "azure.rpc" }, {
    on_stdout = function(_, pieces)            -- the last piece is the beginning of the next line
      pieces[1] = rest .. pieces[1]
      rest = table.remove(pieces)
      for _, line in ipairs(pieces) do on_message(vim.json.decode(line)) end
    end,
    on_exit = function()
      for _, request in pairs(waiting) do request.on_answer(nil, { message = "the server ended" }) end
    end,
  })
  local function send(message) vim.fn.chansend(job, vim.json.encode(message) .. "\n") end
  function azure.call(method, params, on_answer, on_event)
    last_id = last_id + 1
    waiting[last_id] = { on_answer = on_answer, on_event = on_event }
    send{ id = last_id, method = method, params = params, progress = on_event ~= nil }
    return last_id
  end
  function azure.cancel(id) send{ cancel = id } end
  function azure.stop() vim.fn.chanclose(job, "stdin") end
  azure.call("configure", config or {}, function(_, err)
    if err then vim.notify("azure: " .. err.message, vim.log.levels.ERROR) end
  end)
  return azure
end
