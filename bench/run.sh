#!/bin/sh
# Builds what the benchmark needs, then runs it; `make bench` calls this.
#   FLOWS=20000 ROUNDS=5 make bench     more of it (2000 and 3 take a quarter of an hour)
#   make bench ARGS=--write      puts the results into bench/README.md
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
build=${BUILD:-$here/../build}
mkdir -p "$build/bench"
build=$(CDPATH='' cd -- "$build" && pwd)
out=$build/bench
cc=${CC:-cc}
flags="-std=c11 -D_GNU_SOURCE -O2 -Wall -Wextra"
lua_flags=$(pkg-config --cflags lua5.4 2>/dev/null || echo -I/usr/include/lua5.4)

cd "$here"
# shellcheck disable=SC2086
{
  $cc $flags -o "$out/server" server.c answers.c -lssl -lcrypto
  $cc $flags -o "$out/raw" raw.c engine.c -lcurl
  $cc $flags -o "$out/raw_poll" raw_poll.c engine.c -lcurl
  $cc $flags -o "$out/spawn" spawn.c engine.c -lcurl
  $cc $flags -I../csrc -o "$out/parked" parked.c "$build/libazl.a" -lcurl -lcrypto -ljansson
  $cc $flags $lua_flags -fPIC -shared -o "$out/probe.so" probe.c
}

# An authority of our own, and a server's certificate from it.
if [ ! -e "$out/server.pem" ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj "/CN=bench authority" \
    -keyout "$out/ca.key" -out "$out/ca.pem" 2>/dev/null
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=localhost" \
    -keyout "$out/server.key" -out "$out/server.csr" 2>/dev/null
  printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' >"$out/server.ext"
  openssl x509 -req -in "$out/server.csr" -CA "$out/ca.pem" -CAkey "$out/ca.key" -CAcreateserial -days 3650 \
    -extfile "$out/server.ext" -out "$out/server.pem" 2>/dev/null
fi

# The system's authorities and ours, as a bundle and as a hashed folder.
system=/etc/ssl/certs/ca-certificates.crt
if [ -e "$system" ] && [ ! -e "$out/bundle.pem" ]; then
  mkdir -p "$out/ca"
  cat "$out/ca.pem" "$system" >"$out/bundle.pem"
  awk -v dir="$out/ca" '/BEGIN CERT/ { n++ } { print > (dir "/" n ".pem") }' "$out/bundle.pem"
  openssl rehash "$out/ca" >/dev/null 2>&1
fi

SDK=$(BUILD=$build node install.mjs)
export SDK
LUA_CPATH="$out/?.so;$LUA_CPATH"
export LUA_CPATH
cd "$here/.."
exec "${LUA:-lua5.4}" bench/run.lua "$out" "$@"
