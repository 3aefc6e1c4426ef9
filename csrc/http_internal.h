#ifndef AZL_HTTP_INTERNAL_H
#define AZL_HTTP_INTERNAL_H

#include <curl/curl.h>
#include "http.h"
#include "http_request.h"

/* An easy handle and what it was last told, so that it is not told again. */
struct azl_handle {
  CURL *easy;
  struct azl_handle *next_idle;
  struct azl_transfer *transfer;    /* whose it is; NULL: idle */
  bool is_get, once, waits, parsed; /* parsed: libcurl was given `parts` */
  long connect_ms, names_s;
  CURLU *parts;     /* of the origin */
  char origin[128]; /* its URL; "": another, or none yet */
  char error_text[CURL_ERROR_SIZE];
};

struct azl_http {
  struct azl_loop *loop;
  unsigned refs;
  bool closed, starved; /* starved: libcurl had no memory, see http.c */
  bool raises_sigpipe;  /* this libcurl: see sigpipe.h */
  struct azl_http_config config; /* strings owned */
  char *proxy, *no_proxy;        /* in force; owned */
  bool proxy_of_env;             /* nobody chose it for this client */
  char *ca_file, *ca_path;       /* in force; owned */
  CURLM *multi;
  CURLSH *share;
  struct azl_socket **sockets; /* by fd: see http_socket.c */
  int socket_capacity, opened; /* opened: the last one, in this call */
  struct azl_timer curl_timer;
  struct azl_defer curl_due; /* in its place where libcurl wants it at once */
  struct azl_defer kick;     /* starts queued transfers */
  struct azl_defer next_address; /* an attempt at one has ended */
  struct azl_list queue;         /* waiting for a connection */
  struct azl_list running;
  int running_count, handle_count;
  int64_t connect_failed_ms, names_due_ms; /* see set_names; 0: never */
  struct azl_handle *idle;   /* at most max_connections, as all of them */
  struct azl_bearer *bearer; /* of the last request that had a token */
};

/* Why a callback stopped a transfer. */
enum azl_refusal {
  AZL_REFUSAL_NONE,
  AZL_REFUSAL_BODY,      /* longer than max_response_bytes */
  AZL_REFUSAL_HEAD,      /* more header than AZL_HEAD_MAX_* */
  AZL_REFUSAL_NO_MEMORY, /* for a field or a part of the body */
};

/* Of all the header of a transfer, interim answers and trailers included. ARM
   and Entra send 2 to 8 KB, with signed URLs. A bound of our own: libcurl has
   had one only since 8.3, of 300 KB for each answer. */
enum { AZL_HEAD_MAX_BYTES = 256 * 1024, AZL_HEAD_MAX_LINES = 1000 };

struct azl_transfer {
  struct azl_op op;
  struct azl_http *http;
  struct azl_list node; /* in the queue or the running list */
  struct azl_defer fail_later;
  struct azl_err *early_err;
  struct azl_timer deadline;
  struct azl_handle *handle; /* only while running */
  struct azl_request_copy request;
  int64_t connect_timeout_ms;
  bool running, no_proxy, secret, once;
  bool unsent, head_complete;
  enum azl_refusal refusal;
  size_t head_bytes, head_lines;
  struct azl_http_response response;
};

/* Engine side (http.c): called by a transfer when it leaves; tells libcurl what
   is ready; has all that runs fail in the next turn, for want of memory. */
void azl_http_stop (struct azl_transfer *transfer);
void azl_http_act (struct azl_http *http, curl_socket_t fd, int flags);
void azl_http_starve (struct azl_http *http);

/* Transfer side (http_transfer.c). */
struct azl_transfer *azl_transfer_new (struct azl_http *http,
                                       const struct azl_http_request *request);
void azl_transfer_fail_later (struct azl_transfer *transfer,
                              struct azl_err *err);
void azl_transfer_finish (struct azl_transfer *transfer, CURLcode code);

/* Handles (http_handle.c): one with all options that never change. NULL: out
   of memory. */
struct azl_handle *azl_handle_new (struct azl_http *http);
void azl_handle_free (struct azl_handle *handle);
/* Sets what is this transfer's own. */
AZL_MUST_CHECK bool azl_handle_prepare (struct azl_handle *handle,
                                        struct azl_transfer *transfer);

/* Checks the server by the thumbprint in its http's configuration (http_pin.c).
   false: this libcurl cannot. */
AZL_MUST_CHECK bool azl_handle_pin (struct azl_handle *handle);

#endif
