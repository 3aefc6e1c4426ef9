/* Tables of decisions. */
#include "check.h"
#include "lro_answer.h"

#define H "https://management.azure.com"
#define JSON "content-type: application/json\n"
#define STATE(word) "{\"properties\":{\"provisioningState\":\"" word "\"}}"
#define COUNT(table) (sizeof(table) / sizeof(*(table)))

static bool fill (struct azl_headers *headers, const char *lines) {
  while (lines && *lines) {
    size_t len = strcspn(lines, "\n");
    if (!azl_headers_parse_line(headers, lines, len)) return false;
    lines += len + (lines[len] == '\n');
  }
  return true;
}

/* Runs one decision; the caller clears out. */
static void decide (struct azl_lro_state *state, int status, const char *lines,
                    const char *body, struct azl_lro_step *out) {
  struct azl_headers headers = {0};
  struct azl_lro_answer answer = {status, &headers, body,
                                  body ? strlen(body) : 0};
  CHECK(fill(&headers, lines));
  azl_lro_decide(state, &answer, H, out);
  azl_headers_free(&headers);
}

static struct azl_lro_state state_of (const char *method,
                                      enum azl_lro_mode mode) {
  struct azl_lro_state state = {.method = azl_lro_method_of(method),
                                .mode = mode,
                                .url = azl_strdup(H "/r?api-version=1")};
  if (mode != AZL_LRO_START) state.poll = azl_strdup(H "/a/b?api-version=1");
  return state;
}

/* "wait", "fetch URL", "done RESULT", or "kind code" */
static const char *said (const struct azl_lro_step *step, const char *body) {
  static char text[300];
  if (step->next == AZL_LRO_WAIT) return "wait";
  if (step->next == AZL_LRO_FETCH)
    snprintf(text, sizeof(text), "fetch %s", step->fetch);
  else if (step->next == AZL_LRO_DONE)
    snprintf(text, sizeof(text), "done %.*s", (int)step->result_len,
             body ? body + step->result_at : "");
  else
    snprintf(text, sizeof(text), "%s %s", azl_err_kind_name(step->err->kind),
             step->err->code);
  return text;
}

static void test_verdicts (void) {
  static const struct {
    const char *word;
    int status;
    enum azl_lro_verdict want;
  } rows[] = {
      {"Succeeded", 200, AZL_LRO_SUCCEEDED},
      {"succeeded", 202, AZL_LRO_SUCCEEDED},
      {"ProvisioningSucceeded", 200, AZL_LRO_SUCCEEDED},
      {"Failed", 200, AZL_LRO_FAILED},
      {"PARTIALLYFAILED", 200, AZL_LRO_FAILED},
      {"failure", 200, AZL_LRO_FAILED},
      {"Canceled", 200, AZL_LRO_CANCELED},
      {"cancelled", 200, AZL_LRO_CANCELED},
      {"Canceling", 200, AZL_LRO_RUNNING},
      {"Running", 200, AZL_LRO_RUNNING},
      {"InProgress", 200, AZL_LRO_RUNNING},
      {"Accepted", 200, AZL_LRO_RUNNING},
      {"Wibble", 200, AZL_LRO_RUNNING},
      {NULL, 200, AZL_LRO_SUCCEEDED},
      {NULL, 201, AZL_LRO_SUCCEEDED},
      {NULL, 202, AZL_LRO_RUNNING},
      {"", 204, AZL_LRO_SUCCEEDED},
      {"", 202, AZL_LRO_RUNNING},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    CHECK_ROW(rows[i].word);
    CHECK_INT(azl_lro_verdict(rows[i].word, rows[i].status), rows[i].want);
  }
}

/* First answers: what to do, and how the operation is followed. */
#define OP "operation-location: " H "/op\n"
#define AS "Azure-AsyncOperation: " H "/as\n"
#define LO "Location: " H "/lo\n"
static const struct {
  const char *name, *method;
  int status;
  const char *headers, *body, *want;
  enum azl_lro_mode mode;
  const char *poll;
} first_answers[] = {
    {"all three headers", "PUT", 201, LO AS OP, "", "wait", AZL_LRO_ASYNC,
     H "/op?api-version=1"},
    {"a query stays as it is", "POST", 202,
     "operation-location: " H "/op?t=1\n", "", "wait", AZL_LRO_ASYNC,
     H "/op?t=1"},
    {"async over location", "POST", 202, LO AS, "", "wait", AZL_LRO_ASYNC,
     H "/as"},
    {"an empty header is none", "PUT", 202, "Azure-AsyncOperation: \n" LO, "",
     "wait", AZL_LRO_LOCATION, H "/lo"},
    {"location", "DELETE", 202, LO, "", "wait", AZL_LRO_LOCATION, H "/lo"},
    {"location of what was created", "POST", 201, LO, "{}", "wait",
     AZL_LRO_LOCATION, H "/lo"},
    {"location of what was put", "PUT", 201, LO JSON, "{\"name\":1}", "wait",
     AZL_LRO_LOCATION, H "/lo"},
    {"location and nothing else", "PATCH", 201, LO, "", "wait",
     AZL_LRO_LOCATION, H "/lo"},
    {"location of what is there already", "PUT", 201, LO, STATE("Succeeded"),
     "done " STATE("Succeeded"), AZL_LRO_ENDED, NULL},
    {"location of nonsense", "PUT", 201, LO JSON, "{", "protocol InvalidJson",
     AZL_LRO_START, NULL},
    {"location without need", "PUT", 200, LO, "{}", "done {}", AZL_LRO_ENDED,
     NULL},
    {"location of what was read", "GET", 201, LO, "{}", "done {}",
     AZL_LRO_ENDED, NULL},
    {"location of what is being made", "PUT", 201, LO, STATE("Creating"),
     "wait", AZL_LRO_BODY, H "/r?api-version=1"},
    {"200 Succeeded", "PUT", 200, JSON, STATE("Succeeded"),
     "done " STATE("Succeeded"), AZL_LRO_ENDED, NULL},
    {"201 Succeeded", "PUT", 201, JSON, STATE("Succeeded"),
     "done " STATE("Succeeded"), AZL_LRO_ENDED, NULL},
    {"200 without state", "PUT", 200, JSON, "{\"id\":1}", "done {\"id\":1}",
     AZL_LRO_ENDED, NULL},
    {"201 without body", "PUT", 201, NULL, "", "done ", AZL_LRO_ENDED, NULL},
    {"202 without anything", "PUT", 202, NULL, "", "wait", AZL_LRO_BODY,
     H "/r?api-version=1"},
    {"state at the top", "PATCH", 200, NULL,
     "{\"provisioningState\":\"Updating\"}", "wait", AZL_LRO_BODY,
     H "/r?api-version=1"},
    {"failed at once", "PUT", 200, NULL, STATE("Failed"),
     "operation OperationFailed", AZL_LRO_START, NULL},
    {"not JSON, and not said to be", "PUT", 200, "Content-Type: text/plain\n",
     "{ok", "done {ok", AZL_LRO_ENDED, NULL},
    {"cut JSON", "PUT", 200, JSON, "{\"properties\":", "protocol InvalidJson",
     AZL_LRO_START, NULL},
    {"cut JSON of no type", "PUT", 200, NULL,
     "{\"properties\":", "protocol InvalidJson", AZL_LRO_START, NULL},
    {"204", "DELETE", 204, AS, "", "done ", AZL_LRO_ENDED, NULL},
    {"200", "DELETE", 200, NULL, "", "done ", AZL_LRO_ENDED, NULL},
    {"202 without URL", "DELETE", 202, NULL, "", "protocol MissingPollingUrl",
     AZL_LRO_START, NULL},
    {"202 without URL", "POST", 202, NULL, "", "protocol MissingPollingUrl",
     AZL_LRO_START, NULL},
    {"patched at once", "PATCH", 200, AS, STATE("Succeeded"),
     "done " STATE("Succeeded"), AZL_LRO_ENDED, NULL},
    {"put with a status URL", "PUT", 200, AS, STATE("Succeeded"), "wait",
     AZL_LRO_ASYNC, H "/as"},
    {"GET that becomes ready", "GET", 202, LO, "", "wait", AZL_LRO_LOCATION,
     H "/lo"},
    {"304", "PUT", 304, NULL, "", "protocol UnexpectedRedirect", AZL_LRO_START,
     NULL},
    {"relative", "PUT", 202, "Location: s/1?x\n", "", "wait", AZL_LRO_LOCATION,
     H "/s/1?x"},
    {"another host", "PUT", 202, "Location: https://management.azure.co/s\n",
     "", "refused ForeignPollingUrl", AZL_LRO_START, NULL},
    {"another scheme", "PUT", 202, "Location: http://management.azure.com/s\n",
     "", "refused ForeignPollingUrl", AZL_LRO_START, NULL},
    {"another port", "DELETE", 202,
     "Azure-AsyncOperation: https://management.azure.com:444/s\n", "",
     "refused ForeignPollingUrl", AZL_LRO_START, NULL},
    {"user info", "PUT", 202,
     "Location: https://management.azure.com@evil.example/s\n", "",
     "protocol InvalidPollingUrl", AZL_LRO_START, NULL},
    {"no URL", "PUT", 202, "Location: ftp://x/y\n", "",
     "protocol InvalidPollingUrl", AZL_LRO_START, NULL},
    {"a Location that PUT does not need", "PUT", 201,
     AS "Location: https://evil.example/\n", "", "wait", AZL_LRO_ASYNC,
     H "/as"},
    {"a Location that POST needs", "POST", 202,
     AS "Location: https://evil.example/\n", "", "refused ForeignPollingUrl",
     AZL_LRO_START, H "/as"},
};

static void test_first_answers (void) {
  for (size_t i = 0; i < COUNT(first_answers); i++) {
    struct azl_lro_state state =
        state_of(first_answers[i].method, AZL_LRO_START);
    struct azl_lro_step step;
    CHECK_ROW(first_answers[i].name);
    decide(&state, first_answers[i].status, first_answers[i].headers,
           first_answers[i].body, &step);
    CHECK_STR(said(&step, first_answers[i].body), first_answers[i].want);
    CHECK_INT(state.mode, first_answers[i].mode);
    CHECK_STR(state.poll, first_answers[i].poll);
    azl_lro_step_clear(&step);
    azl_lro_state_clear(&state);
  }
}

/* Answers to polls. */
#define BODY200(mode, method, body, want)                                      \
  { mode, method, 200, NULL, body, want, NULL }
static const struct {
  enum azl_lro_mode mode;
  const char *method;
  int status;
  const char *headers, *body, *want, *poll;
} polls[] = {
    BODY200(AZL_LRO_ASYNC, "PUT", "{\"status\":\"Running\"}", "wait"),
    BODY200(AZL_LRO_ASYNC, "PUT", "{\"status\":\"Succeeded\"}",
            "fetch " H "/r?api-version=1"),
    BODY200(AZL_LRO_ASYNC, "PUT", "", "fetch " H "/r?api-version=1"),
    BODY200(AZL_LRO_ASYNC, "PUT", "{ }", "fetch " H "/r?api-version=1"),
    BODY200(AZL_LRO_ASYNC, "PUT", "{\"status\":null}",
            "fetch " H "/r?api-version=1"),
    BODY200(AZL_LRO_ASYNC, "PUT", "{\"status\":7}", "protocol InvalidStatus"),
    BODY200(AZL_LRO_ASYNC, "PUT", "<html>", "protocol InvalidJson"),
    BODY200(AZL_LRO_ASYNC, "PUT", STATE("Updating"),
            "fetch " H "/r?api-version=1"),
    BODY200(AZL_LRO_ASYNC, "DELETE", "{\"status\":\"Succeeded\"}", "done "),
    BODY200(AZL_LRO_ASYNC, "DELETE", "{\"status\":\"cancelled\"}",
            "operation OperationCanceled"),
    BODY200(AZL_LRO_ASYNC, "POST", "{\"status\":\"Succeeded\",\"id\":\"1\"}",
            "done {\"status\":\"Succeeded\",\"id\":\"1\"}"),
    BODY200(AZL_LRO_ASYNC, "POST",
            "{\"status\":\"Succeeded\",\"properties\":{\"p\":[1, 2]} }",
            "done {\"p\":[1, 2]}"),
    BODY200(AZL_LRO_ASYNC, "POST",
            "{\"properties\":{},\"status\":\"Succeeded\",\"result\":3.10 }",
            "done 3.10"),
    BODY200(AZL_LRO_ASYNC, "PUT",
            "{\"status\":\"Succeeded\",\"resourceLocation\":\"/x\"}",
            "fetch " H "/x?api-version=1"),
    BODY200(AZL_LRO_ASYNC, "DELETE",
            "{\"status\":\"Succeeded\",\"resourceLocation\":\"/x\"}", "done "),
    BODY200(AZL_LRO_ASYNC, "PUT",
            "{\"status\":\"Succeeded\",\"resourceLocation\":\"https://e/x\"}",
            "refused ForeignPollingUrl"),
    {AZL_LRO_ASYNC, "PUT", 202, "azure-asyncoperation: c?d\n",
     "{\"status\":\"x\"}", "wait", H "/a/c?d"},
    {AZL_LRO_ASYNC, "PUT", 202, "azure-asyncoperation: https://e/x\n",
     "{\"status\":\"x\"}", "refused ForeignPollingUrl", NULL},
    {AZL_LRO_ASYNC, "PUT", 301, "location: /x\n", "",
     "protocol UnexpectedRedirect", NULL},
    {AZL_LRO_LOCATION, "PUT", 202, "location: /new\n", "", "wait", H "/new"},
    {AZL_LRO_LOCATION, "PUT", 202, NULL, "", "wait", NULL},
    {AZL_LRO_LOCATION, "PUT", 204, NULL, "", "fetch " H "/r?api-version=1",
     NULL},
    {AZL_LRO_LOCATION, "PATCH", 200, NULL, "", "fetch " H "/r?api-version=1",
     NULL},
    {AZL_LRO_LOCATION, "POST", 204, NULL, "", "done ", NULL},
    {AZL_LRO_LOCATION, "DELETE", 204, NULL, "", "done ", NULL},
    BODY200(AZL_LRO_LOCATION, "PUT", "{\"name\":\"sku\"}",
            "done {\"name\":\"sku\"}"),
    BODY200(AZL_LRO_LOCATION, "PUT", STATE("Accepted"), "wait"),
    BODY200(AZL_LRO_LOCATION, "DELETE", STATE("Failed"),
            "operation OperationFailed"),
    BODY200(AZL_LRO_LOCATION, "DELETE", STATE("Canceled"),
            "operation OperationCanceled"),
    BODY200(AZL_LRO_LOCATION, "POST", STATE("Failed"), "done " STATE("Failed")),
    BODY200(AZL_LRO_LOCATION, "POST", "{cut", "done {cut"),
    BODY200(AZL_LRO_LOCATION, "PUT", "{cut", "protocol InvalidJson"),
    BODY200(AZL_LRO_BODY, "PUT", STATE("Updating"), "wait"),
    BODY200(AZL_LRO_BODY, "PUT", STATE("Succeeded"),
            "done " STATE("Succeeded")),
    BODY200(AZL_LRO_BODY, "PUT", "{}", "done {}"),
    BODY200(AZL_LRO_BODY, "PUT", "<html>", "protocol InvalidJson"),
    BODY200(AZL_LRO_BODY, "PUT", STATE("Failed"), "operation OperationFailed"),
};

static void test_polls (void) {
  for (size_t i = 0; i < COUNT(polls); i++) {
    struct azl_lro_state state = state_of(polls[i].method, polls[i].mode);
    struct azl_lro_step step;
    CHECK_ROW(polls[i].body);
    decide(&state, polls[i].status, polls[i].headers, polls[i].body, &step);
    CHECK_STR(said(&step, polls[i].body), polls[i].want);
    if (polls[i].poll) CHECK_STR(state.poll, polls[i].poll);
    azl_lro_step_clear(&step);
    azl_lro_state_clear(&state);
  }
}

/* Key Vault's status URL is the resource itself. */
static void test_resource_as_status (void) {
  static const struct {
    const char *body, *want;
  } rows[] = {
      {STATE("Updating"), "wait"},
      {STATE("Failed"), "operation OperationFailed"},
      {STATE("Succeeded"), "fetch " H "/r?api-version=1"},
  };
  for (size_t i = 0; i < COUNT(rows); i++) {
    struct azl_lro_state state = state_of("PUT", AZL_LRO_ASYNC);
    struct azl_lro_step step;
    CHECK_ROW(rows[i].body);
    azl_free(state.poll);
    state.poll = azl_strdup(H "/R?api-version=1&kv-operation=e");
    decide(&state, 200, NULL, rows[i].body, &step);
    CHECK_STR(said(&step, rows[i].body), rows[i].want);
    azl_lro_step_clear(&step);
    azl_lro_state_clear(&state);
  }
}

/* Where the result is, for each method and final-state-via. */
static void test_final_targets (void) {
  static const char original[] = "fetch " H "/r?api-version=1";
  static const char location[] = "fetch " H "/lo";
  static const char embedded[] = "done {\"status\":\"Succeeded\"}";
  static const struct {
    const char *method, *want[4], *want_without_location[4];
  } rows[] = {
      {"PUT",
       {original, original, original, original},
       {original, original, original, original}},
      {"PATCH",
       {location, original, location, original},
       {original, original, original, original}},
      {"POST",
       {location, embedded, location, original},
       {embedded, embedded, embedded, original}},
      {"DELETE",
       {"done ", "done ", "done ", "done "},
       {"done ", "done ", "done ", "done "}},
      {"GET",
       {location, embedded, location, original},
       {embedded, embedded, embedded, original}},
  };
  for (size_t i = 0; i < COUNT(rows) * 8; i++) {
    struct azl_lro_state state = state_of(rows[i / 8].method, AZL_LRO_ASYNC);
    struct azl_lro_step step;
    bool has_location = i % 8 < 4;
    state.final = (enum azl_lro_final)(i % 4);
    if (has_location) state.location = azl_strdup(H "/lo");
    CHECK_ROW(rows[i / 8].method);
    decide(&state, 200, has_location ? "location: /other\n" : NULL,
           "{\"status\":\"Succeeded\"}", &step);
    CHECK_STR(said(&step, "{\"status\":\"Succeeded\"}"),
              has_location ? rows[i / 8].want[i % 4]
                           : rows[i / 8].want_without_location[i % 4]);
    azl_lro_step_clear(&step);
    azl_lro_state_clear(&state);
  }
}

static void test_location_then_original (void) {
  struct azl_lro_state state = state_of("PUT", AZL_LRO_LOCATION);
  struct azl_lro_step step;
  state.final = AZL_LRO_FINAL_ORIGINAL;
  decide(&state, 200, NULL, "", &step);
  CHECK_STR(said(&step, ""), "fetch " H "/r?api-version=1");
  azl_lro_step_clear(&step);
  azl_lro_state_clear(&state);
}

int main (void) {
  RUN_TESTS(TEST(test_verdicts), TEST(test_first_answers), TEST(test_polls),
            TEST(test_resource_as_status), TEST(test_final_targets),
            TEST(test_location_then_original));
}
