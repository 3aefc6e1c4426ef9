/* Owns the queue of calls that wait for the script's functions. */
#include "script_call.h"

static void on_wake (void *ctx) {
  (void)ctx; /* the turn that called it is all that was wanted */
}

void azl_script_init (struct azl_script_queue *queue, struct azl_loop *loop) {
  azl_list_init(&queue->calls);
  queue->loop = loop;
  azl_defer_init(&queue->wake, on_wake, queue);
}

void azl_script_free (struct azl_script_queue *queue) {
  while (!azl_list_empty(&queue->calls))
    azl_script_call_free(
        AZL_CONTAINER(queue->calls.next, struct azl_script_call, node));
  azl_loop_defer_stop(&queue->wake);
}

struct azl_script_call *azl_script_call_new (struct azl_fetch *fetch,
                                             bool wants_token) {
  struct azl_script_call *call = azl_calloc(1, sizeof *call);
  if (!call) return NULL;
  azl_list_init(&call->node);
  call->fetch = fetch;
  call->wants_token = wants_token;
  return call;
}

bool azl_script_tell (struct azl_script_call *call, const char *name,
                      const char *value) {
  if (!value) return true;
  for (int i = 0; i < AZL_SCRIPT_FIELDS; i++) {
    struct azl_script_field *field = &call->fields[i];
    if (field->name) continue;
    field->value = azl_strdup(value);
    if (field->value) field->name = name;
    return field->value != NULL;
  }
  return false;
}

void azl_script_push (struct azl_script_queue *queue,
                      struct azl_script_call *call, void **slot) {
  *slot = call;
  call->slot = slot;
  azl_list_push(&queue->calls, &call->node);
  azl_loop_defer(queue->loop, &queue->wake);
}

static void leave_queue (struct azl_script_call *call) {
  azl_list_remove(&call->node);
  if (call->slot) *call->slot = NULL;
  call->slot = NULL;
}

struct azl_script_call *azl_script_take (struct azl_script_queue *queue) {
  while (!azl_list_empty(&queue->calls)) {
    struct azl_script_call *call =
        AZL_CONTAINER(queue->calls.next, struct azl_script_call, node);
    leave_queue(call);
    if (call->fetch->op.state == AZL_OP_PENDING) {
      azl_op_ref(&call->fetch->op);
      call->taken = true;
      return call;
    }
    azl_script_call_free(call);
  }
  return NULL;
}

void azl_script_call_free (struct azl_script_call *call) {
  if (!call) return;
  leave_queue(call);
  for (int i = 0; i < AZL_SCRIPT_FIELDS; i++) azl_free(call->fields[i].value);
  if (call->taken) azl_op_unref(&call->fetch->op);
  azl_free(call);
}
