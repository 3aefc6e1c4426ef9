// What all cases of the two management clients share.
import assert from "node:assert/strict";
import { SCOPE, secretCredential } from "./identity.mjs";
import { rawClient } from "./raw.mjs";

export const GROUP = "contoso";
export const SIGNALR = "contoso-signalr";
export const FUNC = "contoso-func";
// core-lro asks every two seconds where the service says nothing
export const SHORT = { updateIntervalInMs: 50 };
const DEADLINE_MS = 15000;

function makeClients({ config, packages }, credential) {
  const { signalr, appservice, keyvault, storage, resources } = packages;
  const { url: endpoint, ids: { subscription_id: subscription } } = config;
  const generated = { endpoint, credentialScopes: SCOPE };
  const modern = { endpoint, credentials: { scopes: [SCOPE] } };
  return {
    signalr: new signalr.SignalRManagementClient(credential, subscription, generated),
    web: new appservice.WebSiteManagementClient(credential, subscription, modern),
    vaults: new keyvault.KeyVaultManagementClient(credential, subscription, modern),
    storage: new storage.StorageManagementClient(credential, subscription, modern),
    resources: new resources.ResourceManagementClient(credential, subscription, modern),
    raw: rawClient({ config, packages }, credential),
  };
}

// One set for each application, so that each signs in once.
export function clients(context, application = context.config.owner) {
  context.clients ??= new Map();
  const { client_id: id } = application;
  if (!context.clients.has(id)) {
    context.clients.set(id, makeClients(context, secretCredential(context, application)));
  }
  return context.clients.get(id);
}

export async function all(iterator) {
  const items = [];
  for await (const item of iterator) items.push(item);
  return items;
}

export async function eventually(read, fits, what) {
  const deadline = Date.now() + DEADLINE_MS;
  for (;;) {
    const value = await read();
    if (fits(value)) return value;
    if (Date.now() > deadline) throw new Error(`${what}: still ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export async function expectError(promise, statusCode, code) {
  await assert.rejects(promise, (error) => {
    assert.equal(error.statusCode, statusCode);
    assert.equal(error.code, code);
    return true;
  });
}

// After a write SignalR says Succeeded and still refuses the next one for a
// while (azure-rest-api-specs issue 23068).
export async function whenIdle(write) {
  const attempt = async () => {
    try {
      return { value: await write() };
    } catch (error) {
      if (error.statusCode !== 409) throw error;
      assert.equal(error.code, "Conflict");
      return null;
    }
  };
  const { value } = await eventually(attempt, (made) => made !== null, "SignalR is busy");
  return value;
}

// What a service says in the headers of the first answer of an operation; a
// busy service's refusals before it do not count.
export function firstAnswer() {
  const seen = {};
  const onResponse = ({ status, headers }) => {
    if (seen.status < 400) return;
    seen.status = status;
    seen.headers = headers.toJSON();
  };
  return { seen, options: { ...SHORT, onResponse } };
}

// The shared private links of one SignalR.
export function linksOf(context, signalr = SIGNALR, group = GROUP) {
  const { signalRSharedPrivateLinkResources: links } = clients(context).signalr;
  const putNow = (name, more) => links.beginCreateOrUpdateAndWait(name, group, signalr,
    { groupId: "sites", privateLinkResourceId: context.config.ids.func, ...more }, SHORT);
  return {
    get: (name) => links.get(name, group, signalr),
    list: () => all(links.list(group, signalr)),
    remove: (name) => whenIdle(() => links.beginDeleteAndWait(name, group, signalr, SHORT)),
    putNow,
    put: (name, more) => whenIdle(() => putNow(name, more)),
    becomes: (name, status) => eventually(() => links.get(name, group, signalr),
      (now) => now.status === status, `the link, which must become ${status}`),
  };
}

// The private endpoint connections of one site.
export function connectionsOf(context, site = FUNC, application = undefined) {
  const { webApps } = clients(context, application).web;
  const list = () => all(webApps.listPrivateEndpointConnectionList(GROUP, site));
  return {
    list,
    get: (name) => webApps.getPrivateEndpointConnection(GROUP, site, name),
    count: (wanted) => eventually(list, ({ length }) => length === wanted, "connections"),
    decide: (name, status, description = "") => webApps
      .beginApproveOrRejectPrivateEndpointConnectionAndWait(GROUP, site, name,
        { privateLinkServiceConnectionState: { status, description } }, SHORT),
  };
}

export const stateOf = (connection) => connection.privateLinkServiceConnectionState;

export const signalrCase = (name, test) => ({ name, area: "@azure/arm-signalr", test });
export const siteCase = (name, test) => ({ name, area: "@azure/arm-appservice", test });
