/* Owns the queue of log messages and what may be written into one. */
#include "log.h"
#include "bytes.h"
#include "plain.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MAX_WAITING = 1000 };

/* core-rest-pipeline's util/sanitizer.js */
static const char *const allowed[] = {
    "x-ms-client-request-id",
    "x-ms-return-client-request-id",
    "x-ms-useragent",
    "x-ms-correlation-request-id",
    "x-ms-request-id",
    "client-request-id",
    "ms-cv",
    "return-client-request-id",
    "traceparent",
    "Access-Control-Allow-Credentials",
    "Access-Control-Allow-Headers",
    "Access-Control-Allow-Methods",
    "Access-Control-Allow-Origin",
    "Access-Control-Expose-Headers",
    "Access-Control-Max-Age",
    "Access-Control-Request-Headers",
    "Access-Control-Request-Method",
    "Origin",
    "Accept",
    "Accept-Encoding",
    "Cache-Control",
    "Connection",
    "Content-Length",
    "Content-Type",
    "Date",
    "ETag",
    "Expires",
    "If-Match",
    "If-Modified-Since",
    "If-None-Match",
    "If-Unmodified-Since",
    "Last-Modified",
    "Pragma",
    "Request-Id",
    "Retry-After",
    "Server",
    "Transfer-Encoding",
    "User-Agent",
    "WWW-Authenticate",
};

void azl_log_init (struct azl_log *log, int level) {
  log->level = level;
  azl_list_init(&log->entries);
  log->count = log->dropped = 0;
}

void azl_log_free (struct azl_log *log) {
  struct azl_log_entry *entry;
  while ((entry = azl_log_take(log)) != NULL) azl_log_entry_free(entry);
}

AZL_PRINTF(1, 0)
static struct azl_log_entry *new_entry (const char *fmt, va_list args) {
  struct azl_log_entry *entry;
  va_list again;
  int len;

  va_copy(again, args);
  len = vsnprintf(NULL, 0, fmt, again);
  va_end(again);
  if (len < 0) return NULL;
  entry = azl_calloc(1, sizeof *entry);
  if (!entry) return NULL;
  entry->text = azl_malloc((size_t)len + 1);
  if (!entry->text) {
    azl_free(entry);
    return NULL;
  }
  vsnprintf(entry->text, (size_t)len + 1, fmt, args);
  /* One message is one line: a server's text must not forge others. */
  azl_plain_text(entry->text);
  return entry;
}

void azl_log_add (struct azl_log *log, enum azl_log_level level,
                  int64_t wall_ms, const char *fmt, ...) {
  struct azl_log_entry *entry = NULL;
  va_list args;

  if (!azl_log_wants(log, level)) return;
  if (log->count < MAX_WAITING) {
    va_start(args, fmt);
    entry = new_entry(fmt, args);
    va_end(args);
  }
  if (!entry) {
    log->dropped++;
    return;
  }
  entry->level = level;
  entry->wall_ms = wall_ms;
  azl_list_push(&log->entries, &entry->node);
  log->count++;
}

struct azl_log_entry *azl_log_take (struct azl_log *log) {
  struct azl_list *node = azl_list_pop(&log->entries);
  if (!node) return NULL;
  log->count--;
  return AZL_CONTAINER(node, struct azl_log_entry, node);
}

void azl_log_entry_free (struct azl_log_entry *entry) {
  if (!entry) return;
  azl_free(entry->text);
  azl_free(entry);
}

int azl_log_header_allowed (const char *name) {
  for (size_t i = 0; i < sizeof allowed / sizeof allowed[0]; i++) {
    if (azl_same_text(name, allowed[i])) return 1;
  }
  return 0;
}

int azl_log_level_parse (const char *text) {
  static const char *const names[] = {
      [AZL_LOG_ERROR] = "error",
      [AZL_LOG_WARNING] = "warning",
      [AZL_LOG_INFO] = "info",
      [AZL_LOG_VERBOSE] = "verbose",
  };
  for (int i = 0; text && i <= AZL_LOG_VERBOSE; i++) {
    if (azl_same_text(text, names[i])) return i;
  }
  return -1;
}
