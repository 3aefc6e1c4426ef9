// SignalR itself and the wrong turns around a link: each error must reach
// Microsoft's own client with the status and code that Azure uses.
import assert from "node:assert/strict";
import { all, clients, eventually, expectError, FUNC, GROUP, SHORT, SIGNALR,
  signalrCase as signalr, siteCase as site, whenIdle } from "./clients.mjs";

const OTHER = "conformance-signalr";

function put(context, name, more) {
  const { ids } = context.config;
  return clients(context).signalr.signalRSharedPrivateLinkResources
    .beginCreateOrUpdateAndWait(name, GROUP, SIGNALR,
      { groupId: "sites", privateLinkResourceId: ids.func, ...more }, SHORT);
}

const refused = (name, link, more, status, code) => signalr(name, (context) => whenIdle(
  () => expectConflictApart(put(context, link, more), status, code)));

// whenIdle waits out a busy SignalR: that one error must get through to it.
async function expectConflictApart(promise, status, code) {
  try {
    await promise;
  } catch (error) {
    if (error.statusCode === 409 && error.code === "Conflict") throw error;
    assert.equal(error.statusCode, status);
    assert.equal(error.code, code);
    return;
  }
  throw new Error("must be refused");
}

async function decide(context, name, status) {
  await clients(context).web.webApps.beginApproveOrRejectPrivateEndpointConnectionAndWait(
    GROUP, FUNC, name, { privateLinkServiceConnectionState: { status, description: "" } },
    SHORT);
}

export const serviceCases = [
  signalr("a name that is taken is not available", async (context) => {
    const { signalr: client } = clients(context);
    const check = (name) => client.signalR.checkNameAvailability("eastus",
      { type: "Microsoft.SignalRService/SignalR", name });
    assert.equal((await check(SIGNALR)).nameAvailable, false);
    assert.equal((await check(OTHER)).nameAvailable, true);
  }),
  signalr("create another SignalR", async (context) => {
    const made = await clients(context).signalr.signalR.beginCreateOrUpdateAndWait(
      GROUP, OTHER, { location: "eastus", sku: { name: "Standard_S1", capacity: 1 } }, SHORT);
    assert.equal(made.name, OTHER);
    assert.equal(made.provisioningState, "Succeeded");
    assert.match(made.hostName, /conformance-signalr/);
  }),
  signalr("update its tags", async (context) => {
    const { signalr: client } = clients(context);
    await whenIdle(() => client.signalR.beginUpdateAndWait(GROUP, OTHER,
      { location: "eastus", tags: { team: "conformance" } }, SHORT));
    const after = await client.signalR.get(GROUP, OTHER);
    assert.deepEqual(after.tags, { team: "conformance" });
  }),
  signalr("list what it could be scaled to", async (context) => {
    const list = await clients(context).signalr.signalR.listSkus(GROUP, OTHER);
    assert.ok(list.value.some(({ sku }) => sku.name === "Standard_S1"));
  }),
  signalr("restart it", (context) => whenIdle(
    () => clients(context).signalr.signalR.beginRestartAndWait(GROUP, OTHER, SHORT))),
  signalr("delete it", async (context) => {
    const { signalr: client } = clients(context);
    await whenIdle(() => client.signalR.beginDeleteAndWait(GROUP, OTHER, SHORT));
    await expectError(client.signalR.get(GROUP, OTHER), 404, "ResourceNotFound");
  }),
  refused("a link with an unknown group is refused", "bad-group", { groupId: "site" },
    400, "BadRequest"),
  refused("a link with a bad name is refused", "x", {}, 400, "InvalidResourceName"),
  signalr("a link that does not exist is ResourceNotFound", (context) => expectError(
    clients(context).signalr.signalRSharedPrivateLinkResources
      .get("no-such-link", GROUP, SIGNALR), 404, "ResourceNotFound")),
  site("get the site", async (context) => {
    const app = await clients(context).web.webApps.get(GROUP, FUNC);
    assert.equal(app.name, FUNC);
    assert.equal(app.kind, "functionapp");
  }),
  site("the site names its private link group", async (context) => {
    const { value } = await clients(context).web.webApps.getPrivateLinkResources(GROUP, FUNC);
    assert.deepEqual(value.map(({ properties }) => properties.groupId), ["sites"]);
  }),
  site("a rejected connection cannot be approved", async (context) => {
    await expectError(decide(context, context.state.stranger, "Approved"), 400,
      "PrivateEndpointConnectionStatusNotPending");
  }),
  site("delete the stranger's connection", async (context) => {
    const { web } = clients(context);
    await web.webApps.beginDeletePrivateEndpointConnectionAndWait(GROUP, FUNC,
      context.state.stranger, SHORT);
    await eventually(() => all(web.webApps.listPrivateEndpointConnectionList(GROUP, FUNC)),
      (list) => list.length === 0, "connections");
  }),
];
