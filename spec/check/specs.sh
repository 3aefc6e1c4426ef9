#!/bin/sh
# All specs, a process for each file, as many at once as there are cores: the
# whole takes half as long, and no file leans on what another one left loaded.
# A line for each file; what a failing one printed; busted's own last line with
# the sums. Arguments: options of busted. JOBS=1 runs one after the other.
# A file that takes longer than SPEC_TIMEOUT seconds hangs, which is a failure.
here=$(dirname "$0")
out=$(mktemp -d) || exit 1
trap 'rm -rf "$out"' EXIT
jobs=${JOBS:-$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)}
limit=
if command -v timeout >/dev/null 2>&1; then
  slowly=${SLOW:-}${WRAP:-}${PRELOAD:-}${AZL_GC:-}
  limit="timeout -k 30 ${SPEC_TIMEOUT:-$([ -n "$slowly" ] && echo 5400 || echo 900)}"
fi
export out here limit
SPEC_OPTIONS="$*"
export SPEC_OPTIONS

# The long ones first, so that none is left alone at the end.
slow='crash_spec|adversary_spec|schedules_spec|examples_spec|wire_spec|machine_spec'
{
  find spec -name '*_spec.lua' | grep -E "$slow" | sort
  find spec -name '*_spec.lua' | grep -vE "$slow" | sort
} | xargs -P "$jobs" -I '{}' sh -c '
  name=$(echo "$1" | tr / _)
  $limit "$here/busted.sh" $SPEC_OPTIONS "$1" >"$out/$name" 2>&1 </dev/null
  code=$?
  line=$(sed "s/\x1b\[[0-9;]*m//g" "$out/$name" | grep -E "^[0-9]+ success(es)? / " | tail -n 1)
  [ -n "$line" ] || line="0 successes / 0 failures / 1 error / 0 pending : 0 seconds"
  echo "$code $line" >"$out/$name.end"
  case $code in
  0) printf "ok    %-58s %s\n" "$1" "${line%% *}" ;;
  *) printf "FAIL  %-58s %s\n" "$1" "$line" && cat "$out/$name"
    [ $code != 124 ] || echo "it was ended: $limit" ;;
  esac' sh '{}'

cat "$out"/*.end | awk '
  { ok += $2; bad += $5; broken += $8; pending += $11
    if ($1 != 0 && $5 + $8 == 0) broken++ }
  END { printf "%d successes / %d failures / %d errors / %d pending : 0 seconds\n", ok, bad, broken, pending
        exit bad + broken > 0 }'
