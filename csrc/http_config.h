#ifndef AZL_HTTP_CONFIG_H
#define AZL_HTTP_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { AZL_SHA1_HEX_BYTES = 41 };

/* NULL and 0 mean the default. Strings are copied. */
struct azl_http_config {
  const char *ca_file;        /* PEM bundle instead of the system's */
  const char *ca_path;        /* hashed folder */
  const char *proxy;          /* "" forbids one; NULL: from the environment */
  const char *no_proxy;       /* NULL: from the environment */
  int max_connections;        /* default 32 */
  size_t max_response_bytes;  /* decoded; default 16 MiB */
  int64_t connect_timeout_ms; /* default 30 s */
  bool http1_only;
  /* Trusts the server whose certificate has this thumbprint (40 hex digits),
     whoever signed it, and no other; "": the usual checks. */
  char pinned_sha1[AZL_SHA1_HEX_BYTES];
};

#endif
