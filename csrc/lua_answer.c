/* What calls and long-running operations give to scripts. */
#include "lua_answer.h"
#include "arm.h"
#include "lro.h"
#include "lua_json.h"
#include "url.h"

#include <string.h>

static void set_string (lua_State *L, const char *name, const char *value) {
  if (!value) return;
  lua_pushstring(L, value);
  lua_setfield(L, -2, name);
}

/* Adds the ids of a call to the table on the top. */
static void add_facts (lua_State *L, struct azl_op *call) {
  struct azl_arm_facts facts;
  if (!call) return;
  azl_arm_facts(call, &facts);
  set_string(L, "request_id", facts.request_id);
  set_string(L, "correlation_id", facts.correlation_id);
  set_string(L, "client_request_id", facts.client_request_id);
  lua_pushinteger(L, facts.attempts);
  lua_setfield(L, -2, "attempts");
}

static int push_call (lua_State *L, int box, struct azl_op *op) {
  (void)box;
  azl_lua_push_response(L, azl_arm_result(op));
  add_facts(L, op);
  return 1;
}

static int push_lro (lua_State *L, int box, struct azl_op *op) {
  struct azl_http_response *response = azl_lro_result(op);
  (void)box;
  if (response)
    azl_lua_push_response(L, response);
  else
    lua_newtable(L);
  add_facts(L, azl_lro_last_call(op));
  return 1;
}

/* Pushes the document of a body, true for an empty one. The body stays while it
   is read, whatever a finalizer does meanwhile: it is the operation's, which is
   freed with its userdata, and that is on the stack. */
static bool push_document (lua_State *L, const struct azl_buf *body) {
  if (body && body->len > 0) return azl_lua_json_push(L, body->data, body->len);
  lua_pushboolean(L, true);
  return true;
}

/* Status, request id, and what else an error about an answer would tell. */
static int push_facts (lua_State *L, const struct azl_http_response *response,
                       struct azl_op *call) {
  struct azl_arm_facts facts = {0};
  if (call) azl_arm_facts(call, &facts);
  lua_pushinteger(L, response ? response->status : 0);
  lua_pushstring(L, facts.request_id);
  lua_pushstring(L, facts.client_request_id);
  lua_pushinteger(L, facts.attempts);
  return 4;
}

/* Of a body that is no JSON: nil, the body, what push_facts does. */
static int push_no_document (lua_State *L,
                             const struct azl_http_response *response,
                             struct azl_op *call) {
  lua_pushnil(L);
  lua_pushlstring(L, response->body.data, response->body.len);
  return 2 + push_facts(L, response, call);
}

static int push_call_document (lua_State *L, int box, struct azl_op *op) {
  const struct azl_http_response *response = azl_arm_result(op);
  (void)box;
  luaL_checkstack(L, 8, "document");
  if (push_document(L, &response->body)) return 1;
  return push_no_document(L, response, op);
}

/* The document, and what push_facts does. */
static int push_page (lua_State *L, int box, struct azl_op *op) {
  const struct azl_http_response *response = azl_arm_result(op);
  (void)box;
  luaL_checkstack(L, 8, "page");
  if (push_document(L, &response->body)) return 1 + push_facts(L, response, op);
  return push_no_document(L, response, op);
}

static int push_lro_document (lua_State *L, int box, struct azl_op *op) {
  const struct azl_http_response *response = azl_lro_result(op);
  struct azl_lro_progress progress;
  (void)box;
  luaL_checkstack(L, 10, "document");
  if (push_document(L, response ? &response->body : NULL)) return 1;
  int count = push_no_document(L, response, azl_lro_last_call(op));
  azl_lro_progress(op, &progress);
  lua_pushstring(L, progress.method);
  return count + 1 + azl_lua_push_owned(L, azl_url_redact(progress.url));
}

static void push_lro_status (lua_State *L, struct azl_op *op) {
  struct azl_lro_progress progress;
  azl_lro_progress(op, &progress);
  set_string(L, "status", progress.status);
  lua_pushinteger(L, progress.polls);
  lua_setfield(L, -2, "polls");
  if (progress.percent >= 0) {
    lua_pushnumber(L, progress.percent);
    lua_setfield(L, -2, "percent");
  }
  if (progress.next_poll_ms < 0) return;
  int64_t left_ms = progress.next_poll_ms - azl_loop_now_ms(op->loop);
  lua_pushnumber(L, left_ms > 0 ? (lua_Number)left_ms / 1e3 : 0);
  lua_setfield(L, -2, "next_poll_in");
}

static const struct azl_lua_op_kind call_kind = {.push = push_call};
static const struct azl_lua_op_kind call_document_kind = {
    .push = push_call_document};
static const struct azl_lua_op_kind page_kind = {.push = push_page};
static const struct azl_lua_op_kind lro_kind = {
    .push = push_lro,
    .status = push_lro_status,
    .token = azl_lro_token,
};
static const struct azl_lua_op_kind lro_document_kind = {
    .push = push_lro_document,
    .status = push_lro_status,
    .token = azl_lro_token,
};

const struct azl_lua_op_kind *azl_lua_kind_of_call (const char *gives) {
  if (!gives) return &call_kind;
  return strcmp(gives, "page") == 0 ? &page_kind : &call_document_kind;
}

const struct azl_lua_op_kind *azl_lua_kind_of_lro (const char *gives) {
  return gives ? &lro_document_kind : &lro_kind;
}
