// Microsoft's packages from the folder that they were installed into.
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

export async function loader(folder) {
  const require = createRequire(path.join(folder, "package.json"));
  const jose = pathToFileURL(require.resolve("jose")).href;
  return {
    identity: require("@azure/identity"),
    signalr: require("@azure/arm-signalr"),
    appservice: require("@azure/arm-appservice"),
    jose: await import(jose),
  };
}
