#ifndef AZL_HTTP_REQUEST_H
#define AZL_HTTP_REQUEST_H

#include <curl/curl.h>
#include "http.h"

struct azl_bearer;

/* The copy of a request, all in one block, since it is needed together; it is
   freed, and wiped, as soon as the transfer ends. Of a lasting request it has
   the header lines only. */
struct azl_request_copy {
  void *block;
  size_t block_bytes;
  struct azl_bearer *bearer;
  struct curl_slist *lines; /* the start of the block */
  const char *method, *url, *body;
  size_t origin_len;  /* of the URL; 0: it is none */
  const char *target; /* the rest of it */
  size_t body_len;
  size_t head_bytes; /* about what URL and headers take on the wire */
  bool has_body;
};

/* false: out of memory. */
AZL_MUST_CHECK bool azl_request_copy (struct azl_http *http,
                                      struct azl_request_copy *out,
                                      const struct azl_http_request *request);
void azl_bearer_unref (struct azl_bearer *bearer); /* accepts NULL */
/* Twice is fine. */
void azl_request_free (struct azl_request_copy *request);
bool azl_writes (const char *method); /* POST, PUT, PATCH */

#endif
