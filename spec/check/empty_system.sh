# Read by scripts that need an empty system: a root of its own, made by
# debootstrap from the mirror of this machine's apt, and gone at the end. Needs
# to be root. Each step prints a line; the first that fails ends the script.
# shellcheck shell=sh
cannot() {
  echo "cannot run: $*"
  echo "0 passed, 1 failed"
  exit 1
}

[ "$(id -u)" = 0 ] || cannot "debootstrap and chroot need root"
command -v debootstrap >/dev/null 2>&1 || cannot "debootstrap is missing (apt-get install debootstrap)"
here=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
# Both forms of apt's lists: "deb [options] URI suite ..." and "URIs: URI".
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
  sed -n -e 's/^deb \(\[[^]]*\] \)\{0,1\}\([^ ]*\) .*/\2/p' -e 's/^URIs: *\([^ ]*\).*/\1/p' | head -n 1)
[ -n "$here" ] && [ -n "$mirror" ] || cannot "this machine's apt names no mirror"

root=$(mktemp -d) || exit 1
log=$root.log
end() {
  for folder in dev/pts dev proc; do umount "$root/$folder" 2>/dev/null; done
  rm -rf --one-file-system "$root"
  rm -f "$log"
}
trap end EXIT
trap 'exit 1' INT TERM

inside() {
  env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
    ${http_proxy:+http_proxy="$http_proxy"} chroot "$root" "$@"
}

passed=0 failed=0
step() { # what it is, command
  what=$1 began=$(date +%s)
  shift
  if "$@" >"$log" 2>&1 </dev/null; then
    passed=$((passed + 1))
    printf 'ok    %-44s %s s\n' "$what" $(($(date +%s) - began))
  else
    failed=$((failed + 1))
    tail -n "${LOG_LINES:-40}" "$log"
    printf 'FAIL  %s\n' "$what"
    echo "$passed passed, $failed failed"
    exit 1
  fi
}
