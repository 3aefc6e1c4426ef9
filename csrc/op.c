/* Operations and the waits on them. */
#include "op.h"

void azl_op_init (struct azl_op *op, const struct azl_op_class *cls,
                  struct azl_loop *loop) {
  op->cls = cls;
  op->loop = loop;
  op->refs = 2;
  op->state = AZL_OP_PENDING;
  op->err = NULL;
  op->listener = NULL;
  op->listener_ctx = NULL;
  op->progress = 0;
  azl_list_init(&op->node);
  azl_list_init(&op->waits);
  azl_list_push(azl_loop_ops(loop), &op->node);
  azl_loop_count_op(loop, 1);
}

struct azl_op *azl_op_ref (struct azl_op *op) {
  op->refs++;
  return op;
}

void azl_op_unref (struct azl_op *op) {
  if (!op || --op->refs > 0) return;
  azl_err_free(op->err);
  op->cls->destroy(op);
}

static void wake_all (struct azl_op *op, enum azl_wait_reason reason) {
  struct azl_list batch;
  azl_list_init(&batch);
  azl_list_splice(&batch, &op->waits);
  struct azl_list *node;
  while ((node = azl_list_pop(&batch)) != NULL) {
    struct azl_wait *wait = AZL_CONTAINER(node, struct azl_wait, node);
    if (reason == AZL_WAIT_PROGRESS && !wait->wants_progress)
      azl_list_push(&op->waits, node);
    else
      azl_wait_wake(wait, reason);
  }
}

static void end (struct azl_op *op, enum azl_op_state state,
                 struct azl_err *err) {
  op->state = state;
  op->err = err;
  azl_list_remove(&op->node);
  azl_loop_count_op(op->loop, -1);
  wake_all(op, AZL_WAIT_FINISHED);
  void (*listener)(void *, struct azl_op *) = op->listener;
  op->listener = NULL;
  if (listener) listener(op->listener_ctx, op);
  azl_op_unref(op);
}

void azl_op_finish (struct azl_op *op, struct azl_err *err) {
  if (op->state != AZL_OP_PENDING) {
    azl_err_free(err);
    return;
  }
  enum azl_op_state state = AZL_OP_DONE;
  if (err)
    state = err->kind == AZL_ERR_CANCELLED ? AZL_OP_CANCELLED : AZL_OP_FAILED;
  end(op, state, err);
}

void azl_op_cancel (struct azl_op *op) {
  if (!op || op->state != AZL_OP_PENDING) return;
  azl_op_ref(op);
  if (op->cls->cancel) op->cls->cancel(op);
  azl_op_finish(op, azl_err_new(AZL_ERR_CANCELLED, "Cancelled",
                                "the %s was cancelled", op->cls->name));
  azl_op_unref(op);
}

void azl_op_listen (struct azl_op *op, void (*fn)(void *, struct azl_op *),
                    void *ctx) {
  op->listener = fn;
  op->listener_ctx = ctx;
}

void azl_op_progressed (struct azl_op *op) {
  op->progress++;
  wake_all(op, AZL_WAIT_PROGRESS);
}

const char *azl_op_state_name (enum azl_op_state state) {
  static const char *const names[] = {"pending", "done", "failed", "cancelled"};
  return names[state];
}

static void on_wait_timer (void *ctx) {
  azl_wait_wake(ctx, AZL_WAIT_TIMEOUT);
}

bool azl_wait_begin (struct azl_wait *wait, struct azl_op *op,
                     int64_t deadline_ms, bool wants_progress,
                     unsigned seen_progress) {
  wait->reason = AZL_WAIT_PENDING;
  wait->wants_progress = wants_progress;
  wait->seen_progress = seen_progress;
  azl_list_init(&wait->node);
  azl_timer_init(&wait->timer, on_wait_timer, wait);
  wait->op = azl_op_ref(op);
  azl_list_push(&op->waits, &wait->node);
  if (op->state != AZL_OP_PENDING)
    azl_wait_wake(wait, AZL_WAIT_FINISHED);
  else if (wants_progress && op->progress != seen_progress)
    azl_wait_wake(wait, AZL_WAIT_PROGRESS);
  else if (deadline_ms >= 0 &&
           !azl_loop_timer(op->loop, &wait->timer, deadline_ms)) {
    azl_wait_end(wait);
    return false;
  }
  return true;
}

void azl_wait_wake (struct azl_wait *wait, enum azl_wait_reason reason) {
  if (wait->reason != AZL_WAIT_PENDING) return;
  wait->reason = reason;
  azl_loop_timer_stop(wait->op->loop, &wait->timer);
  azl_list_remove(&wait->node);
  azl_list_push(azl_loop_ready(wait->op->loop), &wait->node);
}

void azl_wait_end (struct azl_wait *wait) {
  if (!wait->op) return;
  azl_loop_timer_stop(wait->op->loop, &wait->timer);
  azl_list_remove(&wait->node);
  azl_op_unref(wait->op);
  wait->op = NULL;
}
