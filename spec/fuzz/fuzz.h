#ifndef AZL_FUZZ_H
#define AZL_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What must hold for every input; a broken promise stops the fuzzer like a
   crash does. */
#define PROMISE(cond)                                                          \
  do {                                                                         \
    if (!(cond)) {                                                             \
      fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #cond);       \
      abort();                                                                 \
    }                                                                          \
  } while (0)

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

/* A NUL-terminated copy on the heap, exactly as long as the input, so that
   the sanitizer sees a read past its end. */
static inline char *fuzz_text (const uint8_t *data, size_t size) {
  char *text = malloc(size + 1);
  if (!text) abort();
  if (size) memcpy(text, data, size);
  text[size] = '\0';
  return text;
}

#endif
