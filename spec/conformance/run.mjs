// make conformance: starts the suites, runs the scenarios, judges, reports.
import { readFileSync } from "node:fs";
import { loadMockApis, steps } from "./expect.mjs";
import { runJobs, scenarios } from "./driver.mjs";
import { judgeError, judgeLines, judgeManners, judgeSteps, judgeValue } from "./judge.mjs";
import { Lane } from "./proxy.mjs";
import { fetchJson, start } from "./suites.mjs";
import { sdk } from "./sdk/run.mjs";
import { selftest } from "./selftest.mjs";
import { report } from "./table.mjs";
import { tellLeft } from "./left.mjs";
import { judgeCall, valueCalls } from "./values.mjs";
import { judgeWire, wireJobs } from "./wire.mjs";

const args = process.argv.slice(2);
const VERBOSE = args.includes("-v");
const ONLY = args.find((arg) => arg.startsWith("--only="))?.slice("--only=".length);

const required = (suite) => readFileSync(
  new URL(`${suite}/required.txt`, import.meta.url), "utf8")
  .split(/\s+/).filter(Boolean);

function errorProblem(fails, outcome, records) {
  if (!outcome.error) return `must fail, but gave ${JSON.stringify(outcome.value)}`;
  for (const [field, wanted] of Object.entries(fails)) {
    const actual = outcome.error[field];
    const fits = field === "message" ? String(actual).includes(wanted) : actual === wanted;
    if (!fits) return `err.${field} is ${JSON.stringify(actual)}, want ${wanted}`
      + ` (${outcome.error.message})`;
  }
  return judgeError(outcome.error, records);
}

function outcomeProblem(outcome, records) {
  if (!outcome) return "not run";
  if (outcome.raised) return `raised ${outcome.raised}`;
  if (outcome.fails) return errorProblem(outcome.fails, outcome, records);
  const { error } = outcome;
  if (error) return `failed: ${error.kind}/${error.code ?? "-"}: ${error.message}`;
  return judgeValue(outcome.gives, outcome.value, records);
}

async function openLanes(names, port, options) {
  const lanes = new Map();
  for (const name of names) {
    lanes.set(name, await new Lane(port, options).open());
  }
  return lanes;
}

// Runs every scenario of a suite through a lane of its own.
async function play(suite, names, port, { calls, ...options } = {}) {
  const lanes = await openLanes(names, port, options);
  const jobs = names.map((name) => (
    { name, url: lanes.get(name).url, calls: calls?.get(name) }));
  const outcomes = await runJobs(suite, jobs);
  return { lanes, outcomes, close: () => lanes.forEach((lane) => lane.close()) };
}

function verdicts(names, areas, { lanes, outcomes }, judge) {
  return names.map((name) => {
    const { records } = lanes.get(name);
    const outcome = outcomes.get(name);
    const why = judge(name, records, outcome) ?? judgeManners(records)
      ?? outcomeProblem(outcome, records);
    return { name, area: areas.get(name) ?? "not written", why };
  });
}

async function select(suite) {
  const listed = await scenarios(suite);
  const areas = new Map(listed.map(({ name, area }) => [name, area]));
  const all = [...new Set([...required(suite), ...areas.keys()])];
  return { areas, names: all.filter((name) => !ONLY || name.includes(ONLY)) };
}

async function spector() {
  const { areas, names } = await select("spector");
  const server = await start("spector");
  const mocks = await loadMockApis(server.dir);
  const played = await play("spector", names, server.port);
  const coverage = Object.assign({}, ...(await fetchJson(server.port, "/.coverage"))
    .map((part) => part.results));
  played.close();
  server.stop();
  return verdicts(names, areas, played, (name, records) => {
    const wanted = steps(mocks, name, played.lanes.get(name).url);
    if (!wanted) return "Spector has no such scenario";
    return judgeSteps(mocks, wanted, records)
      ?? (coverage[name] === "pass" ? null : `Spector says ${coverage[name]}`);
  });
}

// The rest of Spector as plain calls; tells what is not run.
async function wire() {
  const taken = new Set((await select("spector")).names);
  const server = await start("spector");
  const mocks = await loadMockApis(server.dir);
  const { jobs, left } = wireJobs(mocks, taken);
  const names = [...jobs.keys()].filter((name) => !ONLY || name.includes(ONLY));
  const played = await play("wire", names, server.port, { calls: jobs });
  played.close();
  server.stop();
  const forgotten = tellLeft("spector", "scenarios", left, VERBOSE);
  const area = "bodies, paths, queries, headers";
  return forgotten.concat(names.map((name) => {
    const { records, url } = played.lanes.get(name);
    const why = judgeSteps(mocks, steps(mocks, name, url), records)
      ?? judgeManners(records) ?? judgeWire(played.outcomes.get(name), records);
    return { name, area, why };
  }));
}

async function autorestCounters(port) {
  return { ...await fetchJson(port, "/report"), ...await fetchJson(port, "/report/azure"),
    ...await fetchJson(port, "/report/optional") };
}

async function autorest() {
  const { areas, names } = await select("autorest");
  const calls = valueCalls();
  const values = [...calls.keys()].filter((name) => !ONLY || name.includes(ONLY));
  const server = await start("autorest");
  const played = await play("autorest", names, server.port, { cookies: true });
  const asked = await play("autorest", values, server.port, { cookies: true, calls });
  const counters = await autorestCounters(server.port);
  played.close();
  asked.close();
  server.stop();
  const left = Object.keys(counters).filter((name) => !areas.has(name) && !calls.has(name));
  return [...tellLeft("autorest", "counters", left, VERBOSE),
    ...verdicts(names, areas, played, (name, records, outcome) => {
      if (!outcome?.raised && !outcome?.sends) return "the scenario does not say what it sends";
      return (outcome.raised ? null : judgeLines(outcome.sends, records))
        ?? (counters[name] > 0 ? null : `the server's counter is ${counters[name]}`);
    }),
    ...values.map((name) => ({ name, area: "values as plain calls",
      why: judgeCall(calls.get(name), asked.lanes.get(name).records, asked.outcomes.get(name),
        counters[name]) }))];
}

const SUITES = { selftest, spector, autorest, wire, sdk };

// A suite that cannot run is a failure among the others, not the end of them.
async function runSuite(suite) {
  try {
    return await SUITES[suite]();
  } catch (error) {
    return [{ name: suite, area: "could not run", why: error.stack }];
  }
}

async function main() {
  const chosen = args.filter((arg) => arg in SUITES);
  const began = Date.now();
  const results = [];
  for (const suite of chosen.length > 0 ? chosen : Object.keys(SUITES)) {
    results.push({ suite, verdicts: await runSuite(suite) });
  }
  return report(results, { verbose: VERBOSE, seconds: (Date.now() - began) / 1000 });
}

// not process.exitCode: what a failed suite left open must not keep us here
process.exit(await main());
