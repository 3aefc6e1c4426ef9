// What Spector's own mock APIs say a client must send.
//
// Each scenario exports a list of endpoints with the request they demand and
// the status they answer. Where a scenario calls an endpoint more than once,
// or its handler decides what to answer, spector/plan.json names the order.
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

const SPEC_PACKAGES = ["@azure-tools/azure-http-specs", "@typespec/http-specs"];

async function loadFolder(folder, into) {
  for (const file of readdirSync(folder, { recursive: true })) {
    if (!file.endsWith(".js")) continue;
    const module = await import(pathToFileURL(path.join(folder, file)).href);
    Object.assign(into, module.Scenarios ?? {});
  }
}

export async function loadMockApis(dir) {
  const scenarios = {};
  for (const pkg of SPEC_PACKAGES) {
    await loadFolder(path.join(dir, "node_modules", pkg, "dist"), scenarios);
  }
  const api = path.join(dir, "node_modules/@typespec/spec-api/dist/index.js");
  const { expandDyns, matchValues } = await import(pathToFileURL(api).href);
  return { scenarios, expandDyns, matchValues };
}

// "/users/:id\\:export" with { id: 1 } is "/users/1:export". A parameter that
// the mock API leaves open becomes null, which matches any one segment; a
// colon within a segment is only a colon ("/generations:submit").
function segments(uri, params = {}) {
  return uri.replaceAll("\\:", "\0").split("/").map((segment) => {
    let open = false;
    const filled = segment.replace(/:(\w+)/g, (text, name, at) => {
      if (params[name] !== undefined) return encodeURIComponent(String(params[name]));
      open ||= at === 0;
      return text;
    });
    return open ? null : filled.replaceAll("\0", ":");
  });
}

function pairs(query = {}) {
  const list = [];
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      list.push([name, typeof one === "object" ? one : String(one)]);
    }
  }
  return list;
}

function bodyOf(body, config) {
  if (!body) return { kind: "none" };
  if (body.kind) return body; // multipart: its parts and files
  const { rawContent: raw, contentType: type } = body;
  if (/json$/.test(type) && typeof raw === "string") {
    return { kind: "json", value: JSON.parse(raw), type };
  }
  if (/json$/.test(type) && raw?.resolve) {
    return { kind: "json", value: raw.resolve(config), type };
  }
  if (Buffer.isBuffer(raw)) return { kind: "bytes", value: raw, type };
  return { kind: "text", value: raw?.serialize ? raw.serialize(config) : raw, type };
}

// A Content-Type among the demanded headers says more than the body's own.
function typeOf(headers = {}) {
  const name = Object.keys(headers).find((key) => key.toLowerCase() === "content-type");
  return name && headers[name];
}

function stepOf(mock, entry, config) {
  const request = mock.request ?? {};
  const expand = (value) => mock.expandDyns(value ?? {}, config,
    { resolveMatchers: false });
  const body = "body" in entry
    ? (entry.body === null ? { kind: "none" }
      : { kind: "json", value: entry.body, type: "application/json" })
    : bodyOf(request.body, config);
  const demanded = typeOf(request.headers);
  return {
    method: mock.method.toUpperCase(),
    segments: segments(mock.uri, { ...request.pathParams, ...entry.params }),
    query: pairs({ ...expand(request.query), ...entry.query }),
    headers: expand(request.headers),
    body: { ...body, type: demanded ?? body.type, demanded: Boolean(demanded) },
    status: entry.status ?? mock.response.status,
  };
}

const PLAN = JSON.parse(readFileSync(new URL("spector/plan.json", import.meta.url)));

// The requests that scenario `name` must see, in order.
export function steps(mocks, name, baseUrl) {
  const scenario = mocks.scenarios[name];
  if (!scenario) return null;
  const config = { baseUrl };
  const entries = PLAN[name] ?? scenario.apis.map((_, index) => ({ api: index }));
  return entries.map((entry) => stepOf(
    { ...scenario.apis[entry.api], expandDyns: mocks.expandDyns }, entry, config));
}
