#ifndef AZL_FAKE_LRO_H
#define AZL_FAKE_LRO_H

/* Operations as Azure plays them: answers, the requests they must cause, and
   what the operation ends with. */
#include "fake_arm.h"
#include "lro.h"

#define SIGNALR                                                                \
  FAKE_ENDPOINT "/subscriptions/s/resourceGroups/g/providers/x/signalR/r"
#define STATUS FAKE_ENDPOINT "/status/1?api-version=1"
#define RESULT FAKE_ENDPOINT "/result/1?api-version=1"
#define ASYNC(url) "azure-asyncoperation: " url "\n"
#define LOCATION(url) "location: " url "\n"
#define JSON "content-type: application/json; charset=utf-8\n"
#define STATE(word) "{\"properties\":{\"provisioningState\":\"" word "\"}}"
#define STATUS_BODY(word) "{\"status\":\"" word "\"}"
#define LRO_MAX_STEPS 8

struct lro_case {
  const char *name, *method, *url;
  enum azl_lro_final final;
  struct fake_reply replies[LRO_MAX_STEPS];
  const char *sent[LRO_MAX_STEPS + 1];
  const char *want; /* as lro_outcome says it */
};
extern const struct lro_case lro_cases[];
extern const int lro_case_count;
int lro_reply_count (const struct lro_case *played);

/* A loop whose time stands still at 1000 ms. */
struct azl_loop *lro_new_loop (void);

/* Turns until nothing but time can happen. */
void lro_settle (struct azl_loop *loop);

/* Lets time pass from timer to timer until the operation ends. */
void lro_finish (struct azl_loop *loop, struct azl_op *op);

/* "done <body>", "gone" or "<kind> <code>". */
const char *lro_outcome (struct azl_op *op);

struct azl_op *lro_begin (struct azl_arm *arm, const char *method,
                          const char *url, enum azl_lro_final final);

#endif
