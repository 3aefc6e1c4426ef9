/* Finding a secret in a text that spells it in its own way. */
#include "redact.h"
#include "bytes.h"

#include <string.h>

#define MASK "REDACTED"

enum {
  MIN_BYTES = 4, /* of a secret */
  MIN_PART = 8,  /* of its beginning, where the rest was cut off */
  MAX_TEXT = 1024 * 1024
};

enum spelling { PLAIN, PERCENT, JSON, HTML, SPELLINGS };

static int hex (char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* The byte of two digits of hex at `at`, or -1. */
static int hex_byte (const char *at) {
  int high = hex(at[0]);
  int low = high < 0 ? -1 : hex(at[1]);
  return low < 0 ? -1 : high * 16 + low;
}

/* Each reads one byte at `at`, which is not the end, and returns how much of
   the text stands for it. */
static size_t read_percent (const char *at, unsigned char *out) {
  int byte = *at == '%' ? hex_byte(at + 1) : -1;
  *out = (unsigned char)(*at == '+' ? ' ' : *at);
  if (byte < 0) return 1;
  *out = (unsigned char)byte;
  return 3;
}

static size_t read_json (const char *at, unsigned char *out) {
  int byte;
  *out = (unsigned char)*at;
  if (*at != '\\' || !at[1]) return 1;
  *out = (unsigned char)at[1];
  if (strncmp(at, "\\u00", 4) != 0) return 2;
  byte = hex_byte(at + 4);
  if (byte < 0) return 2;
  *out = (unsigned char)byte;
  return 6;
}

static size_t read_html (const char *at, unsigned char *out) {
  static const struct {
    const char *name;
    char byte;
  } entities[] = {{"&amp;", '&'},  {"&lt;", '<'},    {"&gt;", '>'},
                  {"&quot;", '"'}, {"&apos;", '\''}, {"&#39;", '\''},
                  {"&#34;", '"'},  {"&#x27;", '\''}, {"&#43;", '+'}};
  size_t i;
  *out = (unsigned char)*at;
  for (i = 0; *at == '&' && i < sizeof entities / sizeof entities[0]; i++) {
    size_t len = strlen(entities[i].name);
    if (!azl_same_bytes(at, entities[i].name, len)) continue;
    *out = (unsigned char)entities[i].byte;
    return len;
  }
  return 1;
}

static size_t read_byte (enum spelling spelling, const char *at,
                         unsigned char *out) {
  switch (spelling) {
  case PERCENT: return read_percent(at, out);
  case JSON: return read_json(at, out);
  case HTML: return read_html(at, out);
  default: *out = (unsigned char)*at; return 1;
  }
}

/* How much of the text at `at` spells the secret, or enough of its beginning;
   0: it does not. */
static size_t spelled (enum spelling spelling, const char *at,
                       const char *secret) {
  size_t used = 0, matched = 0;
  while (secret[matched] && at[used]) {
    unsigned char byte;
    size_t step = read_byte(spelling, at + used, &byte);
    if (byte != (unsigned char)secret[matched]) break;
    used += step;
    matched++;
  }
  return !secret[matched] || matched >= MIN_PART ? used : 0;
}

static size_t longest (const char *at, const char *secret) {
  size_t best = 0;
  for (int i = PLAIN; i < SPELLINGS; i++) {
    size_t len = spelled((enum spelling)i, at, secret);
    if (len > best) best = len;
  }
  return best;
}

char *azl_redact (const char *text, const char *secret) {
  struct azl_buf out;
  bool ok = true;
  if (!text) return NULL;
  if (strlen(secret) < MIN_BYTES || !*text) return azl_strdup(text);
  azl_buf_init(&out, MAX_TEXT);
  while (ok && *text) {
    size_t len = longest(text, secret);
    ok = len ? azl_buf_add_str(&out, MASK) : azl_buf_add(&out, text, 1);
    text += len ? len : 1;
  }
  if (ok) return azl_buf_take(&out);
  azl_buf_free_secret(&out);
  return NULL;
}

void azl_err_redact (struct azl_err *err, const char *secret) {
#define REDACT(member)                                                         \
  do {                                                                         \
    char *clean = azl_redact(err->member, secret);                             \
    azl_err_set(err, member, clean);                                           \
    azl_free(clean);                                                           \
  } while (0)
  if (!secret) return;
  REDACT(code);
  REDACT(message);
  REDACT(target);
  REDACT(hint);
  REDACT(request_id);
  REDACT(correlation_id);
  REDACT(body);
#undef REDACT
  if (err->inner) azl_err_redact(err->inner, secret);
}

/* The value of a field as it was before it was escaped. NULL: no memory. */
static char *unescaped (const char *value, size_t len) {
  char *text = azl_strndup(value, len);
  const char *from = text;
  char *to = text;
  while (from && *from) {
    unsigned char byte;
    from += read_percent(from, &byte);
    *to++ = (char)byte;
  }
  if (to) *to = '\0';
  return text;
}

static bool is_secret (const char *name, size_t len) {
  static const char *const names[] = {"client_secret", "client_assertion",
                                      "refresh_token", "device_code", "code"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
    if (strlen(names[i]) == len && memcmp(names[i], name, len) == 0)
      return true;
  return false;
}

struct azl_err *azl_err_redact_form (struct azl_err *err,
                                     const struct azl_buf *form) {
  const char *field = form->data;
  while (field && *field) {
    size_t len = strcspn(field, "&"), name = strcspn(field, "=");
    if (name < len && is_secret(field, name)) {
      char *secret = unescaped(field + name + 1, len - name - 1);
      if (!secret) {
        azl_err_free(err);
        return azl_err_oom();
      }
      azl_err_redact(err, secret);
      azl_free_secret(secret);
    }
    field += len + (field[len] == '&');
  }
  return err;
}
