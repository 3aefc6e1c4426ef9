/* Owns the one error object of the core. */
#include "err.h"
#include "plain.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Its address marks the error that must work when no memory is left. */
static char oom_code[] = "OutOfMemory";
static char oom_message[] = "out of memory";

static const size_t string_members[] = {
    offsetof(struct azl_err, code),
    offsetof(struct azl_err, message),
    offsetof(struct azl_err, target),
    offsetof(struct azl_err, hint),
    offsetof(struct azl_err, method),
    offsetof(struct azl_err, url),
    offsetof(struct azl_err, request_id),
    offsetof(struct azl_err, correlation_id),
    offsetof(struct azl_err, client_request_id),
    offsetof(struct azl_err, body),
};
enum { STRING_MEMBERS = sizeof string_members / sizeof string_members[0] };

static char **string_at (struct azl_err *err, size_t offset) {
  return (char **)(void *)((char *)err + offset);
}

static bool is_oom (const struct azl_err *err) {
  return err->code == oom_code;
}

AZL_PRINTF(1, 0)
static char *format_message (const char *fmt, va_list args) {
  va_list again;
  char *text;
  int len;

  va_copy(again, args);
  len = vsnprintf(NULL, 0, fmt, again);
  va_end(again);
  if (len < 0) return NULL;
  text = azl_malloc((size_t)len + 1);
  if (text) vsnprintf(text, (size_t)len + 1, fmt, args);
  return text;
}

struct azl_err *azl_err_new (enum azl_err_kind kind, const char *code,
                             const char *fmt, ...) {
  struct azl_err *err = azl_calloc(1, sizeof *err);
  va_list args;

  if (!err) return azl_err_oom();
  err->kind = kind;
  err->retry_after_ms = -1;
  va_start(args, fmt);
  err->message = format_message(fmt, args);
  va_end(args);
  err->code = azl_strdup(code);
  if (!err->message || (code && !err->code)) {
    azl_err_free(err);
    return azl_err_oom();
  }
  return err;
}

/* One per thread and written afresh each time: callers may put a status or a
   count into any error they hold, and that must not show in the next one. */
struct azl_err *azl_err_oom (void) {
  static _Thread_local struct azl_err oom;
  memset(&oom, 0, sizeof oom);
  oom.kind = AZL_ERR_TRANSPORT;
  oom.retry_after_ms = -1;
  oom.code = oom_code;
  oom.message = oom_message;
  return &oom;
}

struct azl_err *azl_err_copy (const struct azl_err *err) {
  struct azl_err *copy;
  struct azl_err from;
  if (!err || is_oom(err)) return azl_err_oom();
  copy = azl_calloc(1, sizeof *copy);
  if (!copy) return azl_err_oom();

  from = *err;
  copy->kind = err->kind;
  copy->status = err->status;
  copy->attempts = err->attempts;
  copy->retry_after_ms = err->retry_after_ms;
  copy->permanent = err->permanent;
  for (int i = 0; i < STRING_MEMBERS; i++) {
    const char *text = *string_at(&from, string_members[i]);
    char **to = string_at(copy, string_members[i]);
    *to = azl_strdup(text);
    if (text && !*to) {
      azl_err_free(copy);
      return azl_err_oom();
    }
  }
  if (err->inner) copy->inner = azl_err_copy(err->inner);
  return copy;
}

void azl_err_free (struct azl_err *err) {
  if (!err || is_oom(err)) return;
  for (int i = 0; i < STRING_MEMBERS; i++)
    azl_free(*string_at(err, string_members[i]));
  azl_err_free(err->inner);
  azl_free(err);
}

void azl_err_set_at (struct azl_err *err, size_t offset, const char *text) {
  char **member, *copy;
  if (is_oom(err)) return;
  /* Copied before the old text goes: text may be that very member. */
  copy = azl_strdup(text);
  member = string_at(err, offset);
  azl_free(*member);
  *member = copy;
}

void azl_err_set_inner (struct azl_err *err, const struct azl_err *inner) {
  if (is_oom(err)) return;
  azl_err_free(err->inner);
  err->inner = inner ? azl_err_copy(inner) : NULL;
}

const char *azl_err_kind_name (enum azl_err_kind kind) {
  static const char *const names[] = {
#define X(constant, name) name,
      AZL_ERR_KINDS(X)
#undef X
  };
  size_t index = (size_t)kind;
  return index < sizeof names / sizeof names[0] ? names[index] : "unknown";
}

void azl_err_flatten (struct azl_err *err) {
  if (err->message && !is_oom(err)) azl_plain_text(err->message);
}
