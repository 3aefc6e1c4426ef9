/* Base64: RFC 4648's vectors, both alphabets, padding or not, bad input. */
#include "base64.h"
#include "check.h"

static const struct {
  const char *text, *bytes;
} good[] = {
    {"", ""},
    {"Zg==", "f"},
    {"Zg", "f"},
    {"Zm8=", "fo"},
    {"Zm8", "fo"},
    {"Zm9v", "foo"},
    {"Zm9vYg==", "foob"},
    {"Zm9vYmE", "fooba"},
    {"Zm9vYmFy", "foobar"},
    {"Pz8_Pj4-", "\?\?\?>>>"},
    {"Pz8/Pj4+", "\?\?\?>>>"},
};

static void decodes (void) {
  for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
    size_t len = 99;
    char *bytes = azl_base64_decode(good[i].text, &len);
    CHECK_ROW(good[i].text);
    CHECK_STR(bytes, good[i].bytes);
    CHECK_INT(len, strlen(good[i].bytes));
    azl_free(bytes);
  }
}

static void refuses (void) {
  static const char *const bad[] = {"A",    "AAAAA", "Zm9v!",  "Zm 9v",
                                    "=Zm9", "Z===",  "Zm9v\n", "Zg=a"};
  for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
    CHECK_ROW(bad[i]);
    CHECK(azl_base64_decode(bad[i], NULL) == NULL);
  }
}

int main (void) {
  RUN_TESTS(TEST(decodes), TEST(refuses));
}
