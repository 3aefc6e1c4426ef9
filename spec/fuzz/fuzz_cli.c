/* What command line tools write: the first byte chooses the tool and which
   stream it is. */
#include "cli_tool.h"
#include "fuzz.h"

static void read_answer (enum azl_cli tool, const char *text, size_t size) {
  struct azl_cli_answer answer;
  struct azl_err *err = azl_cli_read(tool, text, size, &answer);
  PROMISE(!err == !!answer.value);
  if (!err) PROMISE(answer.value[0] && answer.expires_ms >= 0);
  azl_err_free(err);
  azl_free_secret(answer.value);
}

static void read_failure (enum azl_cli tool, const char *text) {
  struct azl_cli_end end = {1, 0, text};
  struct azl_err *err = azl_cli_failure(tool, "scope", &end);
  PROMISE(err && err->kind == AZL_ERR_AUTH && err->code);
  PROMISE(strpbrk(err->message, "\n\r\033") == NULL);
  PROMISE(strlen(err->message) < 1024);
  azl_err_free(err);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  enum azl_cli tool;
  char *text;
  if (size == 0) return 0;
  tool = (enum azl_cli)((data[0] & 0x7f) % 3);
  text = fuzz_text(data + 1, size - 1);
  if (data[0] & 0x80)
    read_failure(tool, text);
  else
    read_answer(tool, text, size - 1);
  free(text);
  return 0;
}
