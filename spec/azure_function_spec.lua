-- The probe that users deploy is JavaScript: its own tests run it with Node,
-- and here verify reads what it answers.
local has_node = os.execute("node --version >/dev/null 2>&1") == true

describe("examples/azure-function", function()
  if not has_node then
    pending("needs node")
    return
  end

  it("passes its tests", function()
    local pipe = io.popen("cd examples/azure-function && node --test 2>&1 </dev/null")
    local output = pipe:read("a")

    assert.is_true(pipe:close() == true, output)
    assert.matches("registers one HTTP function", output, 1, true) -- index.mjs itself was loaded
  end)

  it("answers what verify understands", function()
    local script = [[
      import { createHmac } from "node:crypto";
      import { createProbe } from "./examples/azure-function/probe.mjs";
      const probe = createProbe({ keys: ["k"], now: () => 7 });
      const fields = { "x-forwarded-for": "10.0.0.4:1", "x-asrs-connection-id": "c",
        "x-asrs-signature": "sha256=" + createHmac("sha256", "k").update("c").digest("hex") };
      probe("POST", (name) => fields[name]);
      console.log(JSON.stringify(probe("GET", () => undefined).body));
    ]]
    local pipe = io.popen("node --input-type=module -e '" .. script .. "' </dev/null")
    local answer = assert(require("azure.json").decode(pipe:read("a")))
    pipe:close()

    local verdict = require("azure.private_link.probe").judge(answer.seen, 7)

    assert.equal("private", verdict.verdict)
    assert.equal("10.0.0.4", verdict.evidence[1].ip)
  end)
end)
