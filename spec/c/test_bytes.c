/* Text compared as protocols do; eight bytes at once are the same as one after
   the other. */
#include <locale.h>
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

/* The only bit that counts: the others may be set by what stands below. */
static void tells_the_first_hit (void) {
  for (int first = 0; first < AZL_WORD_BYTES; first++) {
    for (int second = first; second < AZL_WORD_BYTES; second++) {
      char text[AZL_WORD_BYTES];
      memset(text, 'x', sizeof(text));
      text[first] = '\n';
      text[second] = second > first ? '\t' : '\n';
      int told = azl_before_hit(azl_any_below(azl_word(text), ' '));
      CHECK(told == first || told == 0);
      told = azl_before_hit(azl_any_equal(azl_word(text), '\n') |
                            azl_any_equal(azl_word(text), '\t'));
      CHECK(told == first || told == 0);
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
      CHECK_INT(told, first);
#endif
    }
  }
}

static void check_casing (void) {
  static const struct {
    const char *a, *b;
    bool same;
  } rows[] = {
      {"Retry-After", "retry-AFTER", true},
      {"x-ms-request-ID", "x-ms-request-id", true},
      {"", "", true},
      {"", "a", false},
      {"Location", "Locations", false},
      {"Location", "Lokation", false},
      {"[", "{", false}, /* as far apart as a letter from its other casing */
      {"@x", "`x", false},
      {"\xC0", "\xE0", false},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    CHECK_ROW(rows[i].a);
    CHECK_INT(azl_same_text(rows[i].a, rows[i].b), rows[i].same);
    CHECK_INT(azl_same_text(rows[i].b, rows[i].a), rows[i].same);
  }
}

/* To strcasecmp, "ID" is not "id" in Turkish. */
static void casing_counts_for_nothing (void) {
  check_casing();
  if (setlocale(LC_ALL, "tr_TR.UTF-8")) check_casing();
  setlocale(LC_ALL, "C");
}

static void only_letters_have_a_casing (void) {
  for (int a = 1; a < 256; a++) {
    for (int b = 1; b < 256; b++) {
      char one = (char)a, other = (char)b;
      CHECK_INT(azl_same_bytes(&one, &other, 1), lower(one) == lower(other));
    }
  }
}

static void compares_so_many_bytes (void) {
  CHECK(azl_same_bytes("ABCx", "abcy", 3));
  CHECK(!azl_same_bytes("ABCx", "abcy", 4));
  CHECK(azl_same_bytes("x", "y", 0));
  CHECK(azl_same_bytes("Ab\0c", "aB\0d", 4)); /* it ends at the NUL */
  CHECK(!azl_same_bytes("Ab", "Abc", 3));
}

static void copies_what_has_room (void) {
  static const char text[] = "Succeeded";
  for (size_t size = 1; size <= sizeof(text) + 1; size++) {
    char got[sizeof(text) + 2], want[sizeof(text) + 2];
    memset(got, '#', sizeof(got));
    azl_copy_cut(got, size, text);
    snprintf(want, size, "%s", text);
    CHECK_STR(got, want);
    CHECK_INT(got[size], '#');
  }
}

int main (void) {
  RUN_TESTS(TEST(lowers_letters_only), TEST(copies_any_length),
            TEST(finds_what_it_looks_for), TEST(finds_what_is_no_ascii),
            TEST(tells_the_first_hit), TEST(casing_counts_for_nothing),
            TEST(only_letters_have_a_casing), TEST(compares_so_many_bytes),
            TEST(copies_what_has_room));
}
