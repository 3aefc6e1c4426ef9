#!/bin/sh
# clang-tidy and clang's analyser (scan-build) over the C of the library.
# Arguments: the compiler flags that find the headers of the libraries.
cd "$(dirname "$0")/../.." || exit 1
passed=0 failed=0
out=$(mktemp -d) || exit 1
trap 'rm -rf "$out"' EXIT

tidy() {
  bad=0
  for file in csrc/*.c; do
    clang-tidy --quiet "$file" -- -std=c11 -D_GNU_SOURCE -Icsrc "$@" >"$out/log" 2>/dev/null || { cat "$out/log"; bad=1; }
  done
  return $bad
}

# The objects are not wanted, only what the analyser says about their sources.
scan() {
  for file in csrc/*.c; do
    clang --analyze --analyzer-output text -Xclang -analyzer-werror -std=c11 -D_GNU_SOURCE -Icsrc "$@" -o /dev/null \
      "$file" 2>"$out/log" || { cat "$out/log"; return 1; }
  done
}

verdict() {
  name=$1
  shift
  if "$@"; then
    passed=$((passed + 1))
    echo "ok    $name"
  else
    failed=$((failed + 1))
    echo "FAIL  $name"
  fi
}

verdict clang-tidy tidy "$@"
verdict "clang's analyser" scan "$@"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
