/* Response header lines as a server may send them, then Retry-After. */
#include "fuzz.h"
#include "headers.h"

static void check_all (const struct azl_headers *headers) {
  for (size_t i = 0; i < headers->count; i++) {
    const struct azl_header *item = &headers->items[i];
    PROMISE(item->name[0] != '\0');
    PROMISE(azl_headers_get(headers, item->name) != NULL);
    PROMISE(strpbrk(item->value, "\r\n") == NULL);
  }
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  struct azl_headers headers = {0}, copy = {0};
  const char *line = (const char *)data, *end = line + size;
  while (line < end) {
    const char *newline = memchr(line, '\n', (size_t)(end - line));
    size_t len = newline ? (size_t)(newline + 1 - line) : (size_t)(end - line);
    if (!azl_headers_parse_line(&headers, line, len)) break;
    line += len;
  }
  check_all(&headers);
  const int64_t now_ms = 1700000000000;
  int64_t wait_ms = azl_retry_after_ms(&headers, now_ms);
  PROMISE(wait_ms >= -1);
  if (azl_headers_copy(&copy, &headers)) {
    PROMISE(azl_retry_after_ms(&copy, now_ms) == wait_ms);
  }
  azl_headers_remove(&copy, "retry-after");
  PROMISE(azl_headers_get(&copy, "Retry-After") == NULL);
  azl_headers_free(&copy);
  azl_headers_free(&headers);
  return 0;
}
