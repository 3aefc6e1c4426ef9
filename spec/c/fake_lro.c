/* The played operations, and what plays them. */
#include "fake_lro.h"

#include <stdio.h>

#define H FAKE_ENDPOINT
#define STATUS2 H "/status/2?api-version=1"
#define R REPLY
#define N REPLY_AT_ONCE
#define LOST REPLY_LOST

/* clang-format off */
const struct lro_case lro_cases[] = {
    /* azure-cli recording test_signalr_private_endpoint.yaml */
    {.name = "SignalR create",
     .method = "PUT", .url = SIGNALR, .final = AZL_LRO_FINAL_ASYNC,
     .replies = {
       R(201, ASYNC(STATUS) LOCATION(RESULT) JSON, STATE("Creating")),
       R(200, JSON, "{\"status\":\"Running\"}"),
       R(200, JSON, "{\"status\":\"Running\"}"),
       R(200, JSON, "{\"status\":\"Succeeded\",\"endTime\":\"x\"}"),
       R(200, JSON, STATE("Succeeded"))},
     .sent = {"PUT " SIGNALR, "GET " STATUS, "GET " STATUS, "GET " STATUS,
              "GET " SIGNALR},
     .want = "done " STATE("Succeeded")},
    {.name = "SignalR patch ends with a GET of the Location",
     .method = "PATCH", .url = SIGNALR, .final = AZL_LRO_FINAL_LOCATION,
     .replies = {
       R(202, ASYNC(STATUS) LOCATION(RESULT), 0),
       R(200, JSON, "{\"status\":\"Succeeded\"}"),
       R(200, JSON, "{\"name\":\"r\"}")},
     .sent = {"PATCH " SIGNALR, "GET " STATUS, "GET " RESULT},
     .want = "done {\"name\":\"r\"}"},
    {.name = "approval on SignalR: 200 with a status URL and no Location",
     .method = "PUT", .url = SIGNALR,
     .replies = {
       R(200, ASYNC(STATUS) JSON, STATE("Updating")),
       R(200, JSON, "{\"status\":\"Succeeded\"}"),
       R(200, JSON, STATE("Succeeded"))},
     .sent = {"PUT " SIGNALR, "GET " STATUS, "GET " SIGNALR},
     .want = "done " STATE("Succeeded")},
    {.name = "SignalR delete of a connection: 202 with both URLs",
     .method = "DELETE", .url = SIGNALR, .final = AZL_LRO_FINAL_LOCATION,
     .replies = {
       R(202, ASYNC(STATUS) LOCATION(RESULT), 0),
       R(200, JSON, "{\"status\":\"Succeeded\"}")},
     .sent = {"DELETE " SIGNALR, "GET " STATUS},
     .want = "done "},
    {.name = "SignalR delete: 204 at once",
     .method = "DELETE", .url = SIGNALR,
     .replies = {
       R(204, 0, 0)},
     .sent = {"DELETE " SIGNALR},
     .want = "done "},
    /* azure-cli recording test_private_endpoint_connection_webapp.yaml */
    {.name = "Web delete: swapped names, %20, foreign api-version, no status",
     .method = "DELETE", .url = H "/w?api-version=2019-08-01",
     .replies = {
       R(202, ASYNC(H "/West%20US/operationResults/g?api-version=2019-01-01")
                LOCATION(H "/West%20US/operations/g?api-version=2019-01-01"), 0),
       R(202, 0, 0),
       R(200, JSON, "{\"id\":\"g\"}")},
     .sent = {"DELETE " H "/w?api-version=2019-08-01",
              "GET " H "/West%20US/operationResults/g?api-version=2019-01-01",
              "GET " H "/West%20US/operationResults/g?api-version=2019-01-01"},
     .want = "done "},
    {.name = "Web reject: 202 with a body and one URL in both headers",
     .method = "PUT", .url = H "/w",
     .replies = {
       R(202, ASYNC(STATUS) LOCATION(STATUS) JSON, STATE("Pending")),
       R(202, 0, 0),
       R(200, JSON, STATE("Pending")),
       R(200, JSON, STATE("Pending"))},
     .sent = {"PUT " H "/w", "GET " STATUS, "GET " STATUS, "GET " H "/w"},
     .want = "done " STATE("Pending")},
    /* azure-cli recording test_private_endpoint_connection_keyvault.yaml */
    {.name = "Key Vault: the status URL is the resource",
     .method = "PUT", .url = H "/kv?api-version=1",
     .replies = {
       R(200, ASYNC(H "/kv?api-version=1&kv-operation=eyJ"), STATE("Updating")),
       R(200, JSON, STATE("Updating")),
       R(200, JSON, STATE("Succeeded")),
       R(200, JSON, "{\"etag\":\"d4f5\"}")},
     .sent = {"PUT " H "/kv?api-version=1",
              "GET " H "/kv?api-version=1&kv-operation=eyJ",
              "GET " H "/kv?api-version=1&kv-operation=eyJ",
              "GET " H "/kv?api-version=1"},
     .want = "done {\"etag\":\"d4f5\"}"},
    {.name = "Key Vault delete: the resource is the Location until it is gone",
     .method = "DELETE", .url = H "/kv",
     .replies = {
       R(202, LOCATION(H "/kv?kv-operation=eyJ"), 0),
       R(200, JSON, STATE("Deleting")),
       R(404, JSON, "{\"error\":{\"code\":\"ResourceNotFound\"}}")},
     .sent = {"DELETE " H "/kv", "GET " H "/kv?kv-operation=eyJ",
              "GET " H "/kv?kv-operation=eyJ"},
     .want = "gone"},
    /* azure-cli recording test_shared_private_link_resource_crud.yaml */
    {.name = "Search: 202 without a body, one URL in both headers",
     .method = "PUT", .url = H "/spl",
     .replies = {
       R(202, ASYNC(STATUS) LOCATION(STATUS), 0),
       R(200, JSON, "{\"status\":\"Running\"}"),
       R(200, JSON, "{\"status\":\"Succeeded\"}"),
       R(200, JSON, "{\"name\":\"spl\"}")},
     .sent = {"PUT " H "/spl", "GET " STATUS, "GET " STATUS, "GET " H "/spl"},
     .want = "done {\"name\":\"spl\"}"},
    /* azure-service-operator recording Test_SignalRService_SignalR_CRUD */
    {.name = "resource group delete ends in an empty 200",
     .method = "DELETE", .url = H "/subscriptions/s/resourceGroups/g",
     .replies = {
       R(202, LOCATION(RESULT) "Retry-After: 15\n", 0),
       R(202, LOCATION(RESULT) "Retry-After: 15\n", 0),
       R(200, 0, 0)},
     .sent = {"DELETE " H "/subscriptions/s/resourceGroups/g", "GET " RESULT,
              "GET " RESULT},
     .want = "done "},
    {.name = "Network: InProgress, pretty-printed",
     .method = "PUT", .url = H "/pe",
     .replies = {
       R(201, ASYNC(STATUS) "Retry-After: 3\n", STATE("Updating")),
       R(200, JSON "Retry-After: 10\n",
         "{\r\n  \"status\": \"InProgress\"\r\n}"),
       R(200, JSON, "{\r\n  \"status\": \"Succeeded\"\r\n}"),
       R(200, JSON, "{}")},
     .sent = {"PUT " H "/pe", "GET " STATUS, "GET " STATUS, "GET " H "/pe"},
     .want = "done {}"},
    {.name = "API Management: a Location that is no status URL, answers 201",
     .method = "PUT", .url = H "/apim",
     .replies = {
       R(202, LOCATION(H "/apis/tempgroup?asyncId=5c73&asyncCode=201"), 0),
       R(202, 0, 0),
       R(201, JSON, "{\"name\":\"c\"}")},
     .sent = {"PUT " H "/apim",
              "GET " H "/apis/tempgroup?asyncId=5c73&asyncCode=201",
              "GET " H "/apis/tempgroup?asyncId=5c73&asyncCode=201"},
     .want = "done {\"name\":\"c\"}"},
    {.name = "the latest answer's URL is polled",
     .method = "DELETE", .url = H "/d",
     .replies = {
       R(202, ASYNC(STATUS), 0),
       R(202, ASYNC(STATUS2), "{\"status\":\"Deleting\"}"),
       R(200, JSON, "{\"status\":\"succeeded\"}")},
     .sent = {"DELETE " H "/d", "GET " STATUS, "GET " STATUS2},
     .want = "done "},
    {.name = "relative Location",
     .method = "POST", .url = H "/lro/start?x=1",
     .replies = {
       R(202, "Location: /lro/results/1\n", 0),
       R(200, JSON, "\"success\"")},
     .sent = {"POST " H "/lro/start?x=1", "GET " H "/lro/results/1"},
     .want = "done \"success\""},
    {.name = "a POST without Location gives the status body's result",
     .method = "POST", .url = H "/rpc?a=b&api-version=9",
     .replies = {
       R(202, "operation-location: " H "/op/1\n",
         "{\"status\":\"NotStarted\"}"),
       R(200, JSON, "{\"status\":\"Succeeded\",\"result\":{\"n\":1.10}}")},
     .sent = {"POST " H "/rpc?a=b&api-version=9",
              "GET " H "/op/1?api-version=9"},
     .want = "done {\"n\":1.10}"},
    {.name = "a Location that still says 202 after Succeeded is asked again",
     .method = "POST", .url = H "/p",
     .replies = {
       R(202, ASYNC(STATUS) LOCATION(RESULT), 0),
       R(200, JSON, "{\"status\":\"Succeeded\"}"),
       R(202, 0, 0),
       R(200, JSON, "[1]")},
     .sent = {"POST " H "/p", "GET " STATUS, "GET " RESULT, "GET " RESULT},
     .want = "done [1]"},
    {.name = "trouble while polling is waited out",
     .method = "PUT", .url = H "/p",
     .replies = {
       R(201, ASYNC(STATUS), STATE("Creating")),
       R(429, "Retry-After: 4\n", 0),
       R(503, 0, 0),
       LOST,
       R(200, JSON, "{\"status\":\"Succeeded\"}"),
       R(500, 0, 0),
       R(200, JSON, "{\"a\":1}")},
     .sent = {"PUT " H "/p", "GET " STATUS, "GET " STATUS, "GET " STATUS,
              "GET " STATUS, "GET " H "/p", "GET " H "/p"},
     .want = "done {\"a\":1}"},
    {.name = "answers that come at once",
     .method = "PUT", .url = H "/p",
     .replies = {
       N(201, ASYNC(STATUS), STATE("Creating")),
       N(200, JSON, "{\"status\":\"Succeeded\"}"),
       N(200, JSON, "{\"a\":1}")},
     .sent = {"PUT " H "/p", "GET " STATUS, "GET " H "/p"},
     .want = "done {\"a\":1}"},
    {.name = "a resource by its own state",
     .method = "PATCH", .url = H "/p",
     .replies = {
       R(200, JSON, STATE("Updating")),
       R(200, JSON, STATE("Canceling")),
       R(200, JSON, STATE("Canceled"))},
     .sent = {"PATCH " H "/p", "GET " H "/p", "GET " H "/p"},
     .want = "operation OperationCanceled"},
    {.name = "a resource created with 202 may be missing for a while",
     .method = "PUT", .url = H "/p",
     .replies = {
       R(202, 0, 0),
       R(404, 0, 0),
       R(200, JSON, STATE("Succeeded"))},
     .sent = {"PUT " H "/p", "GET " H "/p", "GET " H "/p"},
     .want = "done " STATE("Succeeded")},
    {.name = "a status URL that is not found fails a PUT",
     .method = "PUT", .url = H "/p",
     .replies = {
       R(201, ASYNC(STATUS), 0),
       R(404, 0, 0)},
     .sent = {"PUT " H "/p", "GET " STATUS},
     .want = "service NotFound"},
    {.name = "a wrong relative URL is no end of a DELETE",
     .method = "DELETE", .url = H "/lro/d",
     .replies = {
       R(202, "Location: /foo\nRetry-After: /bar\n", 0),
       R(404, 0, 0)},
     .sent = {"DELETE " H "/lro/d", "GET " H "/foo"},
     .want = "protocol InvalidPollingUrl"},
    {.name = "a relative URL that once answered is no guess any more",
     .method = "DELETE", .url = H "/lro/d",
     .replies = {
       R(202, "Location: /foo\n", 0),
       R(202, 0, 0),
       R(404, 0, 0)},
     .sent = {"DELETE " H "/lro/d", "GET " H "/foo", "GET " H "/foo"},
     .want = "gone"},
    {.name = "a bad request while polling",
     .method = "POST", .url = H "/p",
     .replies = {
       R(202, ASYNC(STATUS) "Retry-After: 0\n", 0),
       R(400, JSON, "{\"message\":\"Expected bad request message\"}")},
     .sent = {"POST " H "/p", "GET " STATUS},
     .want = "service BadRequest"},
    {.name = "Failed",
     .method = "PUT", .url = H "/p",
     .replies = {
       R(201, ASYNC(STATUS), 0),
       R(200, JSON,
         "{\"status\":\"Failed\",\"error\":{\"code\":\"Conflict\","
         "\"message\":\"m\"}}")},
     .sent = {"PUT " H "/p", "GET " STATUS},
     .want = "operation Conflict"},
    {.name = "refused before a request leaves",
     .method = "PUT", .url = H "/p",
     .replies = {
       R(201, ASYNC("https://evil.example/status"), 0)},
     .sent = {"PUT " H "/p"},
     .want = "refused ForeignPollingUrl"},
    {.name = "the first call's own failure",
     .method = "POST", .url = H "/p",
     .replies = {
       R(400, JSON, "{\"error\":{\"code\":\"Bad\",\"message\":\"m\"}}")},
     .sent = {"POST " H "/p"},
     .want = "service Bad"},
    {.name = "unreadable JSON while polling",
     .method = "DELETE", .url = H "/p",
     .replies = {
       R(202, ASYNC(STATUS), 0),
       R(200, JSON, "{ \"status\": \"Accepted\"")},
     .sent = {"DELETE " H "/p", "GET " STATUS},
     .want = "protocol InvalidJson"},
};
/* clang-format on */

const int lro_case_count = sizeof(lro_cases) / sizeof(*lro_cases);

struct azl_loop *lro_new_loop (void) {
  struct azl_loop *loop = azl_loop_new(NULL);
  if (!loop) return NULL;
  azl_loop_clock(loop)->fixed_ms = 1000;
  return loop;
}

/* Turns until nothing but time can happen. */
void lro_settle (struct azl_loop *loop) {
  while (azl_loop_timeout_ms(loop) == 0) azl_loop_turn(loop, 0);
}

/* Lets time pass from timer to timer until the operation ends. */
void lro_finish (struct azl_loop *loop, struct azl_op *op) {
  lro_settle(loop);
  while (op->state == AZL_OP_PENDING && azl_loop_timeout_ms(loop) > 0) {
    azl_clock_advance(azl_loop_clock(loop), azl_loop_timeout_ms(loop));
    lro_settle(loop);
  }
}

const char *lro_outcome (struct azl_op *op) {
  static char text[256];
  if (op->err) {
    snprintf(text, sizeof(text), "%s %s", azl_err_kind_name(op->err->kind),
             op->err->code ? op->err->code : "(no code)");
    return text;
  }
  const struct azl_http_response *response = azl_lro_result(op);
  if (op->state != AZL_OP_DONE) return azl_op_state_name(op->state);
  if (!response) return "gone";
  snprintf(text, sizeof(text), "done %s",
           response->body.data ? response->body.data : "");
  return text;
}

struct azl_op *lro_begin (struct azl_arm *arm, const char *method,
                          const char *url, enum azl_lro_final final) {
  struct azl_lro_request request = {
      .call = {.method = method, .url = url, .deadline_ms = -1},
      .final = final,
      .deadline_ms = -1};
  return azl_lro_begin(arm, &request);
}

int lro_reply_count (const struct lro_case *played) {
  int count = 0;
  while (count < LRO_MAX_STEPS &&
         (played->replies[count].status || played->replies[count].kind))
    count++;
  return count;
}
