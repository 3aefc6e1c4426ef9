// How a shared private link can end: approved by itself, by us or by somebody
// else, rejected, disconnected, timed out; and what a PUT does after each.
import assert from "node:assert/strict";
import { clients, connectionsOf, expectError, firstAnswer, FUNC, GROUP, linksOf,
  signalrCase as link, siteCase as site, stateOf } from "./clients.mjs";

const LINK = "func-pe";
const MESSAGE = "conformance asks";
const NOT_PENDING = "PrivateEndpointConnectionStatusNotPending";

async function waitForOurs(context) {
  const [ours] = await connectionsOf(context).count(1);
  context.state.ours = ours.name;
  return ours;
}

// Two decide at once: Azure lets one through and tells the other so.
async function race(context) {
  const { approver, owner } = context.config;
  const outcomes = await Promise.allSettled([owner, approver].map((application) => (
    connectionsOf(context, FUNC, application).decide(context.state.ours, "Approved"))));
  const lost = outcomes.filter(({ status }) => status === "rejected");
  assert.equal(lost.length, 1);
  const { statusCode, code } = lost[0].reason;
  assert.ok(["400 " + NOT_PENDING, "409 Conflict"].includes(`${statusCode} ${code}`), code);
}

async function deleteConnection(context) {
  const { webApps } = clients(context).web;
  const { seen, options } = firstAnswer();
  const poller = await webApps.beginDeletePrivateEndpointConnection(GROUP, FUNC,
    context.state.ours, options);
  const going = await connectionsOf(context).get(context.state.ours);
  assert.equal(seen.status, 202);
  assert.match(seen.headers["azure-asyncoperation"], /\/operationResults\/[^/]+\?api-version=2019-01-01$/);
  assert.match(seen.headers.location, /\/operations\/[^/]+\?api-version=2019-01-01$/);
  assert.equal(going.provisioningState, "Deleting");
  assert.equal(stateOf(going).status, "Disconnecting");
  await poller.pollUntilDone();
  await expectError(connectionsOf(context).get(context.state.ours), 404, "ResourceNotFound");
}

const rejected = [
  link("a link opens a connection that carries its name and message", async (context) => {
    const made = await linksOf(context).put(LINK, { requestMessage: MESSAGE });
    const ours = await waitForOurs(context);
    assert.equal(made.status, "Pending");
    assert.match(ours.privateEndpoint.id, new RegExp(`/privateEndpoints/${LINK}$`));
    assert.equal(stateOf(ours).description, MESSAGE);
    assert.equal(ours.provisioningState, "Pending");
    assert.deepEqual(ours.ipAddresses, []);
  }),
  link("the same PUT again is an update and opens nothing", async (context) => {
    const made = await linksOf(context).put(LINK, { requestMessage: "once more" });
    const list = await connectionsOf(context).list();
    assert.equal(made.requestMessage, "once more");
    assert.deepEqual(list.map(({ name }) => name), [context.state.ours]);
  }),
  link("a PUT with another target is refused", async (context) => {
    const { put, get } = linksOf(context);
    const other = context.config.ids.func.replace(FUNC, "contoso-consumption");
    await expectError(put(LINK, { privateLinkResourceId: other }), 400, "BadRequest");
    assert.equal((await get(LINK)).privateLinkResourceId, context.config.ids.func);
  }),
  site("a rejection leaves provisioningState Pending", async (context) => {
    const { decide, get } = connectionsOf(context);
    await decide(context.state.ours, "Rejected", "not now");
    const after = await get(context.state.ours);
    assert.deepEqual([stateOf(after).status, stateOf(after).description, after.provisioningState],
      ["Rejected", "not now", "Pending"]);
  }),
  link("the link becomes Rejected", (context) => linksOf(context).becomes(LINK, "Rejected")),
  link("a PUT does not overrule a rejection", async (context) => {
    const made = await linksOf(context).put(LINK, { requestMessage: MESSAGE });
    assert.equal(made.status, "Rejected");
    assert.equal((await connectionsOf(context).list()).length, 1);
  }),
  site("a rejected connection stays rejected", async (context) => expectError(
    connectionsOf(context).decide(context.state.ours, "Approved"), 400, NOT_PENDING)),
];

const disconnected = [
  site("delete a connection: swapped headers, Disconnecting, gone", deleteConnection),
  link("the link becomes Disconnected", (context) => (
    linksOf(context).becomes(LINK, "Disconnected"))),
  link("a PUT on a disconnected link asks anew", async (context) => {
    const before = context.state.ours;
    const made = await linksOf(context).put(LINK, { requestMessage: MESSAGE });
    const ours = await waitForOurs(context);
    assert.equal(made.status, "Pending");
    assert.notEqual(ours.name, before);
  }),
];

const approved = [
  site("of two who approve at once one is refused", race),
  site("approving what somebody approved before is refused", (context) => expectError(
    connectionsOf(context).decide(context.state.ours, "Approved"), 400, NOT_PENDING)),
  site("an approved connection has an address", async (context) => {
    const one = await connectionsOf(context).get(context.state.ours);
    assert.equal(one.provisioningState, "Succeeded");
    assert.match(one.ipAddresses[0], /^10\./);
  }),
  link("the link becomes Approved", (context) => linksOf(context).becomes(LINK, "Approved")),
  site("an approval can be taken back", async (context) => {
    await connectionsOf(context).decide(context.state.ours, "Rejected");
    await linksOf(context).becomes(LINK, "Rejected");
  }),
  link("deleting the link deletes its connection", async (context) => {
    await linksOf(context).remove(LINK);
    await connectionsOf(context).count(0);
    assert.deepEqual(await linksOf(context).list(), []);
  }),
  link("deleting a link that is gone is no error", (context) => linksOf(context).remove(LINK)),
];

export const endCases = [...rejected, ...disconnected, ...approved];

export const autoCases = [
  link("a link can be Approved without anybody approving", async (context) => {
    const { put, becomes } = linksOf(context);
    await put(LINK, { requestMessage: MESSAGE });
    await becomes(LINK, "Approved");
  }),
  site("its connection says Auto-Approved", async (context) => {
    const ours = await waitForOurs(context);
    assert.deepEqual([stateOf(ours).status, stateOf(ours).description, ours.provisioningState],
      ["Approved", "Auto-Approved", "Succeeded"]);
  }),
  site("approving it as well is refused", (context) => expectError(
    connectionsOf(context).decide(context.state.ours, "Approved"), 400, NOT_PENDING)),
];

export const timeoutCases = [
  link("a link that nobody answers becomes Timeout", async (context) => {
    const { put, becomes } = linksOf(context);
    await put(LINK, { requestMessage: MESSAGE });
    await waitForOurs(context);
    await becomes(LINK, "Timeout");
  }),
  link("the PUT again makes it Pending, with a connection of its own", async (context) => {
    const made = await linksOf(context).put(LINK, { requestMessage: MESSAGE });
    const list = await connectionsOf(context).count(2);
    assert.equal(made.status, "Pending");
    context.state.second = list.find(({ name }) => name !== context.state.ours).name;
  }),
  site("the new connection, approved, makes the link Approved", async (context) => {
    await connectionsOf(context).decide(context.state.second, "Approved");
    await linksOf(context).becomes(LINK, "Approved");
  }),
];
