/* Reads what an answer's body says about a long-running operation. */
#include "lro_answer.h"
#include "bytes.h"

#include <jansson.h>
#include <string.h>

/* Words of core-lro (http/operation.js): the first two anywhere in the status,
   so that "ProvisioningSucceeded" and "PartiallyFailed" are understood. */
static const struct {
  const char *word;
  bool anywhere;
  enum azl_lro_verdict verdict;
} words[] = {
    {"succeeded", true, AZL_LRO_SUCCEEDED},
    {"fail", true, AZL_LRO_FAILED},
    {"canceled", false, AZL_LRO_CANCELED},
    {"cancelled", false, AZL_LRO_CANCELED},
};

static bool contains (const char *text, const char *word) {
  size_t len = strlen(word);
  for (; *text; text++)
    if (azl_same_bytes(text, word, len)) return true;
  return false;
}

enum azl_lro_verdict azl_lro_verdict (const char *word, int http_status) {
  if (!word || !*word)
    return http_status == 202 ? AZL_LRO_RUNNING : AZL_LRO_SUCCEEDED;
  for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
    bool same = words[i].anywhere ? contains(word, words[i].word)
                                  : azl_same_text(word, words[i].word);
    if (same) return words[i].verdict;
  }
  return AZL_LRO_RUNNING;
}

static bool is_space (char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Past a byte order mark and white space. */
static size_t first_byte (const char *text, size_t len) {
  size_t at = len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
  while (at < len && is_space(text[at])) at++;
  return at;
}

static bool says_json (const struct azl_lro_answer *answer, size_t at) {
  const char *type = azl_headers_get(answer->headers, "content-type");
  if (type) return contains(type, "json");
  return answer->body[at] == '{' || answer->body[at] == '[';
}

bool azl_lro_body_read (const struct azl_lro_answer *answer, bool must_be_json,
                        struct azl_lro_body *out) {
  size_t at = first_byte(answer->body, answer->len);
  *out = (struct azl_lro_body){0};
  if (at >= answer->len) return true;
  if (!must_be_json && !says_json(answer, at)) return true;
  out->there = azl_lro_brief(answer->body, answer->len, &out->brief);
  if (out->there) return true;
  out->doc = azl_json_parse(answer->body, answer->len);
  out->there = out->doc != NULL;
  return out->there;
}

void azl_lro_body_free (struct azl_lro_body *body) {
  azl_json_free(body->doc);
  body->doc = NULL;
  body->there = false;
}

/* A member by the long way or the short one. */
static const char *word_of (const struct azl_lro_body *body, const char *path,
                            const char *brief) {
  if (!body->there) return NULL;
  return body->doc ? azl_json_string(body->doc, path) : brief;
}

bool azl_lro_status (const struct azl_lro_body *body, const char **out_word) {
  const struct json_t *status = azl_json_at(body->doc, "status");
  *out_word = word_of(body, "status", body->brief.status);
  return *out_word || !status || json_is_null(status);
}

const char *azl_lro_provisioning_state (const struct azl_lro_body *body) {
  const char *word = word_of(body, "properties.provisioningState",
                             body->brief.properties_state);
  return word ? word
              : word_of(body, "provisioningState",
                        body->brief.provisioning_state);
}

const char *azl_lro_resource_location (const struct azl_lro_body *body) {
  return word_of(body, "resourceLocation", body->brief.resource_location);
}

double azl_lro_percent (const struct azl_lro_body *body) {
  const struct json_t *percent = azl_json_at(body->doc, "percentComplete");
  return json_is_number(percent) ? json_number_value(percent) : -1;
}

/* The end of a string whose opening quote is at `at`. */
static size_t skip_string (const char *text, size_t len, size_t at) {
  for (at++; at < len && text[at] != '"'; at++)
    if (text[at] == '\\') at++;
  return at < len ? at + 1 : len;
}

/* The end of the value at `at`: a comma or bracket on its own level. */
static size_t skip_value (const char *text, size_t len, size_t at) {
  int depth = 0;
  while (at < len) {
    char c = text[at];
    if (depth == 0 && (c == ',' || c == '}' || c == ']')) break;
    if (c == '{' || c == '[') depth++;
    if (c == '}' || c == ']') depth--;
    at = c == '"' ? skip_string(text, len, at) : at + 1;
  }
  return at;
}

static size_t skip_space (const char *text, size_t len, size_t at) {
  while (at < len && is_space(text[at])) at++;
  return at;
}

static bool value_at (const char *text, size_t at, size_t end, size_t *out_at,
                      size_t *out_len) {
  while (end > at && is_space(text[end - 1])) end--;
  *out_at = at;
  *out_len = end - at;
  return end > at && !(end - at == 4 && memcmp(text + at, "null", 4) == 0);
}

/* The bytes are handed on as they came: re-encoding would change numbers. */
bool azl_lro_member (const char *text, size_t len, const char *key,
                     size_t *out_at, size_t *out_len) {
  size_t at = first_byte(text, len), key_len = strlen(key);
  if (at >= len || text[at] != '{') return false;
  for (at = skip_space(text, len, at + 1); at < len && text[at] == '"';) {
    size_t name = at + 1, name_end = skip_string(text, len, at) - 1;
    at = skip_space(text, len, name_end + 1);
    if (at >= len || text[at] != ':') return false;
    size_t value = skip_space(text, len, at + 1);
    size_t end = skip_value(text, len, value);
    if (name_end - name == key_len && memcmp(text + name, key, key_len) == 0)
      return value_at(text, value, end, out_at, out_len);
    if (end >= len || text[end] != ',') return false;
    at = skip_space(text, len, end + 1);
  }
  return false;
}
