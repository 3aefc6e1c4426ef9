/* Loaded before the C library in a child of a spec: its getaddrinfo answers for
   names of .test as the environment says, and passes on all others.

     AZL_DNS_SECONDS   slow.test: so long, then no answer
     AZL_DNS_FILE      moving.test: the address that stands in this file now */
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

static const char *address_now (char *out, size_t out_bytes) {
  const char *path = getenv("AZL_DNS_FILE");
  FILE *file = path ? fopen(path, "r") : NULL;
  char *read = file ? fgets(out, (int)out_bytes, file) : NULL;
  if (file) fclose(file);
  if (read) out[strcspn(out, "\n")] = '\0';
  return read;
}

int getaddrinfo (const char *node, const char *service,
                 const struct addrinfo *hints, struct addrinfo **out) {
  /* A union: ISO C has no cast from an object's pointer to a function's. */
  union {
    void *symbol;
    lookup *call;
  } real = {.symbol = dlsym(RTLD_NEXT, "getaddrinfo")};
  char address[64];
  if (node && strcmp(node, "slow.test") == 0) return slow();
  if (node && strcmp(node, "moving.test") == 0)
    node = address_now(address, sizeof address);
  return node ? real.call(node, service, hints, out) : EAI_NONAME;
}
