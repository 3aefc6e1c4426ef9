/* Proxy variables as the Azure SDKs read them. */
#include "check.h"
#include "proxy.h"

static const char *const names[] = {"HTTPS_PROXY", "https_proxy", "ALL_PROXY",
                                    "all_proxy",   "HTTP_PROXY",  "http_proxy"};

static void clear (void) {
  for (size_t i = 0; i < 6; i++) unsetenv(names[i]);
}

static void earlier_names_win (void) {
  clear();
  CHECK(azl_proxy_from_env() == NULL);
  for (size_t i = 6; i-- > 0;) {
    setenv(names[i], names[i], 1);
    CHECK_STR(azl_proxy_from_env(), names[i]);
  }
  setenv("HTTPS_PROXY", "", 1); /* empty is unset */
  CHECK_STR(azl_proxy_from_env(), "https_proxy");
  clear();
}

static const struct {
  const char *list, *host;
  bool bypassed;
} cases[] = {
    {NULL, "a.example", false},
    {"", "a.example", false},
    {"a.example", "a.example", true},
    {"A.Example", "a.eXample", true},
    {"example", "a.example", false},
    {"a.example", "b.a.example", false}, /* libcurl would say true */
    {".example", "a.example", true},
    {".example", "example", true},
    {".example", "badexample", false},
    {"x, .example ,y", "a.b.example", true},
    {"*", "anything", true},
    {"169.254.169.254", "169.254.169.254", true},
    {",,", "a", false},
};

static void no_proxy_lists (void) {
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    CHECK_ROW(cases[i].list ? cases[i].list : "none");
    CHECK_INT(azl_proxy_bypassed(cases[i].list, cases[i].host),
              cases[i].bypassed);
  }
}

int main (void) {
  RUN_TESTS(TEST(earlier_names_win), TEST(no_proxy_lists));
}
