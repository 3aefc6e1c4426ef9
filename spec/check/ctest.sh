#!/bin/sh
# Runs C tests one after the other. Each ends with "N passed, N failed"; one
# that dies before counts as a failure. WRAP is a command to run them under.
passed=0 failed=0
limit=
command -v timeout >/dev/null 2>&1 && limit="timeout ${TEST_TIMEOUT:-300}"
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT
for test in "$@"; do
  # shellcheck disable=SC2086
  $limit ${WRAP:-} "$test" >"$out" 2>&1 </dev/null
  code=$?
  line=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$out" | tail -n 1)
  p=${line%% passed*} f=${line#*, }
  f=${f%% failed*}
  if [ -z "$line" ]; then p=0 f=1; fi
  [ "$code" = 0 ] || [ "$f" != 0 ] || f=1
  passed=$((passed + p)) failed=$((failed + f))
  if [ "$f" = 0 ]; then
    printf 'ok    %-28s %s\n' "$(basename "$test")" "$p"
  else
    cat "$out"
    printf 'FAIL  %-28s exit code %s\n' "$(basename "$test")" "$code"
  fi
done
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
