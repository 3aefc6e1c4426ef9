#ifndef AZL_HTTP_H
#define AZL_HTTP_H

#include "buf.h"
#include "headers.h"
#include "http_config.h"
#include "op.h"

/* Transfers of one configuration: connections, TLS sessions, the parsed CA
   bundle and idle easy handles are shared. Transfers over max_connections
   wait here in order. */
struct azl_http;

/* A header field with fixed, valid text; value NULL: none of that name. */
struct azl_http_field {
  const char *name, *value;
  const char *line; /* "Name: value", which lasts until the operation has ended;
                       NULL: is made of the two */
};

struct azl_http_request {
  const char *method, *url;
  size_t origin_len; /* of the URL, where the caller has read it; 0: not */
  const struct azl_headers *headers;   /* copied; may be NULL */
  const struct azl_http_field *fields; /* copied too; names that no other has */
  size_t field_count;
  const char *bearer_token; /* for Authorization; copied, NULL: none */
  uint64_t token_serial;    /* of the token: no other has it; 0: unknown */
  const void *body;         /* copied; NULL: none */
  size_t body_len;
  bool lasting; /* method, url and body are not copied: they stay until the
                   operation has ended */
  int64_t deadline_ms;        /* on the loop's clock, -1: none */
  int64_t connect_timeout_ms; /* 0: the configuration's */
  bool no_proxy;              /* link-local endpoints */
  bool secret;                /* wipe request and response memory */
  bool once; /* must not reach the server twice: on a new connection, since
                libcurl sends again when a kept one turns out to be dead */
};

struct azl_http_response {
  int status;
  int http_version; /* 10, 11, 20 */
  struct azl_headers headers;
  struct azl_buf body;
};

struct azl_http *azl_http_new (struct azl_loop *loop,
                               const struct azl_http_config *config);
/* References: operations hold one each. Close cancels what is under way and
   is idempotent; unref frees with the last one. */
struct azl_http *azl_http_ref (struct azl_http *http);
void azl_http_unref (struct azl_http *http);
void azl_http_close (struct azl_http *http);

/* Starts a transfer. Redirects are not followed. Any HTTP status is "done";
   only a missing or unusable answer fails (kind transport, timeout, protocol).
   Never NULL but for memory; bad URLs, and more than 256 KiB of URL and
   headers (kind refused), fail in the next turn. */
struct azl_op *azl_http_send (struct azl_http *http,
                              const struct azl_http_request *request);

/* The answer of a done transfer; borrowed, lives with the operation. */
struct azl_http_response *azl_http_result (struct azl_op *op);

/* Whether surely no byte of the request reached the server. */
bool azl_http_unsent (const struct azl_op *op);

/* Easy handles in existence, and transfers running: for leak checks. */
int azl_http_handles (const struct azl_http *http);
int azl_http_running (const struct azl_http *http);

#endif
