// Microsoft's own clients against the emulator. Prints one line of JSON for
// each case: { name, area, why } with why = null where all went as it must.
import { readFileSync } from "node:fs";
import { autoCases, endCases, timeoutCases } from "./ends.mjs";
import { groupCases } from "./groups.mjs";
import { signInCases } from "./identity.mjs";
import { linkCases } from "./links.mjs";
import { loader } from "./packages.mjs";
import { partCases } from "./parts.mjs";
import { refusalCases } from "./refusals.mjs";
import { replicaCases } from "./replicas.mjs";
import { serviceCases } from "./service.mjs";
import { targetCases } from "./targets.mjs";

const [configFile, packageFolder, folder] = process.argv.slice(2);
const config = JSON.parse(readFileSync(configFile, "utf8"));
const packages = await loader(packageFolder);
const contextOf = (settings) => ({ config: settings, packages, folder, state: {} });
const stories = { ends: endCases, auto: autoCases, timeout: timeoutCases,
  refusals: refusalCases, replicas: replicaCases, targets: targetCases,
  parts: partCases, groups: groupCases };

async function run({ name, area, test }, context) {
  try {
    await test(context);
    return { name, area, why: null };
  } catch (error) {
    return { name, area, why: `${error.name}: ${error.message}`.slice(0, 600) };
  }
}

async function tell(cases, context, story = "") {
  for (const one of cases) {
    const verdict = await run(one, context);
    console.log(JSON.stringify({ ...verdict, name: story + verdict.name }));
  }
}

// The cases of a story build on each other; the stories do not.
await Promise.all([
  tell([...signInCases, ...linkCases, ...serviceCases], contextOf(config)),
  ...Object.entries(stories).map(([name, cases]) => (
    tell(cases, contextOf({ ...config, ...config.clouds[name] }), `${name}: `))),
]);
process.exit(0);
