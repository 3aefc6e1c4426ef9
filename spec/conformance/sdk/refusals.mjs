// What Azure does not let a link do, and what it does not let it do yet.
import assert from "node:assert/strict";
import { clients, expectError, FUNC, GROUP, linksOf, SHORT, SIGNALR,
  signalrCase as link, whenIdle } from "./clients.mjs";

const FREE = "conformance-free";

async function expectMessage(promise, status, code, pattern) {
  await assert.rejects(promise, (error) => {
    assert.deepEqual([error.statusCode, error.code], [status, code]);
    assert.match(error.message, pattern);
    return true;
  });
}

const refused = (name, more, pattern) => link(name, (context) => expectMessage(
  linksOf(context).put("refused-pe", more), 400, "BadRequest", pattern));

const app = ({ config }, name) => config.ids.func.replace(FUNC, name);

export const refusalCases = [
  refused("a group in other casing is refused", { groupId: "Sites" }, /Invalid groupId/),
  refused("the group of a slot that does not exist is refused",
    { groupId: "sites-nowhere" }, /Invalid groupId/),
  refused("a group of another kind of target is refused", { groupId: "vault" },
    /Invalid groupId/),
  refused("a message of 141 characters is refused", { requestMessage: "x".repeat(141) },
    /140 characters/),
  link("a target that does not exist is refused", (context) => expectMessage(
    linksOf(context).put("refused-pe", { privateLinkResourceId: app(context, "nobody") }),
    400, "BadRequest", /was not found/)),
  link("a refused link leaves nothing behind", async (context) => {
    assert.deepEqual(await linksOf(context).list(), []);
  }),
  link("a Free SignalR has no links", async (context) => {
    const made = await clients(context).signalr.signalR.beginCreateOrUpdateAndWait(GROUP, FREE,
      { location: "eastus", sku: { name: "Free_F1" } }, SHORT);
    assert.equal(made.sku.tier, "Free");
    await expectMessage(linksOf(context, FREE).put("func-pe"), 400, "BadRequest", /Free tier/);
  }),
  link("after a scale up it has", async (context) => {
    const { signalR } = clients(context).signalr;
    await whenIdle(() => signalR.beginUpdateAndWait(GROUP, FREE,
      { location: "eastus", sku: { name: "Standard_S1", capacity: 2 } }, SHORT));
    assert.equal((await signalR.get(GROUP, FREE)).sku.capacity, 2);
    const made = await linksOf(context, FREE).put("func-pe");
    assert.equal(made.status, "Pending");
  }),
  link("a plan without private endpoints fails the operation", async (context) => {
    const { put, get } = linksOf(context);
    await assert.rejects(put("consumption-pe",
      { privateLinkResourceId: app(context, "contoso-consumption") }), /PrivateEndpointNotSupported/);
    assert.equal((await get("consumption-pe")).provisioningState, "Failed");
  }),
  link("a SignalR that is Updating answers 409, and takes the link later", async (context) => {
    const { signalR } = clients(context).signalr;
    const { put, putNow } = linksOf(context);
    const poller = await whenIdle(() => signalR.beginUpdate(GROUP, SIGNALR,
      { location: "eastus", tags: { busy: "yes" } }, SHORT));
    assert.equal((await signalR.get(GROUP, SIGNALR)).provisioningState, "Updating");
    await expectError(putNow("busy-pe"), 409, "Conflict");
    await poller.pollUntilDone();
    const made = await put("busy-pe");
    assert.equal(made.provisioningState, "Succeeded");
  }),
  link("an unknown SKU is refused", (context) => expectError(
    clients(context).signalr.signalR.beginCreateOrUpdateAndWait(GROUP, "conformance-odd",
      { location: "eastus", sku: { name: "Standard_S9" } }, SHORT), 400, "BadRequest")),
];
