/* The copy of a request: what libcurl reads while the transfer runs. */
#include "http_request.h"
#include "http_internal.h"
#include "url.h"

#include <string.h>
#include <strings.h>

/* An Authorization line, which requests with the same token share. Wiped with
   the last reference. */
struct azl_bearer {
  unsigned refs;
  size_t token_len;
  char line[];
};

/* Writes the block; with text NULL it only measures. */
struct pen {
  struct curl_slist *nodes;
  size_t count, used;
  char *text;
  const struct azl_url *url; /* NULL: the request's is none */
};

static char *put (struct pen *pen, const char *bytes, size_t len) {
  char *at = pen->text ? pen->text + pen->used : NULL;
  if (at && len > 0) memcpy(at, bytes, len);
  pen->used += len;
  return at;
}

static char *put_string (struct pen *pen, const char *text, size_t len) {
  char *at = put(pen, text, len);
  put(pen, "", 1);
  return at;
}

static void put_node (struct pen *pen, char *line) {
  if (pen->nodes) {
    struct curl_slist *node = &pen->nodes[pen->count];
    node->data = line;
    node->next = node + 1;
  }
  pen->count++;
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
  return strcasecmp(method, "POST") == 0 || strcasecmp(method, "PUT") == 0 ||
         strcasecmp(method, "PATCH") == 0;
}

static bool has_field (const struct azl_http_request *request,
                       const char *name) {
  for (size_t i = 0; i < request->field_count; i++)
    if (strcasecmp(request->fields[i].name, name) == 0) return true;
  return azl_headers_get(request->headers, name) != NULL;
}

static void put_lines (struct pen *pen, const struct azl_request_copy *out,
                       const struct azl_http_request *request) {
  const struct azl_headers *headers = request->headers;
  for (size_t i = 0; headers && i < headers->count; i++)
    put_line(pen, headers->items[i].name, headers->items[i].value);
  for (size_t i = 0; i < request->field_count; i++)
    put_line(pen, request->fields[i].name, request->fields[i].value);
  if (out->bearer) put_node(pen, out->bearer->line);
  /* A line of our own: libcurl's would be put together twice. */
  if (!has_field(request, "Accept-Encoding"))
    put_line(pen, "Accept-Encoding", "gzip, deflate");
  if ((request->body || azl_writes(request->method)) &&
      !has_field(request, "Content-Type"))
    put_line(pen, "Content-Type", NULL);
  if (request->body) put_line(pen, "Expect", NULL);
}

/* Origin and target go separately: libcurl writes an URL anew byte by byte,
   which took longer than all of our own work on a request, and a target is
   sent as it is. The target is the end of the URL, which has no fragment. */
static void put_url (struct pen *pen, struct azl_request_copy *out,
                     const char *text) {
  const struct azl_url *url = pen->url;
  if (!url) {
    out->url = put_string(pen, text, strlen(text));
    return;
  }
  size_t origin_len = (size_t)(url->path - text);
  const char *fragment = strchr(url->path, '#');
  size_t rest_len =
      fragment ? (size_t)(fragment - url->path) : strlen(url->path);
  out->origin = put_string(pen, text, origin_len);
  out->url = put(pen, text, origin_len);
  out->target = put(pen, "/", url->path_len == 0);
  put_string(pen, url->path, rest_len);
}

static void write_out (struct pen *pen, struct azl_request_copy *out,
                       const struct azl_http_request *request) {
  put_lines(pen, out, request);
  put_url(pen, out, request->url);
  out->method = put_string(pen, request->method, strlen(request->method));
  out->has_body = request->body != NULL;
  out->body_len = out->has_body ? request->body_len : 0;
  out->body = put_string(pen, request->body, out->body_len);
}

void azl_bearer_unref (struct azl_bearer *bearer) {
  if (!bearer || --bearer->refs > 0) return;
  azl_wipe(bearer->line, strlen(bearer->line));
  azl_free(bearer);
}

static struct azl_bearer *bearer_new (const char *token, size_t len) {
  static const char prefix[] = "Authorization: Bearer ";
  const size_t prefix_len = sizeof(prefix) - 1;
  struct azl_bearer *bearer =
      azl_malloc(sizeof(*bearer) + prefix_len + len + 1);
  if (!bearer) return NULL;
  bearer->refs = 1;
  bearer->token_len = len;
  memcpy(bearer->line, prefix, prefix_len);
  memcpy(bearer->line + prefix_len, token, len + 1);
  return bearer;
}

/* The line of the last request, as long as the token stays the same. */
static bool use_bearer (struct azl_http *http, struct azl_request_copy *out,
                        const char *token) {
  struct azl_bearer *last = http->bearer;
  size_t len = strlen(token);
  bool same = last && last->token_len == len &&
              strcmp(strchr(last->line, '\0') - len, token) == 0;
  if (!same) {
    http->bearer = bearer_new(token, len);
    azl_bearer_unref(last);
  }
  out->bearer = http->bearer;
  if (out->bearer) out->bearer->refs++;
  return out->bearer != NULL;
}

bool azl_request_copy (struct azl_http *http, struct azl_request_copy *out,
                       const struct azl_http_request *request) {
  struct azl_url url;
  if (request->bearer_token && !use_bearer(http, out, request->bearer_token))
    return false;
  bool parsed = azl_url_parse(request->url, &url);
  struct pen measure = {.url = parsed ? &url : NULL}, pen = measure;
  write_out(&measure, out, request);
  size_t node_bytes = measure.count * sizeof(*pen.nodes);
  out->block_bytes = node_bytes + measure.used;
  out->head_bytes = measure.used - out->body_len;
  if (out->bearer) out->head_bytes += strlen(out->bearer->line);
  out->block = azl_malloc(out->block_bytes);
  if (!out->block) return false;
  pen.nodes = out->lines = out->block;
  pen.text = (char *)out->block + node_bytes;
  write_out(&pen, out, request);
  pen.nodes[pen.count - 1].next = NULL;
  return true;
}

void azl_request_free (struct azl_request_copy *request) {
  azl_wipe(request->block, request->block_bytes);
  azl_free(request->block);
  request->block = NULL;
  azl_bearer_unref(request->bearer);
  request->bearer = NULL;
}
