/* Answers of managed identity endpoints: one byte for the source, one for the
   status, then the body. */
#include "fuzz.h"
#include "managed_answer.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  static const int statuses[] = {200, 400, 401, 403, 404, 500, 502};
  static const struct azl_managed_id id = {"client", NULL, NULL};
  const int64_t now_ms = 1769862896000;
  struct azl_http_response response = {.http_version = 11};
  struct azl_managed_answer answer;
  struct azl_err *err;
  if (size < 2) return 0;
  response.status = statuses[data[1] % (sizeof statuses / sizeof *statuses)];
  azl_buf_init(&response.body, 1024 * 1024);
  if (size > 2 && !azl_buf_add(&response.body, data + 2, size - 2)) return 0;
  err = azl_managed_read((enum azl_managed_source)(data[0] % 6), &id, &response,
                         now_ms, &answer);
  PROMISE(!err == !!answer.value);
  if (err) PROMISE(err->kind == AZL_ERR_AUTH && err->code && err->message);
  if (!err) PROMISE(answer.expires_ms >= 0 && answer.refresh_ms >= 0);
  azl_err_free(err);
  azl_free_secret(answer.value);
  azl_buf_free(&response.body);
  return 0;
}
