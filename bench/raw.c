/* The limit: the same flow on libcurl's multi interface with epoll, in C,
   without any JSON.

     build/bench/raw ORIGIN FLOWS CONCURRENCY WARM_UP_FLOWS [CA.pem] */
#include "engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { STEPS = 9 };

#define GROUP                                                                  \
  "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/contoso"
#define LINK                                                                   \
  GROUP "/providers/Microsoft.SignalRService/SignalR/contoso"                  \
        "/sharedPrivateLinkResources/spl-%d?api-version=2024-03-01"
#define SITE GROUP "/providers/Microsoft.Web/sites/contoso-func"

struct world {
  struct engine engine;
  struct curl_slist *read_headers, *write_headers;
  const char *origin, *ca_file;
  struct flow *flows;
  int concurrency, next, total, done, failed;
};

struct flow {
  struct world *world;
  CURL *easy;
  int number, step;
  char poll_url[512];
};

static const char put_link[] =
    "{\"properties\":{\"groupId\":\"sites\",\"privateLinkResourceId\":\"" SITE
    "\",\"requestMessage\":\"please approve\"}}";
static const char approve[] =
    "{\"properties\":{\"privateLinkServiceConnectionState\":{\"status\":"
    "\"Approved\",\"description\":\"please approve\"}}}";

static size_t on_header (char *bytes, size_t size, size_t count, void *ctx) {
  static const char name[] = "azure-asyncoperation: ";
  struct flow *flow = ctx;
  size_t len = size * count, skip = sizeof(name) - 1;
  if (len > skip + 2 && strncasecmp(bytes, name, skip) == 0 &&
      len - skip - 2 < sizeof(flow->poll_url)) {
    memcpy(flow->poll_url, bytes + skip, len - skip - 2);
    flow->poll_url[len - skip - 2] = '\0';
  }
  return len;
}

static void set_url (struct flow *flow) {
  static const char *const paths[STEPS] = {
      LINK,
      NULL,
      NULL,
      NULL,
      LINK,
      SITE "/privateEndpointConnections?api-version=2023-12-01",
      SITE "/privateEndpointConnections/spl-%d-0001?api-version=2023-12-01",
      SITE "/privateEndpointConnections/spl-%d-0001?api-version=2023-12-01",
      LINK};
  char path[512], url[768];
  const char *format = paths[flow->step];
  if (!format) {
    curl_easy_setopt(flow->easy, CURLOPT_URL, flow->poll_url);
    return;
  }
  snprintf(path, sizeof(path), format, flow->number);
  snprintf(url, sizeof(url), "%s%s", flow->world->origin, path);
  curl_easy_setopt(flow->easy, CURLOPT_URL, url);
}

static void start_step (struct flow *flow) {
  const char *body = flow->step == 0   ? put_link
                     : flow->step == 6 ? approve
                                       : NULL;
  set_url(flow);
  curl_easy_setopt(flow->easy, CURLOPT_HTTPGET, 1L);
  curl_easy_setopt(flow->easy, CURLOPT_CUSTOMREQUEST, NULL);
  curl_easy_setopt(flow->easy, CURLOPT_HTTPHEADER,
                   body ? flow->world->write_headers
                        : flow->world->read_headers);
  if (body) {
    curl_easy_setopt(flow->easy, CURLOPT_POSTFIELDS, body);
    curl_easy_setopt(flow->easy, CURLOPT_CUSTOMREQUEST, "PUT");
  }
  curl_multi_add_handle(flow->world->engine.multi, flow->easy);
}

static void start_flow (struct flow *flow) {
  flow->number = ++flow->world->next;
  flow->step = 0;
  start_step(flow);
}

static void on_done (void *private_data, CURLcode code) {
  struct flow *flow = private_data;
  struct world *world = flow->world;
  long status = 0;
  curl_easy_getinfo(flow->easy, CURLINFO_RESPONSE_CODE, &status);
  curl_multi_remove_handle(world->engine.multi, flow->easy);
  if (code != CURLE_OK || status >= 300) world->failed++;
  if (++flow->step < STEPS) {
    start_step(flow);
    return;
  }
  world->done++;
  if (world->next < world->total) start_flow(flow);
}

static void open_flow (struct flow *flow, struct world *world) {
  flow->world = world;
  if (flow->easy) return;
  flow->easy = engine_handle(flow, world->ca_file);
  curl_easy_setopt(flow->easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(flow->easy, CURLOPT_HEADERDATA, flow);
}

static void run (struct world *world, int flows) {
  world->total = flows;
  world->next = world->done = 0;
  for (int i = 0; i < world->concurrency && i < flows; i++) {
    open_flow(&world->flows[i], world);
    start_flow(&world->flows[i]);
  }
  while (world->done < flows) engine_turn(&world->engine, -1);
}

int main (int argc, char **argv) {
  if (argc < 5) return 2;
  double load_cpu_s = engine_cpu_s();
  curl_global_init(CURL_GLOBAL_DEFAULT);
  double begun_s = engine_now_s();
  struct world world = {.read_headers = engine_headers(0),
                        .write_headers = engine_headers(1),
                        .origin = argv[1],
                        .ca_file = argc > 5 ? argv[5] : NULL,
                        .concurrency = atoi(argv[3])};
  engine_open(&world.engine, on_done);
  world.flows = calloc((size_t)world.concurrency, sizeof(*world.flows));
  int warm_up = atoi(argv[4]);
  if (warm_up > 0) {
    run(&world, warm_up);
    load_cpu_s = engine_cpu_s();
    begun_s = engine_now_s();
  }
  run(&world, atoi(argv[2]));
  printf("{\"flows\":%d,\"failed\":%d,\"seconds\":%.6f,\"cpu\":%.6f,"
         "\"rss_kb\":%ld}\n",
         world.done, world.failed, engine_now_s() - begun_s,
         engine_cpu_s() - load_cpu_s, engine_peak_kb());
  return world.failed ? 1 : 0;
}
