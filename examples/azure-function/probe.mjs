// What a SignalR upstream saw: remembers where each signed call came from, and
// tells. No dependencies, so that it can be tested anywhere; index.mjs makes an
// Azure Function of it.
//
//   POST  a call of SignalR (its upstream template points here)
//   GET   { "seen": [ { at, forwarded_for, hub, category, event, signature } ] }
//
// azure.private_link.verify{ probe = url } reads the GET.
import { createHmac, timingSafeEqual } from "node:crypto";

const MAX_SEEN = 1000;

// One "sha256=<hex>" per access key; the key is the text as it is shown, not
// what it decodes to (azure-sdk-for-net, SignalRRequestResolver.cs).
function isSignedBy(key, connectionId, parts) {
  const wanted = Buffer.from("sha256=" + createHmac("sha256", key).update(connectionId).digest("hex"));
  return parts.some((part) => {
    const given = Buffer.from(part.trim().toLowerCase());
    return given.length === wanted.length && timingSafeEqual(given, wanted);
  });
}

export function checkSignature(signature, connectionId, keys) {
  if (!signature || !connectionId) return "missing";
  const parts = signature.split(",");
  return keys.some((key) => isSignedBy(key, connectionId, parts)) ? "valid" : "invalid";
}

// The access keys of a connection string, or of several separated by line breaks.
export function keysOf(text) {
  return [...(text ?? "").matchAll(/AccessKey=([^;\s]+)/gi)].map((match) => match[1]);
}

// headers: a function from a lower-case name to the value or undefined.
export function createProbe({ keys, now = () => Date.now() / 1000 }) {
  const seen = [];

  function note(header) {
    const call = {
      at: Math.floor(now()),
      forwarded_for: header("x-forwarded-for") ?? "",
      hub: header("x-asrs-hub"),
      category: header("x-asrs-category"),
      event: header("x-asrs-event"),
      signature: checkSignature(header("x-asrs-signature"), header("x-asrs-connection-id"), keys),
    };
    seen.push(call);
    if (seen.length > MAX_SEEN) seen.shift();
    return call;
  }

  return function handle(method, header) {
    if (method === "GET") return { status: 200, body: { seen } };
    if (method !== "POST") return { status: 405 };
    return { status: note(header).signature === "valid" ? 200 : 401 };
  };
}
