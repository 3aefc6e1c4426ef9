#!/bin/sh
# Whether modules are built as SECURITY.md says: full RELRO, a stack that is not
# run, stack protector and FORTIFY in use, nothing exported but luaopen_*, and
# no name of ours left to be found elsewhere. Arguments: the modules (ELF).
# Also 0 where there is no readelf to ask.
command -v readelf >/dev/null 2>&1 && command -v nm >/dev/null 2>&1 || { echo "no readelf or nm here: not looked at"; exit 0; }
bad=0
lack() {
  bad=1
  echo "$module: $*"
}
for module in "$@"; do
  dynamic=$(readelf -dW "$module" 2>/dev/null) segments=$(readelf -lW "$module" 2>/dev/null)
  names=$(nm -D "$module") || lack "cannot be read"
  echo "$segments" | grep -q GNU_RELRO || lack "no RELRO"
  echo "$dynamic" | grep -Eq 'BIND_NOW|FLAGS_1.*NOW' || lack "symbols are bound late (no BIND_NOW)"
  echo "$dynamic" | grep -q TEXTREL && lack "its code is written to (TEXTREL)"
  echo "$segments" | grep GNU_STACK | grep -q E && lack "its stack may be run"
  echo "$names" | grep -q ' U __stack_chk_fail' || lack "no stack protector"
  # Only glibc has the checked functions.
  if echo "$names" | grep -q @GLIBC; then
    echo "$names" | grep -Eq ' U __[a-z]+_chk(@|$)' || lack "no FORTIFY_SOURCE"
  fi
  others=$(echo "$names" | awk 'NF == 3 && $2 ~ /^[A-TV-Z]$/ && $3 !~ /^luaopen_/ { print $3 }')
  [ -z "$others" ] || lack "exports" $others
  missing=$(echo "$names" | awk '$1 == "U" && $2 ~ /^azl_/ { print $2 }')
  [ -z "$missing" ] || lack "lacks" $missing
done
exit $bad
