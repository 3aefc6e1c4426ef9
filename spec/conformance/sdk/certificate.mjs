// A self-signed RSA certificate, made here because Node can read certificates
// but not make them, and because no private key belongs into a repository.
import { createHash, createSign, generateKeyPairSync, randomBytes } from "node:crypto";

const VALID_MS = 24 * 3600 * 1000;

function der(tag, ...parts) {
  const content = Buffer.concat(parts);
  const { length } = content;
  if (length < 128) return Buffer.concat([Buffer.from([tag, length]), content]);
  const digits = [];
  for (let rest = length; rest > 0; rest >>= 8) digits.unshift(rest & 255);
  return Buffer.concat([Buffer.from([tag, 128 | digits.length, ...digits]), content]);
}

const sequence = (...parts) => der(0x30, ...parts);
const oid = (...bytes) => der(0x06, Buffer.from(bytes));
const NULL = der(0x05);

// sha256WithRSAEncryption, 1.2.840.113549.1.1.11
const ALGORITHM = sequence(oid(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11), NULL);

// commonName, 2.5.4.3
const name = (text) => sequence(der(0x31,
  sequence(oid(0x55, 4, 3), der(0x0c, Buffer.from(text)))));

function utcTime(date) {
  const digits = date.toISOString().replace(/[-:T]/g, "").slice(2, 14);
  return der(0x17, Buffer.from(`${digits}Z`));
}

function pem(label, bytes) {
  const lines = bytes.toString("base64").match(/.{1,64}/g).join("\n");
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}

// { cert, key } in PEM and { thumbprint }, the base64url of its SHA-256.
export function makeCertificate(subject) {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const now = Date.now();
  const serial = Buffer.concat([Buffer.from([1]), randomBytes(15)]);
  const body = sequence(der(0x02, serial), ALGORITHM, name(subject),
    sequence(utcTime(new Date(now - VALID_MS)), utcTime(new Date(now + VALID_MS))),
    name(subject), publicKey.export({ type: "spki", format: "der" }));
  const signature = createSign("sha256").update(body).sign(privateKey);
  const bytes = sequence(body, ALGORITHM, der(0x03, Buffer.from([0]), signature));
  return {
    cert: pem("CERTIFICATE", bytes),
    key: privateKey.export({ type: "pkcs8", format: "pem" }),
    thumbprint: createHash("sha256").update(bytes).digest("base64url"),
  };
}
