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
    keyvault: require("@azure/arm-keyvault"),
    storage: require("@azure/arm-storage"),
    resources: require("@azure/arm-resources"),
    pipeline: require("@azure/core-rest-pipeline"),
    lro: require("@azure/core-lro"),
    jose: await import(jose),
  };
}
