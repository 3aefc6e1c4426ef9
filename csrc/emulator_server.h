#ifndef AZL_EMULATOR_SERVER_H
#define AZL_EMULATOR_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "buf.h"
#include "host_api.h"

struct MHD_Response;

/* An HTTP/1.1 server on somebody else's loop. Requests are received whole,
   then wait in a queue; the loop's step fetches and answers them, in any
   order and at any time. */
struct azl_server;

struct azl_server_options {
  const struct azl_host_api *api;
  struct azl_loop *loop;
  const char *address;            /* numeric, IPv4 or IPv6 */
  uint16_t port;                  /* 0: any free one */
  const char *cert_pem, *key_pem; /* NULL: plain http */
  size_t max_body_bytes;
  bool use_select; /* do without epoll also where there is one */
};

/* What arrived. Valid until the request is answered or the server closed. */
struct azl_server_request {
  uint64_t id;
  const char *method;
  const char *uri;               /* as received, byte for byte */
  const char *remote;            /* "address:port" */
  const struct azl_buf *headers; /* name NUL value NUL, repeated */
  const struct azl_buf *body;
};

enum azl_answer_kind {
  AZL_ANSWER_RESPOND,
  AZL_ANSWER_DROP, /* close without a byte */
  AZL_ANSWER_RESET /* the same by TCP RST */
};

/* NULL: *out_why says what failed. */
struct azl_server *azl_server_open (const struct azl_server_options *options,
                                    const char **out_why);

/* Drops what is unanswered, closes every connection, frees. Accepts NULL. */
void azl_server_close (struct azl_server *server);

uint16_t azl_server_port (const struct azl_server *server);
bool azl_server_has_request (const struct azl_server *server);

/* Connections that are open now. */
unsigned azl_server_connections (const struct azl_server *server);

/* The oldest request not fetched yet. false: none is waiting. */
AZL_MUST_CHECK bool azl_server_next (struct azl_server *server,
                                     struct azl_server_request *out);

struct azl_answer {
  enum azl_answer_kind kind;
  unsigned status;
  struct MHD_Response *response; /* NULL for drop and reset */
  int64_t delay_ms;              /* on the loop's clock; 0: at once */
};

/* Answers a fetched request; takes the response over. false: no such request,
   or answered already. */
AZL_MUST_CHECK bool azl_server_answer (struct azl_server *server, uint64_t id,
                                       const struct azl_answer *answer);

#endif
