/* The short way to read an answer says the same as the long one, or nothing. */
#include <jansson.h>
#include "check.h"
#include "json.h"
#include "lro_brief.h"

static const char *const usual[] = {
    "{}",
    " {\n} ",
    "{\"status\":\"Running\"}",
    "{\"id\":\"1\",\"name\":\"x\",\"status\":\"Succeeded\",\"n\":-1.5}",
    "{\"properties\":{\"provisioningState\":\"Updating\",\"a\":[1,2,{}]}}",
    "{\"properties\":{},\"provisioningState\":\"Creating\",\"z\":null}",
    "{\"a\":{\"properties\":{\"provisioningState\":\"No\",\"error\":{}}}}",
    "{\"a\":{\"status\":\"No\"},\"b\":[{\"status\":\"No\"}],\"t\":true}",
    "{\"status\":\"Running\",\"status\":\"Succeeded\"}",
    "{\"resourceLocation\":\"https://x/y\",\"status\":\"Succeeded\"}",
    "{\"properties\":{\"a\":{\"provisioningState\":\"No\"}}}",
};

static const char *const left_to_jansson[] = {
    "",
    "[]",
    "\"x\"",
    "{\"status\":5}",
    "{\"status\":null}",
    "{\"Status\":\"Running\"}",
    "{\"properties\":{\"PROVISIONINGSTATE\":\"x\"}}",
    "{\"Properties\":{}}",
    "{\"properties\":[]}",
    "{\"properties\":{},\"properties\":{}}",
    "{\"error\":{\"code\":\"X\"}}",
    "{\"properties\":{\"error\":{\"code\":\"X\"}}}",
    "{\"properties\":{\"statusMessage\":{\"error\":{}}}}",
    "{\"properties\":{\"provisioningError\":{}}}",
    "{\"percentComplete\":50}",
    "{\"a\":\"\\u0041\"}",
    "{\"a\":\"\xc3\xa9\"}",
    "{\"a\":12345678901234567890}",
    "{\"a\":1e400}",
    "{\"a\":\"unfinished",
    "{\"a\":1",
    "{\"a\":1}}",
    "{\"a\":01}",
    "{\"a\":1.}",
    "{\"a\":-}",
    "{\"a\":tru}",
    "{\"a\":1,}",
    "{\"a\" 1}",
    "{a:1}",
    "{\"a\":[1 2]}",
    "{\"a\":\"tab\there\"}",
};

static void says_what_a_whole_parse_says (void) {
  for (size_t i = 0; i < sizeof(usual) / sizeof(*usual); i++) {
    struct azl_lro_brief brief;
    json_t *whole = azl_json_parse(usual[i], strlen(usual[i]));
    CHECK_ROW(usual[i]);
    CHECK(azl_lro_brief(usual[i], strlen(usual[i]), &brief));
    CHECK_STR(brief.status, azl_json_string(whole, "status"));
    CHECK_STR(brief.provisioning_state,
              azl_json_string(whole, "provisioningState"));
    CHECK_STR(brief.resource_location,
              azl_json_string(whole, "resourceLocation"));
    CHECK_STR(brief.properties_state,
              azl_json_string(whole, "properties.provisioningState"));
    azl_json_free(whole);
  }
}

static bool is_brief (const char *text, size_t len) {
  struct azl_lro_brief brief;
  return azl_lro_brief(text, len, &brief);
}

static void leaves_the_unusual_to_jansson (void) {
  const size_t rows = sizeof(left_to_jansson) / sizeof(*left_to_jansson);
  for (size_t i = 0; i < rows; i++) {
    const char *text = left_to_jansson[i];
    CHECK_ROW(text);
    CHECK(!is_brief(text, strlen(text)));
  }
  CHECK(!is_brief(NULL, 0));
}

static void never_reads_past_the_end (void) {
  static const char text[] = "{\"properties\":{\"provisioningState\":\"Ok\"},"
                             "\"a\":[true,-1.5,\"x\"],\"status\":\"Running\"}";
  for (size_t len = 0; len < sizeof(text) - 1; len++) {
    char *copy = azl_memdup(text, len);
    CHECK(copy && !is_brief(copy, len));
    azl_free(copy);
  }
}

static void deep_nesting_is_unusual (void) {
  char text[256] = "{\"a\":";
  memset(text + 5, '[', 100);
  memset(text + 105, ']', 100);
  text[205] = '}';
  CHECK(!is_brief(text, 206));
}

/* What is kept has 512 bytes. */
static void long_values_are_unusual (void) {
  char text[700] = "{\"status\":\"";
  const size_t start = 11;
  for (size_t len = 1; len < 600; len++) {
    memset(text + start, 'x', len);
    memcpy(text + start + len, "\"}", 2);
    CHECK_INT(is_brief(text, start + len + 2), len < 512);
  }
  memcpy(text, "{\"none\":  \"", start);
  CHECK(is_brief(text, start + 599 + 2));
}

int main (void) {
  RUN_TESTS(TEST(says_what_a_whole_parse_says),
            TEST(leaves_the_unusual_to_jansson), TEST(never_reads_past_the_end),
            TEST(deep_nesting_is_unusual), TEST(long_values_are_unusual));
}
