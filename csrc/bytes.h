#ifndef AZL_BYTES_H
#define AZL_BYTES_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Whether the first len bytes are the same but for the casing of ASCII letters;
   a NUL ends both. Not strncasecmp, which goes by the locale of the process: in
   a Turkish one, which the host may have chosen, "ID" is not "id". */
bool azl_same_bytes (const char *a, const char *b, size_t len);

/* The same for two whole texts. Most differ in the first letter. */
static inline bool azl_same_text (const char *a, const char *b) {
  return ((*a ^ *b) & ~('a' ^ 'A')) == 0 && azl_same_bytes(a, b, SIZE_MAX);
}

/* Copies a text with its NUL, cut where it is longer than size - 1 bytes. What
   snprintf does with "%s", without a look at a format. */
static inline void azl_copy_cut (char *to, size_t size, const char *from) {
  size_t len = strnlen(from, size - 1);
  memcpy(to, from, len);
  to[len] = '\0';
}

/* Looking at eight bytes at once: what a text is made of is asked of every URL,
   header and body, mostly with the answer "nothing special". Each function
   returns not zero when any of the eight is what it looks for. */

enum { AZL_WORD_BYTES = 8 };

static inline uint64_t azl_word (const char *at) {
  uint64_t word;
  memcpy(&word, at, sizeof word);
  return word;
}

/* limit: at most 128 */
static inline uint64_t azl_any_below (uint64_t word, unsigned char limit) {
  const uint64_t ones = UINT64_MAX / 255;
  return (word - ones * limit) & ~word & ones * 128;
}

static inline uint64_t azl_any_equal (uint64_t word, unsigned char byte) {
  return azl_any_below(word ^ (UINT64_MAX / 255 * byte), 1);
}

/* No ASCII. */
static inline uint64_t azl_any_high (uint64_t word) {
  return word & (UINT64_MAX / 255 * 128);
}

/* Of what one of the above returned, or several of them together: how many of
   the eight bytes stand before the first hit. At least 0: where the first byte
   is the most significant one, that is all that can be said. */
static inline int azl_before_hit (uint64_t hits) {
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
  return __builtin_ctzll(hits) / 8;
#else
  (void)hits;
  return 0;
#endif
}

/* The letters A to Z in lower case. */
static inline uint64_t azl_lower_word (uint64_t word) {
  const uint64_t ones = UINT64_MAX / 255, low = word & (ones * 127);
  uint64_t from_a = low + ones * (128 - 'A'), past_z = low + ones * (127 - 'Z');
  return word | ((from_a ^ past_z) & ~word & (ones * 128)) >> 2;
}

/* Copies len bytes likewise, without a NUL behind them. */
static inline void azl_copy_lower (char *to, const char *from, size_t len) {
  for (; len >= AZL_WORD_BYTES; len -= AZL_WORD_BYTES) {
    uint64_t word = azl_lower_word(azl_word(from));
    memcpy(to, &word, sizeof word);
    to += AZL_WORD_BYTES;
    from += AZL_WORD_BYTES;
  }
  for (; len > 0; len--, to++, from++)
    *to = (char)(*from >= 'A' && *from <= 'Z' ? *from + ('a' - 'A') : *from);
}

#endif
