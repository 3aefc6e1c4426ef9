// Resource groups: what is in one goes with it, and what it opened elsewhere.
import assert from "node:assert/strict";
import { all, clients, connectionsOf, expectError, firstAnswer, linksOf, SHORT,
  signalrCase } from "./clients.mjs";

const DOOMED = "conformance-doomed";
const SIGNALR = "doomed-signalr";

const group = (name, test) => ({ name, area: "@azure/arm-resources", test });
const groupsOf = (context) => clients(context).resources.resourceGroups;
const create = (context, name) => clients(context).signalr.signalR.beginCreateOrUpdateAndWait(
  DOOMED, name, { location: "eastus", sku: { name: "Standard_S1" } }, SHORT);

export const groupCases = [
  group("create a group", async (context) => {
    const made = await groupsOf(context).createOrUpdate(DOOMED,
      { location: "eastus", tags: { team: "conformance" } });
    assert.equal(made.properties.provisioningState, "Succeeded");
    const names = (await all(groupsOf(context).list())).map(({ name }) => name);
    assert.deepEqual(names.sort(), [DOOMED, "contoso"].sort());
  }),
  group("a group does not move", (context) => expectError(
    groupsOf(context).createOrUpdate(DOOMED, { location: "westus" }), 409,
    "InvalidResourceGroupLocation")),
  group("Microsoft.SignalRService is registered", async (context) => {
    const { providers } = clients(context).resources;
    assert.equal((await providers.get("Microsoft.SignalRService")).registrationState, "Registered");
  }),
  signalrCase("a SignalR of one group, linked to a site of another", async (context) => {
    await create(context, SIGNALR);
    await linksOf(context, SIGNALR, DOOMED).put("doomed-pe");
    await connectionsOf(context).count(1);
  }),
  group("list what is in a group", async (context) => {
    const list = await all(clients(context).resources.resources.listByResourceGroup(DOOMED));
    assert.deepEqual(list.map(({ name }) => name), [SIGNALR]);
  }),
  group("deleting a group answers 202, Location and Retry-After", async (context) => {
    const { seen, options } = firstAnswer();
    context.state.poller = await groupsOf(context).beginDelete(DOOMED, options);
    assert.equal(seen.status, 202);
    assert.match(seen.headers.location, /\/operationresults\//);
    assert.equal(seen.headers["retry-after"], "15");
    assert.equal(seen.headers["azure-asyncoperation"], undefined);
  }),
  group("nothing more is made in it", async (context) => {
    assert.equal((await groupsOf(context).get(DOOMED)).properties.provisioningState, "Deleting");
    await expectError(create(context, "too-late"), 409, "ResourceGroupBeingDeleted");
  }),
  group("it ends with an empty 200", async (context) => {
    assert.equal(await context.state.poller.pollUntilDone(), undefined);
    assert.equal((await groupsOf(context).checkExistence(DOOMED)).body, false);
    await expectError(groupsOf(context).get(DOOMED), 404, "ResourceGroupNotFound");
  }),
  signalrCase("the SignalR went with it", (context) => expectError(
    clients(context).signalr.signalR.get(DOOMED, SIGNALR), 404, "ResourceGroupNotFound")),
  group("so did its connection in the other group", (context) => connectionsOf(context).count(0)),
  group("a group that is not there cannot be deleted", (context) => expectError(
    groupsOf(context).beginDeleteAndWait("no-such-group", SHORT), 404, "ResourceGroupNotFound")),
];
