/* Responses of the emulator's server, also those that promise more bytes than
   they have. */
#include "emulator_response.h"

#include <microhttpd.h>
#include <string.h>

enum { CHUNK_BYTES = 16 * 1024 };

struct cut_body {
  size_t len;
  char bytes[];
};

static ssize_t read_cut_body (void *cls, uint64_t pos, char *out, size_t max) {
  const struct cut_body *body = cls;
  size_t left;
  if (pos >= body->len) return MHD_CONTENT_READER_END_WITH_ERROR;
  left = body->len - (size_t)pos;
  if (left > max) left = max;
  memcpy(out, body->bytes + pos, left);
  return (ssize_t)left;
}

static void free_cut_body (void *cls) {
  azl_free(cls);
}

static struct MHD_Response *response_cut (const void *body, size_t len,
                                          uint64_t declared_bytes) {
  struct cut_body *copy = azl_malloc(sizeof *copy + len);
  struct MHD_Response *response;
  if (!copy) return NULL;
  copy->len = len;
  if (len > 0) memcpy(copy->bytes, body, len);
  response = MHD_create_response_from_callback(
      declared_bytes, CHUNK_BYTES, read_cut_body, copy, free_cut_body);
  if (!response) azl_free(copy);
  return response;
}

struct MHD_Response *azl_response_new (const void *body, size_t len,
                                       uint64_t declared_bytes) {
  if (declared_bytes > len) return response_cut(body, len, declared_bytes);
  return MHD_create_response_from_buffer(len, (void *)(uintptr_t)body,
                                         MHD_RESPMEM_MUST_COPY);
}

bool azl_response_header (struct MHD_Response *response, const char *name,
                          const char *value) {
  return MHD_add_response_header(response, name, value) == MHD_YES;
}

void azl_response_free (struct MHD_Response *response) {
  if (response) MHD_destroy_response(response);
}
