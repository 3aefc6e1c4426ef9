/* HTTP dates in Retry-After. */
#include "fuzz.h"
#include "headers.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  char *text = fuzz_text(data, size);
  PROMISE(azl_http_date(text) >= -1);
  free(text);
  return 0;
}
