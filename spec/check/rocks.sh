#!/bin/sh
# Both rocks into a fresh tree, then the installed modules, without the source
# tree in any path: a client asks an emulator for the seeded SignalR. They must
# be hardened as the modules of `make` are.
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.." || exit 1
LUA=${LUA:-lua5.4}
tree=$(mktemp -d) || exit 1
trap 'rm -rf "$tree"' EXIT
log=$tree/log
# Without a name LuaRocks takes rockspec/rockspec, the one that breaks no tie.
for rockspec in "" rockspec/azure-signalr-emulator-scm-1.rockspec; do
  # A copy: the objects of LuaRocks' build must not land in the source tree.
  mkdir -p "$tree/src"
  cp -R Makefile csrc lua rockspec README.md LICENSE "$tree/src/" || exit 1
  (cd "$tree/src" && luarocks --lua-version 5.4 make --tree "$tree/rocks" ${rockspec:+"$rockspec"}) >"$log" 2>&1 ||
    { cat "$log"; echo "0 passed, 1 failed"; exit 1; }
  grep -q 'warning:' "$log" && grep 'warning:' "$log"
  rm -rf "$tree/src"
done
cat >"$tree/try.lua" <<'LUA'
local azure = require("azure")
local e = assert(require("azure.emulator").start { seed = "contoso" })
local client = azure.client { cloud = e:cloud(), credential = e:credential() }
local id = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/contoso"
  .. "/providers/Microsoft.SignalRService/signalr/contoso-signalr"
local signalr = assert(client:signalr(id):get())
assert(signalr.name == "contoso-signalr", signalr.name)
client:close()
e:stop()
print("installed rocks run: found " .. signalr.name)
LUA
cd / || exit 1
unset LUA_PATH_5_4 LUA_CPATH_5_4
passed=0 failed=0
verdict() {
  if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
}
verdict "$here/hardened.sh" "$tree/rocks/lib/lua/5.4/azure/core.so" "$tree/rocks/lib/lua/5.4/azure/emulator/server.so"
verdict env LUA_INIT='' LUA_PATH="$tree/rocks/share/lua/5.4/?.lua;$tree/rocks/share/lua/5.4/?/init.lua;;" \
  LUA_CPATH="$tree/rocks/lib/lua/5.4/?.so;;" "$LUA" "$tree/try.lua"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
