/* The answers of the benchmark's server: the URLs of the flow and nothing
   else. */
#include "answers.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define GROUP                                                                  \
  "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/contoso"
#define SIGNALR GROUP "/providers/Microsoft.SignalRService/SignalR/contoso"
#define SITE GROUP "/providers/Microsoft.Web/sites/contoso-func"
#define LINK "/sharedPrivateLinkResources/spl-"
#define CONNECTION "/privateEndpointConnections/spl-"
#define CONNECTIONS "/privateEndpointConnections"
#define STATUS "/operationStatuses/"

int64_t bench_now_ms (void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int number_at (const char *text) {
  return (int)(strtoul(text, NULL, 10) % BENCH_FLOWS);
}

static void link_body (struct bench_reply *out, int flow, bool made) {
  snprintf(
      out->body, sizeof(out->body),
      "{\"properties\":{\"groupId\":\"sites\",\"privateLinkResourceId\":"
      "\"" SITE "\",\"provisioningState\":\"%s\",\"requestMessage\":"
      "\"please approve\",\"status\":\"%s\"},\"systemData\":{\"createdBy\":"
      "\"bench\",\"createdAt\":\"2026-01-01T00:00:00Z\"},\"id\":\"" SIGNALR
      "/sharedPrivateLinkResources/spl-%d\",\"name\":\"spl-%d\",\"type\":"
      "\"Microsoft.SignalRService/SignalR/sharedPrivateLinkResources\"}",
      made ? "Succeeded" : "Creating", made ? "Approved" : "Pending", flow,
      flow);
}

static void connection_body (char *out, size_t size, int flow,
                             const char *status) {
  snprintf(
      out, size,
      "{\"id\":\"" SITE "/privateEndpointConnections/spl-%d-0001\",\"name\":"
      "\"spl-%d-0001\",\"type\":\"Microsoft.Web/sites/"
      "privateEndpointConnections\",\"location\":\"West US\",\"properties\":"
      "{\"provisioningState\":\"Succeeded\",\"privateEndpoint\":{\"id\":"
      "\"/subscriptions/m/resourceGroups/m/providers/Microsoft.Network/"
      "privateEndpoints/spl-%d\"},\"groupIds\":[\"sites\"],"
      "\"privateLinkServiceConnectionState\":{\"status\":\"%s\","
      "\"description\":\"please approve\",\"actionsRequired\":\"None\"},"
      "\"ipAddresses\":[]}}",
      flow, flow, flow, status);
}

static size_t wait_header (const struct bench_answers *self, char *out,
                           size_t size) {
  if (self->retry_after < 0) return 0;
  int len = snprintf(out, size, "Retry-After: %ld\r\n", self->retry_after);
  return len > 0 ? (size_t)len : 0;
}

static void on_status (struct bench_answers *self, int flow,
                       struct bench_reply *out) {
  bool done = ++self->ops[flow].polls >= self->polls;
  int64_t gap_ms = bench_now_ms() - self->ops[flow].answered_ms;
  self->polled++;
  if (self->ops[flow].busy) self->overlapping++;
  if (gap_ms < self->min_gap_ms) self->early++;
  self->ops[flow].busy = true;
  out->op = flow;
  if (!done) wait_header(self, out->extra, sizeof(out->extra));
  snprintf(out->body, sizeof(out->body),
           "{\"id\":\"%d\",\"name\":\"%d\",\"status\":\"%s\"}", flow, flow,
           done ? "Succeeded" : "Running");
}

static void on_put (struct bench_answers *self, int flow,
                    struct bench_reply *out) {
  size_t used = wait_header(self, out->extra, sizeof(out->extra));
  link_body(out, flow, false);
  out->status = 201;
  self->ops[flow].polls = 0;
  self->ops[flow].busy = false;
  self->ops[flow].answered_ms = bench_now_ms();
  snprintf(out->extra + used, sizeof(out->extra) - used,
           "Azure-AsyncOperation: %s://localhost:%d" SIGNALR STATUS
           "%d?api-version=2024-03-01\r\n",
           self->scheme, self->port, flow);
}

static void on_list (struct bench_reply *out) {
  char one[2048];
  connection_body(one, sizeof(one), 1, "Pending");
  snprintf(out->body, sizeof(out->body), "{\"value\":[%s],\"nextLink\":null}",
           one);
}

static void on_other (const struct bench_answers *self, const char *line,
                      struct bench_reply *out) {
  if (strstr(line, "/bench/stats")) {
    snprintf(out->body, sizeof(out->body),
             "{\"requests\":%ld,\"polls\":%ld,\"early\":%ld,"
             "\"overlapping\":%ld}",
             self->requests, self->polled, self->early, self->overlapping);
    return;
  }
  out->status = 404;
  snprintf(out->body, sizeof(out->body), "{\"error\":{\"code\":\"NotFound\"}}");
}

void bench_answer (struct bench_answers *self, const char *line,
                   struct bench_reply *out) {
  const char *at;
  out->status = 200;
  out->op = -1;
  out->extra[0] = '\0';
  self->requests++;
  if ((at = strstr(line, STATUS)) != NULL)
    on_status(self, number_at(at + strlen(STATUS)), out);
  else if ((at = strstr(line, LINK)) != NULL && *line == 'P')
    on_put(self, number_at(at + strlen(LINK)), out);
  else if (at)
    link_body(out, number_at(at + strlen(LINK)), true);
  else if ((at = strstr(line, CONNECTION)) != NULL)
    connection_body(out->body, sizeof(out->body),
                    number_at(at + strlen(CONNECTION)), "Approved");
  else if (strstr(line, CONNECTIONS))
    on_list(out);
  else
    on_other(self, line, out);
}

void bench_answered (struct bench_answers *self, int op) {
  if (op < 0) return;
  self->ops[op].busy = false;
  self->ops[op].answered_ms = bench_now_ms();
}
