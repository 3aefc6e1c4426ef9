#ifndef AZL_EMULATOR_ADDRESS_H
#define AZL_EMULATOR_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include "mem.h"

/* Room for "address:port" of either family. */
enum { AZL_ADDRESS_BYTES = 64 };

/* A numeric IPv4 or IPv6 address with a port. false: it is neither. */
AZL_MUST_CHECK bool azl_address_parse (const char *text, uint16_t port,
                                       struct sockaddr_storage *out);

/* "address:port", or "?:0" for NULL and other families. */
void azl_address_format (const struct sockaddr *address, char *out,
                         size_t out_bytes);

#endif
