/* The server of the benchmark: as fast as one thread can answer the flow that
   every client runs, over HTTP/1.1 with keep-alive, plain or TLS.

     build/bench/server [cert=PEM key=PEM] [port=0] [polls=3] [retry_after=0]
                        [min_gap_ms=0] [delay_ms=0]

   prints "ready PORT". With delay_ms a status answer takes that long, so that
   a second poll of the same operation in the meantime would be seen. */
#include "answers.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { IN_BYTES = 16384, OUT_BYTES = 16384, EVENTS = 256 };

struct peer {
  int fd;
  SSL *ssl;
  bool shaken, held, gone;
  int held_op;
  int64_t due_ms;
  struct peer *next_held;
  size_t in_len, out_len, out_sent;
  char in[IN_BYTES + 1], out[OUT_BYTES];
};

struct server {
  int epoll_fd, listen_fd;
  long delay_ms;
  SSL_CTX *tls;
  struct peer *first_held, *last_held; /* by due time: the delay is constant */
  struct bench_answers answers;
};

static void hold (struct server *server, struct peer *peer, int op) {
  peer->held = true;
  peer->held_op = op;
  peer->due_ms = bench_now_ms() + server->delay_ms;
  peer->next_held = NULL;
  if (server->last_held)
    server->last_held->next_held = peer;
  else
    server->first_held = peer;
  server->last_held = peer;
}

static void reply (struct server *server, struct peer *peer, const char *line) {
  struct bench_reply reply;
  size_t room = OUT_BYTES - peer->out_len;
  bench_answer(&server->answers, line, &reply);
  /* A budget that does not run out: no client has a reason to slow down. */
  int len = snprintf(peer->out + peer->out_len, room,
                     "HTTP/1.1 %d OK\r\nContent-Type: application/json; "
                     "charset=utf-8\r\nContent-Length: %zu\r\n%s"
                     "x-ms-request-id: 11111111-1111-1111-1111-111111111111\r\n"
                     "x-ms-ratelimit-remaining-subscription-global-reads: "
                     "99999999\r\n\r\n%s",
                     reply.status, strlen(reply.body), reply.extra, reply.body);
  if (len > 0 && (size_t)len < room) peer->out_len += (size_t)len;
  if (reply.op >= 0 && server->delay_ms > 0)
    hold(server, peer, reply.op);
  else
    bench_answered(&server->answers, reply.op);
}

static void drop (struct peer *peer) {
  if (!peer->gone) {
    if (peer->ssl) SSL_free(peer->ssl);
    close(peer->fd);
  }
  peer->gone = true;
  if (!peer->held) free(peer);
}

static size_t body_length (const char *head) {
  const char *field = strcasestr(head, "\r\ncontent-length:");
  return field ? strtoul(field + 17, NULL, 10) : 0;
}

static void serve (struct server *server, struct peer *peer) {
  char *end;
  peer->in[peer->in_len] = '\0';
  while ((end = strstr(peer->in, "\r\n\r\n")) != NULL) {
    size_t used = (size_t)(end + 4 - peer->in);
    *end = '\0';
    if (*peer->in == 'P') used += body_length(peer->in);
    if (peer->in_len < used) {
      *end = '\r';
      return;
    }
    peer->in[strcspn(peer->in, "\r")] = '\0';
    reply(server, peer, peer->in);
    peer->in_len -= used;
    memmove(peer->in, peer->in + used, peer->in_len + 1);
  }
}

static ssize_t get_bytes (struct peer *peer) {
  char *to = peer->in + peer->in_len;
  size_t room = IN_BYTES - peer->in_len;
  if (!peer->ssl) return read(peer->fd, to, room);
  int got = SSL_read(peer->ssl, to, (int)room);
  if (got > 0) return got;
  int why = SSL_get_error(peer->ssl, got);
  if (why == SSL_ERROR_ZERO_RETURN) return 0;
  errno = why == SSL_ERROR_WANT_READ ? EAGAIN : EIO;
  return -1;
}

static void put_bytes (struct peer *peer) {
  while (!peer->held && peer->out_sent < peer->out_len) {
    const char *from = peer->out + peer->out_sent;
    size_t left = peer->out_len - peer->out_sent;
    ssize_t sent = peer->ssl ? SSL_write(peer->ssl, from, (int)left)
                             : write(peer->fd, from, left);
    if (sent <= 0) return;
    peer->out_sent += (size_t)sent;
  }
  if (!peer->held) peer->out_sent = peer->out_len = 0;
}

static bool shake (struct peer *peer) {
  int result = SSL_accept(peer->ssl);
  peer->shaken = result == 1;
  return peer->shaken ||
         SSL_get_error(peer->ssl, result) == SSL_ERROR_WANT_READ;
}

/* false: the connection is over. */
static bool advance (struct server *server, struct peer *peer) {
  if (peer->ssl && !peer->shaken && !shake(peer)) return false;
  if (peer->ssl && !peer->shaken) return true;
  ssize_t got = get_bytes(peer);
  if (got <= 0) return got < 0 && errno == EAGAIN;
  peer->in_len += (size_t)got;
  serve(server, peer);
  put_bytes(peer);
  if (peer->in_len >= IN_BYTES) return false;
  return !peer->ssl || !SSL_pending(peer->ssl) || advance(server, peer);
}

static void release_held (struct server *server) {
  int64_t now_ms = bench_now_ms();
  struct peer *peer;
  while ((peer = server->first_held) != NULL && peer->due_ms <= now_ms) {
    server->first_held = peer->next_held;
    if (!server->first_held) server->last_held = NULL;
    peer->held = false;
    bench_answered(&server->answers, peer->held_op);
    if (peer->gone)
      drop(peer);
    else
      put_bytes(peer);
  }
}

static void greet (struct server *server) {
  int fd, on = 1;
  while ((fd = accept4(server->listen_fd, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
    struct peer *peer = calloc(1, sizeof(*peer));
    if (!peer) abort();
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    peer->fd = fd;
    if (server->tls) {
      peer->ssl = SSL_new(server->tls);
      SSL_set_fd(peer->ssl, fd);
    }
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = peer};
    epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, fd, &event);
  }
}

static void listen_on (struct server *server, int port) {
  struct sockaddr_in at = {.sin_family = AF_INET,
                           .sin_port = htons((unsigned short)port)};
  socklen_t len = sizeof(at);
  int on = 1;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  server->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  setsockopt(server->listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (bind(server->listen_fd, (struct sockaddr *)&at, len) < 0 ||
      listen(server->listen_fd, 4096) < 0 ||
      getsockname(server->listen_fd, (struct sockaddr *)&at, &len) < 0) {
    perror("bench server");
    exit(1);
  }
  server->answers.port = ntohs(at.sin_port);
  server->epoll_fd = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(server->epoll_fd, EPOLL_CTL_ADD, server->listen_fd, &event);
}

static void use_tls (struct server *server, const char *cert, const char *key) {
  server->tls = SSL_CTX_new(TLS_server_method());
  if (SSL_CTX_use_certificate_chain_file(server->tls, cert) != 1 ||
      SSL_CTX_use_PrivateKey_file(server->tls, key, SSL_FILETYPE_PEM) != 1) {
    ERR_print_errors_fp(stderr);
    exit(1);
  }
}

/* The value of name=value among the arguments. */
static const char *option (char **argv, const char *name,
                           const char *otherwise) {
  size_t len = strlen(name);
  for (argv++; *argv; argv++)
    if (strncmp(*argv, name, len) == 0 && (*argv)[len] == '=')
      return *argv + len + 1;
  return otherwise;
}

static void run (struct server *server) {
  struct epoll_event events[EVENTS];
  for (;;) {
    int wait_ms = server->first_held ? 1 : -1;
    int count = epoll_wait(server->epoll_fd, events, EVENTS, wait_ms);
    for (int i = 0; i < count; i++) {
      struct peer *peer = events[i].data.ptr;
      if (!peer)
        greet(server);
      else if (!advance(server, peer))
        drop(peer);
    }
    release_held(server);
  }
}

int main (int argc, char **argv) {
  static struct server server;
  struct bench_answers *answers = &server.answers;
  const char *cert = option(argv, "cert", NULL);
  (void)argc;
  signal(SIGPIPE, SIG_IGN);
  answers->scheme = cert ? "https" : "http";
  answers->polls = atoi(option(argv, "polls", "3"));
  answers->retry_after = atol(option(argv, "retry_after", "0"));
  answers->min_gap_ms = atol(option(argv, "min_gap_ms", "0"));
  server.delay_ms = atol(option(argv, "delay_ms", "0"));
  if (cert) use_tls(&server, cert, option(argv, "key", cert));
  listen_on(&server, atoi(option(argv, "port", "0")));
  printf("ready %d\n", answers->port);
  fflush(stdout);
  run(&server);
}
