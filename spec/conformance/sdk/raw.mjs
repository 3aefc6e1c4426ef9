// What no client of Microsoft's has a method for, through the two packages that
// all of them are made of: replicas are newer than @azure/arm-signalr, and
// @azure/arm-keyvault does not wait for an approval.
import { SCOPE } from "./identity.mjs";

const parse = (text) => (text ? JSON.parse(text) : undefined);

function failure({ status, bodyAsText }) {
  const { code, message } = parse(bodyAsText)?.error ?? {};
  return Object.assign(new Error(message ?? `status ${status}`), { statusCode: status, code });
}

export function rawClient({ config, packages }, credential) {
  const { pipeline: rest, lro } = packages;
  const pipeline = rest.createPipelineFromOptions({});
  pipeline.addPolicy(rest.bearerTokenAuthenticationPolicy({ credential, scopes: [SCOPE] }));
  const http = rest.createDefaultHttpClient();

  async function send(method, url, body) {
    const reply = await pipeline.sendRequest(http, rest.createPipelineRequest({
      url, method, body: body && JSON.stringify(body),
      headers: rest.createHttpHeaders(body ? { "content-type": "application/json" } : {}) }));
    if (reply.status >= 400) throw failure(reply);
    const parsed = parse(reply.bodyAsText);
    return { flatResponse: parsed, rawResponse: { statusCode: reply.status,
      headers: reply.headers.toJSON(), request: { method, url }, body: parsed } };
  }

  // A path below the group; resolves to { status, headers, body }.
  const below = (path, version) => (
    `${config.url}${config.ids.group}/providers/${path}?api-version=${version}`);
  async function call(method, path, version, body) {
    const { rawResponse } = await send(method, below(path, version), body);
    return { status: rawResponse.statusCode, headers: rawResponse.headers,
      body: rawResponse.body };
  }

  // Waits for the end of an operation as @azure/core-lro does; `polled` hears
  // of each URL that is asked.
  function wait(method, path, version, body, polled = () => {}) {
    return lro.createHttpPoller({
      sendInitialRequest: () => send(method, below(path, version), body),
      sendPollRequest: (url) => {
        polled(url);
        return send("GET", url);
      },
    }, { intervalInMs: 50 }).pollUntilDone();
  }
  return { call, wait };
}
