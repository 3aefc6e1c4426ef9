/* libcurl runs out of memory: a setting that it cannot keep must not fall back
   to a default, such as another proxy or method. */
#include <curl/curl.h>
#include "check.h"
#include "http.h"
#include "raw_server.h"

static long countdown = -1; /* of libcurl's allocations; -1: none fails */

static bool fails (void) {
  if (countdown < 0) return false;
  return countdown-- == 0;
}

static void *give (size_t bytes) {
  return fails() ? NULL : malloc(bytes);
}

static void *give_zeroed (size_t count, size_t bytes) {
  return fails() ? NULL : calloc(count, bytes);
}

static void *give_more (void *block, size_t bytes) {
  return fails() ? NULL : realloc(block, bytes);
}

static char *give_copy (const char *text) {
  return fails() ? NULL : strdup(text);
}

static const struct raw_answer answer = {
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", false};

struct world {
  struct azl_loop *loop;
  struct azl_http *http;
  struct raw_server *server, *other; /* the other: where nothing must go */
  char url[64], other_url[64];
};

static struct world open_world (void) {
  struct world w = {.loop = azl_loop_new(NULL)};
  w.server = raw_start(w.loop, &answer, 1);
  w.other = raw_start(w.loop, &answer, 1);
  snprintf(w.url, sizeof w.url, "http://127.0.0.1:%d/path?q=1", w.server->port);
  snprintf(w.other_url, sizeof w.other_url, "http://127.0.0.1:%d",
           w.other->port);
  return w;
}

static void close_world (struct world *w) {
  raw_stop(w->server);
  raw_stop(w->other);
  azl_http_close(w->http);
  azl_http_unref(w->http);
  azl_loop_free(w->loop);
}

/* false: it failed, or could not even begin. */
static bool send_delete (struct world *w) {
  struct azl_http_request request = {.method = "DELETE",
                                     .url = w->url,
                                     .body = "12345",
                                     .body_len = 5,
                                     .deadline_ms = -1};
  struct azl_op *op = azl_http_send(w->http, &request);
  if (!op) return false;
  RAW_RUN_UNTIL(w->loop, op->state != AZL_OP_PENDING);
  bool done = op->state == AZL_OP_DONE;
  if (op->err) CHECK_INT(op->err->kind, AZL_ERR_TRANSPORT);
  azl_op_unref(op);
  return done;
}

/* The environment of this process names a proxy, which `config` overrides.
   Returns whether all of libcurl's allocations were tried. */
static bool fail_one (long which, const char *proxy, const char *start) {
  struct world w = open_world();
  struct azl_http_config config = {.proxy = *proxy ? NULL : ""};
  char row[48];
  snprintf(row, sizeof row, "allocation %ld fails", which + 1);
  CHECK_ROW(row);
  setenv("http_proxy", w.other_url, 1);
  if (*proxy) config.proxy = w.other_url;
  countdown = which;
  w.http = azl_http_new(w.loop, &config);
  bool done = w.http && send_delete(&w);
  bool all_tried = countdown >= 0;
  countdown = -1;
  struct raw_server *meant = *proxy ? w.other : w.server;
  struct raw_server *wrong = *proxy ? w.server : w.other;
  CHECK_INT(wrong->connections, 0);
  if (meant->requests > 0)
    CHECK(strncmp(meant->last, start, strlen(start)) == 0);
  if (all_tried) CHECK(done);
  unsetenv("http_proxy");
  close_world(&w);
  return all_tried;
}

static void never_takes_a_proxy_that_is_forbidden (void) {
  long which = 0;
  while (!fail_one(which, "", "DELETE /path?q=1 HTTP/1.1\r\n") &&
         CHECK(which < 10000))
    which++;
  CHECK(which > 20);
}

static void never_goes_around_its_proxy (void) {
  long which = 0;
  while (!fail_one(which, "given", "DELETE http://127.0.0.1:") &&
         CHECK(which < 10000))
    which++;
}

/* The core's own allocations: the name of the host is copied to look it up
   among those that need no proxy. */
static void never_goes_around_its_proxy_for_want_of_ours (void) {
  for (long which = 0; which < 100; which++) {
    struct world w = open_world();
    struct azl_http_config config = {.proxy = w.other_url};
    char row[48];
    snprintf(row, sizeof row, "allocation %ld fails", which + 1);
    CHECK_ROW(row);
    w.http = azl_http_new(w.loop, &config);
    azl_mem_fail_after(which);
    bool done = send_delete(&w);
    long made = azl_mem_fail_after(-1);
    CHECK_INT(w.server->connections, 0);
    close_world(&w);
    if (made <= which) {
      CHECK(done);
      return;
    }
  }
}

int main (void) {
  if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, give, free, give_more,
                           give_copy, give_zeroed) != CURLE_OK)
    return EXIT_FAILURE;
  RUN_TESTS(TEST(never_takes_a_proxy_that_is_forbidden),
            TEST(never_goes_around_its_proxy),
            TEST(never_goes_around_its_proxy_for_want_of_ours));
}
