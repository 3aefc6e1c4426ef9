#ifndef AZL_URL_H
#define AZL_URL_H

#include <stdbool.h>
#include <stddef.h>
#include "mem.h"

/* Parts of an absolute http(s) URL, pointing into it. */
struct azl_url {
  const char *scheme, *host, *path, *query; /* path starts with '/', query
                                               without '?'; both may be "" */
  size_t scheme_len, host_len, path_len, query_len;
  int port; /* the scheme's own when none is written */
};

/* false: no absolute http(s) URL, user info in it, or control characters,
   spaces or backslashes anywhere. IPv6 hosts keep their brackets. A fragment
   is not part of the query. */
bool azl_url_parse (const char *text, struct azl_url *out);

/* Path and query as they are sent: '/' in front, no fragment, and nothing that
   no URL may have. */
bool azl_url_is_target (const char *text);

/* Same scheme, host (any case) and port. */
bool azl_url_same_origin (const char *a, const char *b);

/* localhost, 127.0.0.0/8 or [::1]. */
bool azl_url_is_loopback (const struct azl_url *url);

/* https, or http to a loopback host: where a token may go. */
bool azl_url_may_carry_token (const char *text);

/* Resolves a reference against an absolute base (RFC 3986 5.2): absolute,
   "//host", "/path", "?query" and relative paths with dot segments. The bytes
   of the reference are kept as they are. NULL: not resolvable or no memory. */
AZL_MUST_CHECK char *azl_url_resolve (const char *base, const char *reference);

/* The same for a reference that a service named: its inner spaces, which some
   forget to encode, become %20. */
AZL_MUST_CHECK char *azl_url_follow (const char *base, const char *reference);

/* Whether a reference has no scheme. */
bool azl_url_is_relative (const char *reference);

/* What follows the last "/providers/" of `len` bytes of a path (extensions of a
   resource have two) with a name behind it; NULL: no provider is named. */
const char *azl_url_provider (const char *path, size_t len);

/* A copy fit for people: every query value but api-version's is REDACTED
   (allow-list of the Azure SDKs), and a long one is cut. Never fails but for
   memory (NULL). */
AZL_MUST_CHECK char *azl_url_redact (const char *text);

#endif
