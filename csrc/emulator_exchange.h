#ifndef AZL_EMULATOR_EXCHANGE_H
#define AZL_EMULATOR_EXCHANGE_H

#include <microhttpd.h>
#include "emulator_server.h"
#include "list.h"

/* All requests under way at one server, by what they wait for. */
struct azl_exchanges {
  const struct azl_host_api *api;
  struct azl_loop *loop;
  struct azl_defer wake; /* the daemon has something to run for */
  struct azl_list queued, fetched, delayed;
  uint64_t last_id;
  size_t max_body_bytes;
};

/* The caller fills wake.fn and wake.ctx. */
void azl_exchanges_init (struct azl_exchanges *all,
                         const struct azl_host_api *api, struct azl_loop *loop,
                         size_t max_body_bytes);

/* For the daemon's callbacks. The first word about a request is its URI, the
   only one that is not unescaped; NULL: out of memory. */
void *azl_exchange_begin (struct azl_exchanges *all, const char *uri,
                          struct MHD_Connection *connection);
enum MHD_Result azl_exchange_go_on (void *exchange, const char *method,
                                    const char *bytes, size_t *len);
void azl_exchange_free (void *exchange); /* accepts NULL */

/* For azl_server_next, azl_server_answer and azl_server_close. */
AZL_MUST_CHECK bool azl_exchanges_next (struct azl_exchanges *all,
                                        struct azl_server_request *out);
AZL_MUST_CHECK bool azl_exchanges_answer (struct azl_exchanges *all,
                                          uint64_t id,
                                          const struct azl_answer *answer);
/* Ends everything unanswered with a closed connection. */
void azl_exchanges_drop (struct azl_exchanges *all);

#endif
