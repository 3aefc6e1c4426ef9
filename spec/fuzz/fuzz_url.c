/* URLs: a base on the first line, a reference on the second. */
#include "fuzz.h"
#include "throttle.h"
#include "url.h"

static void check_one (const char *text) {
  struct azl_url url;
  bool ok = azl_url_parse(text, &url);
  if (ok) {
    PROMISE(azl_url_same_origin(text, text));
    PROMISE(url.host_len > 0 && url.port >= 0 && url.port <= 65535);
    PROMISE(memchr(text, '@', (size_t)(url.host - text)) == NULL);
    PROMISE(strpbrk(text, "\r\n \t\\") == NULL);
  }
  if (azl_url_may_carry_token(text)) {
    PROMISE(ok);
    PROMISE(url.scheme_len == 5 || azl_url_is_loopback(&url));
  }
  char *shown = azl_url_redact(text);
  if (shown && strstr(text, "sig=SECRET") && ok && url.query_len) {
    const char *query = strchr(shown, '?');
    PROMISE(!query || !strstr(query, "sig=SECRET"));
  }
  azl_free(shown);
}

/* Whatever the URL, a refusal pauses the calls that it stands for. */
static void check_pacing (const char *text) {
  struct azl_throttle *throttle = azl_throttle_new();
  struct azl_turn turn = {0};
  PROMISE(azl_throttle_turn_ms(throttle, "PUT", text, &turn, 0) == 0);
  azl_throttle_learn(throttle, &turn, "PUT", text, 429, NULL, 1000, 0);
  PROMISE(azl_throttle_delay_ms(throttle, "PUT", text, 1) > 0);
  azl_throttle_free(throttle);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  char *base = fuzz_text(data, size);
  char *newline = strchr(base, '\n');
  const char *reference = "";
  if (newline) {
    *newline = '\0';
    reference = newline + 1;
  }
  check_one(base);
  check_one(reference);
  check_pacing(base);
  char *whole = azl_url_follow(base, reference);
  if (whole) {
    /* A path cannot lead to another server. Whether the result is a URL at
       all is asked again by whoever sends it. */
    struct azl_url url;
    if (reference[0] == '/' && reference[1] != '/' &&
        azl_url_parse(whole, &url)) {
      PROMISE(azl_url_same_origin(base, whole));
    }
  }
  azl_free(whole);
  free(base);
  return 0;
}
