/* Tests of json.c: reading fields, writing strings. */
#include <jansson.h>
#include <stdint.h>
#include "check.h"
#include "json.h"

static json_t *parse (const char *text) {
  return azl_json_parse(text, strlen(text));
}

static void test_parses_whole_documents_only (void) {
  static const struct {
    const char *text;
    bool want;
  } rows[] = {
      {"{}", true},
      {"[]", true},
      {" {\"a\":1}\r\n", true},
      {"\"text\"", true},
      {"12", true},
      {"null", true},
      {"\xef\xbb\xbf{\"a\":1}", true},
      {"{\"a\":\"\\u0000\"}", true},
      {"{\"a\":123456789012345678901234567890}", true},
      {"", false},
      {"\xef\xbb\xbf", false},
      {"{", false},
      {"{\"a\":}", false},
      {"{} x", false},
      {"{}{}", false},
      {"{'a':1}", false},
      {"{\"a\":1,}", false},
      {"{\"a\":\"\xff\"}", false},
      {"<html></html>", false},
      {"NaN", false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    json_t *doc = parse(rows[i].text);
    CHECK_ROW(rows[i].text);
    CHECK_INT(doc != NULL, rows[i].want);
    azl_json_free(doc);
  }
  CHECK(azl_json_parse(NULL, 0) == NULL);
  CHECK(azl_json_parse("{}", (size_t)AZL_JSON_MAX + 1) == NULL);
}

static void test_deep_nesting_is_refused (void) {
  enum { DEPTH = 100000 };
  char *text = azl_malloc(DEPTH);
  json_t *doc;
  memset(text, '[', DEPTH);
  doc = azl_json_parse(text, DEPTH);
  CHECK(doc == NULL);
  azl_json_free(doc);
  azl_free(text);
}

static void test_reads_no_byte_behind_the_end (void) {
  const char exact[7] = {'{', '"', 'a', '"', ':', '1', '}'};
  json_t *doc = azl_json_parse(exact, sizeof exact);
  CHECK(doc != NULL);
  azl_json_free(doc);
}

static void test_walks_paths (void) {
  static const char text[] =
      "{\"Status\":\"upper\",\"status\":\"lower\",\"STATUS\":\"third\","
      "\"Properties\":{\"provisioningState\":\"Succeeded\",\"n\":null},"
      "\"list\":[\"x\"],\"number\":5,\"empty\":\"\",\"nul\":\"a\\u0000b\"}";
  static const struct {
    const char *path, *want;
  } rows[] = {
      {"status", "lower"},
      {"Status", "upper"},
      {"sTATUS", "upper"},
      {"properties.provisioningState", "Succeeded"},
      {"PROPERTIES.PROVISIONINGSTATE", "Succeeded"},
      {"properties.provisioningStat", NULL},
      {"properties.provisioningStateX", NULL},
      {"properties.n", NULL},
      {"properties", NULL},
      {"properties.n.x", NULL},
      {"status.x", NULL},
      {"list.0", NULL},
      {"number", NULL},
      {"empty", ""},
      {"nul", NULL},
      {"missing", NULL},
      {"", NULL},
      {NULL, NULL},
  };
  json_t *doc = parse(text);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    CHECK_ROW(rows[i].path);
    CHECK_STR(azl_json_string(doc, rows[i].path), rows[i].want);
  }
  CHECK(azl_json_at(doc, "") == doc);
  CHECK(json_is_null(azl_json_at(doc, "properties.n")));
  CHECK(json_is_array(azl_json_at(doc, "LIST")));
  CHECK(azl_json_string(NULL, "a") == NULL);
  CHECK(azl_json_at(NULL, "a") == NULL);
  azl_json_free(doc);
}

static void test_reads_integers (void) {
  static const struct {
    const char *value;
    bool found;
    int64_t want;
  } rows[] = {
      {"3599", true, 3599},
      {"-7", true, -7},
      {"0", true, 0},
      {"9223372036854775807", true, INT64_MAX},
      {"3599.0", true, 3599},
      {"3599.9", true, 3599},
      {"1e3", true, 1000},
      {"\"1586984735\"", true, 1586984735},
      {"\" 42 \"", true, 42},
      {"\"-42\"", true, -42},
      {"\"3599.5\"", true, 3599},
      {"\"9223372036854775807\"", true, INT64_MAX},
      {"\"9223372036854775808\"", false, 0},
      {"123456789012345678901234567890", false, 0},
      {"-1e300", false, 0},
      {"\"\"", false, 0},
      {"\"-\"", false, 0},
      {"\".5\"", false, 0},
      {"\"12x\"", false, 0},
      {"\"0x10\"", false, 0},
      {"\"1e3\"", false, 0},
      {"\"2026-01-31T12:34:56Z\"", false, 0},
      {"true", false, 0},
      {"null", false, 0},
      {"[1]", false, 0},
      {"{}", false, 0},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    int64_t got = 77;
    char text[100];
    json_t *doc;
    snprintf(text, sizeof text, "{\"a\":%s}", rows[i].value);
    doc = parse(text);
    CHECK_ROW(rows[i].value);
    CHECK(doc != NULL);
    CHECK_INT(azl_json_int(doc, "a", &got), rows[i].found);
    CHECK_INT(got, rows[i].found ? rows[i].want : 77);
    CHECK(!azl_json_int(doc, "b", &got));
    azl_json_free(doc);
  }
}

static void test_a_huge_integer_spoils_only_itself (void) {
  json_t *doc = parse("{\"big\":18446744073709551616,\"a\":12,\"b\":\"x\"}");
  int64_t got = 0;
  CHECK(azl_json_int(doc, "a", &got));
  CHECK_INT(got, 12);
  CHECK_STR(azl_json_string(doc, "b"), "x");
  azl_json_free(doc);
}

static void test_quotes (void) {
  static const struct {
    const char *text, *want;
  } rows[] = {
      {"", "\"\""},
      {"plain /", "\"plain /\""},
      {"\"\\", "\"\\\"\\\\\""},
      {"\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\""},
      {"\x01\x1f\x7f", "\"\\u0001\\u001f\x7f\""},
      {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
       "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\""},
      {"a\xff"
       "b",
       "\"a\\ufffdb\""},
      {"\xc3", "\"\\ufffd\""},
      {"\xc0\x80", "\"\\ufffd\\ufffd\""},
      {"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""},
      {"\xe0\x80\x80", "\"\\ufffd\\ufffd\\ufffd\""},
      {"\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
      {"\xe2\x82", "\"\\ufffd\\ufffd\""},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct azl_buf buf;
    json_t *doc;
    azl_buf_init(&buf, 1000);
    CHECK_ROW(rows[i].text);
    CHECK(azl_json_quote(&buf, rows[i].text));
    CHECK_STR(buf.data, rows[i].want);
    doc = azl_json_parse(buf.data, buf.len);
    CHECK(doc != NULL);
    azl_json_free(doc);
    azl_buf_free(&buf);
  }
}

static void test_failed_quote_leaves_the_buffer (void) {
  struct azl_buf buf;
  azl_buf_init(&buf, 10);
  CHECK(azl_buf_add_str(&buf, "{"));
  CHECK(!azl_json_quote(&buf, "0123456789"));
  CHECK(!azl_json_quote(&buf, "0123456\n"));
  CHECK_STR(buf.data, "{");
  CHECK_INT(buf.len, 1);
  azl_buf_free(&buf);
}

static void read_and_quote (void) {
  json_t *doc = parse("{\"a\":{\"b\":[1,\"x\",{\"c\":\"y\"}]}}");
  struct azl_buf buf;
  azl_buf_init(&buf, 1000);
  if (azl_json_quote(&buf, "text\n")) CHECK_STR(buf.data, "\"text\\n\"");
  azl_buf_free(&buf);
  azl_json_free(doc);
}

/* jansson allocates through us for this one test, so that its failures are
   tried too. */
static void test_every_allocation_may_fail (void) {
  json_set_alloc_funcs(azl_malloc, azl_free);
  check_out_of_memory(read_and_quote);
  json_set_alloc_funcs(malloc, free);
}

int main (void) {
  azl_json_free(NULL);
  RUN_TESTS(TEST(test_parses_whole_documents_only),
            TEST(test_deep_nesting_is_refused),
            TEST(test_reads_no_byte_behind_the_end), TEST(test_walks_paths),
            TEST(test_reads_integers),
            TEST(test_a_huge_integer_spoils_only_itself), TEST(test_quotes),
            TEST(test_failed_quote_leaves_the_buffer),
            TEST(test_every_allocation_may_fail));
}
