import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import { test } from "node:test";
import { checkSignature, createProbe, keysOf } from "./probe.mjs";

const KEY = "c2VjcmV0LWtleQ==";
const sign = (key, id) => "sha256=" + createHmac("sha256", key).update(id).digest("hex");
const headers = (fields) => (name) => fields[name];

function call(probe, fields) {
  return probe("POST", headers({
    "x-asrs-connection-id": "c1", "x-asrs-hub": "chat", "x-asrs-category": "connections",
    "x-asrs-event": "connected", "x-asrs-signature": sign(KEY, "c1"), ...fields,
  }));
}

test("accepts a signature by any of the keys, in any case", () => {
  assert.equal(checkSignature(sign(KEY, "c1"), "c1", ["other", KEY]), "valid");
  assert.equal(checkSignature("sha256=00," + sign(KEY, "c1").toUpperCase(), "c1", [KEY]), "valid");
});

test("refuses other signatures", () => {
  assert.equal(checkSignature(sign("other", "c1"), "c1", [KEY]), "invalid");
  assert.equal(checkSignature(sign(KEY, "c2"), "c1", [KEY]), "invalid");
  assert.equal(checkSignature("", "c1", [KEY]), "missing");
  assert.equal(checkSignature(sign(KEY, "c1"), undefined, [KEY]), "missing");
  assert.equal(checkSignature(sign(KEY, "c1"), "c1", []), "invalid");
});

test("reads keys out of connection strings", () => {
  assert.deepEqual(keysOf(`Endpoint=https://x;AccessKey=${KEY};Version=1.0;\nEndpoint=https://x;AccessKey=b;`), [KEY, "b"]);
  assert.deepEqual(keysOf(undefined), []);
});

test("remembers where signed calls came from", () => {
  const probe = createProbe({ keys: [KEY], now: () => 42.7 });

  assert.equal(call(probe, { "x-forwarded-for": "10.0.0.4:1234" }).status, 200);

  assert.deepEqual(probe("GET", headers({})).body.seen, [{
    at: 42, forwarded_for: "10.0.0.4:1234", hub: "chat", category: "connections", event: "connected", signature: "valid",
  }]);
});

test("answers 401 to a call that SignalR did not sign, and notes it as such", () => {
  const probe = createProbe({ keys: [KEY] });

  assert.equal(call(probe, { "x-asrs-signature": "sha256=00" }).status, 401);
  assert.equal(probe("GET", headers({})).body.seen[0].signature, "invalid");
});

test("keeps the last thousand calls only", () => {
  const probe = createProbe({ keys: [KEY] });

  for (let i = 0; i < 1001; i++) call(probe, { "x-forwarded-for": `10.0.0.${i % 250}` });

  assert.equal(probe("GET", headers({})).body.seen.length, 1000);
});

test("knows no other methods", () => {
  assert.equal(createProbe({ keys: [] })("DELETE", headers({})).status, 405);
});

test("serves over HTTP", async () => {
  const probe = createProbe({ keys: [KEY] });
  const server = createServer((request, response) => {
    const answer = probe(request.method, (name) => request.headers[name]);
    response.writeHead(answer.status, { "content-type": "application/json" });
    response.end(answer.body ? JSON.stringify(answer.body) : "");
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const url = `http://127.0.0.1:${server.address().port}/`;

  const posted = await fetch(url, { method: "POST", headers: {
    "x-asrs-connection-id": "c1", "x-asrs-signature": sign(KEY, "c1"), "x-forwarded-for": "10.0.0.4",
  } });
  const seen = (await (await fetch(url)).json()).seen;
  server.close();

  assert.equal(posted.status, 200);
  assert.equal(seen[0].forwarded_for, "10.0.0.4");
});
