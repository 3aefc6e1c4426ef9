/* Owns the list of header fields and what a response's Retry-After means. */
#include "headers.h"
#include "bytes.h"

#include <string.h>

/* Enough for most answers of Resource Manager. */
enum { FIRST_ITEMS = 16, FIRST_BYTES = 1024 };

/* Bytes of the token (RFC 9110 5.6.2) at the start of text. */
static size_t token_length (const char *text, size_t len) {
  /* a bit for each ASCII character: letters, digits, "!#$%&'*+-.^_`|~" */
  static const uint64_t chars[2] = {0x03ff6cfa00000000, 0x57ffffffc7fffffe};
  size_t i = 0;
  for (; i < len; i++) {
    unsigned char c = (unsigned char)text[i];
    if (c > 127 || !(chars[c / 64] >> (c % 64) & 1)) break;
  }
  return i;
}

static bool is_token (const char *text) {
  size_t len = strlen(text);
  return len > 0 && token_length(text, len) == len;
}

/* CR, LF or NUL, none of which a value may have. */
static bool has_line_end (const char *value, size_t len) {
  for (; len >= AZL_WORD_BYTES; len -= AZL_WORD_BYTES) {
    uint64_t word = azl_word(value);
    if (azl_any_below(word, 1) | azl_any_equal(word, '\r') |
        azl_any_equal(word, '\n'))
      return true;
    value += AZL_WORD_BYTES;
  }
  for (; len > 0; len--, value++)
    if (*value == '\0' || *value == '\r' || *value == '\n') return true;
  return false;
}

/* Name and value stand one behind the other: see make_item. */
static size_t name_length (const struct azl_header *item) {
  return (size_t)(item->value - item->name) - 1;
}

/* Header names in any casing; most differ in length. */
static bool has_name (const struct azl_header *item, const char *name,
                      size_t len) {
  return name_length(item) == len && azl_same_bytes(item->name, name, len);
}

static bool is_blank (char c) {
  return c == ' ' || c == '\t';
}

static bool make_room (struct azl_headers *headers) {
  size_t capacity = headers->capacity ? headers->capacity * 2 : FIRST_ITEMS;
  struct azl_header *items;
  if (headers->count < headers->capacity) return true;
  items = azl_realloc(headers->items, capacity * sizeof *items);
  if (!items) return false;
  headers->items = items;
  headers->capacity = capacity;
  return true;
}

/* Moves the text to a larger block; *out_old is to be wiped and freed once
   nothing is read from it any more. */
static bool grow_text (struct azl_headers *headers, size_t need,
                       char **out_old) {
  size_t capacity =
      headers->text_capacity ? headers->text_capacity : FIRST_BYTES;
  while (capacity - headers->text_len < need) capacity *= 2;
  char *old = headers->text, *text = azl_malloc(capacity);
  if (!text) return false;
  if (old) memcpy(text, old, headers->text_len);
  for (size_t i = 0; i < headers->count; i++) {
    struct azl_header *item = &headers->items[i];
    item->name = text + (item->name - old);
    item->value = text + (item->value - old);
  }
  headers->text = text;
  headers->text_capacity = capacity;
  *out_old = old;
  return true;
}

static char *put_text (struct azl_headers *headers, const char *text,
                       size_t len) {
  char *at = headers->text + headers->text_len;
  memcpy(at, text, len);
  at[len] = '\0';
  headers->text_len += len + 1;
  return at;
}

/* Name and value may stand in the list itself. */
static bool make_item (struct azl_headers *headers, struct azl_header *out,
                       const char *name, size_t name_len, const char *value,
                       size_t value_len) {
  size_t need = name_len + value_len + 2, old_len = headers->text_len;
  char *old = NULL;
  if (headers->text_capacity - headers->text_len < need &&
      !grow_text(headers, need, &old))
    return false;
  out->name = put_text(headers, name, name_len);
  out->value = put_text(headers, value, value_len);
  if (old) {
    azl_wipe(old, old_len);
    azl_free(old);
  }
  return true;
}

static bool add_bytes (struct azl_headers *headers, const char *name,
                       size_t name_len, const char *value, size_t value_len) {
  struct azl_header item;
  if (!make_room(headers) ||
      !make_item(headers, &item, name, name_len, value, value_len))
    return false;
  headers->items[headers->count++] = item;
  return true;
}

/* Values are wiped: an Authorization header may be among them. */
static void drop_item (struct azl_header *item) {
  azl_wipe(item->value, strlen(item->value));
}

static size_t find (const struct azl_headers *headers, const char *name,
                    size_t len) {
  size_t i = 0;
  while (i < headers->count && !has_name(&headers->items[i], name, len)) i++;
  return i;
}

/* Drops the fields of that name from index `start` on. */
static void remove_from (struct azl_headers *headers, const char *name,
                         size_t start) {
  size_t kept = start, len = strlen(name);
  for (size_t i = start; i < headers->count; i++) {
    if (has_name(&headers->items[i], name, len))
      drop_item(&headers->items[i]);
    else
      headers->items[kept++] = headers->items[i];
  }
  if (start < headers->count) headers->count = kept;
}

bool azl_headers_valid (const char *name, const char *value) {
  return name && value && is_token(name) && !has_line_end(value, strlen(value));
}

bool azl_headers_add (struct azl_headers *headers, const char *name,
                      const char *value) {
  if (!azl_headers_valid(name, value)) return false;
  return add_bytes(headers, name, strlen(name), value, strlen(value));
}

bool azl_headers_set (struct azl_headers *headers, const char *name,
                      const char *value) {
  size_t at = find(headers, name, strlen(name));
  struct azl_header item;
  if (at == headers->count) return azl_headers_add(headers, name, value);
  if (!azl_headers_valid(name, value) ||
      !make_item(headers, &item, headers->items[at].name,
                 name_length(&headers->items[at]), value, strlen(value)))
    return false;
  drop_item(&headers->items[at]);
  headers->items[at] = item;
  remove_from(headers, name, at + 1);
  return true;
}

bool azl_headers_copy (struct azl_headers *to, const struct azl_headers *from) {
  size_t before = to->count, count = from->count;
  for (size_t i = 0; i < count; i++) {
    const struct azl_header *item = &from->items[i];
    if (add_bytes(to, item->name, name_length(item), item->value,
                  strlen(item->value)))
      continue;
    while (to->count > before) drop_item(&to->items[--to->count]);
    return false;
  }
  return true;
}

const char *azl_headers_find (const struct azl_headers *headers,
                              const char *name, size_t len) {
  size_t at = find(headers, name, len);
  return at < headers->count ? headers->items[at].value : NULL;
}

void azl_headers_remove (struct azl_headers *headers, const char *name) {
  remove_from(headers, name, 0);
}

void azl_headers_free (struct azl_headers *headers) {
  if (!headers->items && !headers->text) return;
  azl_wipe(headers->text, headers->text_len);
  azl_free(headers->text);
  azl_free(headers->items);
  memset(headers, 0, sizeof *headers);
}

bool azl_headers_parse_line (struct azl_headers *headers, const char *line,
                             size_t len) {
  const char *value;
  size_t name_len, value_len;

  if (len >= 5 && memcmp(line, "HTTP/", 5) == 0) {
    azl_headers_free(headers);
    return true;
  }
  while (len && (line[len - 1] == '\n' || line[len - 1] == '\r')) len--;
  name_len = token_length(line, len);
  if (name_len == 0 || name_len == len || line[name_len] != ':') return true;
  value = line + name_len + 1;
  value_len = len - name_len - 1;
  while (value_len && is_blank(*value)) value++, value_len--;
  while (value_len && is_blank(value[value_len - 1])) value_len--;
  if (has_line_end(value, value_len)) return true;
  return add_bytes(headers, line, name_len, value, value_len);
}

/* "12" or "1.5", times unit_ms; rounded up so that a wait is never shorter
   than what was asked for. Huge values are cut off, they cannot be waited for
   anyway. -1: not such a number. */
static int64_t parse_wait_ms (const char *text, int64_t unit_ms) {
  const int64_t most = 1000000000000;
  int64_t value = 0, part = unit_ms;
  bool digits = false, rounded = false;

  while (is_blank(*text)) text++;
  for (; *text >= '0' && *text <= '9'; text++, digits = true) {
    value = value * 10 + (*text - '0') * unit_ms;
    if (value > most) value = most;
  }
  if (digits && *text == '.') {
    for (text++; *text >= '0' && *text <= '9'; text++) {
      int64_t step = (*text - '0') * part;
      value += step / 10;
      rounded = rounded || step % 10 != 0;
      part /= 10;
    }
  }
  while (is_blank(*text)) text++;
  if (!digits || *text) return -1;
  return rounded ? value + 1 : value;
}

static int64_t date_wait_ms (const char *text, int64_t wall_ms) {
  int64_t date = azl_http_date(text);
  if (date < 0) return -1;
  return date * 1000 > wall_ms ? date * 1000 - wall_ms : 0;
}

int64_t azl_retry_after_ms (const struct azl_headers *headers,
                            int64_t wall_ms) {
  static const struct {
    const char *name;
    int64_t unit_ms;
  } fields[] = {
      {"retry-after-ms", 1},
      {"x-ms-retry-after-ms", 1},
      {"Retry-After", 1000},
  };
  for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
    const char *text = azl_headers_get(headers, fields[i].name);
    int64_t wait_ms = text ? parse_wait_ms(text, fields[i].unit_ms) : -1;
    if (wait_ms < 0 && text && fields[i].unit_ms == 1000)
      wait_ms = date_wait_ms(text, wall_ms);
    if (wait_ms >= 0) return wait_ms;
  }
  return -1;
}
