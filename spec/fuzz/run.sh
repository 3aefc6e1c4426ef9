#!/bin/sh
# Runs each fuzzer for FUZZ_SECONDS on its seeds (spec/fuzz/corpus/NAME), as many
# at once as there are cores (JOBS). What it learns stays in build/; an input
# that breaks something is printed as a path to run the same binary with. Ends
# with "N passed, N failed".
here=$(cd "$(dirname "$0")" && pwd)

if [ "$1" = --one ]; then
  name=$(basename "$2")
  learnt=$(dirname "$2")/corpus/$name
  log=$learnt.log
  mkdir -p "$learnt"
  seeds=
  [ ! -d "$here/corpus/$name" ] || seeds=$here/corpus/$name
  # A Lua state that serves all inputs grows, which looks like a leak of each:
  # looking for it would take longer than all else. At the end it is looked for.
  leaks=1
  case $name in fuzz_emulator | fuzz_lua_json | fuzz_script) leaks=0 ;; esac
  # shellcheck disable=SC2086
  if ASAN_OPTIONS=detect_leaks=1 "$2" -max_total_time="${FUZZ_SECONDS:-60}" -timeout=10 -rss_limit_mb=2048 -detect_leaks=$leaks \
    -artifact_prefix="$learnt-" -print_final_stats=1 "$learnt" $seeds >"$log" 2>&1 </dev/null; then
    printf 'ok    %-16s %s runs, %s inputs kept\n' "$name" \
      "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" "$(find "$learnt" -type f | wc -l | tr -d ' ')"
  else
    tail -n 40 "$log"
    printf 'FAIL  %s\n' "$name"
  fi
  exit 0
fi

out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT
jobs=${JOBS:-$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)}
printf '%s\n' "$@" | xargs -P "$jobs" -I '{}' "$here/run.sh" --one '{}' | tee "$out"
# One that says nothing at all has failed too.
passed=$(grep -c '^ok    ' "$out")
echo "$passed passed, $(($# - passed)) failed"
[ "$passed" = $# ]
