#ifndef AZL_HTTP_INTERNAL_H
#define AZL_HTTP_INTERNAL_H

#include <curl/curl.h>
#include "http.h"

/* An easy handle and what it was last told, so that it is not told again. */
struct azl_handle {
  CURL *easy;
  struct azl_handle *next_idle;
  struct azl_transfer *transfer; /* whose it is; NULL: idle */
  bool is_get, once;
  long connect_ms;
  char error_text[CURL_ERROR_SIZE];
};

struct azl_http {
  struct azl_loop *loop;
  unsigned refs;
  bool closed;
  struct azl_http_config config; /* strings owned */
  char *proxy, *no_proxy;        /* in force; owned */
  bool proxy_of_env;             /* nobody chose it for this client */
  char *ca_file, *ca_path;       /* in force; owned */
  CURLM *multi;
  CURLSH *share;
  struct azl_timer curl_timer;
  struct azl_defer kick; /* starts queued transfers */
  struct azl_list queue; /* waiting for a connection */
  struct azl_list running;
  int running_count, handle_count;
  struct azl_handle *idle;   /* at most max_connections, as all of them */
  struct azl_bearer *bearer; /* of the last request that had a token */
};

/* The copy of a request, all in one block, since it is needed together; it is
   freed, and wiped, as soon as the transfer ends. */
struct azl_request_copy {
  void *block;
  size_t block_bytes;
  struct azl_bearer *bearer;
  struct curl_slist *lines; /* the start of the block */
  char *method, *url, *body;
  char *origin, *target; /* parts of the URL; NULL: it is none */
  size_t body_len;
  bool has_body;
};

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
  bool unsent, too_large, refused_field, head_complete;
  struct azl_http_response response;
};

/* Engine side (http.c): called by a transfer when it leaves. */
void azl_http_stop (struct azl_transfer *transfer);

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

/* Copies of requests (http_request.c). false: out of memory. */
AZL_MUST_CHECK bool azl_request_copy (struct azl_http *http,
                                      struct azl_request_copy *out,
                                      const struct azl_http_request *request);
void azl_bearer_unref (struct azl_bearer *bearer); /* accepts NULL */
void azl_request_free (struct azl_request_copy *request);
bool azl_writes (const char *method); /* POST, PUT, PATCH */

/* Checks the server by the thumbprint in its http's configuration (http_pin.c).
   false: this libcurl cannot. */
AZL_MUST_CHECK bool azl_handle_pin (struct azl_handle *handle);

#endif
