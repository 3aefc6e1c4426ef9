/* Decides what a call that failed means for the operation behind it: reading a
   status can fail without anything having happened to the operation. */
#include "lro_answer.h"

#include <string.h>

/* Statuses that pass: the SDKs' retry list. 501 and 505 never get better. */
static bool passing (int status) {
  return status == 408 || status == 429 ||
         (status >= 500 && status != 501 && status != 505);
}

static bool lost (const struct azl_err *err) {
  return (err->kind == AZL_ERR_TRANSPORT || err->kind == AZL_ERR_TIMEOUT) &&
         !err->permanent;
}

/* The one who gives tokens has such moments too: they say nothing about who
   asks. */
static bool sign_in_passes (const struct azl_err *err) {
  if (err->kind != AZL_ERR_AUTH) return false;
  if (passing(err->status)) return true;
  return err->inner
             ? lost(err->inner)
             : err->code && strcmp(err->code, "TokenEndpointUnreachable") == 0;
}

/* A Location answers with what the request itself would have got (ARM RPC,
   async-api-reference), so that its error is the operation's. Not those that
   are about the asking: who asks, and how often. */
static bool final_answer (const struct azl_lro_state *state,
                          const struct azl_err *err, bool fetching) {
  return state->mode == AZL_LRO_LOCATION && !fetching &&
         err->kind == AZL_ERR_SERVICE && err->status >= 400 &&
         err->status < 500 && err->status != 401 && err->status != 403 &&
         !passing(err->status);
}

/* ARM's contract wants absolute URLs, so a 404 at a relative one that never
   answered says that the URL is wrong, not that the resource is gone
   (AutoRest test server: LROErrorDelete202RetryInvalidHeader). */
static bool wrong_guess (const struct azl_lro_state *state,
                         const struct azl_err *err, bool fetching) {
  return state->guessed && !fetching && err->status == 404;
}

enum azl_lro_next azl_lro_trouble (const struct azl_lro_state *state,
                                   const struct azl_err *err, bool fetching) {
  if (state->mode == AZL_LRO_START) return AZL_LRO_FAIL;
  if (lost(err) || sign_in_passes(err)) return AZL_LRO_WAIT;
  if (err->kind != AZL_ERR_SERVICE) return AZL_LRO_FAIL;
  if (passing(err->status)) return AZL_LRO_WAIT;
  if (err->status != 404 || fetching || wrong_guess(state, err, fetching))
    return AZL_LRO_FAIL;
  if (state->method == AZL_LRO_DELETE) return AZL_LRO_GONE;
  /* A resource that is created with 202 may be missing until it is there. */
  return state->mode == AZL_LRO_BODY && state->accepted ? AZL_LRO_WAIT
                                                        : AZL_LRO_FAIL;
}

static const char still_going[] =
    "only reading the operation's status failed, the operation itself may "
    "still be going on in Azure: read the resource, or go on waiting with a "
    "resume token";
static const char result_lost[] =
    "the operation itself succeeded, only reading its result failed: read the "
    "resource";

static void add_hint (struct azl_err *err, const char *hint) {
  char *both = err->hint ? azl_format("%s; %s", err->hint, hint) : NULL;
  azl_err_set(err, hint, both ? both : hint);
  azl_free(both);
}

struct azl_err *azl_lro_trouble_error (const struct azl_lro_state *state,
                                       const struct azl_err *err,
                                       bool fetching) {
  if (err->kind == AZL_ERR_CANCELLED || state->mode == AZL_LRO_START)
    return azl_err_copy(err);
  struct azl_err *copy = azl_err_copy(err);
  if (wrong_guess(state, err, fetching)) {
    copy->kind = AZL_ERR_PROTOCOL;
    azl_err_set(copy, code, "InvalidPollingUrl");
    azl_err_set(copy, message,
                "the relative URL that the service named to follow the "
                "operation does not exist");
  } else if (final_answer(state, err, fetching)) {
    azl_lro_mark_failed(copy);
    return copy;
  }
  add_hint(copy, fetching ? result_lost : still_going);
  return copy;
}
