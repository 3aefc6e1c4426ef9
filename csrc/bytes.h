#ifndef AZL_BYTES_H
#define AZL_BYTES_H

#include <stdint.h>
#include <string.h>

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
