#ifndef AZL_JSON_H
#define AZL_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include "buf.h"
#include "err.h"
#include "headers.h"

struct json_t;

/* Parses a whole document of at most AZL_JSON_MAX bytes and depth 100 or so
   (jansson's own limit is used). A leading BOM is skipped. NULL: not JSON. */
enum { AZL_JSON_MAX = 16 * 1024 * 1024 };
struct json_t *azl_json_parse (const char *text, size_t len);
void azl_json_free (struct json_t *doc); /* accepts NULL */

/* Walks "a.b.c" through objects, keys matched exactly first and then without
   case. NULL when a step is missing or of another type. Borrowed. */
const char *azl_json_string (const struct json_t *doc, const char *path);
const struct json_t *azl_json_at (const struct json_t *doc, const char *path);

/* A number, or a string that holds one. false: neither. */
bool azl_json_int (const struct json_t *doc, const char *path, int64_t *out);

/* Appends text as a JSON string, quotes included. */
AZL_MUST_CHECK bool azl_json_quote (struct azl_buf *buf, const char *text);

/* Fills err's code, message and target from an error answer in any shape that
   Azure uses: {"error":{..}}, {"error":"code","error_description":..}, {"code",
   "message"}, {"Message"}, OData, not JSON (the first words of the text are
   quoted), empty (the status's own name). Keeps the raw body, bounded. */
void azl_err_from_body (struct azl_err *err, int status, const char *body,
                        size_t len, const struct azl_headers *headers);

#endif
