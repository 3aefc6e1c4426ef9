#ifndef BENCH_ENGINE_H
#define BENCH_ENGINE_H

#include <curl/curl.h>
#include <stdint.h>

/* The least that libcurl's multi interface needs around it: epoll and one
   timer. What the raw programs share. */
struct engine {
  CURLM *multi;
  int epoll_fd;
  double due_s; /* of libcurl's timer; below 0: it is not set */
  void (*on_done)(void *private_data, CURLcode code);
};

/* The header fields that azure-signalr sends, with a token of 1,200 bytes. */
struct curl_slist *engine_headers (int with_body);

void engine_open (struct engine *engine,
                  void (*on_done)(void *private_data, CURLcode code));
CURL *engine_handle (void *private_data, const char *ca_file);
/* One turn; waits at most max_wait_ms, -1: until something happens. */
void engine_turn (struct engine *engine, long max_wait_ms);

double engine_now_s (void);
double engine_cpu_s (void);
long engine_peak_kb (void);

#endif
