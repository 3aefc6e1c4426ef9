/* Owns the growing byte string. */
#include "buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { FIRST_BYTES = 64 };

/* Room for len more bytes and the NUL. The old block is wiped, because a
   buffer that holds a secret must not leave copies behind as it grows. */
static bool grow (struct azl_buf *buf, size_t len) {
  size_t need, capacity = buf->capacity ? buf->capacity : FIRST_BYTES;
  char *data;

  if (buf->len > buf->max_bytes || len > buf->max_bytes - buf->len)
    return false;
  if (len > SIZE_MAX - buf->len - 1) return false;
  need = buf->len + len + 1;
  if (need <= buf->capacity) return true;
  while (capacity < need) {
    if (capacity > SIZE_MAX / 2) {
      capacity = need;
      break;
    }
    capacity *= 2;
  }
  data = azl_malloc(capacity);
  if (!data) return false;
  if (buf->data) {
    memcpy(data, buf->data, buf->len);
    azl_wipe(buf->data, buf->len);
    azl_free(buf->data);
  }
  data[buf->len] = '\0';
  buf->data = data;
  buf->capacity = capacity;
  return true;
}

void azl_buf_init (struct azl_buf *buf, size_t max_bytes) {
  memset(buf, 0, sizeof *buf);
  buf->max_bytes = max_bytes;
}

bool azl_buf_add (struct azl_buf *buf, const void *bytes, size_t len) {
  if (!grow(buf, len)) return false;
  if (len) memcpy(buf->data + buf->len, bytes, len);
  buf->len += len;
  buf->data[buf->len] = '\0';
  return true;
}

bool azl_buf_add_str (struct azl_buf *buf, const char *text) {
  return azl_buf_add(buf, text, strlen(text));
}

bool azl_buf_add_fmt (struct azl_buf *buf, const char *fmt, ...) {
  va_list args;
  int len;

  va_start(args, fmt);
  len = vsnprintf(NULL, 0, fmt, args);
  va_end(args);
  if (len < 0 || !grow(buf, (size_t)len)) return false;

  va_start(args, fmt);
  vsnprintf(buf->data + buf->len, (size_t)len + 1, fmt, args);
  va_end(args);
  buf->len += (size_t)len;
  return true;
}

/* Not isalnum: what is unreserved does not depend on a locale. */
static bool is_unreserved (unsigned char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
}

bool azl_buf_add_escaped (struct azl_buf *buf, const char *text) {
  static const char hex[] = "0123456789ABCDEF";
  const unsigned char *in = (const unsigned char *)text;
  size_t len = 0;
  char *out;

  for (const unsigned char *c = in; *c; c++) len += is_unreserved(*c) ? 1 : 3;
  if (!grow(buf, len)) return false;
  out = buf->data + buf->len;
  for (; *in; in++) {
    if (is_unreserved(*in)) {
      *out++ = (char)*in;
    } else {
      *out++ = '%';
      *out++ = hex[*in >> 4];
      *out++ = hex[*in & 15];
    }
  }
  *out = '\0';
  buf->len += len;
  return true;
}

char *azl_buf_take (struct azl_buf *buf) {
  char *data = buf->data;
  azl_buf_init(buf, buf->max_bytes);
  return data;
}

void azl_buf_clear (struct azl_buf *buf) {
  buf->len = 0;
  if (buf->data) buf->data[0] = '\0';
}

void azl_buf_free (struct azl_buf *buf) {
  azl_free(buf->data);
  azl_buf_init(buf, buf->max_bytes);
}

void azl_buf_free_secret (struct azl_buf *buf) {
  azl_wipe(buf->data, buf->capacity);
  azl_buf_free(buf);
}
