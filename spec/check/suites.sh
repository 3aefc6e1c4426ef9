#!/bin/sh
# All tests on other releases of Debian, which have another libcurl, Lua 5.4.x,
# OpenSSL and compiler: `make test` as README.md says it, in a root that has
# nothing. Needs what empty_system.sh needs. Arguments: names of releases.
# Ends with "N passed, N failed".
cd "$(dirname "$0")/../.." || exit 1
if [ $# -gt 1 ]; then
  passed=0 failed=0
  for suite; do
    if spec/check/suites.sh "$suite"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
  done
  echo "$passed passed, $failed failed"
  [ "$failed" = 0 ]
  exit
fi
suite=${1:?a release of Debian}
. spec/check/empty_system.sh

# What is not committed is tested too; what was built here is not there.
copy() {
  mkdir "$root/azure" && git ls-files -z --cached --others --exclude-standard | xargs -0 tar -cf - | tar -xf - -C "$root/azure"
}
mounts() {
  mount -t proc proc "$root/proc" && mount --bind /dev "$root/dev" && mount --bind /dev/pts "$root/dev/pts"
}
# A mirror may be weeks behind; what it has is signed all the same.
prepare() {
  echo 'Acquire::Check-Valid-Until "false";' >"$root/etc/apt/apt.conf.d/patient"
  inside apt-get update -qq && inside apt-get install -y -qq --no-install-recommends make
}
versions() {
  inside sh -c 'cd /azure && .ci/setup test >/dev/null && curl-config --version && lua5.4 -v && openssl version && gcc -dumpfullversion'
}
test_all() { inside sh -c 'cd /azure && make test'; }

step "debootstrap, $suite" debootstrap --variant=minbase "$suite" "$root" "$mirror"
step "a terminal and processes" mounts
step "the tree" copy
step "make" prepare
step "what make test installs" versions
cat "$log"
LOG_LINES=400 step "make test" test_all
tail -n 1 "$log"
echo "$passed passed, $failed failed"
