// AutoRest's counters of typed values as plain calls: what a generated client
// would make of its models is sent through client:request as it is, and must
// come back as it was sent. autorest/values.jsonl has one call for each counter.
import { readFileSync } from "node:fs";
import { judgeManners } from "./judge.mjs";
import { judgeWire } from "./wire.mjs";

// name -> [call]
export function valueCalls() {
  const lines = readFileSync(new URL("autorest/values.jsonl", import.meta.url), "utf8");
  return new Map(lines.split("\n").filter(Boolean).map((line) => {
    const { name, headers = {}, ...call } = JSON.parse(line);
    return [name, [{ headers, ...call }]];
  }));
}

function sentProblem(call, records) {
  const [first, ...more] = records;
  if (!first) return "nothing was sent";
  if (more.length > 0) return `extra request ${more[0].method} ${more[0].target}`;
  const sent = `${first.method} ${first.target}`;
  const wanted = `${call.method} ${call.path}`;
  return sent === wanted ? null : `sent ${sent}, want ${wanted}`;
}

export function judgeCall([call], records, outcome, count) {
  const withoutId = call.headers["x-ms-client-request-id"] === false;
  return sentProblem(call, records) ?? judgeManners(records, { withoutId })
    ?? judgeWire(outcome, records)
    ?? (count > 0 ? null : `the server's counter is ${count}`);
}
