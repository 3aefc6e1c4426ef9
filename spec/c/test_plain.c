#include "check.h"
#include "plain.h"

static void test_rows (void) {
  static const struct {
    const char *name, *given, *want;
  } rows[] = {
      {"empty", "", ""},
      {"letters", "caf\303\251 \360\237\224\221",
       "caf\303\251 \360\237\224\221"},
      {"the first after C1", "\302\240\302\241", "\302\240\302\241"},
      {"line breaks", "a\r\nb\tc", "a  b c"},
      {"ESC", "\033[31mred\033]0;title\007", " [31mred ]0;title "},
      {"DEL", "a\177b", "a b"},
      {"CSI of C1", "\302\23331mred", " 31mred"},
      {"first and last of C1", "\302\200\302\237", "  "},
      {"CSI of eight bits", "\23331mred", "?31mred"},
      {"cut", "caf\303", "caf?"},
      {"cut before a control", "\303\033x", "? x"},
      {"overlong ESC", "\300\233x", "??x"},
      {"surrogate", "\355\240\200", "???"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
    char text[64];
    CHECK_ROW(rows[i].name);
    snprintf(text, sizeof text, "%s", rows[i].given);
    azl_plain_text(text);
    CHECK_STR(text, rows[i].want);
    azl_plain_text(text);
    CHECK_STR(text, rows[i].want);
  }
}

int main (void) {
  RUN_TESTS(TEST(test_rows));
}
