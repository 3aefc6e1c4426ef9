#!/bin/sh
# C tests, then specs, then one line with the sum. Arguments: the C tests.
here=$(dirname "$0")
out=$(mktemp) || exit 1
trap 'rm -f "$out"' EXIT
passed=0 failed=0
count() { passed=$((passed + $1)) failed=$((failed + $2)); }

"$here/ctest.sh" "$@" >"$out" 2>&1
code=$?
cat "$out"
line=$(tail -n 1 "$out")
p=${line%% passed*} f=${line#*, }
f=${f%% failed*}
count "$p" "$f"

# The code of the specs is kept in a file: a pipe would lose it.
{ "$here/specs.sh" ${ARGS:-} 2>&1 </dev/null; echo $? >"$out.code"; } | tee "$out"
code=$(cat "$out.code")
rm -f "$out.code"
# "12 successes / 1 failure / 0 errors / 2 pending : 0.5 seconds"
line=$(sed 's/\x1b\[[0-9;]*m//g' "$out" | grep -E '^[0-9]+ success(es)? / ' | tail -n 1)
if [ -n "$line" ]; then
  # shellcheck disable=SC2046
  set -- $(echo "$line" | tr -cd '0-9 /' | tr '/' ' ')
  count "$1" $(($2 + $3))
  [ "$code" = 0 ] || [ $(($2 + $3)) != 0 ] || count 0 1
else
  echo "the specs ended with code $code and no summary"
  count 0 1
fi
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
