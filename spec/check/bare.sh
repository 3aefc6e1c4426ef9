#!/bin/sh
# The release in a root that has nothing: debootstrap makes a minimal system, the
# packages that README.md names are installed, the tarball of `make dist` is
# unpacked, its rocks are built with LuaRocks and the quickstart runs on what
# was installed. Needs root and debootstrap, and the mirror of this machine's own
# apt. Ends with "N passed, N failed"; says why where it cannot run.
# Argument: the folder of `make dist`.
cd "$(dirname "$0")/../.." || exit 1
dist=${1:-build/dist}
version=$(sed -n 's/.*_VERSION = "\([^"]*\)".*/\1/p' lua/azure/init.lua)
tarball=$dist/azure-signalr-$version.tar.gz
. spec/check/empty_system.sh
[ -f "$tarball" ] || cannot "there is no $tarball: make dist"
# What a person would install who reads that page.
packages=$(sed -n 's/^ *sudo apt-get install //p' README.md | head -n 1)
[ -n "$packages" ] || cannot "README.md names no packages"

install_packages() {
  cp -R /etc/apt/sources.list.d /etc/apt/auth.conf.d "$root/etc/apt/" 2>/dev/null
  [ ! -f /etc/apt/sources.list ] || cp /etc/apt/sources.list "$root/etc/apt/"
  # shellcheck disable=SC2086
  inside apt-get update -qq && inside apt-get install -y -qq --no-install-recommends $packages luarocks
}
unpack() { mkdir "$root/release" && tar -xzf "$tarball" -C "$root/release" && cp "$dist"/*.rockspec "$root/release/"; }
rock() {
  inside sh -c "cd /release/azure-signalr-$version && luarocks --lua-version 5.4 make ../$1-$version-1.rockspec"
}
# Elsewhere, and without the tree that it came in.
quickstart() {
  cp "$root/release/azure-signalr-$version/examples/01_quickstart.lua" "$root/tmp/" && rm -rf "$root/release" &&
    inside sh -c 'cd /tmp && lua5.4 01_quickstart.lua' && grep -q Approved "$log"
}

step "debootstrap, $here" debootstrap --variant=minbase "$here" "$root" "$mirror"
mount -t proc proc "$root/proc" 2>/dev/null # for packages that look there; they do without
step "the packages of README.md" install_packages
step "the tarball" unpack
step "azure-signalr" rock azure-signalr
step "azure-signalr-emulator" rock azure-signalr-emulator
step "the quickstart" quickstart
cat "$log"
echo "$passed passed, $failed failed"
