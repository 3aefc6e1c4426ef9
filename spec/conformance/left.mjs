// What is not run, and why: each name has its reason, and a name without one is
// a failure, so that nothing is left out in silence.
const NEVER_COUNTED = "the server reads its counter instead of raising it";
const TOO_LARGE = "an answer of 3 GB, which max_response_bytes is there to refuse";
const STREAM = "an event stream that is reconnected: answers are read as a whole";

const REASONS = {
  autorest: {
    FileStreamVeryLarge: TOO_LARGE,
    MultiapiDifferentCallsApiVersionOne: NEVER_COUNTED,
    MultiapiDifferentCallsApiVersionTwo: NEVER_COUNTED,
    MultiapiDifferentCallsApiVersionThree: NEVER_COUNTED,
    MultiapiPostTestFourApiVersionThreePDF: NEVER_COUNTED,
  },
  spector: {
    Streaming_Sse_Protocol_reconnect: STREAM,
  },
};

const reasonFor = (suite, name) => REASONS[suite][name];

function group(suite, names) {
  const groups = new Map();
  for (const name of names) {
    const reason = reasonFor(suite, name);
    groups.set(reason, [...(groups.get(reason) ?? []), name]);
  }
  return groups;
}

// Prints how many there are by reason, with -v each by its name too; returns a
// verdict for each that has none.
export function tellLeft(suite, what, names, verbose) {
  const groups = group(suite, names);
  console.log(`${suite}: ${names.length} ${what} are not run`);
  for (const [reason, members] of groups) {
    console.log(`  ${String(members.length).padStart(4)}  ${reason ?? "for no reason"}`);
    if (verbose) members.forEach((name) => console.log(`        ${name}`));
  }
  return (groups.get(undefined) ?? []).map((name) => (
    { name, area: "not run", why: "neither run nor given a reason" }));
}
