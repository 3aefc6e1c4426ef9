#ifndef AZL_FAKE_HTTP_H
#define AZL_FAKE_HTTP_H

#include "http.h"

/* Stands for http.c: answers from a script, one by one, in the next turn, and
   remembers what was sent. Past the end of the script nothing answers before
   the request's deadline. */
struct fake_answer {
  int status;          /* 0: the connection breaks */
  const char *headers; /* lines "Name: value\r\n", or NULL */
  const char *body;    /* or NULL */
};

struct fake_sent {
  char method[16], url[512], body[8192], content_type[128];
  char headers[1024]; /* lines "Name: value\n" */
  bool secret, no_proxy;
  int64_t deadline_ms, at_ms; /* on the loop's clock */
};

enum { FAKE_SENT_MAX = 64 };

void fake_http_script (const struct fake_answer *answers, int count);
int fake_http_count (void);
const struct fake_sent *fake_http_sent (int index);

#endif
