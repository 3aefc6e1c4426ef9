// What all cases of the two management clients share.
import assert from "node:assert/strict";
import { SCOPE, secretCredential } from "./identity.mjs";

export const GROUP = "contoso";
export const SIGNALR = "contoso-signalr";
export const FUNC = "contoso-func";
// core-lro asks every two seconds where the service says nothing
export const SHORT = { updateIntervalInMs: 50 };
const DEADLINE_MS = 15000;

export function clients(context, application = context.config.owner) {
  const { SignalRManagementClient } = context.packages.signalr;
  const { WebSiteManagementClient } = context.packages.appservice;
  const credential = secretCredential(context, application);
  const { subscription_id: subscription } = context.config.ids;
  const endpoint = context.config.url;
  return {
    signalr: new SignalRManagementClient(credential, subscription,
      { endpoint, credentialScopes: SCOPE }),
    web: new WebSiteManagementClient(credential, subscription,
      { endpoint, credentials: { scopes: [SCOPE] } }),
  };
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

export const signalrCase = (name, test) => ({ name, area: "@azure/arm-signalr", test });
export const siteCase = (name, test) => ({ name, area: "@azure/arm-appservice", test });
