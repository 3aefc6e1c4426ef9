/* Reads why a long-running operation failed. The contract knows one place for
   that, an "error" beside the status; services know others. */
#include "lro_answer.h"

#include <jansson.h>
#include <string.h>

enum { MAX_ERROR_BYTES = 64 * 1024 };

/* One failure that is being read. */
struct reading {
  const struct azl_lro_answer *answer;
  const struct json_t *doc;
  struct azl_err *err;
};

/* Takes over what a document in one of the usual forms says. What is missing
   keeps what err had: the document says HTTP 200, which explains nothing. */
static void take (struct reading *reading, const char *text, size_t len,
                  const struct json_t *found) {
  struct azl_err *err = reading->err;
  bool has_code = json_is_string(azl_json_at(found, "code")) ||
                  json_is_integer(azl_json_at(found, "code")) ||
                  azl_json_string(found, "error");
  char *code = has_code ? NULL : azl_strdup(err->code);
  char *message =
      azl_json_string(found, "message") ? NULL : azl_strdup(err->message);
  azl_err_from_body(err, reading->answer->status, text, len,
                    reading->answer->headers);
  if (message) azl_err_set(err, message, message);
  if (code) azl_err_set(err, code, code);
  azl_free(message);
  azl_free(code);
}

static bool says_something (const struct json_t *found) {
  return json_is_string(azl_json_at(found, "code")) ||
         json_is_integer(azl_json_at(found, "code")) ||
         azl_json_string(found, "message");
}

/* Objects ---------------------------------------------------------------- */

/* In a status body, in a resource, in an operation of a deployment. */
static const struct {
  const char *path;
  const char *steps[4];
} places[] = {
    {"error", {"error"}},
    {"properties.error", {"properties", "error"}},
    {"properties.statusMessage.error",
     {"properties", "statusMessage", "error"}},
    {"properties.provisioningError", {"properties", "provisioningError"}},
};

/* Copies an error that lies deeper to where every error document has it. The
   bytes are handed on as they came: writing them anew would change numbers. */
static bool lift (const struct azl_lro_answer *answer, const char *const *path,
                  struct azl_buf *out) {
  const char *text = answer->body;
  size_t at = 0, len = answer->len;
  for (; *path; path++) {
    text += at;
    if (!azl_lro_member(text, len, *path, &at, &len)) return false;
  }
  return text[at] == '{' && azl_buf_add_str(out, "{\"error\":") &&
         azl_buf_add(out, text + at, len) && azl_buf_add_str(out, "}");
}

static int add_bytes (const char *bytes, size_t len, void *ctx) {
  return azl_buf_add(ctx, bytes, len) ? 0 : -1;
}

/* The same for what has no bytes of its own: an item of a list, or members in
   another casing. */
static bool write_anew (const struct json_t *found, struct azl_buf *out) {
  return azl_buf_add_str(out, "{\"error\":") &&
         json_dump_callback(found, add_bytes, out, JSON_COMPACT) == 0 &&
         azl_buf_add_str(out, "}");
}

static void take_object (struct reading *reading, const struct json_t *found,
                         const char *const *steps) {
  struct azl_buf text;
  azl_buf_init(&text, MAX_ERROR_BYTES);
  bool lifted = steps && lift(reading->answer, steps, &text);
  if (!lifted) azl_buf_clear(&text);
  if (lifted || write_anew(found, &text))
    take(reading, text.data, text.len, found);
  azl_buf_free(&text);
}

static bool from_places (struct reading *reading) {
  for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
    const struct json_t *found = azl_json_at(reading->doc, places[i].path);
    if (!says_something(found)) continue;
    take_object(reading, found, places[i].steps);
    return true;
  }
  return false;
}

/* Lists and plain words -------------------------------------------------- */

/* A word without spaces is a code, a sentence is a message. */
static bool take_words (struct reading *reading, const char *words) {
  char *message = NULL;
  if (!words || !*words) return false;
  if (strpbrk(words, " \t\r\n")) {
    azl_err_set(reading->err, message, words);
    azl_err_flatten(reading->err);
    return true;
  }
  message = azl_format("the operation failed: %s", words);
  azl_err_set(reading->err, code, words);
  azl_err_set(reading->err, message, message);
  azl_free(message);
  return true;
}

static bool from_list (struct reading *reading, const char *path) {
  const struct json_t *list = azl_json_at(reading->doc, path);
  for (size_t i = 0; i < json_array_size(list); i++) {
    const struct json_t *item = json_array_get(list, i);
    const struct json_t *inside = azl_json_at(item, "error");
    const struct json_t *found = says_something(inside) ? inside : item;
    if (says_something(found)) {
      take_object(reading, found, NULL);
      return true;
    }
    if (take_words(reading, azl_json_string(item, NULL))) return true;
  }
  return false;
}

/* {"status":"Failed","code":"..","message":".."} */
static bool from_top (struct reading *reading) {
  if (!azl_json_string(reading->doc, "message")) return false;
  take(reading, reading->answer->body, reading->answer->len, reading->doc);
  return true;
}

struct azl_err *azl_lro_operation_error (const struct azl_lro_answer *answer,
                                         const char *word,
                                         enum azl_lro_verdict verdict) {
  struct azl_err *err = azl_err_new(
      AZL_ERR_OPERATION,
      verdict == AZL_LRO_CANCELED ? "OperationCanceled" : "OperationFailed",
      "the operation ended as %s without saying why", word);
  struct json_t *doc = azl_json_parse(answer->body, answer->len);
  struct reading reading = {answer, doc, err};
  (void)(from_places(&reading) || from_list(&reading, "properties.errors") ||
         from_list(&reading, "errors") || from_top(&reading) ||
         take_words(&reading, azl_json_string(doc, "error")) ||
         take_words(&reading, azl_json_string(doc, "properties.error")));
  azl_json_free(doc);
  err->status = answer->status;
  azl_lro_mark_failed(err);
  return err;
}

void azl_lro_mark_failed (struct azl_err *err) {
  err->kind = AZL_ERR_OPERATION;
  azl_err_set(err, hint,
              "the resource may be left half made: read it, remove the cause, "
              "then send the request again");
}
