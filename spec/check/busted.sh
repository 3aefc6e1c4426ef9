#!/bin/sh
# Runs busted with the Lua of the build. A busted that is a Lua script is given
# to that Lua; one that is a shell wrapper (LuaRocks) knows its own.
LUA=${LUA:-lua5.4}
busted=$(command -v busted) || { echo "busted is missing: make test installs it"; exit 1; }
case $(head -n 1 "$busted") in
*lua*) set -- "$LUA" "$busted" "$@" ;;
*) set -- "$busted" "$@" ;;
esac
# A sanitizer that finds a leak ends the process before buffers are written.
LUA_INIT_5_4="io.stdout:setvbuf('line')"
export LUA_INIT_5_4
if [ -n "${PRELOAD:-}" ]; then
  LD_PRELOAD=$PRELOAD
  export LD_PRELOAD
fi
# shellcheck disable=SC2086
exec ${WRAP:-} "$@"
