#!/bin/sh
# Microsoft's command line against the emulator, over TLS: the article "Secure
# Azure SignalR outbound traffic through shared private endpoints" as it is
# printed there, what else `az` has for its resources, and our azure_cli
# credential with the real `az`. Needs `az` (Debian: azure-cli) and no network.
#
#   azure_cli.sh [-v]         -v: with what az says where it is not asked
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
root=$(CDPATH='' cd -- "$here/../.." && pwd)
lua=${LUA:-lua5.4}
verbose=${1:-}

if ! command -v az >/dev/null 2>&1; then
  echo "azure_cli: skipped, there is no az here: apt-get install --no-install-recommends azure-cli"
  echo "0 passed, 0 failed, 1 skipped"
  exit 0
fi
if ! "$lua" -e 'require "azure.emulator"' 2>/dev/null; then
  eval "$(make -s -C "$root" env)"
fi

work=$(mktemp -d)
emulator='' passed=0 failed=0
finish() {
  if [ -n "$emulator" ]; then kill "$emulator" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

# ---- the emulator, until this script is gone

SUBSCRIPTION=00000000-0000-0000-0000-000000000000
TENANT=72f988bf-0000-4000-8000-2d7cd011db47
APP=11111111-1111-4111-8111-111111111111
SECRET=the-emulators-secret
GROUP=/subscriptions/$SUBSCRIPTION/resourceGroups/contoso
SIGNALR=$GROUP/providers/Microsoft.SignalRService/signalr/contoso-signalr
FUNC=$GROUP/providers/Microsoft.Web/sites/contoso-func
LINK_VERSION=2021-06-01-preview

# An hour of Azure in three minutes: az looks every 10 or 30 seconds and would
# not see more of it if it were faster.
mkfifo "$work/stdin"
"$lua" "$root/examples/emulator.lua" --tls --seed contoso --timings 0.05 --ca-out "$work/ca.pem" \
  --client-id "$APP" --client-secret "$SECRET" <"$work/stdin" >"$work/emulator.log" 2>&1 &
emulator=$!
exec 3>"$work/stdin"
url=''
for _ in 1 2 3 4 5 6 7 8 9 10; do
  url=$(sed -n 's/^listening on //p' "$work/emulator.log")
  if [ -n "$url" ] && [ -s "$work/ca.pem" ]; then break; fi
  sleep 0.5
done
if [ -z "$url" ]; then
  cat "$work/emulator.log"
  exit 1
fi

# ---- az

export REQUESTS_CA_BUNDLE="$work/ca.pem" NO_PROXY=127.0.0.1 no_proxy=127.0.0.1
export AZURE_CORE_COLLECT_TELEMETRY=false AZURE_CORE_NO_COLOR=true AZURE_CORE_SURVEY_MESSAGE=false
export AZURE_EXTENSION_USE_DYNAMIC_INSTALL=no
if [ "$verbose" != -v ]; then export AZURE_CORE_ONLY_SHOW_ERRORS=true; fi
export AZURE_CONFIG_DIR="$work/az"

# The rest of what az wants to know about a cloud it asks the cloud. An
# authority that ends in /adfs is one that MSAL does not ask
# login.microsoftonline.com about; az before 2.54 cannot be told so otherwise.
register() {
  az cloud register -n emulator --endpoint-resource-manager "$url/" --endpoint-active-directory "$url/adfs" "$@" &&
    az cloud set -n emulator
}

sign_in() {
  az login --service-principal -u "$APP" -p "$1" --tenant "$TENANT" --query '[].id' -o tsv
}

link() {
  method=$1 name=$2
  shift 2
  az rest --method "$method" --uri "$url$SIGNALR/sharedPrivateLinkResources/$name?api-version=$LINK_VERSION" "$@"
}

# Debian's az 2.45 asks for an api-version of the network library that Debian's
# library does not have, so that no command of `az network` begins; the profile
# of Azure Stack has another.
net_config=$AZURE_CONFIG_DIR
net() { AZURE_CONFIG_DIR=$net_config az network "$@"; }
connections() { net private-endpoint-connection "$@"; }
listed() { connections list -g contoso -n contoso-func --type Microsoft.Web/sites "$@"; }

# ---- the judge

ok() {
  passed=$((passed + 1))
  echo "ok   $1"
}

bad() {
  failed=$((failed + 1))
  echo "FAIL $1: $2" | tr '\n' ' '
  echo
}

# is NAME WANTED COMMAND...: what it prints, lines joined by blanks
is() {
  name=$1 wanted=$2
  shift 2
  if got=$("$@" 2>"$work/stderr"); then
    got=$(printf '%s' "$got" | tr '\n\t' '  ')
    if [ "$got" = "$wanted" ]; then ok "$name"; else bad "$name" "wanted '$wanted', got '$got'"; fi
  else
    bad "$name" "$(tail -n 5 "$work/stderr")"
  fi
  if [ "$verbose" = -v ]; then cat "$work/stderr"; fi
}

# refuses NAME TEXT COMMAND...: it fails, and says so
refuses() {
  name=$1 wanted=$2
  shift 2
  if got=$("$@" 2>&1); then bad "$name" "it should have failed: $got"; return; fi
  case $got in
    *"$wanted"*) ok "$name" ;;
    *) bad "$name" "wanted '$wanted', got '$got'" ;;
  esac
}

# becomes NAME WANTED COMMAND...: it prints that within half a minute
becomes() {
  name=$1 wanted=$2 got=''
  shift 2
  ends=$(($(date +%s) + 30))
  while [ "$(date +%s)" -lt "$ends" ]; do
    got=$("$@" 2>/dev/null | tr '\n\t' '  ' | sed 's/ *$//') || got=''
    if [ "$got" = "$wanted" ]; then ok "$name"; return; fi
    sleep 1
  done
  bad "$name" "wanted '$wanted', got '$got'"
}

# ---- who am I

registered() { register && az cloud show --query endpoints.activeDirectoryResourceId -o tsv; }
is "cloud register asks the cloud for its audience" "https://management.azure.com" registered
refuses "login with a wrong secret" AADSTS7000215 sign_in wrong
is "login --service-principal" "$SUBSCRIPTION" sign_in "$SECRET"
is "account show" "$TENANT servicePrincipal" az account show --query '[tenantId, user.type]' -o tsv
is "account get-access-token" Bearer \
  az account get-access-token --resource https://management.azure.com --query tokenType -o tsv

cat >"$work/provider.lua" <<'LUA'
local azure = require "azure"
local url, id, tenant = ...
local credential = assert(azure.identity.azure_cli{ tenant_id = tenant })
local client <close> = azure.client{ credential = credential, cloud = {
  arm = url, authority = url, audience = "https://management.azure.com", ca_file = os.getenv "REQUESTS_CA_BUNDLE",
} }
local resource, err = client:get(id)
if not resource then error(tostring(err), 0) end
local token = assert(credential:token "https://management.azure.com/.default")
local left = token.expires_on - os.time()
print(resource.name, left > 3000 and left <= 3600)
LUA
is "azure.identity.azure_cli signs in with it" "contoso-signalr true" "$lua" "$work/provider.lua" "$url" "$SIGNALR"
is "azure.identity.azure_cli for a tenant" "contoso-signalr true" \
  "$lua" "$work/provider.lua" "$url" "$SIGNALR" "$TENANT"
managed() (
  export AZURE_CONFIG_DIR="$work/managed" MSI_ENDPOINT="$url/cloudshell/token"
  register
  az login --identity --query '[].user.name' -o tsv
  az group list --query '[].name' -o tsv
)
is "login --identity" "systemAssignedIdentity contoso" managed

# ---- what is there

is "group show" "contoso Succeeded" az group show -n contoso --query '[name, properties.provisioningState]' -o tsv
is "group exists" "true" az group exists -n contoso
is "resource list -g" "contoso-signalr contoso-plan contoso-func" \
  az resource list -g contoso --query '[].name' -o tsv
is "resource list --resource-type" contoso-func \
  az resource list --resource-type Microsoft.Web/sites --query '[].name' -o tsv
is "resource show --ids" functionapp az resource show --ids "$FUNC" --query kind -o tsv
is "provider show" Registered az provider show -n Microsoft.SignalRService --query registrationState -o tsv
is "signalr show" "Standard_S1 Succeeded" \
  az signalr show -n contoso-signalr -g contoso --query '[sku.name, provisioningState]' -o tsv
is "signalr list" contoso-signalr az signalr list --query '[].name' -o tsv
is "signalr list -g" contoso-signalr az signalr list -g contoso --query '[].name' -o tsv
is "signalr key list" true az signalr key list -n contoso-signalr -g contoso -o tsv \
  --query "starts_with(primaryConnectionString, 'Endpoint=https://contoso-signalr.service.signalr.net;AccessKey=')"
is "signalr upstream list" '*' \
  az signalr upstream list -n contoso-signalr -g contoso --query 'templates[].hubPattern' -o tsv
is "signalr network-rule list" Deny \
  az signalr network-rule list -n contoso-signalr -g contoso --query defaultAction -o tsv
is "signalr cors list" '*' az signalr cors list -n contoso-signalr -g contoso --query 'allowedOrigins' -o tsv
is "webapp show" "Running contoso-func.azurewebsites.net" \
  az webapp show -n contoso-func -g contoso --query '[state, defaultHostName]' -o tsv
is "functionapp list" contoso-func az functionapp list -g contoso --query '[].name' -o tsv
is "appservice plan show" EP1 az appservice plan show -n contoso-plan -g contoso --query sku.name -o tsv

# ---- the article

# az looks at what SignalR does every 30 seconds; SignalR itself is done sooner.
az signalr upstream update -n contoso-signalr -g contoso \
  --template url-template=https://contoso-func.azurewebsites.net/api hub-pattern=chat \
  --query 'upstream.templates[].hubPattern' -o tsv >"$work/updated" 2>&1 &
updating=$!
sleep 4

cat >"$work/create-pe.json" <<JSON
{
  "name": "func-pe",
  "properties": { "privateLinkResourceId": "$FUNC", "groupId": "sites", "requestMessage": "please approve" }
}
JSON
is "rest --method put of the link" "Creating Pending" \
  link put func-pe --body "@$work/create-pe.json" --query '[properties.provisioningState, properties.status]' -o tsv
refuses "rest --method put while SignalR is busy" Conflict link put second-pe --body "@$work/create-pe.json"
becomes "the link is there, and waits" "Succeeded Pending" \
  link get func-pe --query '[properties.provisioningState, properties.status]' -o tsv

if ! listed >/dev/null 2>"$work/stderr"; then
  echo "note: az network fails here ($(grep -m 1 Error: "$work/stderr")): with --profile 2020-09-01-hybrid"
  net_config=$work/stack
  AZURE_CONFIG_DIR=$net_config register --profile 2020-09-01-hybrid
  AZURE_CONFIG_DIR=$net_config sign_in "$SECRET" >/dev/null
fi
becomes "private-endpoint-connection list" "Pending please approve" \
  listed --query '[].properties.privateLinkServiceConnectionState.[status, description]' -o tsv
id=$(listed --query '[0].id' -o tsv)
is "private-endpoint-connection approve --id" "Approved Succeeded by ops" connections approve --id "$id" \
  --description "by ops" --query 'properties.[privateLinkServiceConnectionState.status, provisioningState,
    privateLinkServiceConnectionState.description]' -o tsv
is "private-endpoint-connection show --id" Approved \
  connections show --id "$id" --query properties.privateLinkServiceConnectionState.status -o tsv
refuses "private-endpoint-connection approve once more" NotPending connections approve --id "$id"
becomes "the link hears of the approval" "Succeeded Approved" \
  link get func-pe --query '[properties.provisioningState, properties.status]' -o tsv
is "private-link-resource list --id" sites \
  net private-link-resource list --id "$FUNC" --query '[].properties.groupId' -o tsv

# ---- the other way

is "rest --method put of another link" "second-pe" \
  link put second-pe --body "@$work/create-pe.json" --query name -o tsv
second() { listed --query "[?starts_with(name, 'second-pe')].$1" -o tsv; }
becomes "its connection waits" Pending second properties.privateLinkServiceConnectionState.status
name=$(second name)
# az looks for provisioningState Succeeded after a rejection, which App Service
# never shows, and would do so for 200 seconds.
connections reject -g contoso --resource-name contoso-func --type Microsoft.Web/sites -n "$name" \
  --description "not you" >/dev/null 2>&1 &
rejecting=$!
becomes "private-endpoint-connection reject" "Rejected not you" connections show -g contoso \
  --resource-name contoso-func --type Microsoft.Web/sites -n "$name" \
  --query 'properties.privateLinkServiceConnectionState.[status, description]' -o tsv
kill "$rejecting" 2>/dev/null || true
becomes "the link hears of the rejection" Rejected link get second-pe --query properties.status -o tsv
is "private-endpoint-connection delete" "" connections delete --id "$(second id)" --yes
becomes "the connection is gone" "" second name
becomes "the link hears of the deletion" Disconnected link get second-pe --query properties.status -o tsv

# ---- changes

wait "$updating" || true
is "signalr upstream update" chat cat "$work/updated"
sleep 1
is "signalr key renew" true az signalr key renew -n contoso-signalr -g contoso --key-type primary \
  --query 'primaryKey != secondaryKey' -o tsv
is "resource update --set" Disabled az resource update --ids "$FUNC" --set properties.publicNetworkAccess=Disabled \
  --query properties.publicNetworkAccess -o tsv

# ---- cleaning up

is "rest --method delete of the link" "" link delete func-pe
gone() { link get func-pe 2>&1 | grep -o ResourceNotFound | head -n 1; }
becomes "the link is gone" ResourceNotFound gone
is "group delete" "" az group delete -n contoso --yes
is "the group is gone" false az group exists -n contoso
is "logout" "" az logout
refuses "azure.identity.azure_cli with nobody signed in" "run 'az login'" \
  "$lua" "$work/provider.lua" "$url" "$SIGNALR"

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
