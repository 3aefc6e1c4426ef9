#ifndef AZL_HTTP_SOCKET_H
#define AZL_HTTP_SOCKET_H

#include "http_internal.h"

/* Makes libcurl open and close the sockets of this handle's connections through
   us: with a struct azl_http that outlives them. false: out of memory. */
AZL_MUST_CHECK bool azl_socket_keep (CURL *easy, struct azl_http *http);

/* CURLMOPT_SOCKETFUNCTION, with a struct azl_http as its data: watches for
   libcurl what it wants to hear of. */
int azl_socket_wanted (CURL *easy, curl_socket_t fd, int what, void *ctx,
                       void *unused);

/* A whole answer came with what that socket had to read. */
void azl_socket_answered (struct azl_http *http, curl_socket_t fd);

/* After each call that may have opened one: whether it was closed again, since
   nobody listens at that address (see azl_http's next_address). */
void azl_socket_opened (struct azl_http *http);

/* When the last multi handle has ended: frees what is known of sockets. */
void azl_sockets_free (struct azl_http *http);

#endif
