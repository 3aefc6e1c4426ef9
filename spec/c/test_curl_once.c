#include "check.h"
#include "curl_once.h"

static void test_what_will_do (void) {
  static const struct {
    unsigned version_num;
    int features;
    const char *version, *problem; /* NULL: it will do */
  } rows[] = {
      {0x075100, CURL_VERSION_SSL, "7.81.0", NULL},
      {0x075801, CURL_VERSION_SSL | CURL_VERSION_HTTP2, "7.88.1", NULL},
      {0x080e00, CURL_VERSION_SSL, "8.14.0", NULL},
      {0x075001, CURL_VERSION_SSL, "7.80.1",
       "this is libcurl 7.80.1; 7.81.0 or newer is needed"},
      {0x070f05, 0, "7.15.5",
       "this is libcurl 7.15.5; 7.81.0 or newer is needed"},
      {0x075801, CURL_VERSION_HTTP2, "7.88.1",
       "this is libcurl 7.88.1; one that was built with TLS is needed"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    curl_version_info_data info = {.version_num = rows[i].version_num,
                                   .features = rows[i].features,
                                   .version = rows[i].version};
    char problem[128] = "";
    CHECK_ROW(rows[i].version);
    CHECK_INT(azl_curl_will_do(&info, problem, sizeof problem),
              rows[i].problem == NULL);
    CHECK_STR(problem, rows[i].problem ? rows[i].problem : "");
  }
}

static void test_none_at_all (void) {
  char problem[128];
  CHECK(!azl_curl_will_do(NULL, problem, sizeof problem));
  CHECK_STR(problem, "libcurl cannot be initialised");
}

static void test_this_one (void) {
  char problem[128] = "";
  CHECK(azl_curl_will_do(azl_curl_info(), problem, sizeof problem));
  CHECK(strncmp(azl_curl_version(), "libcurl/", 8) == 0);
}

int main (void) {
  RUN_TESTS(TEST(test_what_will_do), TEST(test_none_at_all),
            TEST(test_this_one));
}
