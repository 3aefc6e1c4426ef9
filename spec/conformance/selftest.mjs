// A judge that cannot say no is worth nothing: wrong conduct of each kind, made
// up here, must be found, and right conduct must pass.
import { judgeCall } from "./values.mjs";
import { judgeError, judgeLines, judgeManners, judgeSteps, judgeValue } from "./judge.mjs";

const equal = (actual, expected) => (JSON.stringify(actual) === JSON.stringify(expected)
  ? { pass: true } : { pass: false, message: "differs" });
const mocks = { matchValues: equal };

const WANTED = [
  { method: "PUT", segments: ["", "thing"], query: [["api-version", "1"]],
    headers: { "If-Match": "x" }, body: { kind: "json", value: { a: 1 },
      type: "application/json" }, status: 202 },
  { method: "GET", segments: ["", "status"], query: [], headers: {},
    body: { kind: "none" }, status: 200 },
];

function conduct() {
  const headers = { "user-agent": "test", "x-ms-client-request-id": "1" };
  return [
    { method: "PUT", target: "/thing?api-version=1", body: "{\"a\":1}", status: 202, at: 0,
      answeredAt: 10, headers: { ...headers, "content-type": "application/json",
        "if-match": "x" },
      replyHeaders: { location: "http://localhost:1/status", "retry-after": "1" },
      replyBody: "" },
    { method: "GET", target: "/status", body: "", status: 200, at: 1010, answeredAt: 1020,
      headers, replyHeaders: {}, replyBody: "{\"value\":[1,2]}" },
  ];
}

// Changes right conduct and asks for the verdict of judgeSteps.
function changed(change) {
  const records = conduct();
  const result = change(records);
  return judgeSteps(mocks, WANTED, result ?? records) ?? judgeManners(result ?? records);
}

const WRONG = {
  "a request in the wrong order": () => changed((r) => r.reverse()),
  "another method": () => changed((r) => { r[0].method = "PATCH"; }),
  "another path": () => changed((r) => { r[1].target = "/state"; }),
  "a missing parameter": () => changed((r) => { r[0].target = "/thing"; }),
  "a parameter too many": () => changed((r) => { r[0].target += "&x=1"; }),
  "another body": () => changed((r) => { r[0].body = "{\"a\":2}"; }),
  "a body where none belongs": () => changed((r) => { r[1].body = "{}"; }),
  "a body of another type": () => changed((r) => {
    r[0].headers["content-type"] = "application/x-www-form-urlencoded"; }),
  "a missing header": () => changed((r) => { delete r[0].headers["if-match"]; }),
  "another status": () => changed((r) => { r[1].status = 400; }),
  "a request too few": () => changed((r) => r.slice(0, 1)),
  "a request too many": () => changed((r) => [...r, r[1]]),
  "a poll before its Retry-After": () => changed((r) => { r[1].at = 500; }),
  "no User-Agent": () => changed((r) => { delete r[1].headers["user-agent"]; }),
  "no request id": () => changed((r) => { delete r[0].headers["x-ms-client-request-id"]; }),
  "a request id that was to be left out": () => judgeManners(conduct(), { withoutId: true }),
  "other bytes": () => {
    const [record] = conduct();
    const body = { kind: "bytes", value: Buffer.from([1, 2]) };
    return judgeSteps(mocks, [{ ...WANTED[0], body }],
      [{ ...record, bytes: Buffer.from([1, 3]) }]);
  },
  "a call that is not in the table": () => judgeCall([{ method: "PUT", path: "/other", headers: {} }],
    conduct().slice(0, 1), { value: [] }, 1),
  "a token after a redirect": () => changed((r) => {
    r[0].status = 307;
    r[1].headers.authorization = "Bearer x";
    return r;
  }),
  "other lines than the scenario's": () => judgeLines(["PUT /thing?api-version=1 202"],
    conduct()),
  "another value": () => judgeValue("body", { value: [2, 1] }, conduct()),
  "items of another page": () => judgeValue("items:value", [1], conduct()),
  "a value where none belongs": () => judgeValue("nothing", 1, conduct()),
  "no expectation": () => judgeValue(undefined, 1, conduct()),
  "an error with another code": () => judgeError({ kind: "service", status: 404, code: "A" },
    [{ status: 404, replyBody: "{\"error\":{\"code\":\"B\"}}" }]),
};

const RIGHT = {
  "right conduct": () => changed(() => undefined),
  "right lines": () => judgeLines(["PUT /thing?api-version=1 202", "GET /status 200"],
    conduct()),
  "right value": () => judgeValue("items:value", [1, 2], conduct()),
};

export function selftest() {
  const area = "the judge itself";
  return [
    ...Object.entries(WRONG).map(([name, judge]) => ({ name, area,
      why: judge() ? null : "the judge did not find it" })),
    ...Object.entries(RIGHT).map(([name, judge]) => ({ name, area, why: judge() })),
  ];
}
