/* Loaded before the C library in a child of a spec: its getaddrinfo answers for
   names of .test as the environment says, and passes on all others.

     AZL_DNS_SECONDS   slow.test: so long, then no answer
     AZL_DNS_FILE      moving.test: the addresses that stand in this file now,
                       one a line */
#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef int lookup (const char *node, const char *service,
                    const struct addrinfo *hints, struct addrinfo **out);

static int slow (void) {
  const char *seconds = getenv("AZL_DNS_SECONDS");
  unsigned left = seconds ? (unsigned)strtoul(seconds, NULL, 10) : 0;
  while (left > 0) left = sleep(left);
  return EAI_AGAIN;
}

/* The addresses one behind the other: freeaddrinfo frees them one by one. */
static int moving (lookup *call, const char *service,
                   const struct addrinfo *hints, struct addrinfo **out) {
  const char *path = getenv("AZL_DNS_FILE");
  FILE *file = path ? fopen(path, "r") : NULL;
  char address[64];
  int error = EAI_NONAME;
  while (file && fgets(address, sizeof address, file)) {
    address[strcspn(address, "\n")] = '\0';
    error = call(address, service, hints, out);
    if (error) break;
    while (*out) out = &(*out)->ai_next;
  }
  if (file) fclose(file);
  return error;
}

int getaddrinfo (const char *node, const char *service,
                 const struct addrinfo *hints, struct addrinfo **out) {
  /* A union: ISO C has no cast from an object's pointer to a function's. */
  union {
    void *symbol;
    lookup *call;
  } real = {.symbol = dlsym(RTLD_NEXT, "getaddrinfo")};
  if (node && strcmp(node, "slow.test") == 0) return slow();
  if (node && strcmp(node, "moving.test") == 0)
    return moving(real.call, service, hints, out);
  return node ? real.call(node, service, hints, out) : EAI_NONAME;
}
