#ifndef AZL_RAW_SERVER_H
#define AZL_RAW_SERVER_H

/* A TCP server on the loop under test that answers with the bytes it was
   told, whatever was asked, and remembers what it was asked. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#include "check.h"
#include "loop.h"

enum { RAW_CLIENTS = 64, RAW_BYTES = 65536 };

struct raw_server;

struct raw_client {
  struct raw_server *server;
  int fd;
  size_t len;
  char bytes[RAW_BYTES];
};

/* How one request is answered. */
struct raw_answer {
  const char *bytes; /* NULL: nothing, and the connection stays open */
  bool hang_up;      /* after the bytes */
};

struct raw_server {
  struct azl_loop *loop;
  int fd, port, connections, requests;
  const struct raw_answer *answers; /* the last one is used again */
  int answer_count;
  char last[RAW_BYTES], first[RAW_BYTES];
  struct raw_client clients[RAW_CLIENTS];
};

static inline void raw_close (struct raw_client *client) {
  if (client->fd < 0) return;
  azl_loop_forget(client->server->loop, client->fd);
  close(client->fd);
  client->fd = -1;
}

static inline size_t raw_length (const char *head) {
  const char *field = strstr(head, "Content-Length: ");
  return field ? (size_t)strtoul(field + 16, NULL, 10) : 0;
}

static inline void raw_answer (struct raw_client *client, size_t used) {
  struct raw_server *server = client->server;
  int index = server->requests < server->answer_count
                  ? server->requests
                  : server->answer_count - 1;
  const struct raw_answer *answer = &server->answers[index];
  memcpy(server->last, client->bytes, used);
  server->last[used] = '\0';
  if (server->requests++ == 0) memcpy(server->first, server->last, used + 1);
  client->len -= used;
  memmove(client->bytes, client->bytes + used, client->len + 1);
  if (answer->bytes && *answer->bytes)
    CHECK(write(client->fd, answer->bytes, strlen(answer->bytes)) > 0);
  if (answer->hang_up) raw_close(client);
}

static inline void raw_on_bytes (void *ctx, int events) {
  struct raw_client *client = ctx;
  (void)events;
  ssize_t got = read(client->fd, client->bytes + client->len,
                     RAW_BYTES - 1 - client->len);
  if (got <= 0) {
    raw_close(client);
    return;
  }
  client->len += (size_t)got;
  client->bytes[client->len] = '\0';
  const char *end;
  while (client->fd >= 0 && (end = strstr(client->bytes, "\r\n\r\n"))) {
    size_t used = (size_t)(end - client->bytes) + 4;
    used += raw_length(client->bytes);
    if (client->len < used) break;
    raw_answer(client, used);
  }
}

static inline void raw_on_connect (void *ctx, int events) {
  struct raw_server *server = ctx;
  (void)events;
  int fd = accept(server->fd, NULL, NULL);
  if (fd < 0) return;
  struct raw_client *client =
      &server->clients[server->connections++ % RAW_CLIENTS];
  client->server = server;
  client->fd = fd;
  client->len = 0;
  CHECK(azl_loop_watch(server->loop, fd, AZL_READ, raw_on_bytes, client));
}

static inline struct raw_server *
raw_start (struct azl_loop *loop, const struct raw_answer *answers, int count) {
  struct raw_server *server = calloc(1, sizeof(*server));
  struct sockaddr_in at = {.sin_family = AF_INET};
  socklen_t len = sizeof(at);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  server->loop = loop;
  server->answers = answers;
  server->answer_count = count;
  for (int i = 0; i < RAW_CLIENTS; i++) server->clients[i].fd = -1;
  server->fd = socket(AF_INET, SOCK_STREAM, 0);
  CHECK_INT(bind(server->fd, (struct sockaddr *)&at, sizeof(at)), 0);
  CHECK_INT(listen(server->fd, 64), 0);
  getsockname(server->fd, (struct sockaddr *)&at, &len);
  server->port = ntohs(at.sin_port);
  CHECK(azl_loop_watch(loop, server->fd, AZL_READ, raw_on_connect, server));
  return server;
}

static inline void raw_stop (struct raw_server *server) {
  for (int i = 0; i < RAW_CLIENTS; i++) raw_close(&server->clients[i]);
  azl_loop_forget(server->loop, server->fd);
  close(server->fd);
  free(server);
}

/* Runs the loop until *done, with a limit that only a hang reaches. */
#define RAW_RUN_UNTIL(loop, done)                                              \
  for (int turns_ = 0; !(done) && CHECK(turns_ < 20000); turns_++)             \
  azl_loop_turn((loop), 10)

#endif
