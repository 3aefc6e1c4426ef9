/* Reads a few members of a usual answer. A whole parse by jansson takes 130
   instructions a byte, which was a tenth of all the CPU of an operation; this
   takes 10. Whatever is not plain (escapes, other than ASCII, other casing,
   anything about an error) is left to jansson, as is what is no JSON. */
#include "lro_brief.h"
#include "bytes.h"

#include <string.h>

enum { MAX_DEPTH = 32, MAX_DIGITS = 18 };

struct scan {
  const char *at, *end;
  int depth; /* of the object or array that is being read */
  bool in_properties, had_properties;
  struct azl_lro_brief *out;
};

struct text {
  const char *at;
  size_t len;
};

static bool scan_value (struct scan *scan);

static char peek (const struct scan *scan) {
  return scan->at < scan->end ? *scan->at : '\0';
}

static void skip_space (struct scan *scan) {
  char c;
  while ((c = peek(scan)) == ' ' || c == '\n' || c == '\r' || c == '\t')
    scan->at++;
}

static bool accept (struct scan *scan, char c) {
  skip_space(scan);
  if (peek(scan) != c) return false;
  scan->at++;
  return true;
}

/* A string of plain ASCII. */
static bool scan_string (struct scan *scan, struct text *out) {
  if (peek(scan) != '"') return false;
  const char *at = ++scan->at;
  for (; scan->end - at >= AZL_WORD_BYTES; at += AZL_WORD_BYTES) {
    uint64_t word = azl_word(at);
    uint64_t hits = azl_any_below(word, ' ') | azl_any_equal(word, '"') |
                    azl_any_equal(word, '\\') | azl_any_equal(word, 0x7f) |
                    azl_any_high(word);
    if (!hits) continue;
    at += azl_before_hit(hits);
    break;
  }
  while (at < scan->end && *at != '"') {
    if (*at < ' ' || *at > '~' || *at == '\\') return false;
    at++;
  }
  if (at == scan->end) return false;
  *out = (struct text){scan->at, (size_t)(at - scan->at)};
  scan->at = at + 1;
  return true;
}

static size_t scan_digits (struct scan *scan) {
  const char *start = scan->at;
  while (peek(scan) >= '0' && peek(scan) <= '9') scan->at++;
  return (size_t)(scan->at - start);
}

static bool scan_number (struct scan *scan) {
  if (peek(scan) == '-') scan->at++;
  bool zero = peek(scan) == '0';
  size_t digits = scan_digits(scan);
  if (digits == 0 || digits > MAX_DIGITS || (zero && digits > 1)) return false;
  if (peek(scan) == '.') {
    scan->at++;
    digits = scan_digits(scan);
    if (digits == 0 || digits > MAX_DIGITS) return false;
  }
  return peek(scan) != 'e' && peek(scan) != 'E';
}

static bool scan_word (struct scan *scan) {
  static const char *const words[] = {"true", "false", "null"};
  for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
    size_t len = strlen(words[i]);
    if ((size_t)(scan->end - scan->at) < len ||
        memcmp(scan->at, words[i], len) != 0)
      continue;
    scan->at += len;
    return true;
  }
  return false;
}

/* Inline, so that the length of a literal is known. */
static inline bool same (const struct text *key, const char *name) {
  return key->len == strlen(name) && azl_same_bytes(key->at, name, key->len);
}

static bool is_unusual (const struct text *key) {
  return same(key, "error") || same(key, "statusMessage") ||
         same(key, "provisioningError") || same(key, "percentComplete");
}

/* In this casing exactly: only a whole parse knows which of two keys that
   differ in casing counts. */
static bool exact (const struct text *key, const char *name) {
  return memcmp(key->at, name, key->len) == 0;
}

/* The last of two counts. */
static bool keep (struct azl_lro_brief *out, const char **member,
                  const struct text *value) {
  char *copy = out->text + out->used;
  if (value->len >= sizeof(out->text) - out->used) return false;
  memcpy(copy, value->at, value->len);
  copy[value->len] = '\0';
  out->used += value->len + 1;
  *member = copy;
  return true;
}

static bool scan_wanted (struct scan *scan, const struct text *key,
                         const char *name, const char **member) {
  struct text value;
  return exact(key, name) && scan_string(scan, &value) &&
         keep(scan->out, member, &value);
}

static bool scan_top (struct scan *scan, const struct text *key) {
  struct azl_lro_brief *out = scan->out;
  if (same(key, "status"))
    return scan_wanted(scan, key, "status", &out->status);
  if (same(key, "provisioningState"))
    return scan_wanted(scan, key, "provisioningState",
                       &out->provisioning_state);
  if (same(key, "resourceLocation"))
    return scan_wanted(scan, key, "resourceLocation", &out->resource_location);
  return scan_value(scan);
}

static bool scan_properties (struct scan *scan, const struct text *key) {
  if (!exact(key, "properties") || scan->had_properties || peek(scan) != '{')
    return false;
  scan->in_properties = scan->had_properties = true;
  bool scanned = scan_value(scan);
  scan->in_properties = false;
  return scanned;
}

/* The value behind a key, whose meaning depends on where it stands. */
static bool scan_member (struct scan *scan, const struct text *key) {
  bool top = scan->depth == 1;
  bool property = scan->depth == 2 && scan->in_properties;
  if (!top && !property) return scan_value(scan);
  if (is_unusual(key)) return false;
  if (top && same(key, "properties")) return scan_properties(scan, key);
  if (top) return scan_top(scan, key);
  if (same(key, "provisioningState"))
    return scan_wanted(scan, key, "provisioningState",
                       &scan->out->properties_state);
  return scan_value(scan);
}

static bool scan_members (struct scan *scan) {
  struct text key;
  do {
    skip_space(scan);
    if (!scan_string(scan, &key) || !accept(scan, ':')) return false;
    skip_space(scan);
    if (!scan_member(scan, &key)) return false;
  } while (accept(scan, ','));
  return accept(scan, '}');
}

static bool scan_items (struct scan *scan) {
  do {
    if (!scan_value(scan)) return false;
  } while (accept(scan, ','));
  return accept(scan, ']');
}

static bool scan_container (struct scan *scan) {
  bool object = *scan->at++ == '{', scanned;
  if (++scan->depth > MAX_DEPTH) return false;
  if (accept(scan, object ? '}' : ']'))
    scanned = true;
  else
    scanned = object ? scan_members(scan) : scan_items(scan);
  scan->depth--;
  return scanned;
}

static bool scan_value (struct scan *scan) {
  struct text ignored;
  skip_space(scan);
  switch (peek(scan)) {
  case '{':
  case '[': return scan_container(scan);
  case '"': return scan_string(scan, &ignored);
  case 't':
  case 'f':
  case 'n': return scan_word(scan);
  default: return scan_number(scan);
  }
}

static bool scan_document (struct scan *scan) {
  skip_space(scan);
  if (peek(scan) != '{' || !scan_value(scan)) return false;
  skip_space(scan);
  return scan->at == scan->end;
}

bool azl_lro_brief (const char *text, size_t len, struct azl_lro_brief *out) {
  if (!text) return false;
  struct scan scan = {.at = text, .end = text + len, .out = out};
  *out = (struct azl_lro_brief){0};
  return scan_document(&scan);
}
