#ifndef AZL_HTTP_INTERNAL_H
#define AZL_HTTP_INTERNAL_H

#include <curl/curl.h>
#include "http.h"

enum { AZL_MAX_IDLE_HANDLES = 64 };

struct azl_http {
  struct azl_loop *loop;
  unsigned refs;
  bool closed;
  struct azl_http_config config; /* strings owned */
  char *proxy, *no_proxy;        /* in force; owned */
  char *ca_file, *ca_path;       /* in force; owned */
  CURLM *multi;
  CURLSH *share;
  struct azl_timer curl_timer;
  struct azl_defer kick; /* starts queued transfers */
  struct azl_list queue; /* waiting for a connection */
  struct azl_list running;
  int running_count, handle_count;
  CURL *idle[AZL_MAX_IDLE_HANDLES];
  int idle_count;
};

struct azl_transfer {
  struct azl_op op;
  struct azl_http *http;
  struct azl_list node; /* in the queue or the running list */
  struct azl_defer fail_later;
  struct azl_err *early_err;
  struct azl_timer deadline;
  CURL *easy; /* only while running */
  struct curl_slist *fields;
  char *method, *url, *body;
  size_t body_len;
  int64_t connect_timeout_ms;
  bool running, has_body, no_proxy, secret, once;
  bool unsent, too_large, refused_field, head_complete;
  struct azl_http_response response;
  char error_text[CURL_ERROR_SIZE];
};

/* Engine side (http.c): called by a transfer when it leaves. */
void azl_http_stop (struct azl_transfer *transfer);

/* Transfer side (http_transfer.c). */
struct azl_transfer *azl_transfer_new (struct azl_http *http,
                                       const struct azl_http_request *request);
/* Sets every option of the handle for this transfer. */
AZL_MUST_CHECK bool azl_transfer_prepare (struct azl_transfer *transfer);
void azl_transfer_finish (struct azl_transfer *transfer, CURLcode code);

/* Handles (http_handle.c): one with all options that never change; and what
   puts a used one back to that state. NULL: out of memory. */
CURL *azl_handle_new (struct azl_http *http);

/* Checks the server by the thumbprint in its http's configuration (http_pin.c).
   false: this libcurl cannot. */
AZL_MUST_CHECK bool azl_handle_pin (CURL *easy);

#endif
