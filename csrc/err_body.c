/* Owns turning an error answer into an error: Azure's services, the gateway,
   Entra ID, IIS and any proxy in between each have a shape of their own. */
#include "json.h"
#include "bytes.h"

#include <jansson.h>
#include <string.h>

#include "utf8.h"

enum { MAX_BODY_BYTES = 64 * 1024, MAX_QUOTED_BYTES = 200, MAX_NESTING = 3 };

/* What an error document says; borrowed from it, but number. */
struct said {
  const char *code, *message, *target;
  char number[24]; /* a code that was no string */
};

/* Registered phrases (RFC 9110 and relatives). */
static const struct {
  int status;
  const char *phrase;
} reasons[] = {
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {423, "Locked"},
    {424, "Failed Dependency"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
    {508, "Loop Detected"},
    {511, "Network Authentication Required"},
};

static const char *reason (int status) {
  for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
    if (reasons[i].status == status) return reasons[i].phrase;
  }
  return NULL;
}

/* Text, or the text of an OData {"lang":..,"value":..}; "" counts as none. */
static const char *text_of (const json_t *value) {
  const char *text = azl_json_string(value, NULL);
  if (!text) text = azl_json_string(value, "value");
  return text && *text ? text : NULL;
}

static const char *first_text (const json_t *object, const char *const *names) {
  const char *text = NULL;
  for (; *names && !text; names++) text = text_of(azl_json_at(object, *names));
  return text;
}

static void read_code (const json_t *object, struct said *said) {
  static const char *const names[] = {"code", "errorCode", NULL};
  int64_t number;
  said->code = first_text(object, names);
  if (said->code || !json_is_integer(azl_json_at(object, "code"))) return;
  if (!azl_json_int(object, "code", &number)) return;
  snprintf(said->number, sizeof said->number, "%lld", (long long)number);
  said->code = said->number;
}

/* {"code":..,"message":..,"target":..} in any casing, and what ASP.NET
   (ExceptionMessage) and RFC 9457 (detail, title) write instead. */
static void read_fields (const json_t *object, struct said *said) {
  static const char *const names[] = {"message",
                                      "error_description",
                                      "errorMessage",
                                      "exceptionMessage",
                                      "detail",
                                      "title",
                                      NULL};
  read_code(object, said);
  said->message = first_text(object, names);
  said->target = text_of(azl_json_at(object, "target"));
}

/* "odata.error" has a dot in its name, which a path cannot say. */
static const json_t *odata_error (const json_t *object) {
  return json_object_get((json_t *)object, "odata.error");
}

static void read_document (const json_t *doc, struct said *said, int nesting) {
  const json_t *error = azl_json_at(doc, "error");

  if (!error) error = odata_error(doc);
  if (json_is_array(doc) && nesting < MAX_NESTING) {
    read_document(json_array_get(doc, 0), said, nesting + 1);
  } else if (json_is_string(doc)) {
    said->message = text_of(doc);
  } else if (json_is_object(error)) {
    read_fields(error, said);
    if (!said->code && !said->message && nesting < MAX_NESTING)
      read_document(error, said, nesting + 1);
  } else if (json_is_object(doc)) {
    read_fields(doc, said);
    if (text_of(error)) said->code = text_of(error);
    error = azl_json_at(doc, "errors");
    if (!said->code && !said->message && nesting < MAX_NESTING)
      read_document(error, said, nesting + 1);
  }
}

/* Resource providers behind ARM hand on the error of another service as text:
   {"error":{"code":"X","message":"{\"error\":{..}}"}}. The outer code stays;
   the inner one is put in front of its message. */
static char *unwrapped_message (const struct said *outer) {
  struct said inner = {0};
  char *text = NULL;
  json_t *doc;

  if (!outer->message) return NULL;
  if (outer->message[strspn(outer->message, " \r\n\t")] != '{')
    return azl_strdup(outer->message);
  doc = azl_json_parse(outer->message, strlen(outer->message));
  if (doc) read_document(doc, &inner, 0);
  if (!inner.message)
    text = azl_strdup(outer->message);
  else if (inner.code && outer->code && strcmp(inner.code, outer->code) != 0)
    text = azl_format("%s: %s", inner.code, inner.message);
  else
    text = azl_strdup(inner.message);
  azl_json_free(doc);
  return text;
}

static bool is_markup (const char *body) {
  return body[strspn(body, " \r\n\t\xef\xbb\xbf")] == '<';
}

/* The content of the first <tag>, or NULL; *len gets its length. */
static const char *tag_content (const char *text, const char *tag,
                                size_t *out_len) {
  size_t tag_len = strlen(tag);
  for (text = strchr(text, '<'); text; text = strchr(text + 1, '<')) {
    const char *at = text + 1 + tag_len;
    if (!azl_same_bytes(text + 1, tag, tag_len)) continue;
    if (*at != '>' && *at != ' ') continue;
    at += strcspn(at, ">");
    if (!*at) return NULL;
    *out_len = strcspn(at + 1, "<");
    return at + 1;
  }
  return NULL;
}

/* Adds the words of text, one space between them, without tags, controls or
   broken characters, up to a limit. */
static bool add_words (struct azl_buf *buf, const char *text, size_t len) {
  const char *end = text + len;
  size_t start = buf->len;
  bool space = false, tag = false;

  while (text < end) {
    size_t bytes = azl_utf8_length(text, (size_t)(end - text));
    unsigned char c = (unsigned char)*text;
    bool skipped = tag || c == '<' || c <= ' ' || c == 0x7f || bytes == 0;
    if (c == '<') tag = true;
    if (c == '>') tag = false;
    if (!skipped) {
      if (buf->len - start + bytes > MAX_QUOTED_BYTES)
        return azl_buf_add_str(buf, "...");
      if (space && buf->len > start && !azl_buf_add(buf, " ", 1)) return false;
      if (!azl_buf_add(buf, text, bytes)) return false;
    }
    space = skipped;
    text += bytes ? bytes : 1;
  }
  return true;
}

/* "HTTP 502 Bad Gateway", then what the body says where it says anything. */
static char *status_message (int status, const char *body) {
  const char *phrase = reason(status), *words = body;
  size_t len = strlen(body), prefix;
  struct azl_buf buf;
  bool ok;

  if (is_markup(body)) {
    words = tag_content(body, "title", &len);
    if (!words) words = body, len = strlen(body);
  }
  azl_buf_init(&buf, MAX_BODY_BYTES);
  ok = azl_buf_add_fmt(&buf, "HTTP %d%s%s: \"", status, phrase ? " " : "",
                       phrase ? phrase : "");
  prefix = buf.len;
  ok = ok && add_words(&buf, words, len);
  if (ok && buf.len == prefix)
    buf.data[prefix - 3] = '\0'; /* nothing to quote */
  else
    ok = ok && azl_buf_add(&buf, "\"", 1);
  if (ok) return azl_buf_take(&buf);
  azl_buf_free(&buf);
  return NULL;
}

/* "NotFound" for 404: what services themselves use as the code. */
static void set_status_code (struct azl_err *err, int status) {
  const char *phrase = reason(status);
  char code[40];
  size_t len = 0;

  if (!phrase) {
    snprintf(code, sizeof code, "Http%d", status);
  } else {
    for (; *phrase && len < sizeof code - 1; phrase++) {
      if (*phrase != ' ') code[len++] = *phrase;
    }
    code[len] = '\0';
  }
  azl_err_set(err, code, code);
}

static char *tag_text (const char *body, const char *tag) {
  size_t len = 0;
  const char *found = tag_content(body, tag, &len);
  return found ? azl_strndup(found, len) : NULL;
}

/* Code and message of an XML error, as Azure Storage writes it. */
static void read_xml (struct azl_err *err, const char *body) {
  size_t len;
  char *code, *message;
  if (!is_markup(body) || !tag_content(body, "Error", &len)) return;
  code = tag_text(body, "Code");
  message = tag_text(body, "Message");
  azl_err_set(err, code, code);
  azl_err_set(err, message, message);
  azl_free(code);
  azl_free(message);
}

static void read_json (struct azl_err *err, const json_t *doc) {
  struct said said = {0};
  char *message;

  read_document(doc, &said, 0);
  message = unwrapped_message(&said);
  azl_err_set(err, code, said.code);
  azl_err_set(err, message, message);
  azl_err_set(err, target, said.target);
  azl_free(message);
}

/* A copy of what is kept of the body, cut between characters. */
static char *bounded_copy (const char *body, size_t len) {
  if (!body) return azl_strdup("");
  if (len > MAX_BODY_BYTES) {
    len = MAX_BODY_BYTES;
    while (len && ((unsigned char)body[len] & 0xc0) == 0x80) len--;
  }
  return azl_strndup(body, len);
}

void azl_err_from_body (struct azl_err *err, int status, const char *body,
                        size_t len, const struct azl_headers *headers) {
  char *kept = bounded_copy(body, len), *text;
  json_t *doc = azl_json_parse(body, len);

  err->status = status;
  azl_err_set(err, code, NULL);
  azl_err_set(err, message, NULL);
  azl_err_set(err, target, NULL);
  azl_err_set(err, body, kept && *kept ? kept : NULL);
  if (doc)
    read_json(err, doc);
  else if (kept)
    read_xml(err, kept);
  azl_json_free(doc);

  if (!err->code)
    azl_err_set(err, code, azl_headers_get(headers, "x-ms-error-code"));
  if (!err->code) set_status_code(err, status);
  if (!err->message) {
    text = status_message(status, kept ? kept : "");
    azl_err_set(err, message, text);
    azl_free(text);
  }
  azl_free(kept);
}
