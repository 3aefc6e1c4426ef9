/* The sockets that libcurl wants to hear of. After an answer it wants to hear
   of the connection no longer, and a moment later of it again: since those are
   opened and closed through us, we know that it is the same one, and the kernel
   need not be told. Not so before the first answer: libcurl closes attempts at
   a connection by itself, and the descriptors of its resolver. */
#include "http_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

struct azl_socket {
  struct azl_http *http;
  curl_socket_t fd;
  int what;  /* libcurl wants to hear of; 0: nothing */
  bool ours; /* opened and closed through us */
  bool answered;
};

static struct azl_socket *known (const struct azl_http *http,
                                 curl_socket_t fd) {
  return fd < http->socket_capacity ? http->sockets[fd] : NULL;
}

static bool has_room (struct azl_http *http, curl_socket_t fd) {
  int capacity = http->socket_capacity ? http->socket_capacity : 64;
  while (capacity <= fd) capacity *= 2;
  if (capacity == http->socket_capacity) return true;
  struct azl_socket **sockets = azl_realloc(
      http->sockets, (size_t)capacity * sizeof(struct azl_socket *));
  if (!sockets) return false;
  for (int i = http->socket_capacity; i < capacity; i++) sockets[i] = NULL;
  http->sockets = sockets;
  http->socket_capacity = capacity;
  return true;
}

/* NULL: no memory. */
static struct azl_socket *add (struct azl_http *http, curl_socket_t fd,
                               bool ours) {
  if (!has_room(http, fd)) return NULL;
  struct azl_socket *self = azl_malloc(sizeof(*self));
  if (self) *self = (struct azl_socket){.http = http, .fd = fd, .ours = ours};
  http->sockets[fd] = self;
  return self;
}

/* The fd may be closed as soon as this returns. */
static void drop (struct azl_socket *self) {
  azl_loop_forget(self->http->loop, self->fd);
  self->http->sockets[self->fd] = NULL;
  azl_free(self);
}

static void on_ready (void *ctx, int events) {
  struct azl_socket *self = ctx;
  int flags = 0;
  if (events & AZL_READ) flags |= CURL_CSELECT_IN;
  if (events & AZL_WRITE) flags |= CURL_CSELECT_OUT;
  azl_http_act(self->http, self->fd, flags);
}

/* false: no memory; it is as it was. */
static bool watch (struct azl_socket *self, int what) {
  int events = 0;
  if (what & CURL_POLL_IN) events |= AZL_READ;
  if (what & CURL_POLL_OUT) events |= AZL_WRITE;
  if (!self ||
      !azl_loop_watch(self->http->loop, self->fd, events, on_ready, self))
    return false;
  self->what = what;
  return true;
}

static curl_socket_t open_socket (const struct curl_sockaddr *address) {
#ifdef SOCK_CLOEXEC
  return socket(address->family, address->socktype | SOCK_CLOEXEC,
                address->protocol);
#else
  int fd = socket(address->family, address->socktype, address->protocol);
  if (fd >= 0) (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
  return fd;
#endif
}

/* A number that is still known was closed without us: by an attempt at one
   address, before that at the next. libcurl 7.88 takes the two for one socket,
   and does not say again what it wants to hear of it. Where there is no memory,
   the socket is as one of the resolver's. */
static curl_socket_t on_open (void *ctx, curlsocktype purpose,
                              struct curl_sockaddr *address) {
  curl_socket_t fd = open_socket(address);
  (void)purpose;
  if (fd < 0) return CURL_SOCKET_BAD;
  struct azl_socket *old = known(ctx, fd);
  int what = old ? old->what : 0;
  if (old) drop(old);
  struct azl_socket *self = add(ctx, fd, true);
  if (what && !watch(self, what)) azl_http_starve(ctx);
  ((struct azl_http *)ctx)->opened = fd;
  return fd;
}

static int on_close (void *ctx, curl_socket_t fd) {
  struct azl_socket *self = known(ctx, fd);
  if (self) drop(self);
  return close(fd);
}

void azl_sockets_free (struct azl_http *http) {
  for (int fd = 0; fd < http->socket_capacity; fd++)
    azl_free(http->sockets[fd]);
  azl_free(http->sockets);
}

void azl_socket_answered (struct azl_http *http, curl_socket_t fd) {
  struct azl_socket *self = known(http, fd);
  if (self) self->answered = true;
}

void azl_socket_opened (struct azl_http *http) {
  const struct azl_socket *self =
      http->opened > 0 ? known(http, http->opened) : NULL;
  http->opened = 0;
  if (self && self->what == 0 && !self->answered)
    azl_loop_defer(http->loop, &http->next_address);
}

bool azl_socket_keep (CURL *easy, struct azl_http *http) {
  return curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open) ==
             CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, http) == CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close) ==
             CURLE_OK &&
         curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, http) == CURLE_OK;
}

static void fail_one (CURL *easy) {
  struct azl_handle *handle = NULL;
  curl_easy_getinfo(easy, CURLINFO_PRIVATE, &handle);
  if (handle && handle->transfer)
    azl_transfer_fail_later(handle->transfer, azl_err_oom());
}

static void no_longer_wanted (struct azl_socket *self) {
  if (self->ours && !self->answered && self->what == CURL_POLL_OUT)
    azl_loop_defer(self->http->loop, &self->http->next_address);
  self->what = 0;
  if (!self->ours)
    drop(self);
  else if (self->answered)
    azl_loop_release(self->http->loop, self->fd);
  else
    azl_loop_forget(self->http->loop, self->fd);
}

int azl_socket_wanted (CURL *easy, curl_socket_t fd, int what, void *ctx,
                       void *unused) {
  struct azl_http *http = ctx;
  struct azl_socket *self = known(http, fd);
  (void)unused;
  if (what == CURL_POLL_REMOVE) {
    if (self) no_longer_wanted(self);
    return 0;
  }
  if (!self) self = add(http, fd, false);
  if (watch(self, what)) return 0;
  if (self && self->what) { /* transfers may share it */
    azl_http_starve(http);
    return 0;
  }
  if (self && !self->ours) drop(self);
  fail_one(easy);
  return 0;
}
