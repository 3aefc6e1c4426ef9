// Loaded before Spector's server, which asks two things of its machine that
// ours may not have:
// - fs.promises.glob (Node 22) to find its own dist/**/*.js;
// - a git commit above its folder, only to name it in the coverage report.
const childProcess = require("child_process");
const fs = require("fs");
const path = require("path");

function* filesBelow(folder, extension) {
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    const full = path.join(folder, entry.name);
    if (entry.isDirectory()) yield* filesBelow(full, extension);
    else if (full.endsWith(extension)) yield full;
  }
}

async function* glob(patterns) {
  for (const pattern of [].concat(patterns)) {
    const folder = pattern.split("/**")[0];
    yield* filesBelow(path.normalize(folder), path.extname(pattern));
  }
}

if (!fs.promises.glob) fs.promises.glob = glob;

const execSync = childProcess.execSync;
childProcess.execSync = (command, options) => {
  if (command !== "git rev-parse HEAD") return execSync(command, options);
  return Buffer.from("0".repeat(40));
};

require("module").syncBuiltinESMExports();
