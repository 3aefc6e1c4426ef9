// @azure/identity signs in at the emulated Entra ID, and an independent JWT
// library reads what our own core signs.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";

export const SCOPE = "https://management.azure.com/.default";
const AREA = "@azure/identity";

// The emulator is an authority that Microsoft's library cannot know.
export const authority = ({ config }) => (
  { authorityHost: config.url, disableInstanceDiscovery: true });

async function expectToken(credential, clientId) {
  const token = await credential.getToken(SCOPE);
  assert.ok(token.expiresOnTimestamp > Date.now() + 60000, "the token is about to expire");
  const claims = JSON.parse(Buffer.from(token.token.split(".")[1], "base64url"));
  assert.equal(claims.aud, "https://management.azure.com");
  if (clientId) assert.equal(claims.appid, clientId);
}

async function expectRefusal(credential, code) {
  await assert.rejects(credential.getToken(SCOPE), (error) => {
    assert.match(error.message, new RegExp(code));
    return true;
  });
}

export function secretCredential(context, application, secret) {
  const { ClientSecretCredential } = context.packages.identity;
  return new ClientSecretCredential(application.tenant_id, application.client_id,
    secret ?? application.client_secret, authority(context));
}

function certificateCredential(context, options) {
  const { ClientCertificateCredential } = context.packages.identity;
  const { certified } = context.config;
  return new ClientCertificateCredential(certified.tenant_id, certified.client_id,
    { certificatePath: path.join(context.folder, "client.pem") },
    { ...authority(context), ...options });
}

// What an App Service gives its programs.
async function withEnvironment(environment, use) {
  Object.assign(process.env, environment);
  try {
    await use();
  } finally {
    for (const name of Object.keys(environment)) delete process.env[name];
  }
}

async function verifyAssertion({ config, packages, folder }, assertion, chain) {
  const { importX509, jwtVerify } = packages.jose;
  const pem = readFileSync(path.join(folder, "client.crt"), "utf8");
  const key = await importX509(pem, "PS256");
  const { client_id: id, tenant_id: tenant } = config.certified;
  const { payload, protectedHeader } = await jwtVerify(assertion, key, {
    algorithms: ["PS256"], issuer: id, subject: id,
    audience: `${config.url}/${tenant}/oauth2/v2.0/token`,
    requiredClaims: ["exp", "nbf", "jti"],
  });
  const thumbprint = readFileSync(path.join(folder, "thumbprint"), "utf8");
  assert.equal(protectedHeader["x5t#S256"], thumbprint);
  assert.equal(protectedHeader.typ, "JWT");
  assert.ok(payload.exp - payload.nbf <= 600 + 300, "the assertion lives too long");
  const sent = protectedHeader.x5c?.[0];
  assert.equal(sent, chain ? pem.replace(/-----.*?-----|\s/g, "") : undefined);
}

const signIn = (name, test) => ({ name, area: AREA, test });

export const signInCases = [
  signIn("client secret", (c) => expectToken(
    secretCredential(c, c.config.owner), c.config.owner.client_id)),
  signIn("a wrong secret is refused with Entra's code", (c) => expectRefusal(
    secretCredential(c, c.config.owner, "wrong"), "AADSTS7000215")),
  signIn("an unknown application is refused", (c) => expectRefusal(
    secretCredential(c, { ...c.config.owner,
      client_id: "11111111-2222-4333-8444-555555555555" }), "AADSTS700016")),
  signIn("client certificate", (c) => expectToken(
    certificateCredential(c), c.config.certified.client_id)),
  signIn("client certificate with its chain", (c) => expectToken(
    certificateCredential(c, { sendCertificateChain: true }))),
  signIn("a certificate of another application is refused", (c) => {
    const { ClientCertificateCredential } = c.packages.identity;
    const { owner } = c.config;
    return expectRefusal(new ClientCertificateCredential(owner.tenant_id, owner.client_id,
      { certificatePath: path.join(c.folder, "client.pem") }, authority(c)), "AADSTS700027");
  }),
  signIn("workload identity", (c) => {
    const { WorkloadIdentityCredential } = c.packages.identity;
    const { workload } = c.config;
    return expectToken(new WorkloadIdentityCredential({
      tenantId: workload.tenant_id, clientId: workload.client_id,
      tokenFilePath: path.join(c.folder, "federated-token"), ...authority(c),
    }), workload.client_id);
  }),
  signIn("managed identity of App Service", (c) => {
    const { ManagedIdentityCredential } = c.packages.identity;
    return withEnvironment(c.config.app_service,
      () => expectToken(new ManagedIdentityCredential()));
  }),
  { name: "our assertion verifies", area: "jose",
    test: (c) => verifyAssertion(c, c.config.assertion, false) },
  { name: "our assertion with its chain verifies", area: "jose",
    test: (c) => verifyAssertion(c, c.config.assertion_with_chain, true) },
];
