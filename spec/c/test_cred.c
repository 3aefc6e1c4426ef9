/* Providers: what all of them share, and every allocation of each failing. */
/* links: fake_http.c */
#include <unistd.h>
#include "check.h"
#include "cred_chain.h"
#include "cred_script.h"
#include "fake_http.h"
#include "file.h"

#define SCOPE "https://management.azure.com/.default"
#define COUNT(array) ((int)(sizeof(array) / sizeof(array)[0]))

enum { WALL_S = 1700000000 };

static struct azl_loop *loop;
static char assertion_path[64];

static void begin (void) {
  loop = azl_loop_new(NULL);
  azl_loop_clock(loop)->fixed_ms = (int64_t)WALL_S * 1000;
  azl_loop_clock(loop)->auto_advance = true;
}

static void end (void) {
  CHECK_INT(azl_loop_op_count(loop), 0);
  azl_loop_free(loop);
}

static void settle (struct azl_op *op) {
  for (int i = 0; i < 500 && op->state == AZL_OP_PENDING; i++) {
    if (azl_loop_timeout_ms(loop) < 0) return;
    azl_loop_turn(loop, 1000000);
  }
}

static const struct fake_answer good = {
    200, NULL,
    "{\"access_token\":\"tok\",\"refresh_token\":\"r\",\"expires_in\":3600}"};
static const struct fake_answer code = {
    200, NULL,
    "{\"user_code\":\"U\",\"device_code\":\"D\",\"verification_uri\":\"V\","
    "\"message\":\"M\",\"expires_in\":900,\"interval\":5}"};
static const struct fake_answer pending = {
    400, NULL, "{\"error\":\"authorization_pending\"}"};

/* A token with what is asked for; cred NULL: it could not be made. */
static void use (struct azl_cred *cred, struct azl_err *err) {
  struct azl_token_request request = {
      .scope = SCOPE, .tenant_id = "other", .claims = "{}", .deadline_ms = -1};
  struct azl_op *op = cred ? azl_cred_get(cred, &request) : NULL;
  if (op) {
    settle(op);
    CHECK(op->state != AZL_OP_PENDING);
    CHECK((op->state == AZL_OP_DONE) == !op->err);
  }
  azl_err_free(err);
  azl_op_unref(op);
  azl_cred_unref(cred);
}

static const struct azl_cred_app app = {
    .tenant_id = "t", .client_id = "c", .additionally_allowed_tenants = "*"};

static void use_workload (void) {
  const struct fake_answer answers[] = {good, good, good, good};
  struct azl_err *err = NULL;
  fake_http_script(answers, COUNT(answers));
  use(azl_cred_workload(loop, &app, assertion_path, &err), err);
}

static void use_assertion (void) {
  const struct fake_answer answers[] = {good, good, good, good};
  struct azl_cred *source = azl_cred_static(loop, "proof", 1700003600000);
  struct azl_err *err = NULL;
  fake_http_script(answers, COUNT(answers));
  if (source) use(azl_cred_assertion(loop, &app, source, &err), err);
  azl_cred_unref(source);
}

/* Serves the queue as a binding would, with one call. */
static struct azl_script_call *taken (struct azl_script_queue *queue) {
  struct azl_script_call *call = NULL;
  for (int i = 0; i < 50 && !call; i++) {
    call = azl_script_take(queue);
    if (!call && azl_loop_timeout_ms(loop) != 0) break;
    if (!call) azl_loop_turn(loop, 0);
  }
  return call;
}

static void use_device_code (void) {
  const struct fake_answer answers[] = {code, pending, good, good, good, good};
  struct azl_script_queue *queue;
  struct azl_err *err = NULL;
  fake_http_script(answers, COUNT(answers));
  use(azl_cred_device_code(loop, &app, &queue, &err), err);
}

static void use_external (void) {
  struct azl_token_request request = {
      .scope = SCOPE, .tenant_id = "other", .claims = "{}", .deadline_ms = -1};
  struct azl_script_queue *queue;
  struct azl_cred *cred = azl_cred_external(loop, &queue);
  struct azl_op *op = cred ? azl_cred_get(cred, &request) : NULL;
  struct azl_script_call *call = op ? taken(queue) : NULL;
  if (call) azl_fetch_done(call->fetch, "tok", 1700003600000, 0);
  azl_script_call_free(call);
  if (op) {
    settle(op);
    CHECK(op->state != AZL_OP_PENDING);
  }
  azl_op_unref(op);
  azl_cred_unref(cred);
}

static void use_chain (void) {
  struct azl_cred *members[3], *chain = NULL;
  struct azl_token_request request = {.scope = SCOPE, .deadline_ms = -1};
  struct azl_op *op = NULL;
  members[0] = azl_cred_unavailable(loop, "A", "not here");
  members[1] = azl_cred_unavailable(loop, "B", "nor here");
  members[2] = azl_cred_static(loop, "tok", 1700003600000);
  if (members[0] && members[1] && members[2])
    chain = azl_cred_chain(loop, AZL_CHAIN_DEFAULT, members, 3, true);
  for (int i = 0; i < 3; i++) azl_cred_unref(members[i]);
  if (chain) op = azl_cred_get(chain, &request);
  if (op) {
    settle(op);
    CHECK(op->state != AZL_OP_PENDING);
  }
  azl_op_unref(op);
  azl_cred_unref(chain);
}

static void test_out_of_memory (void) {
  static void (*const stories[])(void) = {
      use_workload, use_assertion, use_device_code, use_external, use_chain};
  begin();
  for (int i = 0; i < COUNT(stories); i++)
    stories[i](); /* the loop's own tables grow once */
  for (int i = 0; i < COUNT(stories); i++) check_out_of_memory(stories[i]);
  end();
}

static void test_device_code_polls_until_there_is_a_token (void) {
  const struct fake_answer answers[] = {code, pending, pending, good};
  struct azl_token_request request = {.scope = SCOPE, .deadline_ms = -1};
  struct azl_script_queue *queue;
  struct azl_err *err;
  begin();
  fake_http_script(answers, COUNT(answers));
  struct azl_cred *cred = azl_cred_device_code(loop, &app, &queue, &err);
  struct azl_op *op = azl_cred_get(cred, &request);
  struct azl_script_call *call = taken(queue);
  if (CHECK(call != NULL)) {
    CHECK(!call->wants_token);
    CHECK_STR(call->fields[0].name, "user_code");
    CHECK_STR(call->fields[0].value, "U");
  }
  azl_script_call_free(call);
  settle(op);
  CHECK_INT(op->state, AZL_OP_DONE);
  CHECK_INT(fake_http_count(), 4);
  CHECK_INT(azl_loop_now_ms(loop) / 1000, WALL_S + 15);
  CHECK(strstr(fake_http_sent(0)->url, "/devicecode") != NULL);
  CHECK(strstr(fake_http_sent(0)->body, "offline_access") != NULL);
  CHECK(strstr(fake_http_sent(1)->body, "device_code=D") != NULL);
  azl_op_unref(op);
  azl_cred_unref(cred);
  end();
}

static void test_cancelled_calls_are_not_served (void) {
  struct azl_token_request request = {.scope = SCOPE, .deadline_ms = -1};
  struct azl_script_queue *queue;
  begin();
  struct azl_cred *cred = azl_cred_external(loop, &queue);
  struct azl_op *op = azl_cred_get(cred, &request);
  CHECK_INT(azl_loop_timeout_ms(loop), 0); /* the loop must not sleep now */
  azl_op_cancel(op);
  CHECK(azl_script_take(queue) == NULL);
  azl_op_unref(op);
  azl_cred_unref(cred);
  end();
}

static void test_chain_lists_reasons_in_order (void) {
  struct azl_token_request request = {.scope = SCOPE, .deadline_ms = -1};
  struct azl_cred *members[2];
  begin();
  members[0] = azl_cred_unavailable(loop, "A", "not here");
  members[1] = azl_cred_unavailable(loop, "B", "nor here");
  struct azl_cred *chain =
      azl_cred_chain(loop, AZL_CHAIN_PLAIN, members, 2, true);
  struct azl_op *op = azl_cred_get(chain, &request);
  settle(op);
  CHECK_STR(op->err->message, "ChainedTokenCredential found no usable "
                              "credential: A: not here; B: nor here");
  CHECK_STR(op->err->code, AZL_UNAVAILABLE);
  azl_op_unref(op);
  azl_cred_unref(chain);
  azl_cred_unref(members[0]);
  azl_cred_unref(members[1]);
  end();
}

static void test_network_settings_reach_members_once (void) {
  struct azl_http_config first = {.ca_file = "first.pem"};
  struct azl_http_config second = {.ca_file = "second.pem"};
  begin();
  struct azl_cred *member = azl_cred_static(loop, "tok", 1700003600000);
  struct azl_cred *chain =
      azl_cred_chain(loop, AZL_CHAIN_PLAIN, &member, 1, true);
  CHECK(azl_cred_network(chain, &first, true));
  CHECK(azl_cred_network(chain, &second, true));
  CHECK_STR(member->http_config.ca_file, "first.pem");
  CHECK(azl_cred_network(chain, &second, false));
  CHECK_STR(member->http_config.ca_file, "second.pem");
  azl_cred_unref(chain);
  azl_cred_unref(member);
  end();
}

/* Whether the heap holds a text, freed blocks included: where the system shows
   us our own memory, and not under a sanitizer, which has other heaps. */
static bool heap_holds (const char *text) {
  FILE *maps = fopen("/proc/self/maps", "re");
  char line[512];
  unsigned long start = 0, stop = 0;
  while (maps && !stop && fgets(line, sizeof line, maps))
    if (strstr(line, "[heap]") && sscanf(line, "%lx-%lx", &start, &stop) != 2)
      stop = 0;
  if (maps) fclose(maps);
  return stop && memmem((void *)start, stop - start, text, strlen(text));
}

static void test_passwords_of_proxies_are_wiped (void) {
  struct azl_http_config config = {
      .proxy = "http://somebody:p4ssword-of-the-proxy@127.0.0.1:1"};
  begin();
  struct azl_cred *cred = azl_cred_static(loop, "tok", 1700003600000);
  CHECK(azl_cred_network(cred, &config, false));
  azl_cred_unref(cred);
  end();
  CHECK(!heap_holds("p4ssword-of-the-proxy"));
}

static void test_source_of_assertions_takes_settings_it_has_none_of (void) {
  struct azl_http_config first = {.ca_file = "first.pem"};
  struct azl_http_config second = {.ca_file = "second.pem"};
  struct azl_err *err;
  begin();
  struct azl_cred *source = azl_cred_static(loop, "proof", 1700003600000);
  struct azl_cred *cred = azl_cred_assertion(loop, &app, source, &err);
  CHECK(azl_cred_network(cred, &first, false));
  CHECK_STR(source->http_config.ca_file, "first.pem");
  CHECK(azl_cred_network(cred, &second, false));
  CHECK_STR(source->http_config.ca_file, "first.pem");
  CHECK_STR(cred->http_config.ca_file, "second.pem");
  azl_cred_unref(cred);
  azl_cred_unref(source);
  end();
}

static void test_close_ends_a_chain_in_the_middle (void) {
  struct azl_token_request request = {.scope = SCOPE, .deadline_ms = -1};
  struct azl_script_queue *queue;
  begin();
  struct azl_cred *member = azl_cred_external(loop, &queue);
  struct azl_cred *chain =
      azl_cred_chain(loop, AZL_CHAIN_PLAIN, &member, 1, true);
  struct azl_op *op = azl_cred_get(chain, &request);
  azl_cred_close(chain);
  CHECK_INT(op->state, AZL_OP_CANCELLED);
  azl_op_unref(op);
  azl_cred_unref(chain);
  azl_cred_unref(member);
  end();
}

static void test_files (void) {
  struct azl_buf content;
  CHECK(azl_file_read("/nonexistent", 10, &content) != 0);
  azl_buf_free_secret(&content);
  CHECK(azl_file_read("/tmp", 10, &content) != 0);
  azl_buf_free_secret(&content);
  CHECK(azl_file_read("/dev/zero", 10, &content) != 0);
  azl_buf_free_secret(&content);
  CHECK(azl_file_read(assertion_path, 3, &content) != 0);
  azl_buf_free_secret(&content);
  CHECK_INT(azl_file_read(assertion_path, 100, &content), 0);
  CHECK_STR(content.data, " assertion\n");
  azl_buf_free_secret(&content);
}

static int run (void) {
  RUN_TESTS(TEST(test_out_of_memory),
            TEST(test_device_code_polls_until_there_is_a_token),
            TEST(test_cancelled_calls_are_not_served),
            TEST(test_chain_lists_reasons_in_order),
            TEST(test_network_settings_reach_members_once),
            TEST(test_passwords_of_proxies_are_wiped),
            TEST(test_source_of_assertions_takes_settings_it_has_none_of),
            TEST(test_close_ends_a_chain_in_the_middle), TEST(test_files));
}

int main (void) {
  int status, fd;
  snprintf(assertion_path, sizeof assertion_path, "/tmp/azl-cred-XXXXXX");
  fd = mkstemp(assertion_path);
  if (fd < 0 || write(fd, " assertion\n", 11) != 11) return EXIT_FAILURE;
  close(fd);
  status = run();
  unlink(assertion_path);
  return status;
}
