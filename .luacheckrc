std = "lua54"
max_line_length = 120
cache = false
exclude_files = { "build/", "spec/conformance/node_modules/" }
-- Declarations for editors, never run.
for _, file in ipairs{ "lua/azure/types.lua", "lua/azure/emulator/types.lua" } do
  files[file] = { ignore = { "212", "241" } }
end
-- Tables of cases read better one to a line.
files["spec/"] = { std = "lua54+busted", max_line_length = 140 }
files["examples/rpc_neovim.lua"] = { globals = { "vim" } }
