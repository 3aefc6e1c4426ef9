// Starts the Lua driver and reads its lines.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import readline from "node:readline";
import { HERE } from "./suites.mjs";

export const LUA = process.env.LUA ?? "lua5.4";
const LIMIT_MS = 240000;

// The environment of whoever runs this must not reach the client.
export function cleanEnvironment() {
  const env = { ...process.env };
  for (const name of Object.keys(env)) {
    if (/^AZURE_|_proxy$/i.test(name)) delete env[name];
  }
  return env;
}

export async function lua(args, onLine) {
  const child = spawn(LUA, [path.join(HERE, "driver.lua"), ...args],
    { cwd: HERE, env: cleanEnvironment(), stdio: ["ignore", "pipe", "inherit"] });
  const timer = setTimeout(() => child.kill("SIGKILL"), LIMIT_MS);
  const ended = new Promise((resolve, reject) => {
    child.once("error", reject).once("close", resolve);
  });
  for await (const line of readline.createInterface({ input: child.stdout })) {
    onLine(line);
  }
  const status = await ended;
  clearTimeout(timer);
  return status;
}

// [{ name, area }] of all scenarios that the suite's tables hold.
export async function scenarios(suite) {
  const list = [];
  const status = await lua([suite, "--list"], (line) => {
    const [name, area] = line.split("\t");
    list.push({ name, area });
  });
  if (status !== 0) throw new Error(`the scenarios of ${suite} do not load`);
  return list;
}

// Runs jobs; resolves to name -> outcome.
export async function runJobs(suite, jobs) {
  const folder = mkdtempSync(path.join(tmpdir(), "conformance-"));
  const file = path.join(folder, "jobs.json");
  writeFileSync(file, JSON.stringify(jobs));
  const outcomes = new Map();
  try {
    const status = await lua([suite, file], (line) => {
      const outcome = JSON.parse(line);
      outcomes.set(outcome.name, outcome);
    });
    if (status !== 0) console.log(`the driver of ${suite} ended with ${status}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
  return outcomes;
}
