// The rest of SignalR: keys, restart, sizes, names, who may come in, domains.
import assert from "node:assert/strict";
import { all, clients, eventually, expectError, firstAnswer, GROUP, SHORT, SIGNALR,
  signalrCase as part, stateOf, whenIdle } from "./clients.mjs";

const CERTIFICATE = "conformance-cert";
const DOMAIN = "conformance-domain";

const client = (context) => clients(context).signalr;
const update = (context, more) => whenIdle(() => client(context).signalR
  .beginUpdateAndWait(GROUP, SIGNALR, { location: "eastus", ...more }, SHORT));
const checkName = (context, name) => client(context).signalR.checkNameAvailability("eastus",
  { type: "Microsoft.SignalRService/SignalR", name });

const serviceCases = [
  part("regenerate the secondary key", async (context) => {
    const { signalR } = client(context);
    const before = await signalR.listKeys(GROUP, SIGNALR);
    await whenIdle(() => signalR.beginRegenerateKeyAndWait(GROUP, SIGNALR,
      { keyType: "Secondary" }, SHORT));
    const after = await signalR.listKeys(GROUP, SIGNALR);
    assert.equal(after.primaryKey, before.primaryKey);
    assert.notEqual(after.secondaryKey, before.secondaryKey);
    assert.ok(after.secondaryConnectionString.includes(after.secondaryKey));
  }),
  part("an unknown kind of key is refused", (context) => expectError(
    whenIdle(() => client(context).signalR.beginRegenerateKeyAndWait(GROUP, SIGNALR,
      { keyType: "Tertiary" }, SHORT)), 400, "BadRequest")),
  part("a restart answers 202 with Location alone", async (context) => {
    const { seen, options } = firstAnswer();
    await whenIdle(() => client(context).signalR.beginRestartAndWait(GROUP, SIGNALR, options));
    assert.equal(seen.status, 202);
    assert.match(seen.headers.location, /\/operationResults\//);
    assert.equal(seen.headers["azure-asyncoperation"], undefined);
  }),
  part("every size says how far it goes", async (context) => {
    const { value } = await client(context).signalR.listSkus(GROUP, SIGNALR);
    const units = Object.fromEntries(value.map(({ sku, capacity }) => [sku.name, capacity.maximum]));
    assert.deepEqual(units, { Free_F1: 1, Standard_S1: 100, Premium_P1: 100, Premium_P2: 1000 });
  }),
  part("usages count the units", async (context) => {
    const usages = await all(client(context).usages.list("eastus"));
    const units = usages.find(({ name }) => name.value === "SignalRTotalUnits");
    assert.equal(units.currentValue, 1);
    assert.ok(units.limit > 1);
  }),
  part("a bad name and a taken one are told apart", async (context) => {
    const [bad, taken] = [await checkName(context, "1"), await checkName(context, SIGNALR)];
    assert.deepEqual([bad.nameAvailable, bad.reason], [false, "Invalid"]);
    assert.deepEqual([taken.nameAvailable, taken.reason], [false, "AlreadyExists"]);
  }),
  part("close the public door", async (context) => {
    const after = await update(context, { publicNetworkAccess: "Disabled" });
    assert.equal(after.publicNetworkAccess, "Disabled");
    await expectError(update(context, { publicNetworkAccess: "Ajar" }), 400, "BadRequest");
  }),
  part("upstream templates", async (context) => {
    const templates = [{ hubPattern: "chat", eventPattern: "*", categoryPattern: "*",
      urlTemplate: "https://contoso-func.azurewebsites.net/{hub}",
      auth: { type: "ManagedIdentity", managedIdentity: { resource: "api://contoso" } } }];
    const after = await update(context, { upstream: { templates } });
    assert.deepEqual(after.upstream.templates, templates);
  }),
];

// private endpoints to SignalR itself ----------------------------------------

const endpoints = (context) => client(context).signalRPrivateEndpointConnections;
const decide = (context, name, status) => whenIdle(() => endpoints(context).update(name, GROUP,
  SIGNALR, { privateLinkServiceConnectionState: { status } }));
const settled = (context, name) => eventually(() => endpoints(context).get(name, GROUP, SIGNALR),
  (now) => now.provisioningState === "Succeeded", name);

const endpointCases = [
  part("connections to SignalR are Succeeded while Pending", async (context) => {
    const list = await all(endpoints(context).list(GROUP, SIGNALR));
    assert.equal(list.length, 2);
    for (const one of list) {
      assert.deepEqual([one.provisioningState, stateOf(one).status], ["Succeeded", "Pending"]);
      assert.ok(one.name.startsWith(`${SIGNALR}.`));
    }
    [context.state.office, context.state.lab] = list.map(({ name }) => name);
  }),
  part("approving one answers 200 and Updating", async (context) => {
    const { office } = context.state;
    const answered = await decide(context, office, "Approved");
    assert.deepEqual([answered.provisioningState, stateOf(answered).status], ["Updating", "Approved"]);
    assert.equal(stateOf(await settled(context, office)).status, "Approved");
  }),
  part("rejecting the other leaves the first", async (context) => {
    const { office, lab } = context.state;
    await decide(context, lab, "Rejected");
    assert.equal(stateOf(await settled(context, lab)).status, "Rejected");
    assert.equal(stateOf(await settled(context, office)).status, "Approved");
  }),
  part("network rules name public network and endpoints", async (context) => {
    const networkACLs = { defaultAction: "Deny", publicNetwork: { allow: ["ClientConnection"] },
      privateEndpoints: [{ name: context.state.office, allow: ["ServerConnection"] }] };
    const after = await update(context, { networkACLs });
    assert.equal(after.networkACLs.defaultAction, "Deny");
    assert.deepEqual(after.networkACLs.publicNetwork.allow, ["ClientConnection"]);
    assert.deepEqual(after.networkACLs.privateEndpoints.map(({ name }) => name),
      [context.state.office]);
  }),
  part("a deleted connection leaves the network rules", async (context) => {
    await whenIdle(() => endpoints(context).beginDeleteAndWait(context.state.office, GROUP,
      SIGNALR, SHORT));
    const after = await client(context).signalR.get(GROUP, SIGNALR);
    assert.deepEqual(after.privateEndpointConnections.map(({ name }) => name), [context.state.lab]);
    assert.deepEqual(after.networkACLs.privateEndpoints, []);
  }),
];

// domains ------------------------------------------------------------------------

const certificates = (context) => client(context).signalRCustomCertificates;
const domains = (context) => client(context).signalRCustomDomains;

const domainCases = [
  part("add a certificate", async (context) => {
    const made = await whenIdle(() => certificates(context).beginCreateOrUpdateAndWait(GROUP,
      SIGNALR, CERTIFICATE, { keyVaultBaseUri: "https://contoso-kv.vault.azure.net/",
        keyVaultSecretName: "domain" }, SHORT));
    assert.deepEqual([made.name, made.provisioningState, made.keyVaultSecretName],
      [CERTIFICATE, "Succeeded", "domain"]);
    context.state.certificate = made.id;
  }),
  part("a domain without a certificate is refused", (context) => expectError(
    whenIdle(() => domains(context).beginCreateOrUpdateAndWait(GROUP, SIGNALR, DOMAIN,
      { domainName: "signalr.contoso.com", customCertificate: { id: "/nowhere" } }, SHORT)),
    400, "BadRequest")),
  part("add a domain", async (context) => {
    const made = await whenIdle(() => domains(context).beginCreateOrUpdateAndWait(GROUP, SIGNALR,
      DOMAIN, { domainName: "signalr.contoso.com",
        customCertificate: { id: context.state.certificate } }, SHORT));
    assert.deepEqual([made.domainName, made.provisioningState], ["signalr.contoso.com", "Succeeded"]);
  }),
  part("list domains and certificates", async (context) => {
    const found = await Promise.all([domains, certificates].map((of) => (
      all(of(context).list(GROUP, SIGNALR)))));
    assert.deepEqual(found.map(([one]) => one.name), [DOMAIN, CERTIFICATE]);
  }),
  part("delete a domain, then its certificate", async (context) => {
    await whenIdle(() => domains(context).beginDeleteAndWait(GROUP, SIGNALR, DOMAIN, SHORT));
    await expectError(domains(context).get(GROUP, SIGNALR, DOMAIN), 404, "ResourceNotFound");
    await whenIdle(() => certificates(context).delete(GROUP, SIGNALR, CERTIFICATE));
    await expectError(certificates(context).get(GROUP, SIGNALR, CERTIFICATE), 404, "ResourceNotFound");
  }),
];

export const partCases = [...serviceCases, ...endpointCases, ...domainCases];
