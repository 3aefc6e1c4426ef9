/* What an operation costs the core while it waits for its next poll, without
   Lua.    build/bench/parked ORIGIN OPERATIONS

   Prints the bytes of heap per operation, as malloc counts them. */
#include <curl/curl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cred.h"
#include "lro.h"

enum { WARM_UP = 64 };

#define LINK                                                                   \
  "%s/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/"      \
  "contoso/providers/Microsoft.SignalRService/SignalR/contoso/"                \
  "sharedPrivateLinkResources/spl-%d?api-version=2024-03-01"

static struct azl_op *begin (struct azl_arm *arm, const char *origin,
                             int number) {
  char url[512];
  snprintf(url, sizeof(url), LINK, origin, number);
  struct azl_lro_request request = {.deadline_ms = -1};
  request.call.method = "PUT";
  request.call.url = url;
  request.call.body = "{}";
  request.call.body_len = 2;
  request.call.deadline_ms = -1;
  request.call.max_retries = -1;
  return azl_lro_begin(arm, &request);
}

/* Begun, answered once, and now waiting: nothing of the transfer is left. */
static void park (struct azl_loop *loop, struct azl_arm *arm,
                  const char *origin, int first, int count) {
  struct azl_op **ops = calloc((size_t)count, sizeof(*ops));
  int parked = 0;
  for (int i = 0; i < count; i++) ops[i] = begin(arm, origin, first + i);
  while (parked < count) {
    struct azl_lro_progress progress;
    azl_loop_turn(loop, 100);
    azl_lro_progress(ops[parked], &progress);
    while (parked < count && progress.next_poll_ms >= 0)
      if (++parked < count) azl_lro_progress(ops[parked], &progress);
  }
  free(ops);
}

static size_t heap_bytes (void) {
  struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

int main (int argc, char **argv) {
  if (argc < 3) return 2;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  struct azl_err *err = NULL;
  struct azl_loop *loop = azl_loop_new(NULL);
  char token[1201];
  memset(token, 'x', sizeof(token) - 1);
  token[sizeof(token) - 1] = '\0';
  struct azl_arm_config config = {.endpoint = argv[1], .log_level = -1};
  config.cred = azl_cred_static(loop, token, INT64_MAX / 2);
  struct azl_arm *arm = azl_arm_new(loop, &config, &err);
  int count = atoi(argv[2]);
  if (!arm) return 1;
  park(loop, arm, argv[1], 1, WARM_UP);
  size_t before = heap_bytes();
  park(loop, arm, argv[1], 1 + WARM_UP, count);
  printf("{\"count\":%d,\"bytes\":%.1f}\n", count,
         (double)(heap_bytes() - before) / count);
  return 0;
}
