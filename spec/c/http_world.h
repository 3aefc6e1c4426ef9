#ifndef AZL_HTTP_WORLD_H
#define AZL_HTTP_WORLD_H

/* A loop with transfers on it, and the server that they go to. */
#include "check.h"
#include "http.h"
#include "raw_server.h"

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

struct world {
  struct azl_loop *loop;
  struct azl_http *http;
  struct raw_server *server;
  char url[64];
};

static inline struct world open_world (const struct raw_answer *answers,
                                       int count,
                                       const struct azl_http_config *config) {
  struct world w = {.loop = azl_loop_new(NULL)};
  w.http = azl_http_new(w.loop, config);
  w.server = raw_start(w.loop, answers, count);
  snprintf(w.url, sizeof(w.url), "http://127.0.0.1:%d/path?q=1",
           w.server->port);
  return w;
}

static inline void close_world (struct world *w) {
  raw_stop(w->server);
  azl_http_close(w->http);
  azl_http_unref(w->http);
  azl_loop_free(w->loop);
}

#endif
