#!/bin/sh
# Microsoft's own conformance suites against this module, and Microsoft's own
# client against the emulator. Needs node >= 18 and npm; installs the pinned
# packages into build/conformance/ when they are not there yet.
#
#   run.sh [spector|autorest|wire|sdk]... [-v] [--only=PATTERN]
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)

if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then
  echo "conformance: node (18 or later) and npm are needed: apt-get install nodejs npm" >&2
  exit 1
fi
major=$(node -p 'process.versions.node.split(".")[0]')
if [ "$major" -lt 18 ]; then
  echo "conformance: node 18 or later is needed, this is $(node --version)" >&2
  exit 1
fi
exec node "$here/run.mjs" "$@"
