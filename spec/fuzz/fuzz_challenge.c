/* WWW-Authenticate values: the first line names what is looked for. */
#include "fuzz.h"
#include "headers.h"

static void look (const char *value, const char *key, size_t room) {
  char *out = malloc(room);
  if (!out) abort();
  memset(out, 'x', room);
  if (azl_challenge_param(value, "Bearer", key, out, room)) {
    PROMISE(memchr(out, '\0', room) != NULL);
    PROMISE(strlen(out) <= strlen(value));
  }
  free(out);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  char *value = fuzz_text(data, size);
  static const char *const keys[] = {"claims", "error", "authorization_uri"};
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    look(value, keys[i], 1);
    look(value, keys[i], 8);
    look(value, keys[i], 4096);
  }
  free(value);
  return 0;
}
