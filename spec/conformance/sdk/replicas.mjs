// Replicas: each has its own copy of the link and its own connection, and each
// wants its own approval (azure-rest-api-specs pull request 28259).
import assert from "node:assert/strict";
import { clients, connectionsOf, eventually, expectError, GROUP, linksOf, SHORT, SIGNALR,
  signalrCase, siteCase as site, whenIdle } from "./clients.mjs";

const LINK = "func-pe";
const PREMIUM = "conformance-premium";
const VERSION = "2024-03-01";

const replica = (name, test) => ({ name, area: "@azure/core-lro", test });
const at = (rest, signalr = PREMIUM) => `Microsoft.SignalRService/signalR/${signalr}${rest}`;
const REPLICA_LINK = at(`/replicas/west/sharedPrivateLinkResources/${LINK}`);

const createReplica = ({ raw }, name, signalr) => raw.wait("PUT", at(`/replicas/${name}`, signalr),
  VERSION, { location: "westus", sku: { name: "Premium_P1", capacity: 1 } });

async function statuses(context) {
  const { body } = await clients(context).raw.call("GET", REPLICA_LINK, VERSION);
  return [(await linksOf(context, PREMIUM).get(LINK)).status, body.properties.status];
}

export const replicaCases = [
  replica("a Standard SignalR has no replicas", (context) => expectError(
    createReplica(clients(context), "west", SIGNALR), 400, "BadRequest")),
  signalrCase("create a Premium SignalR with a link", async (context) => {
    const made = await clients(context).signalr.signalR.beginCreateOrUpdateAndWait(GROUP, PREMIUM,
      { location: "eastus", sku: { name: "Premium_P1", capacity: 1 } }, SHORT);
    assert.equal(made.sku.tier, "Premium");
    await linksOf(context, PREMIUM).put(LINK);
    await connectionsOf(context).count(1);
  }),
  replica("create a replica", async (context) => {
    const made = await whenIdle(() => createReplica(clients(context), "west"));
    assert.equal(made.name, "west");
    assert.equal(made.properties.provisioningState, "Succeeded");
  }),
  site("it opens a connection of its own", async (context) => {
    const list = await connectionsOf(context).count(2);
    assert.equal(new Set(list.map(({ privateEndpoint }) => privateEndpoint.id)).size, 2);
    context.state.names = list.map(({ name }) => name);
  }),
  replica("its copy of the link is Pending", async (context) => {
    const { body } = await clients(context).raw.call("GET", REPLICA_LINK, VERSION);
    assert.equal(body.type, "Microsoft.SignalRService/SignalR/replicas/sharedPrivateLinkResources");
    assert.equal(body.properties.status, "Pending");
  }),
  site("one approval is not enough for both", async (context) => {
    await connectionsOf(context).decide(context.state.names[0], "Approved");
    const after = await eventually(() => statuses(context),
      (list) => list.includes("Approved"), "the first link");
    assert.deepEqual(after.sort(), ["Approved", "Pending"]);
  }),
  site("two are", async (context) => {
    await connectionsOf(context).decide(context.state.names[1], "Approved");
    await eventually(() => statuses(context),
      (list) => list.every((status) => status === "Approved"), "both links");
  }),
  replica("the link of a replica cannot be deleted", (context) => expectError(
    clients(context).raw.call("DELETE", REPLICA_LINK, VERSION), 405, "MethodNotAllowed")),
  replica("restart a replica", async (context) => {
    await clients(context).raw.wait("POST", at("/replicas/west/restart"), VERSION);
  }),
  replica("delete a replica, and its connection goes", async (context) => {
    const { raw } = clients(context);
    const { status } = await whenIdle(() => raw.call("DELETE", at("/replicas/west"), VERSION));
    assert.equal(status, 200);
    await connectionsOf(context).count(1);
    await expectError(raw.call("GET", REPLICA_LINK, VERSION), 404, "ResourceNotFound");
  }),
  signalrCase("delete the SignalR, and the last connection goes", async (context) => {
    await whenIdle(() => clients(context).signalr.signalR.beginDeleteAndWait(GROUP, PREMIUM, SHORT));
    await connectionsOf(context).count(0);
  }),
];
