// The suites, their pinned packages, and how each server is started.
//
// Spector is what Microsoft tests its SDK generators with (TypeSpec); the
// AutoRest test server is its predecessor and has what Spector lacks:
// failures, retries, redirects and odd long-running operations.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { spawn, spawnSync } from "node:child_process";
import { createServer } from "node:net";
import http from "node:http";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const HERE = path.dirname(fileURLToPath(import.meta.url));
export const ROOT = path.resolve(HERE, "../..");
const BUILD = path.join(process.env.BUILD ?? path.join(ROOT, "build"), "conformance");

export const SUITES = {
  spector: {
    packages: {
      "@typespec/spector": "0.1.0-alpha.29",
      "@typespec/spec-api": "0.1.0-alpha.17",
      "@typespec/spec-coverage-sdk": "0.1.0-alpha.17",
      "@azure-tools/azure-http-specs": "0.1.0-alpha.45",
      "@typespec/http-specs": "0.1.0-alpha.43",
    },
    // the alphas name peers that no registry can satisfy at once
    flags: ["--legacy-peer-deps"],
    server: (dir, port) => [
      "--require", path.join(HERE, "node-preload.cjs"),
      "node_modules/@typespec/spector/cmd/cli.mjs", "serve",
      "node_modules/@azure-tools/azure-http-specs/specs",
      "node_modules/@typespec/http-specs/specs",
      "--port", String(port), "--coverageFile", path.join(dir, "coverage.json"),
    ],
    alive: "/.coverage",
  },
  autorest: {
    packages: { "@microsoft.azure/autorest.testserver": "3.3.51" },
    flags: [],
    server: (dir, port) => [
      "node_modules/@microsoft.azure/autorest.testserver/dist/cli/cli.js",
      "run", "--port", String(port),
      "--coverageDirectory", path.join(dir, "coverage"),
    ],
    alive: "/report",
  },
  sdk: {
    packages: {
      "@azure/arm-signalr": "5.2.0",
      "@azure/arm-appservice": "19.0.0",
      "@azure/arm-keyvault": "5.0.0",
      "@azure/arm-resources": "8.0.0",
      "@azure/arm-storage": "21.0.0",
      "@azure/core-lro": "3.3.1",
      "@azure/core-rest-pipeline": "1.24.0",
      "@azure/identity": "4.13.1",
      jose: "6.2.18",
    },
    flags: [],
  },
};

export const suiteDir = (name) => path.join(BUILD, name);

function installedVersion(dir, name) {
  const file = path.join(dir, "node_modules", name, "package.json");
  return existsSync(file) ? JSON.parse(readFileSync(file)).version : null;
}

// Installs what is missing; does not touch the network when nothing is.
export function install(name) {
  const { packages, flags } = SUITES[name];
  const dir = suiteDir(name);
  const missing = Object.entries(packages)
    .filter(([pkg, version]) => installedVersion(dir, pkg) !== version);
  if (missing.length === 0) return dir;
  const wanted = Object.entries(packages).map(([p, v]) => `${p}@${v}`);
  console.log(`installing into ${path.relative(ROOT, dir)}: ${wanted.join(" ")}`);
  mkdirSync(dir, { recursive: true });
  writeFileSync(path.join(dir, "package.json"),
    JSON.stringify({ private: true, dependencies: packages }, null, 2));
  const npm = spawnSync("npm", ["install", "--no-audit", "--no-fund",
    "--ignore-scripts", "--loglevel=error", ...flags],
  { cwd: dir, stdio: ["ignore", "ignore", "inherit"] });
  if (npm.status !== 0) throw new Error(`npm could not install ${name}`);
  return dir;
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer().once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

export function fetchJson(port, target) {
  return new Promise((resolve, reject) => {
    http.get({ host: "127.0.0.1", port, path: target, agent: false }, (reply) => {
      const parts = [];
      reply.on("data", (part) => parts.push(part)).on("end", () => {
        try {
          resolve(JSON.parse(Buffer.concat(parts).toString()));
        } catch (error) {
          reject(error);
        }
      });
    }).on("error", reject);
  });
}

// Whatever happens here, no server outlives this process.
function endWithUs(child) {
  const kill = () => child.kill();
  process.once("exit", kill);
  child.once("exit", () => process.off("exit", kill));
}

// Starts the suite's server; resolves once it answers.
export async function start(name) {
  const dir = install(name);
  const { server, alive } = SUITES[name];
  const port = await freePort();
  let log = "";
  const child = spawn(process.execPath, server(dir, port), { cwd: dir });
  endWithUs(child);
  const keep = (part) => { log = (log + part).slice(-4000); };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const deadline = Date.now() + 60000;
  for (;;) {
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill();
      throw new Error(`the ${name} server did not start:\n${log}`);
    }
    try {
      await fetchJson(port, alive);
      return { port, dir, stop: () => child.kill() };
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}
