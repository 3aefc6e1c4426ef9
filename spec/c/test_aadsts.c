#include "aadsts.h"
#include "check.h"

static void test_finds_the_first_code (void) {
  static const struct {
    const char *text, *code;
  } rows[] = {
      {"AADSTS50076", "AADSTS50076"},
      {"ERROR: AADSTS50076: Due to AADSTS1", "AADSTS50076"},
      {"AADSTS: AADSTS7", "AADSTS7"},
      {"AADSTSAADSTS7x", "AADSTS7"},
      {"AADSTS12345678901234567", "AADSTS12345678901234567"},
      {"AADSTS123456789012345678", ""},
      {"AADSTS", ""},
      {"aadsts50076", ""},
      {"", ""},
      {NULL, ""},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char code[AZL_AADSTS_BYTES];
    bool found = azl_aadsts_find(rows[i].text, code);
    CHECK_ROW(rows[i].text);
    CHECK_STR(code, rows[i].code);
    CHECK_INT(found, rows[i].code[0] != '\0');
  }
}

int main (void) {
  RUN_TESTS(TEST(test_finds_the_first_code));
}
