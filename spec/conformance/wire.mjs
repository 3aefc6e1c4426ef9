// Spector's remaining scenarios as plain calls: what their mock APIs demand is
// sent through client:request as it is, which shows that paths, queries,
// headers and JSON of every shape survive the way through the client.
import { isDeepStrictEqual } from "node:util";
import { steps } from "./expect.mjs";

const NOT_APPLICABLE = {
  Streaming_Sse_Protocol_reconnect: "an event stream that is reconnected",
  Type_Enum_Fixed_String_putUnknownValue: "a 500 that the client tries again",
};

// Why a scenario cannot be one of these calls, or null.
function unfit(name, wanted) {
  if (NOT_APPLICABLE[name]) return NOT_APPLICABLE[name];
  for (const step of wanted) {
    if (step.body.kind === "multipart") return "multipart bodies";
    if (step.body.kind === "bytes") return "binary bodies";
    if (step.body.kind === "text" && typeof step.body.value !== "string") {
      return "streamed bodies";
    }
  }
  return null;
}

// A matcher stands for every spelling of one value; its own will do.
const plain = (value) => JSON.parse(JSON.stringify(value));

const encode = (segment) => (segment.includes("%") ? segment : encodeURI(segment));

const word = (value) => encodeURIComponent(String(plain(value)));

function call({ method, segments, query, headers, body }) {
  const path = segments.map((segment) => encode(segment ?? "any")).join("/");
  const pairs = query.map(([name, value]) => `${word(name)}=${word(value)}`).join("&");
  const made = { method, path: pairs ? `${path}?${pairs}` : path, headers: {} };
  for (const [name, value] of Object.entries(headers)) {
    made.headers[name] = String(plain(value));
  }
  if (body.kind === "none") return made;
  made.headers["Content-Type"] = body.type;
  if (body.kind === "json" && /json/.test(body.type)) {
    made.json = JSON.stringify(plain(body.value));
  } else {
    made.text = body.value;
  }
  return made;
}

// What one call must have handed back.
function handedBack({ status, replyBody, replySize, replyHeaders }) {
  if (status >= 400 || replyBody === "") return { status };
  const type = replyHeaders?.["content-type"] ?? "";
  if (/[/+]json\s*(;|$)/.test(type)) return { status, json: JSON.parse(replyBody) };
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

// { jobs: name -> calls, left: [{ name, reason }] } for scenarios not `taken`.
export function wireJobs(mocks, taken) {
  const jobs = new Map();
  const left = [];
  for (const name of Object.keys(mocks.scenarios).sort()) {
    if (taken.has(name)) continue;
    const wanted = steps(mocks, name, "http://localhost:3000");
    const reason = unfit(name, wanted);
    if (reason) left.push({ name, reason });
    else jobs.set(name, wanted.map(call));
  }
  return { jobs, left };
}
