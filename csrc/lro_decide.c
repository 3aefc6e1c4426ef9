/* Decides the next step of a long-running operation. Where Azure's contract
   (azure-resource-manager-rpc, async-api-reference) leaves room, the order and
   the defaults are those of @azure/core-lro and azcore's pollers. */
#include "lro_turn.h"
#include "bytes.h"
#include "url.h"

#include <stdio.h>
#include <string.h>

static const char *const method_names[AZL_LRO_METHODS] = {"GET", "PUT", "PATCH",
                                                          "POST", "DELETE"};

/* Where the result is once a status URL says Succeeded. */
enum target { BODY, ORIGINAL, LOCATION_OR_BODY, LOCATION_OR_ORIGINAL, NOTHING };

/* Columns: default, async, location, original. PUT never asks the Location
   (azure-cli recording test_signalr_private_endpoint.yaml: a create ends with
   a GET of its own URL, a PATCH with one of the Location). */
static const enum target targets[AZL_LRO_METHODS][4] = {
    [AZL_LRO_GET] = {LOCATION_OR_BODY, BODY, LOCATION_OR_BODY, ORIGINAL},
    [AZL_LRO_PUT] = {ORIGINAL, ORIGINAL, ORIGINAL, ORIGINAL},
    [AZL_LRO_PATCH] = {LOCATION_OR_ORIGINAL, ORIGINAL, LOCATION_OR_ORIGINAL,
                       ORIGINAL},
    [AZL_LRO_POST] = {LOCATION_OR_BODY, BODY, LOCATION_OR_BODY, ORIGINAL},
    [AZL_LRO_DELETE] = {NOTHING, NOTHING, NOTHING, NOTHING},
};

enum azl_lro_method azl_lro_method_of (const char *name) {
  for (int i = 0; i < AZL_LRO_METHODS; i++)
    if (azl_same_text(method_names[i], name)) return (enum azl_lro_method)i;
  return AZL_LRO_GET;
}

const char *azl_lro_method_name (enum azl_lro_method method) {
  return method_names[method];
}

void azl_lro_state_clear (struct azl_lro_state *state) {
  azl_free(state->url);
  azl_free(state->poll);
  azl_free(state->location);
  memset(state, 0, sizeof(*state));
}

void azl_lro_step_clear (struct azl_lro_step *step) {
  azl_free(step->fetch);
  azl_err_free(step->err);
  memset(step, 0, sizeof(*step));
}

static void fail_word (struct azl_lro_turn *turn,
                       enum azl_lro_verdict verdict) {
  azl_lro_fail(
      turn, azl_lro_operation_error(turn->answer, turn->step->status, verdict));
}

static void note_word (struct azl_lro_turn *turn, const char *word) {
  if (word) azl_copy_cut(turn->step->status, sizeof(turn->step->status), word);
}

static void wait_more (struct azl_lro_turn *turn) {
  turn->step->next = AZL_LRO_WAIT;
}

/* The whole body is the result. */
static void done_whole (struct azl_lro_turn *turn) {
  turn->step->next = AZL_LRO_DONE;
  turn->step->result_len = turn->answer->len;
}

static void fetch (struct azl_lro_turn *turn, const char *url) {
  turn->step->fetch = azl_strdup(url);
  if (turn->step->fetch)
    turn->step->next = AZL_LRO_FETCH;
  else
    azl_lro_fail(turn, azl_err_oom());
}

static const char *status_header (const struct azl_lro_turn *turn) {
  const char *value = azl_lro_header(turn, "operation-location");
  return value ? value : azl_lro_header(turn, "azure-asyncoperation");
}

static bool take_status_url (struct azl_lro_turn *turn) {
  const char *reference = status_header(turn);
  if (!reference) return true;
  if (!azl_lro_take_poll(turn, reference)) return false;
  return !azl_lro_header(turn, "operation-location") ||
         azl_lro_add_api_version(turn, &turn->state->poll);
}

static enum target target_of (const struct azl_lro_state *state) {
  return targets[state->method][state->final];
}

/* Only where the result will be read from it: AutoRest's server sends
   "somethingBadWhichShouldNotBeUsed" to whoever does not need it. */
static bool take_location (struct azl_lro_turn *turn) {
  enum target target = target_of(turn->state);
  const char *reference = azl_lro_header(turn, "location");
  if (!reference) return true;
  if (target != LOCATION_OR_BODY && target != LOCATION_OR_ORIGINAL) return true;
  return azl_lro_take_url(turn, reference, &turn->state->location);
}

/* Results --------------------------------------------------------------- */

/* The status body's own result: "result" (Azure REST guidelines) or
   "properties" (ARM), else all of it. */
static void done_embedded (struct azl_lro_turn *turn) {
  static const char *const keys[] = {"result", "properties"};
  struct azl_lro_step *step = turn->step;
  done_whole(turn);
  for (size_t i = 0; turn->body.there && i < sizeof(keys) / sizeof(*keys); i++)
    if (azl_lro_member(turn->answer->body, turn->answer->len, keys[i],
                       &step->result_at, &step->result_len))
      return;
  step->result_at = 0;
  step->result_len = turn->answer->len;
}

static bool fetch_named (struct azl_lro_turn *turn) {
  const char *named = azl_lro_resource_location(&turn->body);
  char *url = NULL;
  if (!named || !*named || turn->state->method == AZL_LRO_DELETE) return false;
  if (azl_lro_take_url(turn, named, &url) &&
      azl_lro_add_api_version(turn, &url))
    fetch(turn, url);
  azl_free(url);
  return true;
}

/* A status URL said Succeeded. */
static void settle (struct azl_lro_turn *turn) {
  const struct azl_lro_state *state = turn->state;
  enum target target = target_of(state);
  if (fetch_named(turn)) return;
  if (!state->location && !take_location(turn)) return;
  if (target == NOTHING)
    turn->step->next = AZL_LRO_DONE;
  else if (target == ORIGINAL)
    fetch(turn, state->url);
  else if (target != BODY && state->location)
    fetch(turn, state->location);
  else if (target == LOCATION_OR_ORIGINAL)
    fetch(turn, state->url);
  else
    done_embedded(turn);
}

/* Answers, one function per mode ---------------------------------------- */

/* Parses the body; false when the operation failed over it. */
static bool read_body (struct azl_lro_turn *turn, bool must_be_json) {
  bool read;
  azl_lro_body_free(&turn->body);
  read = azl_lro_body_read(turn->answer, must_be_json, &turn->body);
  if (!read)
    azl_lro_fail_protocol(turn, "InvalidJson",
                          "the answer about the operation is not valid JSON");
  turn->step->percent = azl_lro_percent(&turn->body);
  return read;
}

static enum azl_lro_verdict judge (struct azl_lro_turn *turn,
                                   const char *word) {
  note_word(turn, word);
  return azl_lro_verdict(word, turn->answer->status);
}

/* Key Vault's status URL is the resource itself, with one parameter more. */
static bool polls_resource (const struct azl_lro_state *state) {
  struct azl_url asked, first;
  return azl_url_parse(state->poll, &asked) &&
         azl_url_parse(state->url, &first) &&
         asked.path_len == first.path_len &&
         azl_same_bytes(asked.path, first.path, first.path_len);
}

static void on_async (struct azl_lro_turn *turn) {
  if (!read_body(turn, true)) return;
  const char *word = NULL;
  if (!azl_lro_status(&turn->body, &word)) {
    azl_lro_fail_protocol(turn, "InvalidStatus",
                          "the operation's status is not a string");
    return;
  }
  /* Elsewhere a resource tells nothing: Web's stays Pending for ever once a
     connection was rejected. */
  if ((!word || !*word) && polls_resource(turn->state))
    word = azl_lro_provisioning_state(&turn->body);
  enum azl_lro_verdict verdict = judge(turn, word);
  if (verdict == AZL_LRO_SUCCEEDED)
    settle(turn);
  else if (verdict != AZL_LRO_RUNNING)
    fail_word(turn, verdict);
  else if (take_status_url(turn) && take_location(turn))
    wait_more(turn);
}

static bool writes (const struct azl_lro_state *state) {
  return state->method == AZL_LRO_PUT || state->method == AZL_LRO_PATCH;
}

/* The last answer is the result, unless the caller knows better; where it is
   empty the resource that was written is. */
static void on_location_end (struct azl_lro_turn *turn) {
  const struct azl_lro_state *state = turn->state;
  bool named =
      state->final == AZL_LRO_FINAL_ORIGINAL && state->method != AZL_LRO_DELETE;
  if (named || (writes(state) && turn->answer->len == 0))
    fetch(turn, state->url);
  else
    done_whole(turn);
}

/* 202 is running. For other answers to writes the resource's state counts as
   well (azcore's loc poller; Key Vault's DELETE names the resource as its
   Location); what an action returns says nothing about the action. */
static void on_location (struct azl_lro_turn *turn) {
  const char *reference = azl_lro_header(turn, "location");
  enum azl_lro_verdict verdict = AZL_LRO_SUCCEEDED;
  if (turn->answer->status == 202) {
    if (!reference || azl_lro_take_poll(turn, reference)) wait_more(turn);
    return;
  }
  if (turn->state->method != AZL_LRO_POST &&
      turn->state->method != AZL_LRO_GET) {
    if (!read_body(turn, false)) return;
    verdict = judge(turn, azl_lro_provisioning_state(&turn->body));
  }
  if (verdict == AZL_LRO_RUNNING)
    wait_more(turn);
  else if (verdict == AZL_LRO_SUCCEEDED)
    on_location_end(turn);
  else
    fail_word(turn, verdict);
}

static void on_body (struct azl_lro_turn *turn) {
  if (!read_body(turn, turn->state->mode == AZL_LRO_BODY)) return;
  enum azl_lro_verdict verdict =
      judge(turn, azl_lro_provisioning_state(&turn->body));
  if (verdict == AZL_LRO_SUCCEEDED)
    done_whole(turn);
  else if (verdict != AZL_LRO_RUNNING)
    fail_word(turn, verdict);
  else
    wait_more(turn);
}

static void on_ended (struct azl_lro_turn *turn) {
  turn->state->mode = AZL_LRO_ENDED;
  turn->state->empty = turn->answer->len == 0;
  done_whole(turn);
}

/* A PATCH that answers 200 with a finished resource ended at once, whatever
   its headers say (AutoRest: LROPatchInlineCompleteIgnoreHeaders). */
static bool patched_at_once (struct azl_lro_turn *turn) {
  struct azl_lro_body body;
  if (turn->state->method != AZL_LRO_PATCH || turn->answer->status != 200)
    return false;
  (void)azl_lro_body_read(turn->answer, false, &body);
  const char *word = azl_lro_provisioning_state(&body);
  bool ended = word && azl_lro_verdict(word, 200) == AZL_LRO_SUCCEEDED;
  azl_lro_body_free(&body);
  return ended;
}

static void on_start_body (struct azl_lro_turn *turn) {
  on_body(turn);
  if (turn->step->next == AZL_LRO_WAIT) {
    turn->state->mode = AZL_LRO_BODY;
    turn->state->poll = azl_strdup(turn->state->url);
    if (!turn->state->poll) azl_lro_fail(turn, azl_err_oom());
  } else if (turn->step->next == AZL_LRO_DONE) {
    turn->state->mode = AZL_LRO_ENDED;
  }
}

static void on_start_async (struct azl_lro_turn *turn) {
  const char *status = NULL;
  if (!take_status_url(turn) || !take_location(turn)) return;
  turn->state->mode = AZL_LRO_ASYNC;
  (void)azl_lro_body_read(turn->answer, false, &turn->body);
  const char *word = azl_lro_provisioning_state(&turn->body);
  (void)azl_lro_status(&turn->body, &status);
  note_word(turn, word ? word : status);
  wait_more(turn);
}

static void on_start_location (struct azl_lro_turn *turn) {
  if (!azl_lro_take_poll(turn, azl_lro_header(turn, "location"))) return;
  turn->state->mode = AZL_LRO_LOCATION;
  wait_more(turn);
}

/* 201 with a Location alone is followed as by core-lro and azcore: it may be
   the URL of what was made, or of the making; both are read the same way. A
   resource that tells its own state is followed by that. */
static bool follows_location (struct azl_lro_turn *turn) {
  struct azl_lro_body body;
  int status = turn->answer->status;
  if (!azl_lro_header(turn, "location")) return false;
  if (status != 201 || turn->state->method == AZL_LRO_GET) return status == 202;
  if (!writes(turn->state)) return true;
  bool read = azl_lro_body_read(turn->answer, false, &body);
  bool tells = !read || azl_lro_provisioning_state(&body);
  azl_lro_body_free(&body);
  return !tells;
}

static void on_start (struct azl_lro_turn *turn) {
  struct azl_lro_state *state = turn->state;
  int status = turn->answer->status;
  state->accepted = status == 202;
  if (status == 204 || patched_at_once(turn))
    on_ended(turn);
  else if (status_header(turn))
    on_start_async(turn);
  else if (follows_location(turn))
    on_start_location(turn);
  else if (writes(state))
    on_start_body(turn);
  else if (status == 202 && state->method != AZL_LRO_GET)
    azl_lro_fail_protocol(turn, "MissingPollingUrl",
                          "the service accepted the request (202) but did not "
                          "say where to follow the operation");
  else
    on_ended(turn);
}

void azl_lro_decide (struct azl_lro_state *state,
                     const struct azl_lro_answer *answer, const char *endpoint,
                     struct azl_lro_step *out) {
  static void (*const modes[AZL_LRO_MODES])(struct azl_lro_turn *) = {
      [AZL_LRO_START] = on_start,       [AZL_LRO_ASYNC] = on_async,
      [AZL_LRO_LOCATION] = on_location, [AZL_LRO_BODY] = on_body,
      [AZL_LRO_ENDED] = on_ended,
  };
  struct azl_lro_turn turn = {
      .state = state, .answer = answer, .endpoint = endpoint, .step = out};
  memset(out, 0, sizeof(*out));
  out->percent = -1;
  state->guessed = false; /* the URL asked last has answered */
  if (answer->status >= 300)
    azl_lro_fail_protocol(&turn, "UnexpectedRedirect",
                          "the service answered with a redirect");
  else
    modes[state->mode](&turn);
  azl_lro_body_free(&turn.body);
}
