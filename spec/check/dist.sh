#!/bin/sh
# The release: a tarball of what is committed, its checksum, its rockspecs and its
# SBOM (SPDX 2.3), the same bytes for the same commit. Usage: dist.sh OUTPUT-FOLDER
cd "$(dirname "$0")/../.." || exit 1
out=${1:-build/dist}
version=$(sed -n 's/.*_VERSION = "\([^"]*\)".*/\1/p' lua/azure/init.lua)
name=azure-signalr-$version
mkdir -p "$out" || exit 1
commit=$(git rev-parse HEAD) || exit 1
epoch=$(git log -1 --format=%ct)
created=$(date -u -d "@$epoch" +%Y-%m-%dT%H:%M:%SZ 2>/dev/null || date -u -r "$epoch" +%Y-%m-%dT%H:%M:%SZ)

# gzip -n: no name, no time. git archive gives files the commit's time.
git archive --format=tar --prefix="$name/" HEAD | gzip -9 -n >"$out/$name.tar.gz" || exit 1

# Rockspecs of this version, beside those of the tree in the tarball.
for rock in azure-signalr azure-signalr-emulator; do
  git show "HEAD:rockspec/$rock-scm-1.rockspec" |
    sed -e "s|^version = .*|version = \"$version-1\"|" \
      -e "s|url = \"git+\(.*\)\.git\"|url = \"\1/releases/download/v$version/$name.tar.gz\"|" >"$out/$rock-$version-1.rockspec"
done

sha() { if command -v sha256sum >/dev/null 2>&1; then sha256sum "$@"; else shasum -a 256 "$@"; fi; }
(cd "$out" && sha "$name.tar.gz" >"$name.tar.gz.sha256") || exit 1

package() { # name, license, purpose
  printf '    {"SPDXID":"SPDXRef-%s","name":"%s","downloadLocation":"NOASSERTION","filesAnalyzed":false,' "$1" "$1"
  printf '"licenseConcluded":"NOASSERTION","licenseDeclared":"%s","copyrightText":"NOASSERTION","comment":"%s"}' "$2" "$3"
}
relation() { printf '    {"spdxElementId":"SPDXRef-%s","relationshipType":"%s","relatedSpdxElement":"SPDXRef-%s"}' "$1" "$2" "$3"; }
{
  printf '{\n  "spdxVersion":"SPDX-2.3","dataLicense":"CC0-1.0","SPDXID":"SPDXRef-DOCUMENT","name":"%s",\n' "$name"
  printf '  "documentNamespace":"https://spdx.org/spdxdocs/%s-%s",\n' "$name" "$commit"
  printf '  "creationInfo":{"created":"%s","creators":["Tool: dist.sh"]},\n  "packages":[\n' "$created"
  printf '    {"SPDXID":"SPDXRef-azure-signalr","name":"azure-signalr","versionInfo":"%s","downloadLocation":"NOASSERTION",' "$version"
  printf '"filesAnalyzed":false,"licenseConcluded":"MIT","licenseDeclared":"MIT","copyrightText":"NOASSERTION",'
  printf '"checksums":[{"algorithm":"SHA256","checksumValue":"%s"}]},\n' "$(cut -d' ' -f1 "$out/$name.tar.gz.sha256")"
  package lua MIT "the language, 5.4"; printf ',\n'
  package libcurl curl "HTTP and TLS, 7.81 or newer"; printf ',\n'
  package openssl Apache-2.0 "libcrypto, 3.0 or newer"; printf ',\n'
  package jansson MIT "JSON in the core"; printf ',\n'
  package lua-cjson MIT "JSON in Lua"; printf ',\n'
  package libmicrohttpd LGPL-2.1-or-later "the emulator only"; printf '\n  ],\n  "relationships":[\n'
  relation DOCUMENT DESCRIBES azure-signalr; printf ',\n'
  for library in lua libcurl openssl jansson lua-cjson; do
    relation azure-signalr DEPENDS_ON "$library"; printf ',\n'
  done
  relation libmicrohttpd OPTIONAL_DEPENDENCY_OF azure-signalr
  printf '\n  ]\n}\n'
} >"$out/$name.spdx.json"
cat "$out/$name.tar.gz.sha256"
