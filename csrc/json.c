/* Owns the little JSON that the core itself reads and writes. */
#include "json.h"
#include "bytes.h"

#include <jansson.h>
#include <string.h>

#include "utf8.h"

json_t *azl_json_parse (const char *text, size_t len) {
  const size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL;
  json_error_t why;
  json_t *doc;

  /* jansson leaves it alone when memory is short */
  memset(&why, 0, sizeof why);
  if (!text || len > AZL_JSON_MAX) return NULL;
  if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) text += 3, len -= 3;
  doc = json_loadb(text, len, flags, &why);
  /* One integer beyond 64 bits must not make the whole answer unreadable. */
  if (!doc && json_error_code(&why) == json_error_numeric_overflow)
    doc = json_loadb(text, len, flags | JSON_DECODE_INT_AS_REAL, &why);
  return doc;
}

/* Token answers are read here too, so no text is left in freed memory. The
   parser bounds the depth. */
static void wipe_strings (json_t *value) {
  if (json_is_string(value)) {
    union {
      const char *read;
      char *write;
    } text = {json_string_value(value)};
    azl_wipe(text.write, json_string_length(value));
  }
  for (size_t i = 0; i < json_array_size(value); i++)
    wipe_strings(json_array_get(value, i));
  for (void *at = json_object_iter(value); at;
       at = json_object_iter_next(value, at))
    wipe_strings(json_object_iter_value(at));
}

void azl_json_free (json_t *doc) {
  if (!doc) return;
  if (doc->refcount == 1) wipe_strings(doc);
  json_decref(doc);
}

static json_t *member (const json_t *object, const char *name, size_t len) {
  json_t *readable = (json_t *)object, *found = NULL;

  for (void *at = json_object_iter(readable); at;
       at = json_object_iter_next(readable, at)) {
    const char *key = json_object_iter_key(at);
    if (!azl_same_bytes(key, name, len) || key[len] != '\0') continue;
    if (memcmp(key, name, len) == 0) return json_object_iter_value(at);
    if (!found) found = json_object_iter_value(at);
  }
  return found;
}

const json_t *azl_json_at (const json_t *doc, const char *path) {
  while (doc && path && *path) {
    size_t len = strcspn(path, ".");
    doc = member(doc, path, len);
    path += len;
    if (*path == '.') path++;
  }
  return doc;
}

const char *azl_json_string (const json_t *doc, const char *path) {
  const json_t *value = azl_json_at(doc, path);
  const char *text = json_string_value(value);
  /* Half of a string with a NUL in it is not that string. */
  if (text && strlen(text) != json_string_length(value)) return NULL;
  return text;
}

/* "123", " -5 ", "123.75" (cut off) */
static bool parse_int (const char *text, int64_t *out) {
  int64_t value = 0;
  bool negative, digits = false;

  while (*text == ' ') text++;
  negative = *text == '-';
  if (*text == '-' || *text == '+') text++;
  for (; *text >= '0' && *text <= '9'; text++, digits = true) {
    int digit = *text - '0';
    if (value > (INT64_MAX - digit) / 10) return false;
    value = value * 10 + digit;
  }
  if (*text == '.') text += 1 + strspn(text + 1, "0123456789");
  while (*text == ' ') text++;
  if (!digits || *text) return false;
  *out = negative ? -value : value;
  return true;
}

bool azl_json_int (const json_t *doc, const char *path, int64_t *out) {
  const json_t *value = azl_json_at(doc, path);
  const char *text = azl_json_string(doc, path);
  double real;

  if (text) return parse_int(text, out);
  if (json_is_integer(value)) {
    *out = json_integer_value(value);
    return true;
  }
  if (!json_is_real(value)) return false;
  real = json_real_value(value);
  /* 2^63 is exact as a double, INT64_MAX is not */
  if (!(real >= -9223372036854775808.0 && real < 9223372036854775808.0))
    return false;
  *out = (int64_t)real;
  return true;
}

static bool quote_char (struct azl_buf *buf, const char *at, size_t len) {
  static const char plain[] = "\"\\\b\f\n\r\t";
  static const char escaped[] = "\"\\bfnrt";
  const char *special;

  if (len == 0) return azl_buf_add_str(buf, "\\ufffd");
  special = len == 1 ? strchr(plain, *at) : NULL;
  if (special) return azl_buf_add_fmt(buf, "\\%c", escaped[special - plain]);
  if ((unsigned char)*at < ' ') return azl_buf_add_fmt(buf, "\\u%04x", *at);
  return azl_buf_add(buf, at, len);
}

bool azl_json_quote (struct azl_buf *buf, const char *text) {
  size_t before = buf->len, left = strlen(text);
  bool ok = azl_buf_add(buf, "\"", 1);
  while (ok && left) {
    size_t len = azl_utf8_length(text, left);
    ok = quote_char(buf, text, len);
    text += len ? len : 1;
    left -= len ? len : 1;
  }
  ok = ok && azl_buf_add(buf, "\"", 1);
  if (!ok && buf->data) {
    buf->len = before;
    buf->data[before] = '\0';
  }
  return ok;
}
