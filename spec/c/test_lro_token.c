/* Resume tokens: what they hold, and what is refused. */
#include "check.h"
#include "json.h"
#include "lro_token.h"

#define H "https://management.azure.com"
#define TOKEN(v, method, mode, final, rest)                                    \
  "{\"v\":" v ",\"method\":\"" method "\",\"mode\":\"" mode                    \
  "\",\"final\":\"" final "\"" rest "}"
#define COUNT(table) (sizeof(table) / sizeof(*(table)))

static void test_round_trip (void) {
  for (int i = 0; i < AZL_LRO_METHODS * AZL_LRO_MODES * 4; i++) {
    struct azl_lro_state state = {
        .method = (enum azl_lro_method)(i % AZL_LRO_METHODS),
        .mode = (enum azl_lro_mode)(i / AZL_LRO_METHODS % AZL_LRO_MODES),
        .final = (enum azl_lro_final)(i / AZL_LRO_METHODS / AZL_LRO_MODES),
        .accepted = i % 2,
        .empty = i % 3 == 1,
        .url = azl_strdup(H "/r?api-version=1&x=%22\"'"),
        .poll = azl_strdup(H "/p?s="
                             "~_-%2B"),
        .location = i % 3 ? azl_strdup(H "/l") : NULL};
    struct azl_lro_state back;
    struct azl_err *err = NULL;
    char *token = azl_lro_token_write(&state);
    bool lost = (state.mode == AZL_LRO_START && state.method != AZL_LRO_GET) ||
                (state.mode == AZL_LRO_ENDED && state.method == AZL_LRO_POST &&
                 !state.empty);
    CHECK_ROW(token);
    CHECK_INT(azl_lro_token_read(token, H, &back, &err), !lost);
    if (!lost) {
      CHECK_INT(back.method, state.method);
      CHECK_INT(back.mode, state.mode);
      CHECK_INT(back.final, state.final);
      CHECK_INT(back.accepted, state.accepted);
      CHECK_INT(back.empty, state.empty);
      CHECK_STR(back.url, state.url);
      CHECK_STR(back.poll, state.poll);
      CHECK_STR(back.location, state.location);
    }
    azl_err_free(err);
    azl_free(token);
    azl_lro_state_clear(&back);
    azl_lro_state_clear(&state);
  }
}

static void test_text (void) {
  struct azl_lro_state state = {.method = AZL_LRO_PUT,
                                .mode = AZL_LRO_ASYNC,
                                .url = azl_strdup(H "/r"),
                                .poll = azl_strdup(H "/p")};
  char *token = azl_lro_token_write(&state);
  CHECK_STR(token, TOKEN("1", "PUT", "async", "default",
                         ",\"url\":\"" H "/r\",\"poll\":\"" H "/p\""));
  azl_free(token);
  azl_lro_state_clear(&state);
}

#define URLS ",\"url\":\"" H "/r\",\"poll\":\"" H "/p\""
static const struct {
  const char *token, *want;
} malformed[] = {
    {"", "protocol InvalidResumeToken"},
    {"x", "protocol InvalidResumeToken"},
    {"[]", "protocol InvalidResumeToken"},
    {"null", "protocol InvalidResumeToken"},
    {"\"1\"", "protocol InvalidResumeToken"},
    {"{}", "protocol InvalidResumeToken"},
    {"{\"v\":1}", "protocol InvalidResumeToken"},
    {"{\"v\":1,\"method\":1}", "protocol InvalidResumeToken"},
    {TOKEN("2", "PUT", "async", "default", URLS),
     "protocol InvalidResumeToken"},
    {TOKEN("1", "BREW", "async", "default", URLS),
     "protocol InvalidResumeToken"},
    {TOKEN("1", "PUT", "async?", "default", URLS),
     "protocol InvalidResumeToken"},
    {TOKEN("1", "PUT", "async", "", URLS), "protocol InvalidResumeToken"},
    {TOKEN("1", "PUT", "async", "default", ""), "protocol InvalidResumeToken"},
    {TOKEN("1", "PUT", "async", "default", ",\"url\":\"" H "/r\""),
     "protocol InvalidResumeToken"},
    {TOKEN("1", "PUT", "async", "default", ",\"url\":\"/r\""),
     "protocol InvalidResumeToken"},
    {TOKEN("1", "PUT", "async", "default", ",\"url\":\"" H "/r\\r\\nX: y\""),
     "protocol InvalidResumeToken"},
    {TOKEN("1", "POST", "start", "default", URLS), "refused NotResumable"},
    {TOKEN("1", "PUT", "start", "default", URLS), "refused NotResumable"},
    {TOKEN("1", "PATCH", "start", "default", URLS), "refused NotResumable"},
    {TOKEN("1", "DELETE", "start", "default", URLS), "refused NotResumable"},
    {TOKEN("1", "POST", "ended", "default", URLS), "refused NotResumable"},
    {TOKEN("1", "POST", "ended", "default", ",\"result\":\"some\"" URLS),
     "refused NotResumable"},
    {TOKEN("1", "PUT", "async", "default",
           ",\"url\":\"https://management.chinacloudapi.cn/r\""),
     "refused ForeignResumeToken"},
    {TOKEN("1", "PUT", "async", "default",
           ",\"url\":\"" H "/r\",\"poll\":\"https://evil.example/p\""),
     "refused ForeignResumeToken"},
    {TOKEN("1", "PUT", "async", "default",
           URLS ",\"location\":\"https://evil.example/p\""),
     "refused ForeignResumeToken"},
};

static void test_malformed (void) {
  for (size_t i = 0; i < COUNT(malformed); i++) {
    struct azl_lro_state state;
    struct azl_err *err = NULL;
    char got[64];
    CHECK_ROW(malformed[i].token);
    if (CHECK(!azl_lro_token_read(malformed[i].token, H, &state, &err))) {
      snprintf(got, sizeof(got), "%s %s", azl_err_kind_name(err->kind),
               err->code);
      CHECK_STR(got, malformed[i].want);
      CHECK(err->hint != NULL);
    }
    CHECK(state.url == NULL && state.poll == NULL && state.location == NULL);
    azl_err_free(err);
  }
}

/* Every cut and every changed byte of a good token is read without harm. */
static void test_damaged (void) {
  static const char good[] =
      TOKEN("1", "PUT", "location", "original-uri", URLS);
  for (size_t i = 0; i < 2 * (sizeof(good) - 1); i++) {
    char token[sizeof(good)];
    struct azl_lro_state state;
    struct azl_err *err = NULL;
    memcpy(token, good, sizeof(good));
    token[i / 2] = i % 2 ? '\0' : '\x7f';
    CHECK(!azl_lro_token_read(token, H, &state, &err) || state.url);
    azl_lro_state_clear(&state);
    azl_err_free(err);
  }
}

static void read_good (void) {
  struct azl_lro_state state;
  struct azl_err *err = NULL;
  if (azl_lro_token_read(
          TOKEN("1", "PUT", "ended", "default", ",\"url\":\"" H "/r\""), H,
          &state, &err)) {
    char *token = azl_lro_token_write(&state);
    azl_free(token);
  }
  azl_lro_state_clear(&state);
  azl_err_free(err);
}

static void test_out_of_memory (void) {
  check_out_of_memory(read_good);
}

int main (void) {
  RUN_TESTS(TEST(test_round_trip), TEST(test_text), TEST(test_malformed),
            TEST(test_damaged), TEST(test_out_of_memory));
}
