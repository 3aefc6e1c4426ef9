#ifndef AZL_LOG_H
#define AZL_LOG_H

#include <stdint.h>
#include "headers.h"
#include "list.h"
#include "mem.h"

enum azl_log_level {
  AZL_LOG_ERROR,
  AZL_LOG_WARNING,
  AZL_LOG_INFO,
  AZL_LOG_VERBOSE,
};

/* One message, redacted already. */
struct azl_log_entry {
  struct azl_list node;
  enum azl_log_level level;
  int64_t wall_ms;
  char *text;
};

/* Messages wait here until the binding hands them to the script's function
   from the loop's step: callbacks of libcurl never reach Lua. */
struct azl_log {
  int level; /* highest azl_log_level wanted; -1: none */
  struct azl_list entries;
  int count, dropped;
};

void azl_log_init (struct azl_log *log, int level);
void azl_log_free (struct azl_log *log);
static inline int azl_log_wants (const struct azl_log *log,
                                 enum azl_log_level level) {
  return log && (int)level <= log->level;
}

/* Queues a message; past 1,000 waiting ones it is only counted. */
void azl_log_add (struct azl_log *log, enum azl_log_level level,
                  int64_t wall_ms, const char *fmt, ...) AZL_PRINTF(4, 5);

/* The oldest message or NULL; the caller frees it. */
struct azl_log_entry *azl_log_take (struct azl_log *log);
void azl_log_entry_free (struct azl_log_entry *entry);

/* Whether a header's value may be written down (the SDKs' allow-list). */
int azl_log_header_allowed (const char *name);

/* -1: no such level. "verbose", "info", "warning", "error", any case. */
int azl_log_level_parse (const char *text);

#endif
