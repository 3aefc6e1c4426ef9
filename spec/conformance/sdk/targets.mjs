// The other targets of a link: a slot, a vault, a storage account. Each
// provider approves in its own way.
import assert from "node:assert/strict";
import { all, clients, connectionsOf, eventually, expectError, firstAnswer, FUNC, GROUP, linksOf,
  SHORT, signalrCase as link, siteCase as site, stateOf } from "./clients.mjs";

const SLOT = "staging";
const VAULT = "contoso-kv";
const ACCOUNT = "contosostore";
const VAULT_VERSION = "2023-07-01";

const vault = (name, test) => ({ name, area: "@azure/arm-keyvault", test });
const account = (name, test) => ({ name, area: "@azure/arm-storage", test });
const idOf = ({ config }, rest) => `${config.ids.group}/providers/${rest}`;
const approval = (status) => ({ privateLinkServiceConnectionState: { status, description: "" } });

function put(context, name, groupId, rest) {
  return linksOf(context).put(name, { groupId, privateLinkResourceId: idOf(context, rest) });
}

const first = (list) => eventually(list, ({ length }) => length === 1, "connections");

// the slot ------------------------------------------------------------------

const slotList = (context) => all(clients(context).web.webApps
  .listPrivateEndpointConnectionListSlot(GROUP, FUNC, SLOT));

const slotCases = [
  site("create a slot", async (context) => {
    const { webApps } = clients(context).web;
    await webApps.beginCreateOrUpdateSlotAndWait(GROUP, FUNC, SLOT, { location: "West US" }, SHORT);
    const made = await webApps.getSlot(GROUP, FUNC, SLOT);
    assert.equal(made.name, `${FUNC}/${SLOT}`);
    assert.equal(made.type, "Microsoft.Web/sites/slots");
  }),
  site("its group is sites-<slot>", async (context) => {
    const { value } = await clients(context).web.webApps
      .getPrivateLinkResourcesSlot(GROUP, FUNC, SLOT);
    assert.deepEqual(value.map(({ properties }) => properties.groupId), [`sites-${SLOT}`]);
  }),
  link("a link to a slot opens a connection there, not on the site", async (context) => {
    await put(context, "slot-pe", `sites-${SLOT}`, `Microsoft.Web/sites/${FUNC}`);
    const [ours] = await first(() => slotList(context));
    context.state.slot = ours.name;
    assert.match(ours.id, /\/slots\/staging\/privateEndpointConnections\//);
    assert.deepEqual(await connectionsOf(context).list(), []);
  }),
  site("approve it on the slot", async (context) => {
    const { webApps } = clients(context).web;
    await webApps.beginApproveOrRejectPrivateEndpointConnectionSlotAndWait(GROUP, FUNC,
      context.state.slot, SLOT, approval("Approved"), SHORT);
    const one = await webApps.getPrivateEndpointConnectionSlot(GROUP, FUNC, context.state.slot, SLOT);
    assert.equal(stateOf(one).status, "Approved");
    await linksOf(context).becomes("slot-pe", "Approved");
  }),
  site("deleting the slot disconnects the link", async (context) => {
    await clients(context).web.webApps.deleteSlot(GROUP, FUNC, SLOT);
    await linksOf(context).becomes("slot-pe", "Disconnected");
  }),
];

// the vault -----------------------------------------------------------------

const VAULT_CONNECTION = `Microsoft.KeyVault/vaults/${VAULT}/privateEndpointConnections/kv-pe`;
const vaultGet = (context) => clients(context).vaults.privateEndpointConnections
  .get(GROUP, VAULT, "kv-pe");

const vaultCases = [
  vault("a vault offers the group vault", async (context) => {
    const { value } = await clients(context).vaults.privateLinkResources
      .listByVault(GROUP, VAULT);
    assert.deepEqual(value.map(({ groupId, properties }) => groupId ?? properties.groupId), ["vault"]);
  }),
  link("a link to a vault opens a connection of the link's name", async (context) => {
    await put(context, "kv-pe", "vault", `Microsoft.KeyVault/vaults/${VAULT}`);
    const [ours] = await first(() => all(clients(context).vaults.privateEndpointConnections
      .listByResource(GROUP, VAULT)));
    assert.equal(ours.name, "kv-pe");
    assert.equal(ours.provisioningState, "Succeeded");
    assert.equal(stateOf(ours).status, "Pending");
  }),
  vault("a rejection is watched at the connection's own URL", async (context) => {
    const urls = [];
    const end = await clients(context).raw.wait("PUT", VAULT_CONNECTION, VAULT_VERSION,
      { properties: approval("Rejected") }, (url) => urls.push(new URL(url)));
    const note = JSON.parse(Buffer.from(urls[0].searchParams.get("kv-operation"), "base64url"));
    assert.ok(urls[0].pathname.endsWith(VAULT_CONNECTION));
    assert.equal(note.code, "privateEndpointConnections/reject");
    assert.equal(end.properties.privateLinkServiceConnectionState.status, "Rejected");
  }),
  vault("a rejected connection can still be approved", async (context) => {
    const { seen, options } = firstAnswer();
    const answered = await clients(context).vaults.privateEndpointConnections.put(GROUP, VAULT,
      "kv-pe", approval("Approved"), options);
    assert.equal(seen.status, 200);
    assert.match(seen.headers["azure-asyncoperation"], /kv-operation=/);
    assert.equal(seen.headers.location, undefined);
    assert.deepEqual([answered.provisioningState, stateOf(answered).status], ["Updating", "Approved"]);
    await eventually(() => vaultGet(context), (now) => now.provisioningState === "Succeeded", "kv-pe");
    await linksOf(context).becomes("kv-pe", "Approved");
  }),
  vault("the vault itself lists connections without names", async (context) => {
    const { properties } = await clients(context).vaults.vaults.get(GROUP, VAULT);
    const [one] = properties.privateEndpointConnections;
    assert.match(one.id, /\/kv-pe$/);
    assert.equal(one.name, undefined);
  }),
  vault("delete the connection: 202 with Location alone", async (context) => {
    const { seen, options } = firstAnswer();
    await clients(context).vaults.privateEndpointConnections
      .beginDeleteAndWait(GROUP, VAULT, "kv-pe", options);
    assert.equal(seen.status, 202);
    assert.equal(seen.headers["azure-asyncoperation"], undefined);
    assert.match(seen.headers.location, /kv-operation=/);
    await expectError(vaultGet(context), 404, "ResourceNotFound");
    await linksOf(context).becomes("kv-pe", "Disconnected");
  }),
];

// the storage account -------------------------------------------------------

const accountPut = (context, status) => clients(context).storage.privateEndpointConnections
  .put(GROUP, ACCOUNT, context.state.table, approval(status));

const accountCases = [
  account("an account offers the group table", async (context) => {
    const { value } = await clients(context).storage.privateLinkResources
      .listByStorageAccount(GROUP, ACCOUNT);
    assert.ok(value.some(({ groupId, properties }) => (groupId ?? properties.groupId) === "table"));
  }),
  link("a link to a table opens a connection", async (context) => {
    await put(context, "table-pe", "table", `Microsoft.Storage/storageAccounts/${ACCOUNT}`);
    const [ours] = await first(() => all(clients(context).storage.privateEndpointConnections
      .list(GROUP, ACCOUNT)));
    context.state.table = ours.name;
    assert.equal(stateOf(ours).status, "Pending");
  }),
  account("an approval is done at once", async (context) => {
    const answered = await accountPut(context, "Approved");
    assert.deepEqual([answered.provisioningState, stateOf(answered).status], ["Succeeded", "Approved"]);
    await linksOf(context).becomes("table-pe", "Approved");
  }),
  account("a second approval fails", (context) => expectError(
    accountPut(context, "Approved"), 400, "InvalidValuesForRequestParameters")),
  account("delete the connection", async (context) => {
    const { privateEndpointConnections } = clients(context).storage;
    await privateEndpointConnections.delete(GROUP, ACCOUNT, context.state.table);
    await expectError(privateEndpointConnections.get(GROUP, ACCOUNT, context.state.table),
      404, "ResourceNotFound");
    await linksOf(context).becomes("table-pe", "Disconnected");
  }),
];

export const targetCases = [...slotCases, ...vaultCases, ...accountCases];
