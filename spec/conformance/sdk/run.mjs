// Starts the emulator and Microsoft's client, each in a process of its own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import readline from "node:readline";
import { cleanEnvironment, LUA } from "../driver.mjs";
import { HERE, install } from "../suites.mjs";
import { makeCertificate } from "./certificate.mjs";

const LIMIT_MS = 120000;
const FOLDER = path.join(HERE, "sdk");

function prepare() {
  const folder = mkdtempSync(path.join(tmpdir(), "conformance-sdk-"));
  const { cert, key, thumbprint } = makeCertificate("conformance");
  const put = (name, text) => writeFileSync(path.join(folder, name), text, { mode: 0o600 });
  put("client.crt", cert);
  put("client.pem", cert + key);
  put("thumbprint", thumbprint);
  return folder;
}

const lines = (child) => readline.createInterface({ input: child.stdout });

async function firstLine(child) {
  for await (const line of lines(child)) return line;
  throw new Error("the emulator did not start");
}

async function runClient(config, packages, folder) {
  const file = path.join(folder, "config.json");
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  const env = { ...cleanEnvironment(), NODE_EXTRA_CA_CERTS: config.ca_file,
    NODE_NO_WARNINGS: "1" };
  const child = spawn(process.execPath,
    [path.join(FOLDER, "client.mjs"), file, packages, folder],
    { env, stdio: ["ignore", "pipe", "inherit"], timeout: LIMIT_MS });
  const verdicts = [];
  for await (const line of lines(child)) verdicts.push(JSON.parse(line));
  return verdicts;
}

// The verdicts of all cases.
export async function sdk() {
  const packages = install("sdk");
  const folder = prepare();
  const server = spawn(LUA, [path.join(FOLDER, "serve.lua"), folder],
    { env: cleanEnvironment(), stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(server, "close");
  try {
    const config = JSON.parse(await firstLine(server));
    return await runClient(config, packages, folder);
  } finally {
    server.stdin.end(); // which it takes for the end
    const late = setTimeout(() => server.kill("SIGKILL"), 10000);
    await ended;
    clearTimeout(late);
    rmSync(folder, { recursive: true });
  }
}
