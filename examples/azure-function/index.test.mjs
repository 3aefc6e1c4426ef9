// What Azure Functions would load, with its library stood in for: that needs the
// Functions host, and all that is used of it is `app.http`.
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { register } from "node:module";
import { test } from "node:test";

const KEYS = ["Zmlyc3Q=", "c2Vjb25k"];
const asModule = (text) => "data:text/javascript," + encodeURIComponent(text);
const standIn = asModule("export const app = { http: (name, options) => globalThis.registered.push({ name, options }) };");
register(asModule(`export async function resolve(specifier, context, next) {
  if (specifier === "@azure/functions") return { url: ${JSON.stringify(standIn)}, shortCircuit: true };
  return next(specifier, context);
}`));

globalThis.registered = [];
process.env.AzureSignalRConnectionString = KEYS.map((key) => `Endpoint=https://x;AccessKey=${key};Version=1.0;`).join("\n");
await import("./index.mjs");
const [probe] = globalThis.registered;

const request = (method, fields) => ({ method, headers: new Headers(fields) });
const signed = (key) => request("POST", {
  "X-ASRS-Connection-Id": "c1", "X-ASRS-Hub": "chat", "X-Forwarded-For": "10.0.0.4:1234",
  "X-ASRS-Signature": "sha256=" + createHmac("sha256", key).update("c1").digest("hex"),
});

test("registers one HTTP function that asks for its key", () => {
  assert.equal(globalThis.registered.length, 1);
  assert.equal(probe.name, "probe");
  assert.equal(probe.options.route, "probe");
  assert.deepEqual(probe.options.methods, ["GET", "POST"]);
  assert.equal(probe.options.authLevel, "function");
});

test("answers SignalR as the Functions library wants it, by either key", async () => {
  for (const key of KEYS) assert.deepEqual(await probe.options.handler(signed(key)), { status: 200 });
  assert.deepEqual(await probe.options.handler(signed("another")), { status: 401 });
});

test("tells what it saw as JSON", async () => {
  const answer = await probe.options.handler(request("GET"));

  assert.equal(answer.status, 200);
  assert.deepEqual(answer.jsonBody.seen.map((call) => call.signature), ["valid", "valid", "invalid"]);
  assert.equal(answer.jsonBody.seen[0].forwarded_for, "10.0.0.4:1234");
});

test("is what package.json and host.json say", () => {
  const read = (name) => JSON.parse(readFileSync(new URL(name, import.meta.url)));

  assert.equal(read("package.json").main, "index.mjs");
  assert.equal(read("package.json").type, "module");
  assert.ok(read("package.json").dependencies["@azure/functions"]);
  assert.equal(read("host.json").version, "2.0");
});
