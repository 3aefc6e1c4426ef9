/* Polling many operations at a fixed period in raw C: one small struct per
   operation, a queue by due time, a few easy handles.

     build/bench/raw_poll ORIGIN OPERATIONS PERIOD_S SECONDS */
#include "engine.h"

#include <stdio.h>
#include <stdlib.h>

enum { HANDLES = 32 };

#define STATUS_URL                                                             \
  "%s/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/"      \
  "contoso/providers/Microsoft.SignalRService/SignalR/contoso/"                \
  "operationStatuses/%d?api-version=2024-03-01"

struct operation {
  double due_s;
  struct operation *next;
  int number;
};

struct handle {
  struct world *world;
  CURL *easy;
  struct operation *operation;
  struct handle *next_idle;
};

struct world {
  struct engine engine;
  const char *origin;
  double period_s;
  long polls, failed;
  struct operation *first, *last;
  struct handle *idle;
};

static void enqueue (struct world *world, struct operation *operation,
                     double due_s) {
  operation->due_s = due_s;
  operation->next = NULL;
  if (world->last)
    world->last->next = operation;
  else
    world->first = operation;
  world->last = operation;
}

static void on_done (void *private_data, CURLcode code) {
  struct handle *handle = private_data;
  struct world *world = handle->world;
  curl_multi_remove_handle(world->engine.multi, handle->easy);
  world->polls++;
  if (code != CURLE_OK) world->failed++;
  enqueue(world, handle->operation, engine_now_s() + world->period_s);
  handle->next_idle = world->idle;
  world->idle = handle;
}

static void start_due (struct world *world) {
  char url[512];
  double now_s = engine_now_s();
  while (world->idle && world->first && world->first->due_s <= now_s) {
    struct handle *handle = world->idle;
    world->idle = handle->next_idle;
    handle->operation = world->first;
    world->first = world->first->next;
    if (!world->first) world->last = NULL;
    snprintf(url, sizeof(url), STATUS_URL, world->origin,
             handle->operation->number);
    curl_easy_setopt(handle->easy, CURLOPT_URL, url);
    curl_multi_add_handle(world->engine.multi, handle->easy);
  }
}

static long wait_ms (const struct world *world, double end_s) {
  double until_s = end_s;
  if (world->idle && world->first && world->first->due_s < until_s)
    until_s = world->first->due_s;
  double left_s = until_s - engine_now_s();
  return left_s > 0 ? (long)(left_s * 1e3) + 1 : 0;
}

static void open_world (struct world *world, int count) {
  struct curl_slist *headers = engine_headers(0);
  struct operation *operations = calloc((size_t)count, sizeof(*operations));
  struct handle *handles = calloc(HANDLES, sizeof(*handles));
  engine_open(&world->engine, on_done);
  for (int i = 0; i < HANDLES; i++) {
    handles[i].world = world;
    handles[i].easy = engine_handle(&handles[i], NULL);
    curl_easy_setopt(handles[i].easy, CURLOPT_HTTPHEADER, headers);
    handles[i].next_idle = world->idle;
    world->idle = &handles[i];
  }
  for (int i = 0; i < count; i++) {
    operations[i].number = i + 1;
    enqueue(world, &operations[i],
            engine_now_s() + world->period_s * (double)i / count);
  }
}

int main (int argc, char **argv) {
  if (argc < 5) return 2;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  struct world world = {.origin = argv[1], .period_s = atof(argv[3])};
  open_world(&world, atoi(argv[2]));
  double begun_cpu_s = engine_cpu_s(), end_s = engine_now_s() + atof(argv[4]);
  while (engine_now_s() < end_s) {
    start_due(&world);
    engine_turn(&world.engine, wait_ms(&world, end_s));
  }
  printf("{\"polls\":%ld,\"failed\":%ld,\"cpu\":%.6f}\n", world.polls,
         world.failed, engine_cpu_s() - begun_cpu_s);
  return world.failed ? 1 : 0;
}
