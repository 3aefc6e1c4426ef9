/* libcurl's multi interface on epoll, for the raw programs. */
#include "engine.h"

#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>

enum { TOKEN_BYTES = 1200, EVENTS = 256 };

struct curl_slist *engine_headers (int with_body) {
  static const char *const lines[] = {
      "x-ms-client-request-id: 00000000-0000-4000-8000-000000000000",
      "Accept: application/json",
      "User-Agent: azure-signalr-lua/0.1.0 libcurl/7.88.1 (Lua 5.4; POSIX)",
      "Accept-Encoding: gzip, deflate",
      "Expect:",
  };
  char token[TOKEN_BYTES + 64];
  int used = snprintf(token, sizeof(token), "Authorization: Bearer ");
  memset(token + used, 'x', TOKEN_BYTES);
  token[used + TOKEN_BYTES] = '\0';
  struct curl_slist *headers = curl_slist_append(NULL, token);
  if (with_body)
    headers = curl_slist_append(headers, "Content-Type: application/json");
  for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
    headers = curl_slist_append(headers, lines[i]);
  return headers;
}

static int on_socket (CURL *easy, curl_socket_t fd, int what, void *ctx,
                      void *known) {
  struct engine *engine = ctx;
  struct epoll_event event = {.data.fd = fd};
  (void)easy;
  if (what == CURL_POLL_REMOVE) {
    epoll_ctl(engine->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
    return 0;
  }
  if (what & CURL_POLL_IN) event.events |= EPOLLIN;
  if (what & CURL_POLL_OUT) event.events |= EPOLLOUT;
  epoll_ctl(engine->epoll_fd, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd,
            &event);
  curl_multi_assign(engine->multi, fd, engine);
  return 0;
}

static int on_timer (CURLM *multi, long timeout_ms, void *ctx) {
  struct engine *engine = ctx;
  (void)multi;
  engine->due_s =
      timeout_ms < 0 ? -1 : engine_now_s() + (double)timeout_ms / 1e3;
  return 0;
}

void engine_open (struct engine *engine,
                  void (*on_done)(void *private_data, CURLcode code)) {
  engine->multi = curl_multi_init();
  engine->epoll_fd = epoll_create1(0);
  engine->due_s = -1;
  engine->on_done = on_done;
  curl_multi_setopt(engine->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(engine->multi, CURLMOPT_SOCKETDATA, engine);
  curl_multi_setopt(engine->multi, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt(engine->multi, CURLMOPT_TIMERDATA, engine);
}

static size_t on_body (char *bytes, size_t size, size_t count, void *ctx) {
  (void)bytes;
  (void)ctx;
  return size * count;
}

CURL *engine_handle (void *private_data, const char *ca_file) {
  CURL *easy = curl_easy_init();
  curl_easy_setopt(easy, CURLOPT_PRIVATE, private_data);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  if (!ca_file) return easy;
  curl_easy_setopt(easy, CURLOPT_CAINFO, ca_file);
  curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
#if LIBCURL_VERSION_NUM >= 0x075700
  curl_easy_setopt(easy, CURLOPT_CA_CACHE_TIMEOUT, 86400L);
#endif
  return easy;
}

static void read_messages (struct engine *engine) {
  CURLMsg *message;
  int left;
  while ((message = curl_multi_info_read(engine->multi, &left)) != NULL) {
    void *private_data;
    CURLcode code = message->data.result;
    CURL *easy = message->easy_handle;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &private_data);
    engine->on_done(private_data, code);
  }
}

static long wait_ms (const struct engine *engine, long max_wait_ms) {
  if (engine->due_s < 0) return max_wait_ms;
  double left_s = engine->due_s - engine_now_s();
  long left_ms = left_s > 0 ? (long)(left_s * 1e3) + 1 : 0;
  return max_wait_ms >= 0 && max_wait_ms < left_ms ? max_wait_ms : left_ms;
}

/* Once: libcurl sets its timer again when it needs it. */
static void run_timer (struct engine *engine) {
  int running;
  if (engine->due_s < 0 || engine_now_s() < engine->due_s) return;
  engine->due_s = -1;
  curl_multi_socket_action(engine->multi, CURL_SOCKET_TIMEOUT, 0, &running);
}

void engine_turn (struct engine *engine, long max_wait_ms) {
  struct epoll_event events[EVENTS];
  int running, timeout_ms = (int)wait_ms(engine, max_wait_ms);
  int count = epoll_wait(engine->epoll_fd, events, EVENTS, timeout_ms);
  for (int i = 0; i < count; i++) {
    int flags = 0;
    if (events[i].events & (EPOLLIN | EPOLLHUP)) flags |= CURL_CSELECT_IN;
    if (events[i].events & EPOLLOUT) flags |= CURL_CSELECT_OUT;
    curl_multi_socket_action(engine->multi, events[i].data.fd, flags, &running);
  }
  run_timer(engine);
  read_messages(engine);
}

double engine_now_s (void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double seconds (const struct timeval *time) {
  return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

double engine_cpu_s (void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return seconds(&usage.ru_utime) + seconds(&usage.ru_stime);
}

long engine_peak_kb (void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}
