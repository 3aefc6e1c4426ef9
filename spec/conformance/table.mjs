// The table by area, the failures, and the last line.
const WIDTH = 46;

function countByArea(verdicts) {
  const areas = new Map();
  for (const { area, why } of verdicts) {
    const count = areas.get(area) ?? { passed: 0, failed: 0 };
    count[why ? "failed" : "passed"]++;
    areas.set(area, count);
  }
  return areas;
}

const line = (label, passed, failed) => console.log(
  `${label.padEnd(WIDTH)}${String(passed).padStart(7)}${String(failed).padStart(7)}`);

// Prints everything; returns the exit status.
export function report(results, { verbose, seconds }) {
  for (const { suite, verdicts } of results) {
    for (const { name, why } of verdicts) {
      if (why) console.log(`FAIL ${suite} ${name}\n     ${why}`);
      else if (verbose) console.log(`pass ${suite} ${name}`);
    }
  }
  console.log(`\n${"".padEnd(WIDTH)} passed failed`);
  const total = { passed: 0, failed: 0 };
  for (const { suite, verdicts } of results) {
    for (const [area, { passed, failed }] of countByArea(verdicts)) {
      line(`${suite}: ${area}`, passed, failed);
      total.passed += passed;
      total.failed += failed;
    }
  }
  console.log(`${seconds.toFixed(1)} s`);
  console.log(`${total.passed} passed, ${total.failed} failed`);
  return total.failed > 0 || total.passed === 0 ? 1 : 0;
}
