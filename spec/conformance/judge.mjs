// Strict verdicts on one scenario: what the client sent (order, method, path,
// query, body, headers, no request too many, Retry-After waited for) and what
// it handed back.
import { isDeepStrictEqual } from "node:util";

// Timers of two processes: a request may arrive this much early.
const CLOCK_SLACK_MS = 60;

const parse = (text) => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

const split = (target) => {
  const url = new URL(target, "http://host");
  return { path: url.pathname, query: [...url.searchParams] };
};

const show = (value) => {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text === undefined ? "nothing" : text.slice(0, 160);
};

const sorted = (query) => query.map(([name, value]) => `${name}=${value}`).sort();

// URLs that the service handed out: they must come back byte for byte.
function given(records, before) {
  const urls = new Set();
  for (const record of records.slice(0, before)) {
    for (const name of ["location", "azure-asyncoperation", "operation-location"]) {
      const value = record.replyHeaders?.[name];
      if (value) urls.add(value.replace(/^https?:\/\/[^/]+/, ""));
    }
  }
  return urls;
}

// ARM's poll URLs come complete in real life; these suites leave api-version
// out of the URL and ask for it in the request, or do not look.
function followsGiven(target, urls) {
  for (const url of urls) {
    if (target === url) return true;
    const joint = url.includes("?") ? "&" : "?";
    if (target.startsWith(`${url}${joint}api-version=`)) return true;
  }
  return false;
}

function pathDiffers(wanted, actual) {
  const parts = actual.split("/");
  if (parts.length !== wanted.length) return true;
  return wanted.some((segment, i) => segment !== null
    && decodeURIComponent(segment) !== decodeURIComponent(parts[i]));
}

// The same parameters in any order; a value may be a matcher.
function queryDiffers(mocks, wanted, actual) {
  const left = [...actual];
  for (const [name, value] of wanted) {
    const at = left.findIndex((pair) => pair[0] === name
      && mocks.matchValues(pair[1], value).pass);
    if (at < 0) return true;
    left.splice(at, 1);
  }
  return left.length > 0;
}

// A type that the mock API demands as a header must be that one; of a JSON
// body any JSON type is right (application/merge-patch+json).
function sameType(type, wanted) {
  if (wanted.kind === "json" && !wanted.demanded) return /json/.test(type);
  return type.startsWith(wanted.type.split(";")[0]);
}

function bodyProblem(mocks, wanted, record) {
  if (wanted.kind === "none") {
    return record.body === "" ? null : `body ${show(record.body)}, want none`;
  }
  const type = record.headers["content-type"] ?? "";
  if (wanted.type && !sameType(type, wanted)) {
    return `content-type ${type}, want ${wanted.type}`;
  }
  if (wanted.kind === "json") {
    const actual = /json/.test(type) ? parse(record.body) : record.body;
    const verdict = mocks.matchValues(actual, wanted.value);
    return verdict.pass ? null : `body ${show(record.body)}: ${verdict.message}`;
  }
  if (wanted.kind === "bytes" && !wanted.value.equals(record.bytes)) {
    return `a body of ${record.bytes.length} bytes, want other ${wanted.value.length}`;
  }
  if (wanted.kind === "text" && wanted.value !== record.body) {
    return `body ${show(record.body)}, want ${show(wanted.value)}`;
  }
  return null;
}

function headerProblem(mocks, wanted, record) {
  for (const [name, value] of Object.entries(wanted)) {
    const lower = name.toLowerCase();
    if (lower === "accept" || lower === "content-type") continue;
    const actual = record.headers[lower];
    const expected = typeof value === "object" ? value : String(value);
    const verdict = mocks.matchValues(actual, expected);
    if (!verdict.pass) return `header ${name} is ${show(actual)}: ${verdict.message}`;
  }
  return null;
}

function stepProblem(mocks, wanted, record, urls) {
  if (!record) return `missing ${wanted.method} ${wanted.segments.join("/")}`;
  if (wanted.method !== record.method) return `method ${record.method}, want ${wanted.method}`;
  const { path, query } = split(record.target);
  if (pathDiffers(wanted.segments, path)) {
    return `path ${path}, want ${wanted.segments.map((s) => s ?? "*").join("/")}`;
  }
  const verbatim = followsGiven(record.target, urls);
  if (!verbatim && queryDiffers(mocks, wanted.query, query)) {
    return `query ${show(sorted(query))}, want ${show(sorted(wanted.query))}`;
  }
  if (wanted.status !== record.status) return `status ${record.status}, want ${wanted.status}`;
  return headerProblem(mocks, wanted.headers, record)
    ?? bodyProblem(mocks, wanted.body, record);
}

// Spector: against the steps that the mock APIs describe.
export function judgeSteps(mocks, wanted, records) {
  for (let i = 0; i < wanted.length; i++) {
    const why = stepProblem(mocks, wanted[i], records[i], given(records, i));
    if (why) return `step ${i + 1}: ${why}`;
  }
  const extra = records[wanted.length];
  return extra ? `extra request ${extra.method} ${extra.target}` : null;
}

// "GET /a?x=1&b=c d 200" and its encoded forms, parameters in any order.
function canonical(method, path, query, status) {
  const tail = query.length > 0 ? `?${sorted(query).join("&")}` : "";
  return `${method} ${decodeURIComponent(path)}${tail} ${status}`;
}

function canonicalRecord({ method, target, status }) {
  const { path, query } = split(target);
  return canonical(method, path, query, status);
}

function canonicalLine(line) {
  const [, method, target, status] = /^(\w+) (.*) (\d+)$/.exec(line);
  const [path, tail] = target.split("?");
  const query = tail ? tail.split("&").map((pair) => pair.split(/=(.*)/s)) : [];
  return canonical(method, path, query, status);
}

// AutoRest: against lines such as "PUT /lro/put/201/succeeded 201".
export function judgeLines(wanted, records) {
  const actual = records.map(canonicalRecord);
  const lines = wanted.map(canonicalLine);
  for (let i = 0; i < Math.max(actual.length, lines.length); i++) {
    if (actual[i] !== lines[i]) {
      return `request ${i + 1}: sent ${actual[i] ?? "nothing"}, want ${lines[i] ?? "none"}`;
    }
  }
  return null;
}

const isRedirect = (record) => record?.status >= 300 && record.status < 400;

// Holds for every request of every scenario, but where one is about leaving
// the request id out.
export function judgeManners(records, { withoutId = false } = {}) {
  for (let i = 0; i < records.length; i++) {
    const { headers, method, target } = records[i];
    if (!headers["user-agent"]) return `${method} ${target}: no User-Agent`;
    if (Boolean(headers["x-ms-client-request-id"]) === withoutId) {
      return `${method} ${target}: ${withoutId ? "an" : "no"} x-ms-client-request-id`;
    }
    if (headers.authorization && isRedirect(records[i - 1])) {
      return `${method} ${target}: a redirect got the token`;
    }
    const wait = Number(records[i - 1]?.replyHeaders?.["retry-after"]) * 1000;
    const gap = i > 0 ? records[i].at - records[i - 1].answeredAt : 0;
    if (wait > 0 && gap < wait - CLOCK_SLACK_MS) {
      return `request ${i + 1} came ${gap} ms after a reply with Retry-After: ${wait / 1000}`;
    }
  }
  return null;
}

const pick = (value, where) => where.split(".")
  .reduce((at, key) => (at === undefined || at === null ? undefined : at[key]), value);

function wantedValue(gives, records) {
  const bodies = records.map((record) => parse(record.replyBody ?? ""));
  const [kind, where] = gives.split(":");
  if (kind === "body") {
    const last = bodies.at(-1);
    return where ? pick(last, where) : last;
  }
  if (kind === "bodies") return bodies;
  const pages = bodies.map((body) => (where ? pick(body, where) : body));
  return pages.filter(Array.isArray).flat();
}

// `gives`: "body" (of the last reply), "body:result" (a field of it), "bodies"
// (of all replies), "items:value" (of all pages), "nothing", or { value }.
export function judgeValue(gives, value, records) {
  if (gives === undefined) return "the scenario does not say what it gives back";
  if (gives === "nothing") {
    return value === undefined || value === null ? null : `gave ${show(value)}, want nothing`;
  }
  const wanted = typeof gives === "object" ? gives.value : wantedValue(gives, records);
  return isDeepStrictEqual(value, wanted) ? null
    : `gave ${show(value)}, want ${show(wanted)}`;
}

// The error that a service's reply carries must arrive as it was sent.
export function judgeError(error, records) {
  const last = records.filter((record) => record.status >= 400).at(-1);
  const body = parse(last?.replyBody ?? "");
  if (error.kind !== "service" || !last) return null;
  if (error.status !== last.status) return `err.status ${error.status}, want ${last.status}`;
  const sent = body?.error ?? body;
  if (typeof sent?.code === "string" && error.code !== sent.code) {
    return `err.code ${error.code}, want ${sent.code}`;
  }
  if (sent?.message && !error.message?.includes(sent.message)) {
    return `err.message ${error.message}, want ${sent.message}`;
  }
  return null;
}
