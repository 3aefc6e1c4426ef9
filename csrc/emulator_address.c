/* Socket addresses as text, for the emulator's server. */
#include "emulator_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

bool azl_address_parse (const char *text, uint16_t port,
                        struct sockaddr_storage *out) {
  struct sockaddr_in *in = (void *)out;
  struct sockaddr_in6 *in6 = (void *)out;
  memset(out, 0, sizeof *out);
  if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
    in->sin_family = AF_INET;
    in->sin_port = htons(port);
    return true;
  }
  if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1) {
    in6->sin6_family = AF_INET6;
    in6->sin6_port = htons(port);
    return true;
  }
  return false;
}

void azl_address_format (const struct sockaddr *address, char *out,
                         size_t out_bytes) {
  char text[INET6_ADDRSTRLEN] = "?";
  unsigned port = 0;
  if (address && address->sa_family == AF_INET) {
    const struct sockaddr_in *in = (const void *)address;
    (void)inet_ntop(AF_INET, &in->sin_addr, text, sizeof text);
    port = ntohs(in->sin_port);
  } else if (address && address->sa_family == AF_INET6) {
    const struct sockaddr_in6 *in6 = (const void *)address;
    (void)inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof text);
    port = ntohs(in6->sin6_port);
  }
  (void)snprintf(out, out_bytes, "%s:%u", text, port);
}
