/* Resume tokens from anywhere. links: fake_arm.c */
#include "fake_arm.h"
#include "fuzz.h"
#include "lro.h"
#include "url.h"

static void use (struct azl_loop *loop, struct azl_arm *arm,
                 struct azl_op *op) {
  char *token = azl_lro_token(op);
  if (token) {
    /* What was read back must be readable again. */
    struct azl_err *err = NULL;
    struct azl_op *again = azl_lro_resume(arm, token, -1, &err);
    PROMISE(again != NULL || err != NULL);
    azl_err_free(err);
    azl_op_cancel(again);
    azl_op_unref(again);
  }
  azl_free(token);
  for (int i = 0; i < 20 && op->state == AZL_OP_PENDING; i++) {
    int64_t wait_ms = azl_loop_timeout_ms(loop);
    if (wait_ms > 0) azl_clock_advance(azl_loop_clock(loop), wait_ms);
    azl_loop_turn(loop, 0);
  }
  for (int i = 0; i < fake_arm_count(arm); i++) {
    const char *url = strchr(fake_arm_sent(arm, i), ' ') + 1;
    PROMISE(azl_url_same_origin(url, FAKE_ENDPOINT));
  }
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  static const struct fake_reply replies[] = {
      {200, NULL, "{\"status\":\"Succeeded\"}", AZL_ERR_TRANSPORT, false, true},
      {200, NULL, "{}", AZL_ERR_TRANSPORT, false, true},
  };
  char *token = fuzz_text(data, size);
  struct azl_loop *loop = azl_loop_new("poll");
  azl_loop_clock(loop)->fixed_ms = 1700000000000;
  struct azl_arm *arm = fake_arm_new(loop, replies, 2);
  struct azl_err *err = NULL;
  struct azl_op *op = azl_lro_resume(arm, token, -1, &err);
  PROMISE((op == NULL) == (err != NULL));
  if (op) {
    use(loop, arm, op);
    azl_op_cancel(op);
    azl_op_unref(op);
  }
  azl_err_free(err);
  azl_arm_unref(arm);
  azl_loop_free(loop);
  free(token);
  return 0;
}
