/* Tests of headers.c, http_date.c and challenge.c. */
#include "check.h"
#include "headers.h"

static bool parse (struct azl_headers *headers, const char *line) {
  return azl_headers_parse_line(headers, line, strlen(line));
}

static void test_lookup_ignores_case_and_keeps_casing (void) {
  struct azl_headers headers = {0};
  CHECK(azl_headers_add(&headers, "Content-Type", "text/plain"));
  CHECK(azl_headers_add(&headers, "X-Twice", "1"));
  CHECK(azl_headers_add(&headers, "x-twice", "2"));
  CHECK_STR(azl_headers_get(&headers, "content-TYPE"), "text/plain");
  CHECK_STR(azl_headers_get(&headers, "X-TWICE"), "1");
  CHECK(azl_headers_get(&headers, "Content") == NULL);
  CHECK(azl_headers_get(NULL, "any") == NULL);
  CHECK_STR(headers.items[0].name, "Content-Type");
  CHECK_STR(headers.items[2].name, "x-twice");
  azl_headers_free(&headers);
  CHECK_INT(headers.count, 0);
}

static void test_validity (void) {
  static const struct {
    const char *name, *value;
    bool want;
  } rows[] = {
      {"Accept", "*/*", true},
      {"x-ms-!#$%&'*+-.^_`|~09", "", true},
      {"Accept", "a\tb \xc3\xa4", true},
      {"", "x", false},
      {"A b", "x", false},
      {"A:", "x", false},
      {"A\r\n", "x", false},
      {"A\xc3\xa4", "x", false},
      {"A(", "x", false},
      {"A", "x\r\nInjected: 1", false},
      {"A", "x\n", false},
      {"A", "x\r", false},
      {NULL, "x", false},
      {"A", NULL, false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct azl_headers headers = {0};
    CHECK_ROW(rows[i].name);
    CHECK_INT(azl_headers_valid(rows[i].name, rows[i].value), rows[i].want);
    CHECK_INT(azl_headers_add(&headers, rows[i].name, rows[i].value),
              rows[i].want);
    CHECK_INT(headers.count, rows[i].want);
    azl_headers_free(&headers);
  }
}

static void test_set_replaces_the_first_and_drops_the_rest (void) {
  struct azl_headers headers = {0};
  CHECK(azl_headers_add(&headers, "A", "1"));
  CHECK(azl_headers_add(&headers, "B", "2"));
  CHECK(azl_headers_add(&headers, "a", "3"));
  CHECK(azl_headers_add(&headers, "C", "4"));
  CHECK(azl_headers_set(&headers, "a", "5"));
  CHECK(azl_headers_set(&headers, "D", "6"));
  CHECK(!azl_headers_set(&headers, "a", "x\ny"));
  CHECK_INT(headers.count, 4);
  CHECK_STR(azl_headers_get(&headers, "A"), "5");
  CHECK_STR(headers.items[1].value, "2");
  CHECK_STR(headers.items[2].value, "4");
  CHECK_STR(headers.items[3].value, "6");
  azl_headers_free(&headers);
}

static void test_set_to_its_own_value (void) {
  struct azl_headers headers = {0};
  CHECK(azl_headers_add(&headers, "A", "value"));
  CHECK(azl_headers_set(&headers, "A", azl_headers_get(&headers, "A") + 2));
  CHECK_STR(azl_headers_get(&headers, "A"), "lue");
  azl_headers_free(&headers);
}

static void test_remove_drops_all_of_a_name (void) {
  struct azl_headers headers = {0};
  CHECK(azl_headers_add(&headers, "A", "1"));
  CHECK(azl_headers_add(&headers, "B", "2"));
  CHECK(azl_headers_add(&headers, "a", "3"));
  azl_headers_remove(&headers, "A");
  azl_headers_remove(&headers, "none");
  CHECK_INT(headers.count, 1);
  CHECK_STR(azl_headers_get(&headers, "B"), "2");
  azl_headers_free(&headers);
}

static void test_copy_appends (void) {
  struct azl_headers from = {0}, to = {0};
  CHECK(azl_headers_add(&to, "A", "1"));
  CHECK(azl_headers_add(&from, "B", "2"));
  CHECK(azl_headers_add(&from, "C", "3"));
  CHECK(azl_headers_copy(&to, &from));
  azl_headers_free(&from);
  CHECK_INT(to.count, 3);
  CHECK_STR(azl_headers_get(&to, "C"), "3");
  azl_headers_free(&to);
}

static void test_parses_lines_as_received (void) {
  static const struct {
    const char *line, *name, *value;
  } rows[] = {
      {"Content-Type: text/html\r\n", "content-type", "text/html"},
      {"Location:https://a/b:c?d\r\n", "Location", "https://a/b:c?d"},
      {"X: \t spaces \t \r\n", "X", "spaces"},
      {"X:\r\n", "X", ""},
      {"X: no line end", "X", "no line end"},
      {"X: only lf\n", "X", "only lf"},
      {"no colon\r\n", NULL, NULL},
      {": no name\r\n", NULL, NULL},
      {"Bad name: x\r\n", NULL, NULL},
      {"Name : space before colon\r\n", NULL, NULL},
      {" folded: line\r\n", NULL, NULL},
      {"X: a\rb\r\n", NULL, NULL},
      {"\r\n", NULL, NULL},
      {"", NULL, NULL},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct azl_headers headers = {0};
    CHECK_ROW(rows[i].line);
    CHECK(parse(&headers, rows[i].line));
    CHECK_INT(headers.count, rows[i].name ? 1 : 0);
    if (rows[i].name)
      CHECK_STR(azl_headers_get(&headers, rows[i].name), rows[i].value);
    azl_headers_free(&headers);
  }
}

static void test_line_is_not_read_behind_its_end (void) {
  struct azl_headers headers = {0};
  const char line[6] = {'A', ':', ' ', 'b', 'c', 'd'};
  CHECK(azl_headers_parse_line(&headers, line, sizeof line));
  CHECK_STR(azl_headers_get(&headers, "A"), "bcd");
  CHECK(azl_headers_parse_line(&headers, "B: x\0y\r\n", 8));
  CHECK(azl_headers_get(&headers, "B") == NULL);
  azl_headers_free(&headers);
}

/* At each place of the eight bytes that are looked at together, and behind. */
static void test_a_line_end_in_a_value_is_found_anywhere (void) {
  static const char ends[] = {'\r', '\n', '\0'};
  for (size_t len = 3; len <= 20; len++) {
    for (size_t at = 1; at < len - 1; at++) {
      for (size_t i = 0; i < sizeof ends; i++) {
        struct azl_headers headers = {0};
        char line[32] = "A:";
        memset(line + 2, 'v', len);
        CHECK(azl_headers_parse_line(&headers, line, len + 2));
        CHECK_INT(headers.count, 1);
        line[2 + at] = ends[i];
        CHECK(azl_headers_parse_line(&headers, line, len + 2));
        CHECK_INT(headers.count, 1);
        CHECK(ends[i] == '\0' || !azl_headers_valid("A", line + 2));
        azl_headers_free(&headers);
      }
    }
  }
}

static void test_a_status_line_begins_a_new_response (void) {
  struct azl_headers headers = {0};
  CHECK(parse(&headers, "HTTP/1.1 100 Continue\r\n"));
  CHECK(parse(&headers, "Retry-After: 5\r\n"));
  CHECK(parse(&headers, "HTTP/2 200 \r\n"));
  CHECK(parse(&headers, "ETag: x\r\n"));
  CHECK_INT(headers.count, 1);
  CHECK_STR(azl_headers_get(&headers, "etag"), "x");
  azl_headers_free(&headers);
}

static void change_everything (void) {
  struct azl_headers headers = {0}, copy = {0};
  bool ok = azl_headers_add(&headers, "A", "1");
  for (int i = 0; i < 20; i++) ok = parse(&headers, "Name: value\r\n") && ok;
  ok = azl_headers_set(&headers, "A", "2") && ok;
  if (!azl_headers_copy(&copy, &headers)) CHECK_INT(copy.count, 0);
  azl_headers_free(&headers);
  azl_headers_free(&copy);
}

static void test_every_allocation_may_fail (void) {
  check_out_of_memory(change_everything);
}

static void test_http_dates (void) {
  static const struct {
    const char *text;
    int64_t want;
  } rows[] = {
      {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
      {"Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
      {"Sun Nov  6 08:49:37 1994", 784111777},
      {"Sun Nov 16 08:49:37 1994", 784975777},
      {"sun, 06 nov 1994 08:49:37 gmt", 784111777},
      {" Sun, 06 Nov 1994 08:49:37 GMT ", 784111777},
      {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
      {"Wed, 31 Dec 1969 23:59:59 GMT", -1},
      {"Tue, 29 Feb 2000 00:00:00 GMT", 951782400},
      {"Thu, 29 Feb 2024 12:00:00 GMT", 1709208000},
      {"Wed, 01 Mar 2023 00:00:00 GMT", 1677628800},
      {"Fri, 31 Dec 9999 23:59:59 GMT", 253402300799},
      {"Sat, 31 Dec 2016 23:59:60 GMT", 1483228800},
      {"Monday, 18-Jan-38 03:14:07 GMT", 2147397247},
      {"Mon, 29 Feb 2100 00:00:00 GMT", -1},
      {"Wed, 29 Feb 2023 00:00:00 GMT", -1},
      {"Wed, 00 Mar 2023 00:00:00 GMT", -1},
      {"Wed, 32 Mar 2023 00:00:00 GMT", -1},
      {"Wed, 31 Apr 2023 00:00:00 GMT", -1},
      {"Wed, 01 Foo 2023 00:00:00 GMT", -1},
      {"Wed, 01 Mar 2023 24:00:00 GMT", -1},
      {"Wed, 01 Mar 2023 00:60:00 GMT", -1},
      {"Wed, 01 Mar 2023 00:00:61 GMT", -1},
      {"Wed, 01 Mar 2023 00:00:00 CET", -1},
      {"Wed, 01 Mar 2023 00:00:00", -1},
      {"Wed, 01 Mar 2023 00:00:00 GMT+1", -1},
      {"Xyz, 01 Mar 2023 00:00:00 GMT", -1},
      {"Wed, 1 Mar 2023 00:00:00 GMT", -1},
      {"2023-03-01T00:00:00Z", -1},
      {"Wed", -1},
      {"Wed,", -1},
      {"120", -1},
      {"", -1},
  };
  CHECK_INT(azl_http_date(NULL), -1);
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    CHECK_ROW(rows[i].text);
    CHECK_INT(azl_http_date(rows[i].text), rows[i].want);
  }
}

static void test_retry_after (void) {
  static const char now[] = "Sun, 06 Nov 1994 08:49:37 GMT";
  static const struct {
    const char *names[2], *values[2];
    int64_t want;
  } rows[] = {
      {{NULL}, {NULL}, -1},
      {{"Retry-After"}, {"7"}, 7000},
      {{"retry-after"}, {" 7 "}, 7000},
      {{"Retry-After"}, {"0"}, 0},
      {{"Retry-After"}, {"1.5"}, 1500},
      {{"Retry-After"}, {"0.0001"}, 1},
      {{"Retry-After"}, {"-1"}, -1},
      {{"Retry-After"}, {"soon"}, -1},
      {{"Retry-After"}, {""}, -1},
      {{"Retry-After"}, {"5s"}, -1},
      {{"Retry-After"}, {"99999999999999999999999"}, 1000000000000},
      {{"Retry-After"}, {"Sun, 06 Nov 1994 08:49:47 GMT"}, 10000},
      {{"Retry-After"}, {"Sun, 06 Nov 1994 08:00:00 GMT"}, 0},
      {{"Retry-After"}, {now}, 0},
      {{"retry-after-ms"}, {"250"}, 250},
      {{"retry-after-ms"}, {"250.4"}, 251},
      {{"x-ms-retry-after-ms"}, {"350"}, 350},
      {{"Retry-After", "x-ms-retry-after-ms"}, {"9", "350"}, 350},
      {{"x-ms-retry-after-ms", "retry-after-ms"}, {"350", "250"}, 250},
      {{"retry-after-ms", "Retry-After"}, {"x", "2"}, 2000},
      {{"retry-after-ms", "Retry-After"}, {now, "2"}, 2000},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct azl_headers headers = {0};
    CHECK_ROW(rows[i].values[0]);
    for (int n = 0; n < 2 && rows[i].names[n]; n++)
      CHECK(azl_headers_add(&headers, rows[i].names[n], rows[i].values[n]));
    CHECK_INT(azl_retry_after_ms(&headers, 784111777000), rows[i].want);
    azl_headers_free(&headers);
  }
}

static void test_challenges (void) {
  static const char arm[] =
      "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline."
      "com/common/oauth2/authorize\", error=\"insufficient_claims\", "
      "claims=\"eyJhY2Nlc3NfdG9rZW4iOnt9fQ==\"";
  static const char several[] =
      "PoP realm=\"r, Bearer claims=\\\"no\\\"\", nonce=abc, Negotiate, "
      "Bearer error=\"first\", Basic claims=\"basic\", bearer "
      "claims=\"second\"";
  static const struct {
    const char *header, *scheme, *key, *want; /* want NULL: not there */
  } rows[] = {
      {arm, "Bearer", "claims", "eyJhY2Nlc3NfdG9rZW4iOnt9fQ=="},
      {arm, "bearer", "ERROR", "insufficient_claims"},
      {arm, "Bearer", "realm", ""},
      {arm, "Bearer", "authorization_uri",
       "https://login.microsoftonline.com/common/oauth2/authorize"},
      {arm, "Bearer", "authorization", NULL},
      {arm, "Basic", "claims", NULL},
      {several, "Bearer", "error", "first"},
      {several, "Bearer", "claims", "second"},
      {several, "Basic", "claims", "basic"},
      {several, "PoP", "nonce", "abc"},
      {several, "PoP", "realm", "r, Bearer claims=\"no\""},
      {several, "PoP", "claims", NULL},
      {several, "Negotiate", "error", NULL},
      {"Basic realm=/var/opt/azcmagent/tokens/7d.key", "Basic", "realm",
       "/var/opt/azcmagent/tokens/7d.key"},
      {"Basic realm=/var/opt/a b.key , x=y", "Basic", "realm",
       "/var/opt/a b.key"},
      {"Basic realm = \"spaced\"", "Basic", "realm", "spaced"},
      {"Bearer a=1,b=2,c=3", "Bearer", "c", "3"},
      {"Bearer a=\"x\" b=\"y\"", "Bearer", "b", "y"},
      {"Bearer a=\"quote \\\" and \\\\ slash\"", "Bearer", "a",
       "quote \" and \\ slash"},
      {"Bearer a=\"never closed, b=2", "Bearer", "a", "never closed, b=2"},
      {"Bearer a=\"ends in slash\\", "Bearer", "a", "ends in slash\\"},
      {"Bearer a=", "Bearer", "a", ""},
      {"Bearer a=,b=2", "Bearer", "a", ""},
      {",,  , Bearer , a=1", "Bearer", "a", "1"},
      {"Bearer", "Bearer", "a", NULL},
      {"a=1", "Bearer", "a", NULL},
      {"BearerX a=1", "Bearer", "a", NULL},
      {"Bearer xa=1", "Bearer", "a", NULL},
      {"=\"\xff ((", "Bearer", "a", NULL},
      {"", "Bearer", "a", NULL},
      {NULL, "Bearer", "a", NULL},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char out[128];
    bool found = azl_challenge_param(rows[i].header, rows[i].scheme,
                                     rows[i].key, out, sizeof out);
    CHECK_ROW(rows[i].header);
    CHECK_INT(found, rows[i].want != NULL);
    if (found && rows[i].want) CHECK_STR(out, rows[i].want);
  }
}

static void test_challenge_value_must_fit (void) {
  char out[4];
  CHECK(azl_challenge_param("B a=\"123\"", "B", "a", out, 4));
  CHECK(!azl_challenge_param("B a=\"1234\"", "B", "a", out, 4));
  CHECK(azl_challenge_param("B a=123", "B", "a", out, 4));
  CHECK(!azl_challenge_param("B a=1234", "B", "a", out, 4));
  CHECK(!azl_challenge_param("B a=\"\"", "B", "a", out, 0));
}

int main (void) {
  RUN_TESTS(
      TEST(test_lookup_ignores_case_and_keeps_casing), TEST(test_validity),
      TEST(test_set_replaces_the_first_and_drops_the_rest),
      TEST(test_set_to_its_own_value), TEST(test_remove_drops_all_of_a_name),
      TEST(test_copy_appends), TEST(test_parses_lines_as_received),
      TEST(test_a_line_end_in_a_value_is_found_anywhere),
      TEST(test_line_is_not_read_behind_its_end),
      TEST(test_a_status_line_begins_a_new_response),
      TEST(test_every_allocation_may_fail), TEST(test_http_dates),
      TEST(test_retry_after), TEST(test_challenges),
      TEST(test_challenge_value_must_fit));
}
