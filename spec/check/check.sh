#!/bin/sh
# Every static check, each with its verdict; all of them run. Ends with
# "N passed, N failed".
cd "$(dirname "$0")/../.." || exit 1
LUA=${LUA:-lua5.4} MAKE=${MAKE:-make}
passed=0 failed=0
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT

verdict() {
  name=$1
  shift
  if "$@" >"$out" 2>&1 </dev/null; then
    passed=$((passed + 1))
    printf 'ok    %s\n' "$name"
  else
    failed=$((failed + 1))
    cat "$out"
    printf 'FAIL  %s\n' "$name"
  fi
}

c_files() { find csrc spec/c spec/fuzz spec/trust bench examples -name '*.[ch]' | sort; }

format() {
  bad=0
  for file in $(c_files); do
    clang-format --dry-run -Werror "$file" 2>/dev/null || { echo "$file: make format"; bad=1; }
  done
  return $bad
}

check_cppcheck() {
  cppcheck --quiet --std=c11 --language=c --enable=warning,performance,portability \
    --inline-suppr --error-exitcode=1 --suppressions-list=spec/check/cppcheck.txt \
    -D__linux__ -D__GNUC__ -Icsrc csrc
}

# shellcheck would be welcome but is not on every machine.
scripts() { for f in .ci/run .ci/setup $(find spec bench -name node_modules -prune -o -name '*.sh' -print); do sh -n "$f" || return 1; done; }

# Not a Mac, but what is there for one compiles: the poll backend, no pidfd.
without_linux() {
  lua_headers=$(dirname "$(find /usr/include /usr/local/include -name lua.h -path '*5.4*' | head -n 1)")
  for file in $(find csrc spec/c spec/trust spec/fuzz -name '*.c'); do
    cc -U__linux__ -Ulinux -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -fsyntax-only -Icsrc -Ispec/c -Ispec/fuzz \
      -isystem "$lua_headers" "$file" || return 1
  done
}

verdict "gcc -Werror" "$MAKE" check-gcc
verdict "clang -Werror" "$MAKE" check-clang
verdict "modules are hardened" spec/check/hardened.sh build/gcc/azure/core.so build/gcc/azure/emulator/server.so \
  build/clang/azure/core.so build/clang/azure/emulator/server.so
verdict "compiles without Linux" without_linux
verdict "clang-format" format
verdict "cppcheck" check_cppcheck
verdict "luacheck" luacheck -q lua spec examples bench
verdict "shell scripts parse" scripts
verdict "rockspecs name every file" "$LUA" spec/check/rockspec.lua
for rule in $("$LUA" spec/check/house.lua --list); do
  verdict "$rule" "$LUA" spec/check/house.lua "$rule"
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
