/* Requests from their first byte to their answer: received by the daemon,
   queued whole, fetched by the loop's step, answered at once or later. */
#include "emulator_exchange.h"

#include <string.h>
#include <sys/socket.h>

#include "emulator_address.h"
#include "emulator_response.h"

enum {
  MAX_HEADER_BYTES = 512 * 1024,
  STATUS_CONTENT_TOO_LARGE = 413,
  STATUS_HEADERS_TOO_LARGE = 431
};

enum exchange_state {
  EXCHANGE_NEW,       /* the request line is there */
  EXCHANGE_RECEIVING, /* headers too, the body is coming */
  EXCHANGE_QUEUED,    /* whole; waits for azl_server_next */
  EXCHANGE_FETCHED,   /* somebody is working on it */
  EXCHANGE_DELAYED,   /* answered; the answer waits for its timer */
  EXCHANGE_ANSWERED   /* the answer goes out when the daemon runs */
};

struct exchange {
  struct azl_list node; /* in queued, fetched or delayed, or in none */
  struct azl_exchanges *owner;
  struct MHD_Connection *connection;
  enum exchange_state state;
  uint64_t id;
  char *method, *uri;
  char remote[AZL_ADDRESS_BYTES];
  struct azl_buf headers, body;
  unsigned refused_status; /* answered without asking anybody */
  struct azl_answer answer;
  struct azl_timer timer;
};

void azl_exchanges_init (struct azl_exchanges *all,
                         const struct azl_host_api *api, struct azl_loop *loop,
                         size_t max_body_bytes) {
  memset(all, 0, sizeof *all);
  all->api = api;
  all->loop = loop;
  all->max_body_bytes = max_body_bytes;
  azl_list_init(&all->queued);
  azl_list_init(&all->fetched);
  azl_list_init(&all->delayed);
  azl_list_init(&all->wake.node);
}

void azl_exchange_free (void *exchange) {
  struct exchange *x = exchange;
  if (!x) return;
  azl_list_remove(&x->node);
  azl_response_free(x->answer.response);
  azl_buf_free(&x->headers);
  azl_buf_free(&x->body);
  azl_free(x->method);
  azl_free(x->uri);
  azl_free(x);
}

void *azl_exchange_begin (struct azl_exchanges *all, const char *uri,
                          struct MHD_Connection *connection) {
  struct exchange *x = azl_calloc(1, sizeof *x);
  if (!x) return NULL;
  azl_list_init(&x->node);
  x->owner = all;
  x->connection = connection;
  azl_buf_init(&x->headers, MAX_HEADER_BYTES);
  azl_buf_init(&x->body, all->max_body_bytes);
  x->uri = azl_strdup(uri);
  if (x->uri) return x;
  azl_exchange_free(x);
  return NULL;
}

static enum MHD_Result add_header (void *cls, enum MHD_ValueKind kind,
                                   const char *name, const char *value) {
  struct exchange *x = cls;
  (void)kind;
  if (!value) value = "";
  if (!azl_buf_add(&x->headers, name, strlen(name) + 1) ||
      !azl_buf_add(&x->headers, value, strlen(value) + 1))
    x->refused_status = STATUS_HEADERS_TOO_LARGE;
  return MHD_YES;
}

static void note_remote (struct exchange *x) {
  const union MHD_ConnectionInfo *info = MHD_get_connection_info(
      x->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  azl_address_format(info ? info->client_addr : NULL, x->remote,
                     sizeof x->remote);
}

static enum MHD_Result begin (struct exchange *x, const char *method) {
  x->method = azl_strdup(method);
  if (!x->method) return MHD_NO;
  note_remote(x);
  MHD_get_connection_values(x->connection, MHD_HEADER_KIND, add_header, x);
  x->state = EXCHANGE_RECEIVING;
  return MHD_YES;
}

static enum MHD_Result send_refusal (struct exchange *x) {
  struct MHD_Response *response = azl_response_new(NULL, 0, 0);
  enum MHD_Result sent;
  if (!response) return MHD_NO;
  sent = MHD_queue_response(x->connection, x->refused_status, response);
  azl_response_free(response);
  return sent;
}

static enum MHD_Result receive (struct exchange *x, const char *bytes,
                                size_t *len) {
  if (*len > 0) {
    /* The rest of a body that is too large is read and forgotten: an answer
       in the middle of an upload would be lost with the connection. */
    if (!x->refused_status && !azl_buf_add(&x->body, bytes, *len))
      x->refused_status = STATUS_CONTENT_TOO_LARGE;
    *len = 0;
    return MHD_YES;
  }
  if (x->refused_status) return send_refusal(x);
  x->state = EXCHANGE_QUEUED;
  x->id = ++x->owner->last_id;
  azl_list_push(&x->owner->queued, &x->node);
  MHD_suspend_connection(x->connection);
  return MHD_YES;
}

static void make_close_reset (struct MHD_Connection *connection) {
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  struct linger linger = {.l_onoff = 1, .l_linger = 0};
  if (info)
    (void)setsockopt(info->connect_fd, SOL_SOCKET, SO_LINGER, &linger,
                     sizeof linger);
}

static enum MHD_Result deliver (struct exchange *x) {
  if (x->answer.kind == AZL_ANSWER_RESET) make_close_reset(x->connection);
  if (x->answer.kind != AZL_ANSWER_RESPOND) return MHD_NO;
  return MHD_queue_response(x->connection, x->answer.status,
                            x->answer.response);
}

enum MHD_Result azl_exchange_go_on (void *exchange, const char *method,
                                    const char *bytes, size_t *len) {
  struct exchange *x = exchange;
  if (!x) return MHD_NO;
  switch (x->state) {
  case EXCHANGE_NEW: return begin(x, method);
  case EXCHANGE_RECEIVING: return receive(x, bytes, len);
  case EXCHANGE_ANSWERED: return deliver(x);
  default: return MHD_YES;
  }
}

/* The daemon runs again in the loop's next turn, not here: several answers of
   one turn go out together. */
static void release (struct exchange *x) {
  x->state = EXCHANGE_ANSWERED;
  azl_list_remove(&x->node);
  MHD_resume_connection(x->connection);
  x->owner->api->defer(x->owner->loop, &x->owner->wake);
}

/* While an answer is held back the one who waits for it waits for the clock:
   a virtual clock may jump. */
static void end_delay (struct exchange *x) {
  if (x->state != EXCHANGE_DELAYED) return;
  if (azl_timer_running(&x->timer))
    x->owner->api->timer_stop(x->owner->loop, &x->timer);
  x->owner->api->busy(x->owner->loop, 1);
}

static void on_delay_over (void *ctx) {
  struct exchange *x = ctx;
  end_delay(x);
  release(x);
}

/* The daemon aborts the process when it is stopped with a connection that is
   still suspended. */
static void drop_all (struct azl_list *list) {
  while (!azl_list_empty(list)) {
    struct exchange *x = AZL_CONTAINER(list->next, struct exchange, node);
    end_delay(x);
    x->answer.kind = AZL_ANSWER_DROP;
    release(x);
  }
}

void azl_exchanges_drop (struct azl_exchanges *all) {
  drop_all(&all->queued);
  drop_all(&all->fetched);
  drop_all(&all->delayed);
  all->api->defer_stop(&all->wake);
}

bool azl_exchanges_next (struct azl_exchanges *all,
                         struct azl_server_request *out) {
  struct azl_list *node = azl_list_pop(&all->queued);
  struct exchange *x;
  if (!node) return false;
  x = AZL_CONTAINER(node, struct exchange, node);
  x->state = EXCHANGE_FETCHED;
  azl_list_push(&all->fetched, node);
  *out = (struct azl_server_request){.id = x->id,
                                     .method = x->method,
                                     .uri = x->uri,
                                     .remote = x->remote,
                                     .headers = &x->headers,
                                     .body = &x->body};
  return true;
}

/* Few are ever under way at once, and answers mostly come in order. */
static struct exchange *find_fetched (struct azl_exchanges *all, uint64_t id) {
  struct azl_list *node = all->fetched.next;
  for (; node != &all->fetched; node = node->next) {
    struct exchange *x = AZL_CONTAINER(node, struct exchange, node);
    if (x->id == id) return x;
  }
  return NULL;
}

static bool delay (struct exchange *x, int64_t delay_ms) {
  const struct azl_host_api *api = x->owner->api;
  struct azl_loop *loop = x->owner->loop;
  x->timer.fn = on_delay_over;
  x->timer.ctx = x;
  if (!api->timer(loop, &x->timer, api->now_ms(loop) + delay_ms)) return false;
  x->state = EXCHANGE_DELAYED;
  azl_list_push(&x->owner->delayed, &x->node);
  api->busy(loop, -1);
  return true;
}

bool azl_exchanges_answer (struct azl_exchanges *all, uint64_t id,
                           const struct azl_answer *answer) {
  struct exchange *x = find_fetched(all, id);
  if (!x) {
    azl_response_free(answer->response);
    return false;
  }
  x->answer = *answer;
  azl_list_remove(&x->node);
  if (answer->delay_ms <= 0 || !delay(x, answer->delay_ms)) release(x);
  return true;
}
