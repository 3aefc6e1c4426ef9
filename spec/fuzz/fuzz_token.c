/* A sign-in against an Entra ID that answers anything.
   links: fake_http.c */
/* Input: a first byte for the credential (odd: device code), then answers
   separated by 0x1e: a status byte, header lines, an empty line, the body. */
#include "cred.h"
#include "cred_script.h"
#include "fake_http.h"
#include "fuzz.h"
#include "plain.h"

#define SECRET "s3cret-of-the-fuzzer"

enum { MAX_ANSWERS = 10, MAX_TURNS = 2000 };

static const int statuses[] = {200, 400, 401, 403, 404, 408, 429, 500, 0, 200};

/* Cuts text into answers, in place. */
static int read_answers (char *text, char *end, struct fake_answer *answers) {
  int count = 0;
  while (text < end && count < MAX_ANSWERS) {
    char *stop = memchr(text, 0x1e, (size_t)(end - text));
    struct fake_answer *answer = &answers[count++];
    if (stop) *stop = '\0';
    answer->status = statuses[(unsigned char)text[0] % 10];
    if (text[0]) {
      char *blank = strstr(text + 1, "\r\n\r\n");
      answer->body = text + 1;
      if (blank) {
        answer->headers = text + 1;
        answer->body = blank + 4;
        blank[2] = '\0';
      }
    }
    text = stop ? stop + 1 : end;
  }
  return count;
}

static struct azl_cred *make (struct azl_loop *loop, bool device,
                              struct azl_script_queue **queue) {
  static const struct azl_cred_app app = {
      .tenant_id = "t", .client_id = "c", .authority = "https://login.x.y"};
  struct azl_err *err = NULL;
  struct azl_cred *cred = device ? azl_cred_device_code(loop, &app, queue, &err)
                                 : azl_cred_secret(loop, &app, SECRET, &err);
  PROMISE(cred && !err);
  return cred;
}

/* Virtual time; the prompt of a device code is answered at once. */
static void run (struct azl_loop *loop, struct azl_op *op,
                 struct azl_script_queue *queue) {
  for (int i = 0; i < MAX_TURNS && op->state == AZL_OP_PENDING; i++) {
    int64_t wait_ms = azl_loop_timeout_ms(loop);
    struct azl_script_call *call = queue ? azl_script_take(queue) : NULL;
    azl_script_call_free(call);
    if (wait_ms > 0) azl_clock_advance(azl_loop_clock(loop), wait_ms);
    azl_loop_turn(loop, 0);
  }
}

static bool is_plain (const char *text) {
  char *copy = fuzz_text((const uint8_t *)text, strlen(text));
  azl_plain_text(copy);
  bool same = strcmp(copy, text) == 0;
  free(copy);
  return same;
}

/* A person has no secret that an answer could repeat. */
static void check_end (struct azl_op *op, bool is_person) {
  PROMISE(op->state != AZL_OP_PENDING);
  PROMISE((op->state == AZL_OP_DONE) == (op->err == NULL));
  if (op->err) {
    PROMISE(op->err->message);
    PROMISE(is_person || !strstr(op->err->message, SECRET));
    PROMISE(is_person || !op->err->body || !strstr(op->err->body, SECRET));
    PROMISE(is_plain(op->err->message));
  } else {
    const struct azl_token *token = azl_token_result(op);
    PROMISE(token->value[0]);
    for (const char *at = token->value; *at; at++)
      PROMISE(*at > ' ' && *at < 127);
  }
  for (int i = 0; i < fake_http_count() && i < FAKE_SENT_MAX; i++)
    PROMISE(strncmp(fake_http_sent(i)->url, "https://login.x.y/", 18) == 0);
}

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size) {
  struct fake_answer answers[MAX_ANSWERS] = {{0}};
  struct azl_token_request request = {.scope = "https://a.b/.default",
                                      .deadline_ms = 600000};
  struct azl_script_queue *queue = NULL;
  if (size < 2) return 0;
  char *text = fuzz_text(data + 1, size - 1);
  fake_http_script(answers, read_answers(text, text + size - 1, answers));
  struct azl_loop *loop = azl_loop_new("poll");
  azl_loop_clock(loop)->fixed_ms = 1700000000000;
  request.deadline_ms += azl_loop_now_ms(loop);
  struct azl_cred *cred = make(loop, data[0] & 1, &queue);
  struct azl_op *op = azl_cred_get(cred, &request);
  if (op) {
    run(loop, op, queue);
    check_end(op, data[0] & 1);
    azl_op_unref(op);
  }
  azl_cred_close(cred);
  azl_cred_unref(cred);
  azl_loop_free(loop);
  free(text);
  return 0;
}
