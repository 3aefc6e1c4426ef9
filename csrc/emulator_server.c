/* The emulator's HTTP server: libmicrohttpd in external mode, its epoll
   descriptor watched by the loop of azure.core. No Lua here: callbacks of the
   daemon only fill and queue requests. */
#include "emulator_server.h"

#include <microhttpd.h>
#include <string.h>
#include <sys/socket.h>

#include "emulator_address.h"

enum {
  MAX_HEADER_BYTES = 512 * 1024,
  /* Room for a poll URL of 4 KB, a bearer token and answers that carry two
     signed URLs, with a wide margin. */
  CONNECTION_BYTES = 256 * 1024,
  CONNECTION_LIMIT = 8192,
  RUNS_PER_TURN = 8,
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
  struct azl_server *server;
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

struct azl_server {
  const struct azl_host_api *api;
  struct azl_loop *loop;
  struct MHD_Daemon *daemon;
  struct azl_defer again;
  struct azl_list queued, fetched, delayed;
  uint64_t last_id;
  size_t max_body_bytes;
  int epoll_fd; /* -1: not watched */
  uint16_t port;
};

/* --- exchanges --- */

static void exchange_free (struct exchange *x) {
  if (!x) return;
  azl_list_remove(&x->node);
  azl_response_free(x->answer.response);
  azl_buf_free(&x->headers);
  azl_buf_free(&x->body);
  azl_free(x->method);
  azl_free(x->uri);
  azl_free(x);
}

/* The daemon's first word about a request, and the only one that has the URI
   before it is unescaped. */
static void *on_uri (void *cls, const char *uri,
                     struct MHD_Connection *connection) {
  struct azl_server *server = cls;
  struct exchange *x = azl_calloc(1, sizeof *x);
  if (!x) return NULL;
  azl_list_init(&x->node);
  x->server = server;
  x->connection = connection;
  azl_buf_init(&x->headers, MAX_HEADER_BYTES);
  azl_buf_init(&x->body, server->max_body_bytes);
  x->uri = azl_strdup(uri);
  if (x->uri) return x;
  exchange_free(x);
  return NULL;
}

static void on_completed (void *cls, struct MHD_Connection *connection,
                          void **con_cls,
                          enum MHD_RequestTerminationCode code) {
  (void)cls;
  (void)connection;
  (void)code;
  exchange_free(*con_cls);
  *con_cls = NULL;
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
  x->id = ++x->server->last_id;
  azl_list_push(&x->server->queued, &x->node);
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

static enum MHD_Result on_access (void *cls, struct MHD_Connection *connection,
                                  const char *url, const char *method,
                                  const char *version, const char *upload_data,
                                  size_t *upload_len, void **con_cls) {
  struct exchange *x = *con_cls;
  (void)cls;
  (void)connection;
  (void)url;
  (void)version;
  if (!x) return MHD_NO;
  switch (x->state) {
  case EXCHANGE_NEW: return begin(x, method);
  case EXCHANGE_RECEIVING: return receive(x, upload_data, upload_len);
  case EXCHANGE_ANSWERED: return deliver(x);
  default: return MHD_YES;
  }
}

/* --- the daemon on the loop --- */

static void pump (struct azl_server *server) {
  for (int i = 0; i < RUNS_PER_TURN; i++) {
    MHD_UNSIGNED_LONG_LONG wait_ms = 0;
    if (MHD_run(server->daemon) != MHD_YES) return;
    /* There is no connection timeout, so the daemon asks for a wait only when
       it has work left: data inside TLS buffers, resumed connections. */
    if (MHD_get_timeout(server->daemon, &wait_ms) != MHD_YES) return;
    if (wait_ms > 0) return;
  }
  server->api->defer(server->loop, &server->again);
}

static void on_epoll (void *ctx, int events) {
  (void)events;
  pump(ctx);
}

static void on_again (void *ctx) {
  pump(ctx);
}

static struct MHD_Daemon *start_daemon (struct azl_server *server,
                                        const struct azl_server_options *o,
                                        struct sockaddr_storage *address) {
  unsigned flags =
      MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_SUPPRESS_DATE_NO_CLOCK;
  struct MHD_OptionItem tls[] = {
      {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)o->cert_pem},
      {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)o->key_pem},
      {MHD_OPTION_END, 0, NULL}};
  struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
  if (o->cert_pem) flags |= MHD_USE_TLS;
  if (address->ss_family == AF_INET6) flags |= MHD_USE_IPv6;
  return MHD_start_daemon(
      flags, o->port, NULL, NULL, on_access, server, MHD_OPTION_SOCK_ADDR,
      (struct sockaddr *)address, MHD_OPTION_URI_LOG_CALLBACK, on_uri, server,
      MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
      MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTION_LIMIT,
      MHD_OPTION_CONNECTION_TIMEOUT, 0u, MHD_OPTION_ARRAY,
      o->cert_pem ? tls : none, MHD_OPTION_END);
}

static bool watch_daemon (struct azl_server *server) {
  const union MHD_DaemonInfo *info =
      MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
  if (!info || info->epoll_fd < 0) return false;
  if (!server->api->watch(server->loop, info->epoll_fd, AZL_READ, on_epoll,
                          server))
    return false;
  server->epoll_fd = info->epoll_fd;
  info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
  if (info) server->port = info->port;
  return true;
}

struct azl_server *azl_server_open (const struct azl_server_options *options,
                                    const char **out_why) {
  struct sockaddr_storage address;
  struct azl_server *server = NULL;
  *out_why = "the address is not a numeric IP address";
  if (!azl_address_parse(options->address, options->port, &address))
    return NULL;
  *out_why = "out of memory";
  server = azl_calloc(1, sizeof *server);
  if (!server) return NULL;
  server->api = options->api;
  server->loop = options->loop;
  server->epoll_fd = -1;
  server->max_body_bytes = options->max_body_bytes;
  azl_list_init(&server->queued);
  azl_list_init(&server->fetched);
  azl_list_init(&server->delayed);
  azl_list_init(&server->again.node);
  server->again.fn = on_again;
  server->again.ctx = server;
  server->daemon = start_daemon(server, options, &address);
  if (!server->daemon) {
    *out_why = "cannot listen there (is the port in use?)";
    azl_free(server);
    return NULL;
  }
  if (watch_daemon(server)) return server;
  *out_why = "cannot watch the server's descriptor";
  azl_server_close(server);
  return NULL;
}

/* The daemon runs again in the loop's next turn, not here: several answers of
   one turn go out together. */
static void release (struct exchange *x) {
  x->state = EXCHANGE_ANSWERED;
  azl_list_remove(&x->node);
  MHD_resume_connection(x->connection);
  x->server->api->defer(x->server->loop, &x->server->again);
}

/* While an answer is held back the one who waits for it waits for the clock:
   a virtual clock may jump. */
static void end_delay (struct exchange *x) {
  if (x->state != EXCHANGE_DELAYED) return;
  if (azl_timer_running(&x->timer))
    x->server->api->timer_stop(x->server->loop, &x->timer);
  x->server->api->busy(x->server->loop, 1);
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

void azl_server_close (struct azl_server *server) {
  if (!server) return;
  if (server->epoll_fd >= 0)
    (void)server->api->watch(server->loop, server->epoll_fd, 0, NULL, NULL);
  drop_all(&server->queued);
  drop_all(&server->fetched);
  drop_all(&server->delayed);
  server->api->defer_stop(&server->again);
  MHD_stop_daemon(server->daemon);
  azl_free(server);
}

uint16_t azl_server_port (const struct azl_server *server) {
  return server->port;
}

bool azl_server_has_request (const struct azl_server *server) {
  return !azl_list_empty(&server->queued);
}

unsigned azl_server_connections (const struct azl_server *server) {
  const union MHD_DaemonInfo *info =
      MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
  return info ? info->num_connections : 0;
}

bool azl_server_next (struct azl_server *server,
                      struct azl_server_request *out) {
  struct azl_list *node = azl_list_pop(&server->queued);
  struct exchange *x;
  if (!node) return false;
  x = AZL_CONTAINER(node, struct exchange, node);
  x->state = EXCHANGE_FETCHED;
  azl_list_push(&server->fetched, node);
  *out = (struct azl_server_request){.id = x->id,
                                     .method = x->method,
                                     .uri = x->uri,
                                     .remote = x->remote,
                                     .headers = &x->headers,
                                     .body = &x->body};
  return true;
}

/* Few are ever under way at once, and answers mostly come in order. */
static struct exchange *find_fetched (struct azl_server *server, uint64_t id) {
  struct azl_list *node = server->fetched.next;
  for (; node != &server->fetched; node = node->next) {
    struct exchange *x = AZL_CONTAINER(node, struct exchange, node);
    if (x->id == id) return x;
  }
  return NULL;
}

bool azl_server_answer (struct azl_server *server, uint64_t id,
                        const struct azl_answer *answer) {
  struct exchange *x = find_fetched(server, id);
  if (!x) {
    azl_response_free(answer->response);
    return false;
  }
  x->answer = *answer;
  x->timer.fn = on_delay_over;
  x->timer.ctx = x;
  azl_list_remove(&x->node);
  if (answer->delay_ms > 0 &&
      server->api->timer(server->loop, &x->timer,
                         server->api->now_ms(server->loop) +
                             answer->delay_ms)) {
    x->state = EXCHANGE_DELAYED;
    server->api->busy(server->loop, -1);
    azl_list_push(&server->delayed, &x->node);
  } else {
    release(x);
  }
  return true;
}
