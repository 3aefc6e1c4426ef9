/* Eight bytes at once are the same as one after the other. */
#include <stdbool.h>
#include "bytes.h"
#include "check.h"

enum { WORDS = 256 * AZL_WORD_BYTES };

/* Each byte at each place, among others. */
static void make_text (char text[AZL_WORD_BYTES], int number) {
  memcpy(text, "Ab\x80@[Zz-", AZL_WORD_BYTES);
  text[number % AZL_WORD_BYTES] = (char)(number / AZL_WORD_BYTES);
}

static char lower (char c) {
  return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static void lowers_letters_only (void) {
  for (int number = 0; number < WORDS; number++) {
    char text[AZL_WORD_BYTES], got[AZL_WORD_BYTES], want[AZL_WORD_BYTES];
    make_text(text, number);
    uint64_t word = azl_lower_word(azl_word(text));
    memcpy(got, &word, sizeof(got));
    for (int i = 0; i < AZL_WORD_BYTES; i++) want[i] = lower(text[i]);
    CHECK(memcmp(got, want, sizeof(got)) == 0);
  }
}

static void copies_any_length (void) {
  static const char text[] = "/SubScriptions/0000-ABCDEF/ReSoUrCeGroups";
  for (size_t len = 0; len < sizeof(text); len++) {
    char got[sizeof(text) + 1];
    memset(got, '#', sizeof(got));
    azl_copy_lower(got, text, len);
    for (size_t i = 0; i < len; i++) CHECK_INT(got[i], lower(text[i]));
    CHECK_INT(got[len], '#');
  }
}

static void finds_what_it_looks_for (void) {
  for (int number = 0; number < WORDS; number++) {
    char text[AZL_WORD_BYTES];
    bool below = false, equal = false;
    make_text(text, number);
    text[2] = 'c'; /* of ASCII, as far as the others go */
    for (int i = 0; i < AZL_WORD_BYTES; i++) {
      below = below || (unsigned char)text[i] < ' ';
      equal = equal || text[i] == 'z';
    }
    CHECK_INT(azl_any_below(azl_word(text), ' ') != 0, below);
    CHECK_INT(azl_any_equal(azl_word(text), 'z') != 0, equal);
  }
}

static void finds_what_is_no_ascii (void) {
  for (int number = 0; number < WORDS; number++) {
    char text[AZL_WORD_BYTES];
    bool high = false;
    make_text(text, number);
    for (int i = 0; i < AZL_WORD_BYTES; i++)
      high = high || (unsigned char)text[i] > 127;
    CHECK_INT(azl_any_high(azl_word(text)) != 0, high);
  }
}

int main (void) {
  RUN_TESTS(TEST(lowers_letters_only), TEST(copies_any_length),
            TEST(finds_what_it_looks_for), TEST(finds_what_is_no_ascii));
}
