#!/bin/sh
# Runs each fuzzer for FUZZ_SECONDS on its seeds (spec/fuzz/corpus/NAME). What
# it learns stays in build/; an input that breaks something is printed as a
# path to run the same binary with. Ends with "N passed, N failed".
here=$(cd "$(dirname "$0")" && pwd)
passed=0 failed=0
for fuzzer in "$@"; do
  name=$(basename "$fuzzer")
  learnt=$(dirname "$fuzzer")/corpus/$name
  log=$learnt.log
  mkdir -p "$learnt"
  seeds=
  [ ! -d "$here/corpus/$name" ] || seeds=$here/corpus/$name
  # shellcheck disable=SC2086
  if ASAN_OPTIONS=detect_leaks=1 "$fuzzer" -max_total_time="${FUZZ_SECONDS:-60}" -timeout=10 -rss_limit_mb=2048 \
    -artifact_prefix="$learnt-" -print_final_stats=1 "$learnt" $seeds >"$log" 2>&1 </dev/null; then
    passed=$((passed + 1))
    printf 'ok    %-16s %s runs, %s inputs kept\n' "$name" \
      "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")" "$(find "$learnt" -type f | wc -l | tr -d ' ')"
  else
    failed=$((failed + 1))
    tail -n 40 "$log"
    printf 'FAIL  %s\n' "$name"
  fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
