/* A long-running operation against a server that answers anything.
   links: fake_arm.c */
/* Input: a first byte for method and final state, then answers separated by
   0x1e: a status byte, header lines, an empty line, the body. */
#include "fake_arm.h"
#include "fuzz.h"
#include "lro.h"
#include "url.h"

enum { MAX_REPLIES = 12, MAX_TURNS = 400 };
#define ORIGIN FAKE_ENDPOINT "/"

static const char *const methods[] = {"PUT", "PATCH", "POST", "DELETE", "GET"};
static const int statuses[] = {200, 201, 202, 204, 0,   200, 202, 404,
                               429, 500, 503, 302, 400, 409, 401, 304};

/* Cuts text into replies, in place. */
static int read_replies (char *text, char *end, struct fake_reply *replies) {
  int count = 0;
  while (text < end && count < MAX_REPLIES) {
    char *stop = memchr(text, 0x1e, (size_t)(end - text));
    if (stop) *stop = '\0';
    struct fake_reply *reply = &replies[count++];
    unsigned choice = (unsigned char)text[0];
    reply->status = statuses[choice % 16];
    reply->kind = AZL_ERR_TRANSPORT;
    reply->at_once = (choice & 0x40) != 0;
    if (text[0]) {
      char *blank = strstr(text + 1, "\n\n");
      reply->headers = text + 1;
      if (blank) {
        *blank = '\0';
        reply->body = blank + 2;
      }
    }
    text = stop ? stop + 1 : end;
  }
  return count;
}

static void check_token (struct azl_op *op) {
  char *token = azl_lro_token(op);
  if (!token) return;
  PROMISE(strstr(token, "Bearer ") == NULL);
  azl_free(token);
}

/* Virtual time: jumps from one timer to the next. */
static void run (struct azl_loop *loop, struct azl_op *op) {
  for (int i = 0; i < MAX_TURNS && op->state == AZL_OP_PENDING; i++) {
    int64_t wait_ms = azl_loop_timeout_ms(loop);
    if (wait_ms > 0) azl_clock_advance(azl_loop_clock(loop), wait_ms);
    azl_loop_turn(loop, 0);
    if (op->state == AZL_OP_PENDING && i % 3 == 0) check_token(op);
  }
}

static void check_end (struct azl_arm *arm, struct azl_op *op) {
  /* Nothing is left pending for ever: there is a deadline of 30 minutes. */
  PROMISE(op->state != AZL_OP_PENDING);
  PROMISE((op->state == AZL_OP_DONE) == (op->err == NULL));
  for (int i = 0; i < fake_arm_count(arm); i++) {
    const char *url = strchr(fake_arm_sent(arm, i), ' ') + 1;
    PROMISE(azl_url_same_origin(url, FAKE_ENDPOINT));
  }
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  if (size < 2) return 0;
  struct fake_reply replies[MAX_REPLIES] = {{0}};
  char *text = fuzz_text(data + 1, size - 1);
  int count = read_replies(text, text + size - 1, replies);
  struct azl_loop *loop = azl_loop_new("poll");
  azl_loop_clock(loop)->fixed_ms = 1700000000000;
  struct azl_arm *arm = fake_arm_new(loop, replies, count);
  struct azl_lro_request request = {
      .call = {.method = methods[data[0] % 5],
               .url = ORIGIN "subscriptions/s/x?api-version=2024-03-01",
               .deadline_ms = -1,
               .max_retries = -1},
      .final = (enum azl_lro_final)(data[0] / 5 % 4),
      .deadline_ms = -1,
  };
  struct azl_op *op = azl_lro_begin(arm, &request);
  if (op) {
    run(loop, op);
    check_end(arm, op);
    azl_op_unref(op);
  }
  azl_arm_unref(arm);
  azl_loop_free(loop);
  free(text);
  return 0;
}
