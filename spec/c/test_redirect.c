/* The redirect rule of the Azure SDKs, as a table. */
#include "check.h"
#include "redirect.h"

static const struct {
  int status;
  const char *method, *next;
} cases[] = {
    {300, "GET", "GET"},   {300, "PUT", "PUT"},       {301, "GET", "GET"},
    {301, "HEAD", "HEAD"}, {301, "PUT", NULL},        {302, "GET", "GET"},
    {302, "PATCH", NULL},  {303, "POST", "GET"},      {303, "GET", NULL},
    {307, "POST", "POST"}, {307, "DELETE", "DELETE"}, {308, "GET", NULL},
    {304, "GET", NULL},    {200, "GET", NULL},        {400, "GET", NULL},
};

static void follows_the_rule (void) {
  for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    CHECK_ROW(cases[i].method);
    CHECK_STR(azl_redirect_method(cases[i].status, cases[i].method),
              cases[i].next);
  }
}

int main (void) {
  RUN_TESTS(TEST(follows_the_rule));
}
