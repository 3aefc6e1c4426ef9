/* The copy of a request: what libcurl reads while the transfer runs. */
#include "http_internal.h"
#include "url.h"

#include <string.h>
#include <strings.h>

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

/* "Name: value"; "Name;" sends one without a value, "Name:" sends none where
   libcurl would send its own. */
static void put_line (struct pen *pen, const char *name, const char *prefix,
                      const char *value) {
  const char *between = !value ? ":" : *value ? ": " : ";";
  char *line = put(pen, name, strlen(name));
  put(pen, between, strlen(between));
  put(pen, prefix, strlen(prefix));
  put_string(pen, value ? value : "", value ? strlen(value) : 0);
  if (pen->nodes) {
    struct curl_slist *node = &pen->nodes[pen->count];
    node->data = line;
    node->next = node + 1;
  }
  pen->count++;
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

static void put_lines (struct pen *pen,
                       const struct azl_http_request *request) {
  const struct azl_headers *headers = request->headers;
  for (size_t i = 0; headers && i < headers->count; i++)
    put_line(pen, headers->items[i].name, "", headers->items[i].value);
  for (size_t i = 0; i < request->field_count; i++)
    put_line(pen, request->fields[i].name, "", request->fields[i].value);
  if (request->bearer_token)
    put_line(pen, "Authorization", "Bearer ", request->bearer_token);
  /* A line of our own: libcurl's would be put together twice. */
  if (!has_field(request, "Accept-Encoding"))
    put_line(pen, "Accept-Encoding", "", "gzip, deflate");
  if ((request->body || azl_writes(request->method)) &&
      !has_field(request, "Content-Type"))
    put_line(pen, "Content-Type", "", NULL);
  put_line(pen, "Expect", "", NULL);
}

/* Origin and target go separately: libcurl writes an URL anew byte by byte,
   which took longer than all of our own work on a request, and a target is
   sent as it is. */
static void put_url (struct pen *pen, struct azl_request_copy *out,
                     const char *text) {
  const struct azl_url *url = pen->url;
  out->url = put_string(pen, text, strlen(text));
  if (!url) return;
  out->origin = put_string(pen, text, (size_t)(url->path - text));
  out->target = put(pen, "/", url->path_len == 0);
  char *rest = put_string(pen, url->path, strcspn(url->path, "#"));
  if (url->path_len > 0) out->target = rest;
}

static void write_out (struct pen *pen, struct azl_request_copy *out,
                       const struct azl_http_request *request) {
  put_lines(pen, request);
  put_url(pen, out, request->url);
  out->method = put_string(pen, request->method, strlen(request->method));
  out->has_body = request->body != NULL;
  out->body_len = out->has_body ? request->body_len : 0;
  out->body = put_string(pen, request->body, out->body_len);
}

bool azl_request_copy (struct azl_request_copy *out,
                       const struct azl_http_request *request) {
  struct azl_url url;
  bool parsed = azl_url_parse(request->url, &url);
  struct pen measure = {.url = parsed ? &url : NULL}, pen = measure;
  write_out(&measure, out, request);
  size_t node_bytes = measure.count * sizeof(*pen.nodes);
  out->block_bytes = node_bytes + measure.used;
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
}
