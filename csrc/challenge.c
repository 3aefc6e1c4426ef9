/* Owns reading WWW-Authenticate challenges (RFC 9110 11.6.1). Several may
   share one header, and commas separate both them and their parameters. */
#include "headers.h"
#include "bytes.h"

#include <string.h>

struct span {
  const char *start;
  size_t len;
};

static bool is_name_char (char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || (c != '\0' && strchr("-._~+!#$%&'*^`|", c));
}

static const char *skip_blanks (const char *at) {
  while (*at == ' ' || *at == '\t') at++;
  return at;
}

static bool span_is (struct span span, const char *text) {
  return span.len == strlen(text) && azl_same_bytes(span.start, text, span.len);
}

static struct span read_name (const char *at) {
  struct span name = {at, 0};
  while (is_name_char(at[name.len])) name.len++;
  return name;
}

/* Behind the value at `at`, quotes included. A missing closing quote ends with
   the header. A value without quotes goes up to the comma, as the Azure SDKs
   read it: Azure Arc sends a bare path as its realm. */
static const char *skip_value (const char *at) {
  if (*at != '"') return at + strcspn(at, ",");
  for (at++; *at && *at != '"'; at++) {
    if (*at == '\\' && at[1]) at++;
  }
  return *at ? at + 1 : at;
}

static bool copy_quoted (const char *at, const char *end, char *out,
                         size_t out_bytes) {
  size_t used = 0;
  for (at++; at < end && *at != '"'; at++) {
    if (*at == '\\' && at + 1 < end) at++;
    if (used + 1 >= out_bytes) return false;
    out[used++] = *at;
  }
  out[used] = '\0';
  return true;
}

static bool copy_value (const char *at, const char *end, char *out,
                        size_t out_bytes) {
  size_t len = (size_t)(end - at);
  if (out_bytes == 0) return false;
  if (*at == '"') return copy_quoted(at, end, out, out_bytes);
  while (len && (at[len - 1] == ' ' || at[len - 1] == '\t')) len--;
  if (len >= out_bytes) return false;
  memcpy(out, at, len);
  out[len] = '\0';
  return true;
}

bool azl_challenge_param (const char *www_authenticate, const char *scheme,
                          const char *key, char *out, size_t out_bytes) {
  const char *at = www_authenticate;
  bool in_scheme = false;

  while (at && *at) {
    struct span name = read_name(at);
    const char *next = skip_blanks(at + name.len);
    if (name.len == 0) {
      at++; /* a comma, a blank, or what should not be here */
    } else if (*next != '=') {
      in_scheme = span_is(name, scheme);
      at = next;
    } else {
      const char *value = skip_blanks(next + 1);
      at = skip_value(value);
      if (in_scheme && span_is(name, key))
        return copy_value(value, at, out, out_bytes);
    }
  }
  return false;
}
