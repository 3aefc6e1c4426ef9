/* Owns the allocator of the core: counting, and failing on demand. */
#include "mem.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The counters are the process's: several Lua states may run in threads. */
static atomic_long live_blocks;
static atomic_long made_allocations;
static atomic_long fail_countdown = -1;

/* Called through a volatile pointer, memset is a side effect that the
   compiler has to keep even when the memory is freed next. */
static void *(*const volatile wipe_memory)(void *, int, size_t) = memset;

/* The count of allocations is a test's, which has no other threads: it need not
   be exact among several, where an exact one costs as much as a small block. */
static bool must_fail (void) {
  long left, made;
  made = atomic_load_explicit(&made_allocations, memory_order_relaxed);
  atomic_store_explicit(&made_allocations, made + 1, memory_order_relaxed);
  left = atomic_load_explicit(&fail_countdown, memory_order_relaxed);
  while (left >= 0) {
    if (atomic_compare_exchange_weak(&fail_countdown, &left, left - 1))
      return left == 0;
  }
  return false;
}

static void *counted (void *block) {
  if (block) atomic_fetch_add_explicit(&live_blocks, 1, memory_order_relaxed);
  return block;
}

void *azl_malloc (size_t bytes) {
  if (must_fail()) return NULL;
  return counted(malloc(bytes ? bytes : 1));
}

void *azl_calloc (size_t count, size_t bytes) {
  if (must_fail()) return NULL;
  if (count == 0 || bytes == 0) count = bytes = 1;
  if (count > SIZE_MAX / bytes) return NULL;
  return counted(calloc(count, bytes));
}

void *azl_realloc (void *old, size_t bytes) {
  if (!old) return azl_malloc(bytes);
  if (must_fail()) return NULL;
  return realloc(old, bytes ? bytes : 1);
}

void azl_free (void *block) {
  if (!block) return;
  atomic_fetch_sub_explicit(&live_blocks, 1, memory_order_relaxed);
  free(block);
}

char *azl_strdup (const char *text) {
  return text ? azl_strndup(text, strlen(text)) : NULL;
}

char *azl_strndup (const char *text, size_t bytes) {
  size_t len;
  char *copy;
  if (!text) return NULL;
  len = strnlen(text, bytes);
  copy = azl_malloc(len + 1);
  if (!copy) return NULL;
  memcpy(copy, text, len);
  copy[len] = '\0';
  return copy;
}

void *azl_memdup (const void *data, size_t bytes) {
  char *copy = azl_malloc(bytes + 1);
  if (!copy) return NULL;
  if (bytes > 0) memcpy(copy, data, bytes);
  copy[bytes] = '\0';
  return copy;
}

char *azl_format (const char *fmt, ...) {
  va_list args;
  char *text;
  int len;

  va_start(args, fmt);
  len = vsnprintf(NULL, 0, fmt, args);
  va_end(args);
  if (len < 0) return NULL;

  text = azl_malloc((size_t)len + 1);
  if (!text) return NULL;
  va_start(args, fmt);
  vsnprintf(text, (size_t)len + 1, fmt, args);
  va_end(args);
  return text;
}

void azl_wipe (void *secret, size_t bytes) {
  if (secret && bytes) wipe_memory(secret, 0, bytes);
}

void azl_free_secret (char *secret) {
  if (!secret) return;
  azl_wipe(secret, strlen(secret));
  azl_free(secret);
}

long azl_mem_fail_after (long countdown) {
  atomic_store(&fail_countdown, countdown < 0 ? -1 : countdown);
  return atomic_exchange(&made_allocations, 0);
}

long azl_mem_live (void) {
  return atomic_load_explicit(&live_blocks, memory_order_relaxed);
}
