/* Sleeping as an operation. */
#include "op.h"

struct sleep_op {
  struct azl_op op;
  struct azl_timer timer;
};

static void sleep_cancel (struct azl_op *op) {
  struct sleep_op *self = AZL_CONTAINER(op, struct sleep_op, op);
  azl_loop_timer_stop(op->loop, &self->timer);
}

static void sleep_destroy (struct azl_op *op) {
  azl_free(AZL_CONTAINER(op, struct sleep_op, op));
}

static const struct azl_op_class sleep_class = {
    .name = "sleep",
    .cancel = sleep_cancel,
    .destroy = sleep_destroy,
};

static void on_due (void *ctx) {
  struct sleep_op *self = ctx;
  azl_op_finish(&self->op, NULL);
}

struct azl_op *azl_sleep (struct azl_loop *loop, int64_t due_ms) {
  struct sleep_op *self = azl_calloc(1, sizeof(*self));
  if (!self) return NULL;
  azl_op_init(&self->op, &sleep_class, loop);
  azl_timer_init(&self->timer, on_due, self);
  if (azl_loop_timer(loop, &self->timer, due_ms)) return &self->op;
  azl_op_cancel(&self->op);
  azl_op_unref(&self->op);
  return NULL;
}
