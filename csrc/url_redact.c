/* Owns making a URL fit to be shown: poll URLs are signed, and whoever has one
   may use it. */
#include "url.h"
#include "bytes.h"

#include <string.h>

#include "buf.h"

enum { MAX_REDACTED_BYTES = 4 * 1024 * 1024, MAX_SHOWN_BYTES = 2048 };
static const char redacted[] = "REDACTED";

/* Only what looks like a version is shown, so that nothing can hide behind
   the one allowed name ("api-version=1;sig=..."). */
static bool is_plain_value (const char *text, size_t len) {
  for (size_t i = 0; i < len; i++) {
    char c = text[i];
    bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                 (c >= 'A' && c <= 'Z') || c == '-' || c == '.' || c == '_';
    if (!plain) return false;
  }
  return len <= 64;
}

/* One "name=value" of a query. Without '=' it is not known which of the two it
   is, so nothing of it is shown. */
static bool add_pair (struct azl_buf *buf, const char *pair, size_t len) {
  static const char allowed[] = "api-version";
  const char *equals = len ? memchr(pair, '=', len) : NULL;
  size_t name_len = equals ? (size_t)(equals - pair) : 0;

  if (len == 0) return true;
  if (!equals) return azl_buf_add_str(buf, redacted);
  if (name_len == sizeof allowed - 1 &&
      azl_same_bytes(pair, allowed, name_len) &&
      is_plain_value(equals + 1, len - name_len - 1))
    return azl_buf_add(buf, pair, len);
  return azl_buf_add(buf, pair, name_len + 1) && azl_buf_add_str(buf, redacted);
}

static bool add_query (struct azl_buf *buf, const char *query, size_t len) {
  const char *end = query + len;
  while (query < end) {
    size_t pair_len = strcspn(query, "&#");
    if (!add_pair(buf, query, pair_len)) return false;
    query += pair_len;
    if (query < end && !azl_buf_add(buf, query++, 1)) return false;
  }
  return true;
}

/* User info in front of a host, whatever the scheme. Returns where the rest
   of the text starts, NULL when memory is short. */
static const char *add_origin (struct azl_buf *buf, const char *text) {
  const char *authority = strstr(text, "//");
  size_t len;
  if (!authority || authority > text + strcspn(text, "?#")) return text;
  authority += 2;
  len = strcspn(authority, "/?#");
  while (len && authority[len - 1] != '@') len--;
  if (len == 0) return text;
  if (!azl_buf_add(buf, text, (size_t)(authority - text)) ||
      !azl_buf_add_str(buf, redacted))
    return NULL;
  return authority + len - 1;
}

static bool add_redacted (struct azl_buf *buf, const char *text) {
  const char *rest = add_origin(buf, text);
  size_t len;

  if (!rest) return false;
  len = strcspn(rest, "?#");
  if (!azl_buf_add(buf, rest, len)) return false;
  rest += len;
  if (*rest == '?') {
    len = strcspn(rest, "#");
    if (!azl_buf_add(buf, "?", 1) || !add_query(buf, rest + 1, len - 1))
      return false;
    rest += len;
  }
  if (*rest == '#' && rest[1])
    return azl_buf_add(buf, "#", 1) && azl_buf_add_str(buf, redacted);
  return true;
}

/* A megabyte of URL helps nobody who reads a log. Not within a character. */
static void clip (char *text) {
  static const char dots[] = "...";
  if (!text || strlen(text) <= MAX_SHOWN_BYTES) return;
  size_t end = MAX_SHOWN_BYTES - strlen(dots);
  while (end > 0 && ((unsigned char)text[end] & 0xC0) == 0x80) end--;
  memcpy(text + end, dots, sizeof(dots));
}

char *azl_url_redact (const char *text) {
  struct azl_buf buf;
  if (!text) return NULL;
  azl_buf_init(&buf, MAX_REDACTED_BYTES);
  if (add_redacted(&buf, text)) {
    char *shown = azl_buf_take(&buf);
    clip(shown);
    return shown;
  }
  azl_buf_free(&buf);
  return NULL;
}
