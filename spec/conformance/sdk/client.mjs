// Microsoft's own clients against the emulator. Prints one line of JSON for
// each case: { name, area, why } with why = null where all went as it must.
import { readFileSync } from "node:fs";
import { signInCases } from "./identity.mjs";
import { linkCases } from "./links.mjs";
import { loader } from "./packages.mjs";
import { serviceCases } from "./service.mjs";

const [configFile, packageFolder, folder] = process.argv.slice(2);
const config = JSON.parse(readFileSync(configFile, "utf8"));
const packages = await loader(packageFolder);
const context = { config, packages, folder, state: {} };

async function run({ name, area, test }) {
  try {
    await test(context);
    return { name, area, why: null };
  } catch (error) {
    return { name, area, why: `${error.name}: ${error.message}`.slice(0, 600) };
  }
}

for (const one of [...signInCases, ...linkCases, ...serviceCases]) {
  console.log(JSON.stringify(await run(one)));
}
process.exit(0);
