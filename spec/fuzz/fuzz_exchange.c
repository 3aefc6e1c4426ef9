/* The C side of the emulator's server: requests of several connections at once,
   in any order of events. libmicrohttpd's part, the connections, is played here
   without sockets: what it parses is its own business, what it tells is not.
   Input: one event to a line, with the number of a connection (0 to 3) or of a
   request (1 and up).

     b0 /path       the first word about a request      d0 text   part of its
   body m0 PUT A: b    method and headers, tabs between    e0        its end n
   fetches the oldest request          t 500     milliseconds pass r1 200
   answers; x1 drops, z1 resets; a further number: so late, in ms c0 the
   connection is gone */
#include "../../csrc/emulator_address.c" /* none of these is in the core */
#include "../../csrc/emulator_exchange.c"
#include "../../csrc/emulator_response.c"
#include "fuzz.h"

enum { CONNECTIONS = 4, MAX_REQUESTS = 256, MAX_BODY = 64 };

struct MHD_Connection {
  void *exchange;
  char *headers; /* tabs between them; NULL: none */
  bool suspended, answered, refused, closed;
  size_t body_len; /* sent so far */
};

static struct MHD_Connection connections[CONNECTIONS];

/* --- libmicrohttpd, as far as connections go --- */

const union MHD_ConnectionInfo *
MHD_get_connection_info (struct MHD_Connection *connection,
                         enum MHD_ConnectionInfoType type, ...) {
  (void)connection, (void)type;
  return NULL;
}

int MHD_get_connection_values (struct MHD_Connection *connection,
                               enum MHD_ValueKind kind,
                               MHD_KeyValueIterator iterator, void *ctx) {
  int count = 0;
  char *at = connection->headers;
  while (at && *at) {
    char *stop = strchr(at, '\t');
    if (stop) *stop = '\0';
    char *value = strstr(at, ": ");
    if (value) *value = '\0';
    iterator(ctx, kind, at, value ? value + 2 : NULL);
    count++;
    at = stop ? stop + 1 : NULL;
  }
  return count;
}

void MHD_suspend_connection (struct MHD_Connection *connection) {
  PROMISE(!connection->suspended);
  connection->suspended = true;
}

void MHD_resume_connection (struct MHD_Connection *connection) {
  PROMISE(connection->suspended);
  connection->suspended = false;
}

enum MHD_Result MHD_queue_response (struct MHD_Connection *connection,
                                    unsigned status,
                                    struct MHD_Response *response) {
  PROMISE(response && status >= 100 && status < 1000);
  PROMISE(!connection->suspended && !connection->answered);
  connection->answered = true;
  return MHD_YES;
}

/* --- the events --- */

struct world {
  struct azl_exchanges all;
  uint64_t fetched;            /* the last request that was */
  bool answered[MAX_REQUESTS]; /* by id */
};

static void on_wake (void *ctx) {
  (void)ctx;
}

/* libmicrohttpd ends a request only where it is not suspended. */
static void gone (struct MHD_Connection *c) {
  if (!c->exchange || c->suspended) return;
  azl_exchange_free(c->exchange);
  *c = (struct MHD_Connection){.headers = NULL};
}

static void go_on (struct MHD_Connection *c, const char *method, char *bytes) {
  size_t len = bytes ? strlen(bytes) : 0, offered = len;
  if (!c->exchange || c->suspended || c->answered || c->closed) return;
  enum MHD_Result result = azl_exchange_go_on(c->exchange, method, bytes, &len);
  PROMISE(len == 0 || len == offered);
  if (len == 0) c->body_len += offered;
  if (result == MHD_NO) c->closed = true;
}

static void begin_one (struct world *w, struct MHD_Connection *c, char *uri) {
  gone(c);
  if (!c->exchange) c->exchange = azl_exchange_begin(&w->all, uri, c);
}

static void tell_head (struct MHD_Connection *c, char *text) {
  struct exchange *x = c->exchange;
  if (!x || x->state != EXCHANGE_NEW) return;
  char *space = strchr(text, ' ');
  if (space) *space = '\0';
  c->headers = space ? space + 1 : NULL;
  go_on(c, text, NULL);
  c->headers = NULL;
}

/* The body and its end come after the head only. */
static void tell_body (struct MHD_Connection *c, char *bytes) {
  struct exchange *x = c->exchange;
  if (!x || x->state == EXCHANGE_NEW) return;
  if (x->state == EXCHANGE_ANSWERED) bytes = NULL;
  go_on(c, x->method, bytes);
}

static void check_headers (const struct azl_buf *headers) {
  int strings = 0;
  for (size_t i = 0; i < headers->len; i++) strings += headers->data[i] == '\0';
  PROMISE(strings % 2 == 0);
  PROMISE(headers->len == 0 || headers->data[headers->len - 1] == '\0');
}

static const struct MHD_Connection *connection_of (uint64_t id) {
  const struct MHD_Connection *c = connections;
  while (!c->exchange || ((struct exchange *)c->exchange)->id != id) c++;
  return c;
}

static void fetch (struct world *w) {
  struct azl_server_request got;
  bool any = !azl_list_empty(&w->all.queued);
  PROMISE(azl_exchanges_next(&w->all, &got) == any);
  if (!any) return;
  PROMISE(got.id > w->fetched && got.method && got.uri && got.remote);
  PROMISE(got.body->len <= MAX_BODY);
  PROMISE(got.body->len == connection_of(got.id)->body_len);
  check_headers(got.headers);
  w->fetched = got.id;
}

static void answer (struct world *w, enum azl_answer_kind kind, char *text) {
  char *rest = NULL;
  uint64_t id = strtoull(text, &rest, 10);
  struct azl_answer given = {.kind = kind};
  given.status = 200 + (unsigned)strtoul(rest, &rest, 10) % 300;
  given.delay_ms = (int64_t)(strtoul(rest, NULL, 10) % 100000);
  if (kind == AZL_ANSWER_RESPOND)
    given.response = azl_response_new("body", 4, id % 7);
  bool open =
      id > 0 && id <= w->fetched && id < MAX_REQUESTS && !w->answered[id];
  if (id >= MAX_REQUESTS && id <= w->fetched) {
    azl_response_free(given.response);
    return;
  }
  PROMISE(azl_exchanges_answer(&w->all, id, &given) == open);
  if (open) w->answered[id] = true;
}

static void pass (struct azl_loop *loop, int64_t ms) {
  azl_clock_advance(azl_loop_clock(loop), ms);
  azl_loop_turn(loop, 0);
}

static void one_event (struct world *w, char *line) {
  if (!line[0]) return;
  int number = line[1] >= '0' && line[1] <= '3' ? line[1] - '0' : 0;
  struct MHD_Connection *c = &connections[number];
  char *rest = line + 1 + strspn(line + 1, "0123");
  rest += *rest == ' ';
  switch (line[0]) {
  case 'b': begin_one(w, c, rest); break;
  case 'm': tell_head(c, rest); break;
  case 'd': tell_body(c, rest); break;
  case 'e': tell_body(c, NULL); break;
  case 'n': fetch(w); break;
  case 'r': answer(w, AZL_ANSWER_RESPOND, line + 1); break;
  case 'x': answer(w, AZL_ANSWER_DROP, line + 1); break;
  case 'z': answer(w, AZL_ANSWER_RESET, line + 1); break;
  case 't': pass(w->all.loop, strtol(line + 1, NULL, 10) & 0xfffff); break;
  case 'c': gone(c); break;
  }
}

static void end_all (struct world *w) {
  azl_exchanges_drop(&w->all);
  for (int i = 0; i < CONNECTIONS; i++) {
    struct MHD_Connection *c = &connections[i];
    const struct exchange *x = c->exchange;
    PROMISE(!c->suspended);
    if (x && x->state == EXCHANGE_ANSWERED) tell_body(c, NULL);
    gone(c);
    PROMISE(!c->exchange);
  }
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  static const struct azl_host_api api = {.timer = azl_loop_timer,
                                          .timer_stop = azl_loop_timer_stop,
                                          .defer = azl_loop_defer,
                                          .defer_stop = azl_loop_defer_stop,
                                          .now_ms = azl_loop_now_ms,
                                          .busy = azl_loop_busy};
  long live = azl_mem_live();
  struct world w = {.fetched = 0};
  struct azl_loop *loop = azl_loop_new("poll");
  char *text = fuzz_text(data, size), *at = text;
  azl_exchanges_init(&w.all, &api, loop, MAX_BODY);
  azl_defer_init(&w.all.wake, on_wake, NULL);
  while (at && w.all.last_id < MAX_REQUESTS) {
    char *stop = strchr(at, '\n');
    if (stop) *stop = '\0';
    one_event(&w, at);
    at = stop ? stop + 1 : NULL;
  }
  end_all(&w);
  azl_loop_free(loop);
  PROMISE(azl_mem_live() == live);
  free(text);
  return 0;
}
