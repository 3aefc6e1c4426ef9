#!/bin/sh
# clang-tidy and clang's analyser (scan-build) over the C of the library, as many
# files at once as there are cores.
# Arguments: the compiler flags that find the headers of the libraries.
cd "$(dirname "$0")/../.." || exit 1
passed=0 failed=0
jobs=${JOBS:-$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)}
FLAGS="-std=c11 -D_GNU_SOURCE -Icsrc $*"
export FLAGS

# Runs a command for each file, which is its $1; what it says counts where it fails.
each_file() {
  find csrc -name '*.c' | sort | xargs -P "$jobs" -I '{}' sh -c "said=\$($1) || { echo \"\$said\"; exit 1; }" sh '{}'
}

# shellcheck disable=SC2016
tidy() { each_file 'clang-tidy --quiet "$1" -- $FLAGS 2>/dev/null'; }

# The objects are not wanted, only what the analyser says about their sources.
# shellcheck disable=SC2016
scan() { each_file 'clang --analyze --analyzer-output text -Xclang -analyzer-werror $FLAGS -o /dev/null "$1" 2>&1'; }

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

verdict clang-tidy tidy
verdict "clang's analyser" scan
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
