/* The HTTP engine: libcurl's multi interface on our loop, a queue in front of
   it, idle handles behind it. */
#include "http_internal.h"
#include "curl_once.h"
#include "http_socket.h"
#include "proxy.h"
#include "sigpipe.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DEFAULT_CONNECTIONS = 32 };

/* fd: what was ready; CURL_SOCKET_TIMEOUT: none in particular. */
static void read_messages (struct azl_http *http, curl_socket_t fd) {
  CURLMsg *message;
  int left;
  azl_http_ref(http);
  while (http->multi &&
         (message = curl_multi_info_read(http->multi, &left)) != NULL) {
    struct azl_handle *handle = NULL;
    if (message->msg != CURLMSG_DONE) continue;
    CURLcode code = message->data.result;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &handle);
    if (code == CURLE_OK && fd >= 0) azl_socket_answered(http, fd);
    azl_transfer_finish(handle->transfer, code);
  }
  azl_http_unref(http);
}

/* For want of memory something of libcurl's would never be heard of again. A
   -1 from the callback would make the whole multi handle useless for good. */
void azl_http_starve (struct azl_http *http) {
  struct azl_list *node = http->running.next;
  http->starved = http->running_count > 0;
  for (; node != &http->running; node = node->next)
    azl_transfer_fail_later(AZL_CONTAINER(node, struct azl_transfer, node),
                            azl_err_oom());
}

/* What a call into libcurl has led to. */
static void hear (struct azl_http *http, CURLMcode code, curl_socket_t fd) {
  if (code != CURLM_OK) azl_http_starve(http);
  azl_socket_opened(http);
  read_messages(http, fd);
}

/* What libcurl has no memory to watch, it never asks for again; and the socket
   that it was about to add stays half added for good (multi.c, singlesocket):
   that multi handle is left alone and, when its transfers are gone, replaced.
 */
void azl_http_act (struct azl_http *http, curl_socket_t fd, int flags) {
  struct azl_sigpipe sigpipe;
  int running;
  if (http->starved) return;
  azl_sigpipe_hold(&sigpipe, http->raises_sigpipe);
  CURLMcode code = curl_multi_socket_action(http->multi, fd, flags, &running);
  azl_sigpipe_release(&sigpipe);
  hear(http, code, fd);
}

/* libcurl 7.88 (Debian 12) goes on to the next address of a name only when it
   is called again, and sets no timer for that: half of the connect timeout
   would pass. Only this old function calls every transfer. */
static void on_next_address (void *ctx) {
  struct azl_http *http = ctx;
  struct azl_sigpipe sigpipe;
  int running;
  if (http->starved || http->running_count == 0) return;
  azl_sigpipe_hold(&sigpipe, http->raises_sigpipe);
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
#endif
  CURLMcode code = curl_multi_socket_all(http->multi, &running);
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif
  azl_sigpipe_release(&sigpipe);
  hear(http, code, CURL_SOCKET_TIMEOUT);
}

/* libcurl forbids calls into it from here: only a timer is set. */
static int on_curl_wants_timer (CURLM *multi, long timeout_ms, void *ctx) {
  struct azl_http *http = ctx;
  (void)multi;
  azl_loop_defer_stop(&http->curl_due);
  if (timeout_ms <= 0) {
    azl_loop_timer_stop(http->loop, &http->curl_timer);
    if (timeout_ms == 0) azl_loop_defer_flush(http->loop, &http->curl_due);
    return 0;
  }
  int64_t due_ms = azl_loop_now_ms(http->loop) + timeout_ms;
  if (!azl_loop_timer(http->loop, &http->curl_timer, due_ms))
    azl_http_starve(http);
  return 0;
}

static void on_curl_timer (void *ctx) {
  azl_http_act(ctx, CURL_SOCKET_TIMEOUT, 0);
}

static struct azl_handle *take_handle (struct azl_http *http) {
  struct azl_handle *handle = http->idle;
  if (handle) {
    http->idle = handle->next_idle;
    return handle;
  }
  handle = azl_handle_new(http);
  if (handle) http->handle_count++;
  return handle;
}

static void free_handle (struct azl_http *http, struct azl_handle *handle) {
  azl_handle_free(handle);
  http->handle_count--;
}

static void drop_handle (struct azl_http *http, struct azl_handle *handle) {
  handle->transfer = NULL;
  if (http->closed) {
    free_handle(http, handle);
    return;
  }
  curl_easy_setopt(handle->easy, CURLOPT_HTTPHEADER, NULL);
  handle->next_idle = http->idle;
  http->idle = handle;
}

/* What cannot start fails in the next turn: it may be somebody's first step,
   who does not listen yet. */
static void start (struct azl_http *http, struct azl_transfer *transfer) {
  azl_list_push(&http->running, &transfer->node);
  transfer->running = true;
  http->running_count++;
  transfer->handle = take_handle(http);
  if (!transfer->handle || !azl_handle_prepare(transfer->handle, transfer) ||
      curl_multi_add_handle(http->multi, transfer->handle->easy) != CURLM_OK)
    azl_transfer_fail_later(transfer, azl_err_oom());
}

/* CURLMOPT_QUICK_EXIT. Some libcurl after 8.14 has it, where resolver threads
   belong to the multi handle and closing it would wait for DNS; by number,
   since the header tells no version. Others refuse it, and need it not. */
enum { MULTI_QUICK_EXIT = 21 };

static CURLM *new_multi (struct azl_http *http) {
  CURLM *multi = curl_multi_init();
  if (!multi) return NULL;
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, azl_socket_wanted);
  curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, http);
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_curl_wants_timer);
  curl_multi_setopt(multi, CURLMOPT_TIMERDATA, http);
  curl_multi_setopt(multi, (CURLMoption)MULTI_QUICK_EXIT, 1L);
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS,
                    (long)http->config.max_connections);
  return multi;
}

/* Says good-bye to servers. */
static void end_multi (struct azl_http *http) {
  struct azl_sigpipe sigpipe;
  azl_sigpipe_hold(&sigpipe, http->raises_sigpipe);
  curl_multi_cleanup(http->multi);
  azl_sigpipe_release(&sigpipe);
  http->multi = NULL;
}

/* Where there is no memory for it yet, the next transfer tries again. */
static void replace_multi (struct azl_http *http) {
  CURLM *multi = new_multi(http);
  if (!multi) return;
  end_multi(http);
  http->multi = multi;
  http->starved = false;
}

static bool has_room (const struct azl_http *http) {
  return !http->closed && !http->starved &&
         http->running_count < http->config.max_connections;
}

static void on_kick (void *ctx) {
  struct azl_http *http = ctx;
  azl_http_ref(http);
  if (http->starved && http->running_count == 0) replace_multi(http);
  while (has_room(http)) {
    struct azl_list *node = azl_list_pop(&http->queue);
    if (!node) break;
    start(http, AZL_CONTAINER(node, struct azl_transfer, node));
  }
  azl_http_unref(http);
}

static void leave_multi (struct azl_http *http, struct azl_transfer *transfer) {
  transfer->running = false;
  http->running_count--;
  if (transfer->handle) {
    struct azl_sigpipe sigpipe;
    azl_sigpipe_hold(&sigpipe, http->raises_sigpipe);
    curl_multi_remove_handle(http->multi, transfer->handle->easy);
    azl_sigpipe_release(&sigpipe);
    drop_handle(http, transfer->handle);
    transfer->handle = NULL;
  }
  if (http->starved || !azl_list_empty(&http->queue))
    azl_loop_defer(http->loop, &http->kick);
}

void azl_http_stop (struct azl_transfer *transfer) {
  struct azl_http *http = transfer->http;
  if (azl_list_empty(&transfer->node)) return;
  azl_list_remove(&transfer->node);
  azl_loop_timer_stop(http->loop, &transfer->deadline);
  azl_loop_defer_stop(&transfer->fail_later);
  azl_loop_busy(http->loop, -1);
  if (transfer->running) leave_multi(http, transfer);
  azl_request_free(&transfer->request);
}

struct azl_op *azl_http_send (struct azl_http *http,
                              const struct azl_http_request *request) {
  struct azl_transfer *transfer = azl_transfer_new(http, request);
  if (!transfer) return NULL;
  azl_loop_busy(http->loop, 1);
  if (transfer->early_err)
    azl_list_push(&http->running, &transfer->node);
  else if (has_room(http) && azl_list_empty(&http->queue))
    start(http, transfer);
  else
    azl_list_push(&http->queue, &transfer->node);
  if (http->starved && !http->closed) azl_loop_defer(http->loop, &http->kick);
  if (http->closed) azl_op_cancel(&transfer->op);
  return &transfer->op;
}

struct azl_http_response *azl_http_result (struct azl_op *op) {
  return &AZL_CONTAINER(op, struct azl_transfer, op)->response;
}

bool azl_http_unsent (const struct azl_op *op) {
  return AZL_CONTAINER(op, const struct azl_transfer, op)->unsent;
}

int azl_http_handles (const struct azl_http *http) {
  return http->handle_count;
}

int azl_http_running (const struct azl_http *http) {
  return http->running_count;
}

static bool readable_folder (const char *path) {
  return path && access(path, R_OK | X_OK) == 0;
}

/* A hashed folder is read certificate by certificate, a bundle as a whole
   (19 ms against 3 for a first connection): the folder is preferred. */
static bool choose_authorities (struct azl_http *http) {
  const struct azl_http_config *config = &http->config;
  const curl_version_info_data *built = azl_curl_info();
  const char *file = config->ca_file, *path = config->ca_path;
  if (!file && !path) file = getenv("SSL_CERT_FILE");
  if (!file && !path) path = getenv("SSL_CERT_DIR");
  if (!file && !path && readable_folder(built->capath)) path = built->capath;
  if (!file && !path) file = built->cainfo;
  http->ca_file = azl_strdup(file);
  http->ca_path = azl_strdup(path);
  return (!file || http->ca_file) && (!path || http->ca_path);
}

static bool choose_proxy (struct azl_http *http) {
  const char *proxy = http->config.proxy, *no_proxy = http->config.no_proxy;
  http->proxy_of_env = !proxy;
  if (!proxy) proxy = azl_proxy_from_env();
  if (!no_proxy) no_proxy = azl_no_proxy_from_env();
  http->proxy = azl_strdup(proxy);
  http->no_proxy = azl_strdup(no_proxy);
  return (!proxy || http->proxy) && (!no_proxy || http->no_proxy);
}

static bool open_multi (struct azl_http *http) {
  http->share = curl_share_init();
  http->multi = new_multi(http);
  if (!http->share || !http->multi) return false;
  curl_share_setopt(http->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
  return true;
}

static void destroy (struct azl_http *http) {
  if (http->multi) end_multi(http);
  if (http->share) curl_share_cleanup(http->share);
  azl_free(http->ca_file);
  azl_free(http->ca_path);
  azl_free_secret(http->proxy);
  azl_free(http->no_proxy);
  azl_sockets_free(http);
  azl_free(http);
}

struct azl_http *azl_http_new (struct azl_loop *loop,
                               const struct azl_http_config *config) {
  struct azl_http *http = azl_calloc(1, sizeof(*http));
  if (!http) return NULL;
  http->loop = loop;
  http->refs = 1;
  http->raises_sigpipe = azl_sigpipe_needed();
  if (config) http->config = *config;
  if (http->config.max_connections <= 0)
    http->config.max_connections = DEFAULT_CONNECTIONS;
  azl_list_init(&http->queue);
  azl_list_init(&http->running);
  azl_timer_init(&http->curl_timer, on_curl_timer, http);
  azl_defer_init(&http->curl_due, on_curl_timer, http);
  azl_defer_init(&http->next_address, on_next_address, http);
  azl_defer_init(&http->kick, on_kick, http);
  bool usable =
      choose_authorities(http) && choose_proxy(http) && open_multi(http);
  http->config.ca_file = http->config.ca_path = NULL; /* borrowed till here */
  http->config.proxy = http->config.no_proxy = NULL;
  if (usable) return http;
  destroy(http);
  return NULL;
}

struct azl_http *azl_http_ref (struct azl_http *http) {
  http->refs++;
  return http;
}

static void cancel_all (struct azl_list *transfers) {
  while (!azl_list_empty(transfers)) {
    struct azl_transfer *transfer =
        AZL_CONTAINER(transfers->next, struct azl_transfer, node);
    azl_op_cancel(&transfer->op);
  }
}

/* The multi handle goes now, since its callbacks need the loop; operations
   that keep a reference only read their results afterwards. */
void azl_http_close (struct azl_http *http) {
  if (!http || http->closed) return;
  http->closed = true;
  azl_http_ref(http);
  cancel_all(&http->queue);
  cancel_all(&http->running);
  azl_loop_defer_stop(&http->kick);
  while (http->idle) {
    struct azl_handle *handle = http->idle;
    http->idle = handle->next_idle;
    free_handle(http, handle);
  }
  end_multi(http);
  azl_bearer_unref(http->bearer);
  http->bearer = NULL;
  azl_loop_timer_stop(http->loop, &http->curl_timer);
  azl_loop_defer_stop(&http->curl_due);
  azl_loop_defer_stop(&http->next_address);
  azl_http_unref(http);
}

void azl_http_unref (struct azl_http *http) {
  if (!http || --http->refs > 0) return;
  if (!http->closed) {
    http->refs = 1;
    azl_http_close(http);
    http->refs = 0;
  }
  destroy(http);
}
