// The flow with Microsoft's SDK for JavaScript.
//   SDK=folder node bench/flow.mjs ORIGIN FLOWS CONCURRENCY WARM_UP_FLOWS
//   SDK=folder node --expose-gc bench/flow.mjs ORIGIN parked COUNT
import { createRequire } from "node:module";
import path from "node:path";

const require = createRequire(path.join(process.env.SDK, "package.json"));
const { SignalRManagementClient } = require("@azure/arm-signalr");
const { WebSiteManagementClient } = require("@azure/arm-appservice");

const [origin, flows, concurrency, warmUp] = process.argv.slice(2);
const GROUP = "contoso";
const SIGNALR = "contoso";
const SITE = "contoso-func";
const SUBSCRIPTION = "00000000-0000-0000-0000-000000000000";
const SITE_ID = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${GROUP}/providers/Microsoft.Web/sites/${SITE}`;

const token = { token: "x".repeat(1200), expiresOnTimestamp: Date.now() + 86400000 };
const credential = { getToken: async () => token };
const options = { endpoint: origin, allowInsecureConnection: true,
  credentials: { scopes: ["https://management.azure.com/.default"] },
  credentialScopes: ["https://management.azure.com/.default"] };
const begun = process.hrtime.bigint();
const begunCpu = process.cpuUsage();
const signalr = new SignalRManagementClient(credential, SUBSCRIPTION, options);
const web = new WebSiteManagementClient(credential, SUBSCRIPTION, options);
// Over plain HTTP the SDK sends no token: a policy of ours does then.
const bearer = { name: "bench", sendRequest(request, next) {
  request.headers.set("authorization", `Bearer ${token.token}`);
  return next(request);
} };
for (const { pipeline } of origin.startsWith("http:") ? [signalr, web] : []) {
  pipeline.removePolicy({ name: "bearerTokenAuthenticationPolicy" });
  pipeline.addPolicy(bearer);
}
const links = signalr.signalRSharedPrivateLinkResources;
const LINK = { groupId: "sites", privateLinkResourceId: SITE_ID, requestMessage: "please approve" };
// The least that core-lro takes: it asks again after setTimeout(0).
const LRO = { updateIntervalInMs: 0 };

async function flow(number) {
  await links.beginCreateOrUpdateAndWait(`spl-${number}`, GROUP, SIGNALR, LINK, LRO);
  let found;
  for await (const connection of web.webApps.listPrivateEndpointConnectionList(GROUP, SITE)) found = connection;
  if (found.privateLinkServiceConnectionState.status !== "Pending") throw new Error("not Pending");
  const own = `spl-${number}-0001`;
  await web.webApps.beginApproveOrRejectPrivateEndpointConnectionAndWait(GROUP, SITE, own,
    { privateLinkServiceConnectionState: { status: "Approved", description: "please approve" } }, LRO);
  const read = await web.webApps.getPrivateEndpointConnection(GROUP, SITE, own);
  if (read.privateLinkServiceConnectionState.status !== "Approved") throw new Error("not Approved");
  const link = await links.get(`spl-${number}`, GROUP, SIGNALR);
  if (link.status !== "Approved") throw new Error("link not Approved");
}

async function run(count, width) {
  let next = 0;
  const worker = async () => { while (next < count) await flow(++next); };
  await Promise.all(Array.from({ length: Math.min(width, count) }, worker));
}

async function measure() {
  let start = begun;
  let startCpu = begunCpu;
  if (Number(warmUp) > 0) {
    await run(Number(warmUp), Number(concurrency));
    start = process.hrtime.bigint();
    startCpu = process.cpuUsage();
  }
  await run(Number(flows), Number(concurrency));
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const cpu = process.cpuUsage(startCpu);
  console.log(JSON.stringify({ flows: Number(flows), failed: 0, seconds,
    cpu: (cpu.user + cpu.system) / 1e6, rss_kb: process.resourceUsage().maxRSS }));
}

async function begin(first, count) {
  let number = first;
  const start = async () => {
    while (number < first + count) {
      const poller = await links.beginCreateOrUpdate(`spl-${number++}`, GROUP, SIGNALR, LINK);
      poller.pollUntilDone().catch(() => {});
    }
  };
  await Promise.all(Array.from({ length: 64 }, start));
}

// Operations between two polls. The server never ends them.
async function park(count) {
  await begin(1, 64);
  global.gc();
  const before = process.memoryUsage();
  await begin(65, count);
  global.gc();
  const after = process.memoryUsage();
  console.log(JSON.stringify({ count, heap_bytes: (after.heapUsed - before.heapUsed) / count,
    rss_bytes: (after.rss - before.rss) / count }));
  process.exit(0);
}

if (flows === "parked") await park(Number(concurrency));
else await measure();
