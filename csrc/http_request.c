/* The copy of a request: what libcurl reads while the transfer runs. */
#include "http_request.h"
#include "bytes.h"
#include "http_internal.h"
#include "url.h"

#include <string.h>

/* An Authorization line, which requests with the same token share. Wiped with
   the last reference. */
struct azl_bearer {
  unsigned refs;
  uint64_t serial; /* of the token, 0: unknown */
  size_t token_len;
  char line[];
};

/* Writes the block, which has room for all of it: see measure. */
struct pen {
  struct curl_slist *nodes;
  size_t count, used;
  char *text;
};

static char *put (struct pen *pen, const char *bytes, size_t len) {
  char *at = pen->text + pen->used;
  if (len > 0) memcpy(at, bytes, len);
  pen->used += len;
  return at;
}

static char *put_string (struct pen *pen, const char *text, size_t len) {
  char *at = put(pen, text, len);
  put(pen, "", 1);
  return at;
}

/* libcurl reads the line only, whatever its type says. */
static void put_node (struct pen *pen, const char *line) {
  struct curl_slist *node = &pen->nodes[pen->count++];
  node->data = (char *)line;
  node->next = node + 1;
}

/* "Name: value"; "Name;" sends one without a value, "Name:" sends none where
   libcurl would send its own. */
static void put_line (struct pen *pen, const char *name, const char *value) {
  const char *between = !value ? ":" : *value ? ": " : ";";
  char *line = put(pen, name, strlen(name));
  put(pen, between, strlen(between));
  put_string(pen, value ? value : "", value ? strlen(value) : 0);
  put_node(pen, line);
}

bool azl_writes (const char *method) {
  return azl_same_text(method, "POST") || azl_same_text(method, "PUT") ||
         azl_same_text(method, "PATCH");
}

static bool has_field (const struct azl_http_request *request,
                       const char *name) {
  for (size_t i = 0; i < request->field_count; i++)
    if (azl_same_text(request->fields[i].name, name)) return true;
  return azl_headers_get(request->headers, name) != NULL;
}

/* Lines that nobody asked for: the bearer's, Accept-Encoding, Content-Type,
   Expect. */
enum { OWN_LINES = 4 };

static void put_lines (struct pen *pen, struct azl_request_copy *out,
                       const struct azl_http_request *request) {
  const struct azl_headers *headers = request->headers;
  for (size_t i = 0; headers && i < headers->count; i++)
    put_line(pen, headers->items[i].name, headers->items[i].value);
  for (size_t i = 0; i < request->field_count; i++) {
    const struct azl_http_field *field = &request->fields[i];
    if (!field->line) {
      put_line(pen, field->name, field->value);
      continue;
    }
    put_node(pen, field->line);
    out->head_bytes += strlen(field->line);
  }
  if (out->bearer) put_node(pen, out->bearer->line);
  /* A line of our own: libcurl's would be put together twice. */
  if (!has_field(request, "Accept-Encoding"))
    put_node(pen, "Accept-Encoding: gzip, deflate");
  if ((request->body || azl_writes(request->method)) &&
      !has_field(request, "Content-Type"))
    put_node(pen, "Content-Type:");
  if (request->body) put_node(pen, "Expect:");
}

/* Origin and target go separately: libcurl writes an URL anew byte by byte,
   which took longer than all of our own work on a request, and a target is
   sent as it is. The target is the end of the URL, which has no fragment. */
static void split_url (struct pen *pen, struct azl_request_copy *out,
                       size_t known_origin_len) {
  struct azl_url url;
  if (known_origin_len && azl_url_is_target(out->url + known_origin_len)) {
    out->origin_len = known_origin_len;
    out->target = out->url + known_origin_len;
    return;
  }
  if (!azl_url_parse(out->url, &url)) return;
  const char *end = url.query + url.query_len;
  out->origin_len = (size_t)(url.path - out->url);
  out->target = url.path;
  if (url.path_len > 0 && *end == '\0') return;
  out->target = put(pen, "/", url.path_len == 0);
  put_string(pen, url.path, (size_t)(end - url.path));
}

static void put_rest (struct pen *pen, struct azl_request_copy *out,
                      const struct azl_http_request *request) {
  out->has_body = request->body != NULL;
  out->body_len = out->has_body ? request->body_len : 0;
  out->method = request->method;
  out->url = request->url;
  out->body = request->body ? request->body : "";
  if (request->lasting) return;
  out->method = put_string(pen, request->method, strlen(request->method));
  out->url = put_string(pen, request->url, strlen(request->url));
  out->body = put_string(pen, request->body, out->body_len);
}

static void write_out (struct pen *pen, struct azl_request_copy *out,
                       const struct azl_http_request *request) {
  put_lines(pen, out, request);
  out->head_bytes += pen->used + strlen(request->url);
  if (out->bearer) out->head_bytes += out->bearer->token_len;
  put_rest(pen, out, request);
  split_url(pen, out, request->origin_len);
}

void azl_bearer_unref (struct azl_bearer *bearer) {
  if (!bearer || --bearer->refs > 0) return;
  azl_wipe(bearer->line, strlen(bearer->line));
  azl_free(bearer);
}

static struct azl_bearer *bearer_new (const char *token, size_t len,
                                      uint64_t serial) {
  static const char prefix[] = "Authorization: Bearer ";
  const size_t prefix_len = sizeof(prefix) - 1;
  struct azl_bearer *bearer =
      azl_malloc(sizeof(*bearer) + prefix_len + len + 1);
  if (!bearer) return NULL;
  bearer->refs = 1;
  bearer->serial = serial;
  bearer->token_len = len;
  memcpy(bearer->line, prefix, prefix_len);
  memcpy(bearer->line + prefix_len, token, len + 1);
  return bearer;
}

static bool has_token (const struct azl_bearer *bearer, const char *token,
                       size_t len) {
  return bearer && bearer->token_len == len &&
         strcmp(strchr(bearer->line, '\0') - len, token) == 0;
}

/* The line of the last request, as long as the token stays the same. */
static bool use_bearer (struct azl_http *http, struct azl_request_copy *out,
                        const char *token, uint64_t serial) {
  struct azl_bearer *last = http->bearer;
  if (!last || !serial || last->serial != serial) {
    size_t len = strlen(token);
    if (has_token(last, token, len)) {
      last->serial = serial;
    } else {
      http->bearer = bearer_new(token, len, serial);
      azl_bearer_unref(last);
    }
  }
  out->bearer = http->bearer;
  if (out->bearer) out->bearer->refs++;
  return out->bearer != NULL;
}

static size_t most_lines (const struct azl_http_request *request) {
  size_t given = request->headers ? request->headers->count : 0;
  return given + request->field_count + OWN_LINES;
}

/* At least the bytes of text that write_out writes. A line has three characters
   more than its name and value, in the list of headers they have two. The URL
   may come twice: whole, and its target. */
static size_t measure (const struct azl_http_request *request) {
  size_t bytes = strlen(request->url) + sizeof("/");
  if (!request->lasting)
    bytes += strlen(request->method) + 1 + strlen(request->url) + 1 +
             request->body_len + 1;
  if (request->headers)
    bytes += request->headers->text_len + request->headers->count;
  for (size_t i = 0; i < request->field_count; i++) {
    const struct azl_http_field *field = &request->fields[i];
    if (field->line) continue;
    bytes += strlen(field->name) + 3;
    if (field->value) bytes += strlen(field->value);
  }
  return bytes;
}

bool azl_request_copy (struct azl_http *http, struct azl_request_copy *out,
                       const struct azl_http_request *request) {
  size_t node_bytes = most_lines(request) * sizeof(struct curl_slist);
  if (request->bearer_token &&
      !use_bearer(http, out, request->bearer_token, request->token_serial))
    return false;
  out->block = azl_malloc(node_bytes + measure(request));
  if (!out->block) return false;
  struct pen pen = {.nodes = out->block,
                    .text = (char *)out->block + node_bytes};
  out->lines = pen.nodes;
  write_out(&pen, out, request);
  pen.nodes[pen.count - 1].next = NULL;
  out->block_bytes = node_bytes + pen.used;
  return true;
}

void azl_request_free (struct azl_request_copy *request) {
  azl_wipe(request->block, request->block_bytes);
  azl_free(request->block);
  azl_bearer_unref(request->bearer);
  *request =
      (struct azl_request_copy){0}; /* nor does it point at its owner's */
}
