/* What calls write to the log: lines without bodies, headers and queries by
   the allow-list of the Azure SDKs. */
#include "arm_internal.h"
#include "url.h"

static void write_line (struct azl_call *call, enum azl_log_level level,
                        const char *text) {
  azl_log_add(&call->arm->log, level,
              azl_clock_wall_ms(azl_loop_clock(call->op.loop)), "%s", text);
}

static void log_field (struct azl_call *call, const char *direction,
                       const char *name, const char *value) {
  if (!azl_log_header_allowed(name)) value = "REDACTED";
  char *line = azl_format("%s %s: %s", direction, name, value);
  if (line) write_line(call, AZL_LOG_VERBOSE, line);
  azl_free(line);
}

static void log_headers (struct azl_call *call, const char *direction,
                         const struct azl_headers *headers) {
  for (size_t i = 0; i < headers->count; i++)
    log_field(call, direction, headers->items[i].name, headers->items[i].value);
}

void azl_call_log_request (struct azl_call *call,
                           const struct azl_http_request *request) {
  if (!azl_log_wants(&call->arm->log, AZL_LOG_INFO)) return;
  char *url = azl_url_redact(call->url);
  char *line = azl_format("> %s %s (attempt %d)", call->method, url ? url : "?",
                          call->attempt);
  if (line) write_line(call, AZL_LOG_INFO, line);
  azl_free(line);
  azl_free(url);
  if (!azl_log_wants(&call->arm->log, AZL_LOG_VERBOSE)) return;
  log_headers(call, ">", request->headers);
  for (size_t i = 0; i < request->field_count; i++)
    if (request->fields[i].value)
      log_field(call, ">", request->fields[i].name, request->fields[i].value);
  if (request->bearer_token) log_field(call, ">", "Authorization", "");
}

void azl_call_log_answer (struct azl_call *call,
                          const struct azl_http_response *got) {
  if (!azl_log_wants(&call->arm->log, AZL_LOG_INFO)) return;
  int64_t took_ms = azl_loop_now_ms(call->op.loop) - call->started_ms;
  const char *id = azl_call_request_id(call);
  char *line = azl_format("< %d after %lld ms, request id %s", got->status,
                          (long long)took_ms, id ? id : "-");
  if (line) write_line(call, AZL_LOG_INFO, line);
  azl_free(line);
  if (azl_log_wants(&call->arm->log, AZL_LOG_VERBOSE))
    log_headers(call, "<", &got->headers);
}

void azl_call_log_end (struct azl_call *call, const struct azl_err *err) {
  if (!err || !azl_log_wants(&call->arm->log, AZL_LOG_WARNING)) return;
  char *url = azl_url_redact(call->url);
  char *line =
      azl_format("! %s %s failed: %s: %s", call->method, url ? url : "?",
                 err->code ? err->code : azl_err_kind_name(err->kind),
                 err->message ? err->message : "");
  if (line) write_line(call, AZL_LOG_WARNING, line);
  azl_free(line);
  azl_free(url);
}
