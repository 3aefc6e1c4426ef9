/* Answers of services: field reading and error documents. The first byte
   picks the HTTP status. */
#include "fuzz.h"
#include "json.h"

static const char *const paths[] = {
    "status",
    "properties.provisioningState",
    "error.code",
    "error",
    "error.details.code",
    "access_token",
    "expires_in",
    "expires_on",
    "refresh_in",
    "properties.",
    ".",
    "",
};

static void read_fields (const char *text, size_t len) {
  struct json_t *doc = azl_json_parse(text, len);
  for (size_t i = 0; doc && i < sizeof paths / sizeof *paths; i++) {
    int64_t number = 0;
    const char *string = azl_json_string(doc, paths[i]);
    if (string) PROMISE(strlen(string) <= len);
    if (azl_json_int(doc, paths[i], &number)) {
      PROMISE(azl_json_at(doc, paths[i]) != NULL);
    }
  }
  azl_json_free(doc);
}

static void read_error (int status, const char *text, size_t len) {
  struct azl_err *err = azl_err_new(AZL_ERR_SERVICE, NULL, "it failed");
  azl_err_from_body(err, status, text, len, NULL);
  if (err->body) PROMISE(strlen(err->body) <= len);
  azl_err_free(err);
}

static void quote (const char *text) {
  struct azl_buf buf;
  azl_buf_init(&buf, 1 << 20);
  if (azl_json_quote(&buf, text)) {
    PROMISE(buf.len >= 2 && buf.data[0] == '"' && buf.data[buf.len - 1] == '"');
    PROMISE(memchr(buf.data, '\n', buf.len) == NULL);
  }
  azl_buf_free(&buf);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  if (size == 0) return 0;
  int status = 200 + data[0] * 2;
  char *text = fuzz_text(data + 1, size - 1);
  read_fields(text, size - 1);
  read_error(status, text, size - 1);
  quote(text);
  free(text);
  return 0;
}
