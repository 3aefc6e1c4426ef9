// The story of the shared private link, told by @azure/arm-signalr and
// @azure/arm-appservice.
import assert from "node:assert/strict";
import { all, clients, eventually, expectError, FUNC, GROUP, SHORT, SIGNALR,
  signalrCase as link, siteCase as site, whenIdle } from "./clients.mjs";

const LINK = "func-pe";
const MESSAGE = "conformance asks";

const connections = (web) => all(web.webApps.listPrivateEndpointConnectionList(GROUP, FUNC));
const getLink = (signalr) => signalr.signalRSharedPrivateLinkResources
  .get(LINK, GROUP, SIGNALR);
const stateOf = (connection) => connection.privateLinkServiceConnectionState;

function create(signalr, more) {
  return signalr.signalRSharedPrivateLinkResources.beginCreateOrUpdateAndWait(
    LINK, GROUP, SIGNALR, more, SHORT);
}

function decide(web, name, status) {
  return web.webApps.beginApproveOrRejectPrivateEndpointConnectionAndWait(GROUP, FUNC, name,
    { privateLinkServiceConnectionState: { status, description: MESSAGE,
      actionsRequired: "None" } }, SHORT);
}

export const linkCases = [
  link("get SignalR", async (context) => {
    const resource = await clients(context).signalr.signalR.get(GROUP, SIGNALR);
    assert.equal(resource.name, SIGNALR);
    assert.equal(resource.sku.name, "Standard_S1");
    assert.equal(resource.provisioningState, "Succeeded");
  }),
  link("list SignalRs of a group and of the subscription", async (context) => {
    const { signalr } = clients(context);
    for (const list of [signalr.signalR.listByResourceGroup(GROUP),
      signalr.signalR.listBySubscription()]) {
      assert.deepEqual((await all(list)).map(({ name }) => name), [SIGNALR]);
    }
  }),
  link("list keys and regenerate one", async (context) => {
    const { signalr } = clients(context);
    const before = await signalr.signalR.listKeys(GROUP, SIGNALR);
    assert.ok(before.primaryKey);
    await signalr.signalR.beginRegenerateKeyAndWait(GROUP, SIGNALR,
      { keyType: "Primary" }, SHORT);
    const after = await signalr.signalR.listKeys(GROUP, SIGNALR);
    assert.notEqual(after.primaryKey, before.primaryKey);
    assert.equal(after.secondaryKey, before.secondaryKey);
  }),
  link("an unknown SignalR is ResourceNotFound", (context) => expectError(
    clients(context).signalr.signalR.get(GROUP, "no-such-signalr"), 404,
    "ResourceNotFound")),
  link("a reader may not write", async (context) => {
    const { signalr } = clients(context, context.config.reader);
    await signalr.signalR.get(GROUP, SIGNALR);
    await expectError(create(signalr, { groupId: "sites",
      privateLinkResourceId: context.config.ids.func }), 403, "AuthorizationFailed");
  }),
  link("private link resources name what can be shared", async (context) => {
    const resources = await all(clients(context).signalr.signalRPrivateLinkResources
      .list(GROUP, SIGNALR));
    const shareable = resources.flatMap(
      (resource) => resource.shareablePrivateLinkResourceTypes ?? []);
    assert.ok(shareable.some(({ properties }) => properties.groupId === "sites"));
  }),
  link("create a link", async (context) => {
    const made = await whenIdle(() => create(clients(context).signalr, { groupId: "sites",
      privateLinkResourceId: context.config.ids.func, requestMessage: MESSAGE }));
    assert.equal(made.name, LINK);
    assert.equal(made.provisioningState, "Succeeded");
    assert.equal(made.status, "Pending");
  }),
  link("list links", async (context) => {
    const links = await all(clients(context).signalr.signalRSharedPrivateLinkResources
      .list(GROUP, SIGNALR));
    assert.deepEqual(links.map(({ name }) => name), [LINK]);
    assert.equal(links[0].requestMessage, MESSAGE);
  }),
  site("list connections: ours and a stranger's, both Pending", async (context) => {
    const list = await eventually(() => connections(clients(context).web),
      (found) => found.length === 2, "connections");
    assert.ok(list.every((one) => stateOf(one).status === "Pending"));
    const ours = list.filter((one) => stateOf(one).description === MESSAGE);
    assert.equal(ours.length, 1);
    context.state.ours = ours[0].name;
    context.state.stranger = list.find((one) => one !== ours[0]).name;
  }),
  site("get a connection", async (context) => {
    const one = await clients(context).web.webApps.getPrivateEndpointConnection(
      GROUP, FUNC, context.state.ours);
    assert.equal(one.name, context.state.ours);
    assert.match(one.privateEndpoint.id, /privateEndpoints\//);
  }),
  site("approve ours", async (context) => {
    const { web } = clients(context);
    await decide(web, context.state.ours, "Approved");
    const one = await eventually(() => web.webApps.getPrivateEndpointConnection(
      GROUP, FUNC, context.state.ours), (now) => stateOf(now).status === "Approved", "ours");
    assert.equal(stateOf(one).description, MESSAGE);
  }),
  site("reject the stranger's", async (context) => {
    const { web } = clients(context);
    await decide(web, context.state.stranger, "Rejected");
    await eventually(() => web.webApps.getPrivateEndpointConnection(
      GROUP, FUNC, context.state.stranger),
    (now) => stateOf(now).status === "Rejected", "the stranger's");
  }),
  link("the link becomes Approved", (context) => eventually(
    () => getLink(clients(context).signalr), (now) => now.status === "Approved", "the link")),
  link("delete the link", async (context) => {
    const { signalr } = clients(context);
    await signalr.signalRSharedPrivateLinkResources.beginDeleteAndWait(
      LINK, GROUP, SIGNALR, SHORT);
    await expectError(getLink(signalr), 404, "ResourceNotFound");
  }),
  site("its connection goes away", (context) => eventually(
    () => connections(clients(context).web),
    (list) => !list.some(({ name }) => name === context.state.ours), "connections")),
];
