/* The emulator's HTTP server: libmicrohttpd in external mode on the loop of
   azure.core. No Lua here: callbacks of the daemon only fill and queue
   requests (emulator_exchange.c). */
#include "emulator_server.h"

#include <microhttpd.h>
#include <string.h>
#include <sys/socket.h>

#include "emulator_address.h"
#include "emulator_exchange.h"
#include "emulator_watch.h"

enum {
  /* Room for a poll URL of 4 KB, a bearer token and answers that carry two
     signed URLs, with a wide margin. */
  CONNECTION_BYTES = 256 * 1024,
  CONNECTION_LIMIT = 8192,
  RUNS_PER_TURN = 8
};

struct azl_server {
  struct MHD_Daemon *daemon;
  struct azl_exchanges exchanges;
  struct azl_daemon_watch watch;
  uint16_t port;
};

static void *on_uri (void *cls, const char *uri,
                     struct MHD_Connection *connection) {
  struct azl_server *server = cls;
  return azl_exchange_begin(&server->exchanges, uri, connection);
}

static enum MHD_Result on_access (void *cls, struct MHD_Connection *connection,
                                  const char *url, const char *method,
                                  const char *version, const char *upload_data,
                                  size_t *upload_len, void **con_cls) {
  (void)cls;
  (void)connection;
  (void)url;
  (void)version;
  return azl_exchange_go_on(*con_cls, method, upload_data, upload_len);
}

static void on_completed (void *cls, struct MHD_Connection *connection,
                          void **con_cls,
                          enum MHD_RequestTerminationCode code) {
  (void)cls;
  (void)connection;
  (void)code;
  azl_exchange_free(*con_cls);
  *con_cls = NULL;
}

static void on_connection (void *cls, struct MHD_Connection *connection,
                           void **socket_context,
                           enum MHD_ConnectionNotificationCode code) {
  struct azl_server *server = cls;
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
  (void)socket_context;
  if (code == MHD_CONNECTION_NOTIFY_CLOSED && info)
    azl_daemon_watch_forget(&server->watch, info->connect_fd);
}

/* There is no connection timeout, so the daemon asks for a wait only when it
   has work left: data inside TLS buffers, resumed connections. */
static bool has_work (struct azl_server *server) {
  MHD_UNSIGNED_LONG_LONG wait_ms = 0;
  return MHD_get_timeout(server->daemon, &wait_ms) == MHD_YES && wait_ms == 0;
}

static void pump (struct azl_server *server) {
  int runs = 0;
  do {
    if (MHD_run(server->daemon) != MHD_YES) break;
  } while (has_work(server) && ++runs < RUNS_PER_TURN);
  if (runs == RUNS_PER_TURN)
    server->exchanges.api->defer(server->watch.loop, &server->exchanges.wake);
  azl_daemon_watch_update(&server->watch);
}

static void on_ready (void *ctx, int events) {
  (void)events;
  pump(ctx);
}

static void on_wake (void *ctx) {
  pump(ctx);
}

static struct MHD_Daemon *start_daemon (struct azl_server *server,
                                        const struct azl_server_options *o,
                                        struct sockaddr_storage *address) {
  unsigned flags = MHD_ALLOW_SUSPEND_RESUME | MHD_USE_SUPPRESS_DATE_NO_CLOCK;
  struct MHD_OptionItem tls[] = {
      {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)o->cert_pem},
      {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)o->key_pem},
      {MHD_OPTION_END, 0, NULL}};
  struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
  if (!server->watch.use_select) flags |= MHD_USE_EPOLL;
  if (o->cert_pem) flags |= MHD_USE_TLS;
  if (address->ss_family == AF_INET6) flags |= MHD_USE_IPv6;
  return MHD_start_daemon(
      flags, o->port, NULL, NULL, on_access, server, MHD_OPTION_SOCK_ADDR,
      (struct sockaddr *)address, MHD_OPTION_URI_LOG_CALLBACK, on_uri, server,
      MHD_OPTION_NOTIFY_COMPLETED, on_completed, server,
      MHD_OPTION_NOTIFY_CONNECTION, on_connection, server,
      MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
      MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTION_LIMIT,
      MHD_OPTION_CONNECTION_TIMEOUT, 0u, MHD_OPTION_ARRAY,
      o->cert_pem ? tls : none, MHD_OPTION_END);
}

static bool watch_daemon (struct azl_server *server) {
  const union MHD_DaemonInfo *info =
      MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_BIND_PORT);
  if (info) server->port = info->port;
  server->watch.daemon = server->daemon;
  return azl_daemon_watch_start(&server->watch);
}

static struct azl_server *
server_new (const struct azl_server_options *options) {
  struct azl_server *server = azl_calloc(1, sizeof *server);
  if (!server) return NULL;
  azl_exchanges_init(&server->exchanges, options->api, options->loop,
                     options->max_body_bytes);
  server->exchanges.wake.fn = on_wake;
  server->exchanges.wake.ctx = server;
  server->watch.api = options->api;
  server->watch.loop = options->loop;
  server->watch.fn = on_ready;
  server->watch.ctx = server;
  server->watch.use_select = options->use_select || !azl_daemon_has_epoll();
  server->watch.epoll_fd = server->watch.max_fd = -1;
  return server;
}

struct azl_server *azl_server_open (const struct azl_server_options *options,
                                    const char **out_why) {
  struct sockaddr_storage address;
  struct azl_server *server;
  *out_why = "the address is not a numeric IP address";
  if (!azl_address_parse(options->address, options->port, &address))
    return NULL;
  *out_why = "out of memory";
  server = server_new(options);
  if (!server) return NULL;
  *out_why = "cannot listen there (is the port in use?)";
  server->daemon = start_daemon(server, options, &address);
  if (!server->daemon) {
    azl_free(server);
    return NULL;
  }
  if (watch_daemon(server)) return server;
  *out_why = "cannot watch the server's descriptors";
  azl_server_close(server);
  return NULL;
}

void azl_server_close (struct azl_server *server) {
  if (!server) return;
  azl_daemon_watch_stop(&server->watch);
  azl_exchanges_drop(&server->exchanges);
  MHD_stop_daemon(server->daemon);
  azl_free(server);
}

uint16_t azl_server_port (const struct azl_server *server) {
  return server->port;
}

bool azl_server_has_request (const struct azl_server *server) {
  return !azl_list_empty(&server->exchanges.queued);
}

unsigned azl_server_connections (const struct azl_server *server) {
  const union MHD_DaemonInfo *info =
      MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
  return info ? info->num_connections : 0;
}

bool azl_server_next (struct azl_server *server,
                      struct azl_server_request *out) {
  return azl_exchanges_next(&server->exchanges, out);
}

bool azl_server_answer (struct azl_server *server, uint64_t id,
                        const struct azl_answer *answer) {
  return azl_exchanges_answer(&server->exchanges, id, answer);
}
