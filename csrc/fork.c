/* Noticing a fork, without a system call per question where Linux helps: a
   page that the kernel empties in the child. */
#include "fork.h"

#include <stddef.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE_BYTES = 4096 }; /* the kernel rounds up */

#ifdef MADV_WIPEONFORK
static volatile unsigned char *wiped_page (void) {
  unsigned char *page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return NULL;
  if (madvise(page, PAGE_BYTES, MADV_WIPEONFORK) == 0) {
    *page = 1;
    return page;
  }
  munmap(page, PAGE_BYTES);
  return NULL;
}
#else
static volatile unsigned char *wiped_page (void) {
  return NULL;
}
#endif

void azl_fork_mark_init (struct azl_fork_mark *mark) {
  mark->pid = getpid();
  mark->page = wiped_page();
}

void azl_fork_mark_free (struct azl_fork_mark *mark) {
  if (mark->page) munmap((void *)mark->page, PAGE_BYTES);
  mark->page = NULL;
}

bool azl_fork_happened (const struct azl_fork_mark *mark) {
  return mark->page ? *mark->page == 0 : mark->pid != getpid();
}
