// Spector's remaining scenarios as plain calls: what their mock APIs demand is
// sent through client:request as it is, which shows that paths, queries,
// headers and JSON of every shape survive the way through the client.
import { isDeepStrictEqual } from "node:util";
import { steps } from "./expect.mjs";

// Called once with whatever comes back: the client would try such an answer again.
const ONCE = new Set(["Type_Enum_Fixed_String_putUnknownValue"]);

// Why a scenario cannot be one of these calls, or null.
const STREAMED = new Set(["Streaming_Sse_Protocol_reconnect"]);

const unfit = (name, wanted) => STREAMED.has(name) || wanted.some(({ body }) => (
  body.kind === "text" && typeof body.value !== "string"));

// A matcher stands for every spelling of one value; its own will do.
const plain = (value) => JSON.parse(JSON.stringify(value));

const encode = (segment) => (segment.includes("%") ? segment : encodeURI(segment));

const word = (value) => encodeURIComponent(String(plain(value)));

const BOUNDARY = "a-part-ends-here";

function partHead(name, file, type) {
  const named = file ? `; filename="${file}"` : "";
  return `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"${named}\r\n`
    + `${type ? `Content-Type: ${type}\r\n` : ""}\r\n`;
}

// A form as any HTTP library writes it (RFC 7578): a value, a JSON document, or
// the bytes of a file in each part.
function form({ parts = {}, files = [] }) {
  const chunks = [];
  for (const [name, value] of Object.entries(parts)) {
    const isDocument = typeof value === "object";
    chunks.push(partHead(name, null, isDocument ? "application/json" : null),
      isDocument ? JSON.stringify(value) : String(value), "\r\n");
  }
  for (const { fieldname, originalname, buffer, mimetype } of files) {
    chunks.push(partHead(fieldname, originalname, mimetype), buffer, "\r\n");
  }
  chunks.push(`--${BOUNDARY}--\r\n`);
  return Buffer.concat(chunks.map((chunk) => Buffer.from(chunk)));
}

function call({ method, segments, query, headers, body }) {
  const path = segments.map((segment) => encode(segment ?? "any")).join("/");
  const pairs = query.map(([name, value]) => `${word(name)}=${word(value)}`).join("&");
  const made = { method, path: pairs ? `${path}?${pairs}` : path, headers: {} };
  for (const [name, value] of Object.entries(headers)) {
    made.headers[name] = String(plain(value));
  }
  if (body.kind === "none") return made;
  if (body.kind === "multipart") {
    made.headers["Content-Type"] = `multipart/form-data; boundary=${BOUNDARY}`;
    made.base64 = form(body).toString("base64");
    return made;
  }
  made.headers["Content-Type"] = body.type;
  if (body.kind === "json" && /json/.test(body.type)) {
    made.json = JSON.stringify(plain(body.value));
  } else if (body.kind === "bytes") {
    made.base64 = body.value.toString("base64");
  } else {
    made.text = body.value;
  }
  return made;
}

function document(status, text) {
  try {
    return { status, json: JSON.parse(text) };
  } catch {
    return { status, invalid: true };
  }
}

// What one call must have handed back.
function handedBack({ status, replyBody, replySize, replyHeaders }) {
  if (status >= 400 || replyBody === "") return { status };
  const type = replyHeaders?.["content-type"] ?? "";
  if (/[/+]json\s*(;|$)/.test(type)) return document(status, replyBody);
  return /xml|text|json/.test(type) ? { status, body: replyBody } : { status, size: replySize };
}

// Compares what the calls handed back with what was on the wire.
export function judgeWire(outcome, records) {
  if (!outcome) return "not run";
  if (outcome.raised) return `raised ${outcome.raised}`;
  if (outcome.error) return `failed: ${outcome.error.kind}: ${outcome.error.message}`;
  const wanted = records.map(handedBack);
  return isDeepStrictEqual(outcome.value, wanted) ? null
    : `gave ${JSON.stringify(outcome.value)?.slice(0, 200)}, `
      + `want ${JSON.stringify(wanted).slice(0, 200)}`;
}

// { jobs: name -> calls, left: names } for scenarios not `taken`.
export function wireJobs(mocks, taken) {
  const jobs = new Map();
  const left = [];
  for (const name of Object.keys(mocks.scenarios).sort()) {
    if (taken.has(name)) continue;
    const wanted = steps(mocks, name, "http://localhost:3000");
    if (unfit(name, wanted)) left.push(name);
    else jobs.set(name, wanted.map((step) => ({ ...call(step), once: ONCE.has(name) })));
  }
  return { jobs, left };
}
