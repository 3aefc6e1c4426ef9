/* Tests of url.c and url_redact.c. */
#include "check.h"
#include "url.h"

static bool part_is (const char *part, size_t len, const char *want) {
  return len == strlen(want) && memcmp(part, want, len) == 0;
}

static void test_parses_parts (void) {
  static const struct {
    const char *text, *host, *path, *query;
    int port;
  } rows[] = {
      {"https://management.azure.com/a/b?c=d", "management.azure.com", "/a/b",
       "c=d", 443},
      {"http://localhost:8080", "localhost", "", "", 8080},
      {"HTTPS://Host", "Host", "", "", 443},
      {"http://h?q", "h", "", "q", 80},
      {"http://h#f?no", "h", "", "", 80},
      {"http://h/p?q#f", "h", "/p", "q", 80},
      {"http://h/p?a?b/c", "h", "/p", "a?b/c", 80},
      {"http://h:/p", "h", "/p", "", 80},
      {"http://h:65535/", "h", "/", "", 65535},
      {"https://[::1]:9/x", "[::1]", "/x", "", 9},
      {"https://[fe80::1.2.3.4]", "[fe80::1.2.3.4]", "", "", 443},
      {"http://h/a@b:c", "h", "/a@b:c", "", 80},
      {"http://h/\xc3\xa4", "h", "/\xc3\xa4", "", 80},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    struct azl_url url;
    CHECK_ROW(rows[i].text);
    if (!CHECK(azl_url_parse(rows[i].text, &url))) continue;
    CHECK(part_is(url.host, url.host_len, rows[i].host));
    CHECK(part_is(url.path, url.path_len, rows[i].path));
    CHECK(part_is(url.query, url.query_len, rows[i].query));
    CHECK_INT(url.port, rows[i].port);
  }
}

static void test_refuses_what_could_be_read_in_two_ways (void) {
  static const char *const rows[] = {
      "",
      "https",
      "https:",
      "https:/",
      "https://",
      "https:///path",
      "https://?q",
      "https://:80",
      "//host/path",
      "/path",
      "ftp://host/",
      "file:///etc/passwd",
      "javascript:alert(1)",
      "https:host",
      "https://user@host/",
      "https://user:password@host/",
      "http://localhost@evil.com",
      "http://127.0.0.1:80@evil",
      "https://host:80x/",
      "https://host:-1/",
      "https://host:0/",
      "https://host:65536/",
      "https://host:999999/",
      "https://host:80:80/",
      "https://ho st/",
      "https://host/a b",
      " https://host/",
      "https://host/\r\nX: y",
      "https://host/\x7f",
      "https://host/\x01",
      "https://host\\@evil.com/",
      "https://host/a\\b",
      "https://ho%73t/",
      "https://h\xc3\xb6st/",
      "https://[::1/",
      "https://[]/",
      "https://[::1]x/",
      "https://[evil.com]/",
      "https://[::1%25eth0]/",
      "https://a,b/",
  };
  struct azl_url url;
  CHECK(!azl_url_parse(NULL, &url));
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    CHECK_ROW(rows[i]);
    CHECK(!azl_url_parse(rows[i], &url));
    CHECK(!azl_url_may_carry_token(rows[i]));
  }
}

static void test_what_follows_an_origin (void) {
  static const struct {
    const char *text;
    bool want;
  } rows[] = {
      {"/", true},
      {"/a/b?c=%2F&d", true},
      {"/\xC3\xA9", true},
      {"", false},
      {"a/b", false},
      {"?c", false},
      {"@h/a", false},
      {":1/a", false},
      {"/a#b", false},
      {"/a?b#c", false},
      {"/a b", false},
      {"/a\r\nb: c", false},
      {"/a\\b", false},
      {"/a\x7f", false},
      {"/0123456789 ", false},
      {"/01234567\t", false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    CHECK_ROW(rows[i].text);
    CHECK_INT(azl_url_is_target(rows[i].text), rows[i].want);
  }
}

static void test_same_origin (void) {
  static const struct {
    const char *a, *b;
    bool want;
  } rows[] = {
      {"https://host", "https://host/x?y", true},
      {"https://host", "HTTPS://HOST:443/", true},
      {"http://host:80", "http://host", true},
      {"http://host:8080", "http://host:8080/a", true},
      {"https://host", "http://host", false},
      {"https://host:80", "http://host:80", false},
      {"https://host", "https://host:444", false},
      {"https://host", "https://host2", false},
      {"https://host", "https://host.evil.com", false},
      {"https://host", "https://host@evil.com", false},
      {"https://host", "https://evil.com/https://host", false},
      {"https://host", "//host", false},
      {"https://host", "", false},
      {"nonsense", "nonsense", false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    CHECK_ROW(rows[i].b);
    CHECK_INT(azl_url_same_origin(rows[i].a, rows[i].b), rows[i].want);
    CHECK_INT(azl_url_same_origin(rows[i].b, rows[i].a), rows[i].want);
  }
}

static void test_where_a_token_may_go_without_tls (void) {
  static const struct {
    const char *text;
    bool want;
  } rows[] = {
      {"http://localhost/", true},
      {"http://LocalHost:8080/a?b", true},
      {"http://127.0.0.1", true},
      {"http://127.0.0.1:8080/", true},
      {"http://127.255.255.254/", true},
      {"http://[::1]:8080/", true},
      {"http://localhost.evil.com/", false},
      {"http://evillocalhost/", false},
      {"http://localhost./", false},
      {"http://127.0.0.1.evil.com/", false},
      {"http://127.0.0.1./", false},
      {"http://127.1/", false},
      {"http://127.0.1/", false},
      {"http://127/", false},
      {"http://0177.0.0.1/", false},
      {"http://127.0.0.01/", false},
      {"http://127.0.0.256/", false},
      {"http://127.0.0.1111/", false},
      {"http://127.0..1/", false},
      {"http://127.0.0./", false},
      {"http://127.0.0.1.1/", false},
      {"http://128.0.0.1/", false},
      {"http://1270.0.0.1/", false},
      {"http://2130706433/", false},
      {"http://0x7f.0.0.1/", false},
      {"http://[::2]/", false},
      {"http://[::ffff:127.0.0.1]/", false},
      {"http://management.azure.com/", false},
      {"http://169.254.169.254/", false},
      {"http://0.0.0.0/", false},
      {"https://management.azure.com/", true},
      {"https://anything.example", true},
      {"HTTPS://HOST", true},
      {"ftp://localhost/", false},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    CHECK_ROW(rows[i].text);
    CHECK_INT(azl_url_may_carry_token(rows[i].text), rows[i].want);
  }
}

struct resolve_row {
  const char *reference, *want;
};

static void check_resolve (const char *base, const struct resolve_row *rows,
                           size_t count) {
  for (size_t i = 0; i < count; i++) {
    char *got = azl_url_resolve(base, rows[i].reference);
    CHECK_ROW(rows[i].reference);
    CHECK_STR(got, rows[i].want);
    azl_free(got);
  }
}

static void test_resolves_rfc3986_5_4 (void) {
  static const struct resolve_row rows[] = {
      /* 5.4.1 */
      {"g:h", "g:h"},
      {"g", "http://a/b/c/g"},
      {"./g", "http://a/b/c/g"},
      {"g/", "http://a/b/c/g/"},
      {"/g", "http://a/g"},
      {"//g", "http://g"},
      {"?y", "http://a/b/c/d;p?y"},
      {"g?y", "http://a/b/c/g?y"},
      {"#s", "http://a/b/c/d;p?q#s"},
      {"g#s", "http://a/b/c/g#s"},
      {"g?y#s", "http://a/b/c/g?y#s"},
      {";x", "http://a/b/c/;x"},
      {"g;x", "http://a/b/c/g;x"},
      {"g;x?y#s", "http://a/b/c/g;x?y#s"},
      {"", "http://a/b/c/d;p?q"},
      {".", "http://a/b/c/"},
      {"./", "http://a/b/c/"},
      {"..", "http://a/b/"},
      {"../", "http://a/b/"},
      {"../g", "http://a/b/g"},
      {"../..", "http://a/"},
      {"../../", "http://a/"},
      {"../../g", "http://a/g"},
      /* 5.4.2 */
      {"../../../g", "http://a/g"},
      {"../../../../g", "http://a/g"},
      {"/./g", "http://a/g"},
      {"/../g", "http://a/g"},
      {"g.", "http://a/b/c/g."},
      {".g", "http://a/b/c/.g"},
      {"g..", "http://a/b/c/g.."},
      {"..g", "http://a/b/c/..g"},
      {"./../g", "http://a/b/g"},
      {"./g/.", "http://a/b/c/g/"},
      {"g/./h", "http://a/b/c/g/h"},
      {"g/../h", "http://a/b/c/h"},
      {"g;x=1/./y", "http://a/b/c/g;x=1/y"},
      {"g;x=1/../y", "http://a/b/c/y"},
      {"g?y/./x", "http://a/b/c/g?y/./x"},
      {"g?y/../x", "http://a/b/c/g?y/../x"},
      {"g#s/./x", "http://a/b/c/g#s/./x"},
      {"g#s/../x", "http://a/b/c/g#s/../x"},
      {"http:g", "http:g"},
  };
  check_resolve("http://a/b/c/d;p?q", rows, sizeof rows / sizeof rows[0]);
}

static void test_resolves_what_services_send (void) {
  static const struct resolve_row rows[] = {
      {"https://other:444/x/../y?s=%2F%2f+&t=A#f",
       "https://other:444/x/../y?s=%2F%2f+&t=A#f"},
      {"/x?s=%2F%2f+&t=Az==", "https://host:8/x?s=%2F%2f+&t=Az=="},
      {"x", "https://host:8/x"},
      {"?a=b", "https://host:8?a=b"},
      {"//other/x", "https://other/x"},
      {"a:b", "a:b"},
      {"./a:b", "https://host:8/a:b"},
      {"1a:b", "https://host:8/1a:b"},
      {"a//b/../c", "https://host:8/a//c"},
      {"/a//../b", "https://host:8/a/b"},
      {"/..", "https://host:8/"},
      {"/...", "https://host:8/..."},
      {"/a/%2e%2e/b", "https://host:8/a/%2e%2e/b"},
      {"/a b", NULL},
      {"/a\r\nb", NULL},
      {"\\\\evil\\x", NULL},
      {NULL, NULL},
  };
  check_resolve("https://host:8", rows, sizeof rows / sizeof rows[0]);
}

static void test_resolves_against_absolute_bases_only (void) {
  CHECK(azl_url_resolve("/a/b", "c") == NULL);
  CHECK(azl_url_resolve("ftp://a/b", "c") == NULL);
  CHECK(azl_url_resolve("http://u@a/b", "https://c/") == NULL);
  CHECK(azl_url_resolve(NULL, "https://c/") == NULL);
}

static void test_a_fragment_of_the_base_is_dropped (void) {
  char *got = azl_url_resolve("http://a/b?q#f", "");
  CHECK_STR(got, "http://a/b?q");
  azl_free(got);
}

static void test_long_references_stay_as_they_are (void) {
  char reference[8000], *got;
  memset(reference, 'x', sizeof reference);
  memcpy(reference, "/p?t=", 5);
  reference[sizeof reference - 1] = '\0';
  got = azl_url_resolve("https://h/z", reference);
  if (CHECK(got != NULL)) CHECK_STR(got + strlen("https://h"), reference);
  azl_free(got);
}

static void test_redacts (void) {
  static const struct resolve_row rows[] = {
      {"https://h/p", "https://h/p"},
      {"https://h/p?api-version=2024-03-01",
       "https://h/p?api-version=2024-03-01"},
      {"https://h/p?API-Version=2024-03-01&t=638&c=MII&s=x&h=y",
       "https://h/p?API-Version=2024-03-01&t=REDACTED&c=REDACTED&s=REDACTED&"
       "h=REDACTED"},
      {"https://h/p?a=b=c&&d=&e",
       "https://h/p?a=REDACTED&&d=REDACTED&REDACTED"},
      {"https://h/p?eyJhbGciOi", "https://h/p?REDACTED"},
      {"https://h/p?api-version=1;sig=x", "https://h/p?api-version=REDACTED"},
      {"https://h/p?api-version=1?sig=x", "https://h/p?api-version=REDACTED"},
      {"https://h/p?xapi-version=1", "https://h/p?xapi-version=REDACTED"},
      {"https://h/p?api-version", "https://h/p?REDACTED"},
      {"https://h/p?", "https://h/p?"},
      {"https://h/p#access_token=x", "https://h/p#REDACTED"},
      {"https://h/p?a=b#c?d=e&f", "https://h/p?a=REDACTED#REDACTED"},
      {"https://user:pass@h/p?a=b", "https://REDACTED@h/p?a=REDACTED"},
      {"https://a@b@h/p", "https://REDACTED@h/p"},
      {"http://proxy:80/x@y", "http://proxy:80/x@y"},
      {"/relative?sig=x", "/relative?sig=REDACTED"},
      {"?sig=x", "?sig=REDACTED"},
      {"not a url?sig=x y", "not a url?sig=REDACTED"},
      {"/p?u=http://a@b/c", "/p?u=REDACTED"},
      {"", ""},
      {NULL, NULL},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char *got = azl_url_redact(rows[i].reference);
    CHECK_ROW(rows[i].reference);
    CHECK_STR(got, rows[i].want);
    azl_free(got);
  }
}

static void test_shows_the_start_of_what_is_long (void) {
  static char text[8192];
  memset(text, 'x', sizeof(text) - 1);
  memcpy(text, "https://h/", 10);
  char *got = azl_url_redact(text);
  CHECK(got && strlen(got) == 2048 && strcmp(got + 2045, "...") == 0);
  azl_free(got);
  for (size_t i = 10; i + 1 < sizeof(text) - 1; i += 2)
    memcpy(text + i, "\xc3\xa4", 2);
  got = azl_url_redact(text);
  CHECK(got && strcmp(got + strlen(got) - 4, "\xa4...") == 0);
  azl_free(got);
}

static void resolve_and_redact (void) {
  char *a = azl_url_resolve("http://a/b/c?d", "../e?f=g");
  char *b = azl_url_resolve("http://a/b", "http://c/d");
  char *c = azl_url_resolve("http://a/b", "//c/d");
  char *d = azl_url_redact("http://u@a/b?c=d&e=f#g");
  CHECK(!a || strcmp(a, "http://a/e?f=g") == 0);
  azl_free(a);
  azl_free(b);
  azl_free(c);
  azl_free(d);
}

static void test_every_allocation_may_fail (void) {
  check_out_of_memory(resolve_and_redact);
}

static void test_follow (void) {
  static const char base[] = "https://h/a/b?c=d";
  static const struct {
    const char *reference, *want;
  } rows[] = {
      {"/x y?a=b c  d&e=%2f+", "https://h/x%20y?a=b%20c%20%20d&e=%2f+"},
      {"https://h/x y", "https://h/x%20y"},
      {"HTTPS://h:1/x", "HTTPS://h:1/x"},
      {"https://h x/y", NULL},
      {" /x", NULL},
      {"/x ", NULL},
      {" ", NULL},
      {"/x\ty", NULL},
      {"", "https://h/a/b?c=d"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char *got = azl_url_follow(base, rows[i].reference);
    struct azl_url parts;
    bool usable = got && azl_url_parse(got, &parts);
    CHECK_ROW(rows[i].reference);
    CHECK_STR(usable ? got : NULL, rows[i].want);
    azl_free(got);
  }
  CHECK(azl_url_follow(base, NULL) == NULL);
  CHECK(azl_url_is_relative("/x y") && !azl_url_is_relative("HTTP://x y"));
}

static void test_which_provider (void) {
  static const struct {
    const char *path, *want;
  } rows[] = {
      {"/subscriptions/s/providers/Microsoft.Web/sites/f", "Microsoft.Web"},
      {"/a/PROVIDERS/Microsoft.Web", "Microsoft.Web"},
      {"/providers/A.B/c/d/providers/E.F/g", "E.F"},
      {"/providers/A.B/providers/", "A.B"},
      {"/providers/A.B/providers//c", "A.B"},
      {"/providers/x", "x"},
      {"/providers/", NULL},
      {"/xproviders/x", NULL},
      {"/subscriptions/s", NULL},
      {"", NULL},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    const char *path = rows[i].path, *want = rows[i].want;
    const char *got = azl_url_provider(path, strlen(path));
    CHECK_ROW(path);
    CHECK_INT(got != NULL, want != NULL);
    if (got) CHECK_INT(strncmp(got, want, strlen(want)), 0);
    CHECK(azl_url_provider(path, 11) == NULL); /* no name fits in */
  }
}

static void follow (void) {
  azl_free(azl_url_follow("https://h/a", "/x y/z"));
}

static void test_follow_without_memory (void) {
  check_out_of_memory(follow);
}

int main (void) {
  RUN_TESTS(TEST(test_which_provider), TEST(test_follow),
            TEST(test_follow_without_memory), TEST(test_parses_parts),
            TEST(test_refuses_what_could_be_read_in_two_ways),
            TEST(test_what_follows_an_origin), TEST(test_same_origin),
            TEST(test_where_a_token_may_go_without_tls),
            TEST(test_resolves_rfc3986_5_4),
            TEST(test_resolves_what_services_send),
            TEST(test_resolves_against_absolute_bases_only),
            TEST(test_a_fragment_of_the_base_is_dropped),
            TEST(test_long_references_stay_as_they_are), TEST(test_redacts),
            TEST(test_shows_the_start_of_what_is_long),
            TEST(test_every_allocation_may_fail));
}
