/* Operations and waits: ending once, references, listeners, progress. */
#include "check.h"
#include "op.h"

struct work {
  struct azl_op op;
  int *cancels, *destroys;
};

static void work_cancel (struct azl_op *op) {
  ++*AZL_CONTAINER(op, struct work, op)->cancels;
}
static void work_destroy (struct azl_op *op) {
  struct work *work = AZL_CONTAINER(op, struct work, op);
  ++*work->destroys;
  azl_free(work);
}
static const struct azl_op_class work_class = {"work", work_cancel,
                                               work_destroy};

static int cancels, destroys;

static struct azl_op *new_work (struct azl_loop *loop) {
  struct work *work = azl_calloc(1, sizeof(*work));
  cancels = destroys = 0;
  work->cancels = &cancels;
  work->destroys = &destroys;
  azl_op_init(&work->op, &work_class, loop);
  return &work->op;
}

static void ends_once (void) {
  struct azl_loop *loop = azl_loop_new(NULL);
  struct azl_op *op = new_work(loop);
  CHECK_STR(azl_op_state_name(op->state), "pending");
  azl_op_finish(op, azl_err_new(AZL_ERR_SERVICE, "Bad", "it went wrong"));
  CHECK_INT(op->state, AZL_OP_FAILED);
  azl_op_finish(op, NULL);
  azl_op_finish(op, azl_err_new(AZL_ERR_SERVICE, "Worse", "again"));
  azl_op_cancel(op);
  CHECK_INT(op->state, AZL_OP_FAILED);
  CHECK_STR(op->err->code, "Bad");
  CHECK_INT(cancels, 0);
  azl_op_unref(op);
  CHECK_INT(destroys, 1);
  azl_loop_free(loop);
}

static void on_end (void *ctx, struct azl_op *op) {
  ++*(int *)ctx;
  CHECK(op->state != AZL_OP_PENDING);
}

static void tells_its_listener_once (void) {
  struct azl_loop *loop = azl_loop_new(NULL);
  struct azl_op *op = new_work(loop);
  int told = 0;
  azl_op_listen(op, on_end, &told);
  azl_op_cancel(op);
  azl_op_cancel(op);
  CHECK_INT(told, 1);
  CHECK_INT(cancels, 1);
  CHECK_INT(op->state, AZL_OP_CANCELLED);
  CHECK_INT(op->err->kind, AZL_ERR_CANCELLED);
  azl_op_unref(op);
  azl_loop_free(loop);
}

static void lives_as_long_as_somebody_needs_it (void) {
  struct azl_loop *loop = azl_loop_new(NULL);
  struct azl_op *op = new_work(loop);
  azl_op_unref(op);
  CHECK_INT(destroys, 0); /* the loop still has it */
  azl_op_finish(op, NULL);
  CHECK_INT(destroys, 1);
  azl_loop_free(loop);
}

static void a_wait_gets_ready_when_it_ends (void) {
  struct azl_loop *loop = azl_loop_new(NULL);
  struct azl_op *op = new_work(loop);
  struct azl_wait wait = {0};
  CHECK(azl_wait_begin(&wait, op, -1, false, 0));
  azl_op_progressed(op);
  CHECK_INT(wait.reason, AZL_WAIT_PENDING);
  azl_op_finish(op, NULL);
  CHECK_INT(wait.reason, AZL_WAIT_FINISHED);
  CHECK(azl_loop_ready(loop)->next == &wait.node);
  azl_wait_end(&wait);
  azl_wait_end(&wait);
  CHECK(azl_list_empty(azl_loop_ready(loop)));
  azl_op_unref(op);
  CHECK_INT(destroys, 1);
  azl_loop_free(loop);
}

static void a_wait_has_a_deadline (void) {
  struct azl_loop *loop = azl_loop_new(NULL);
  azl_loop_clock(loop)->fixed_ms = 0;
  struct azl_op *op = new_work(loop);
  struct azl_wait wait = {0};
  CHECK(azl_wait_begin(&wait, op, 100, false, 0));
  azl_clock_advance(azl_loop_clock(loop), 100);
  azl_loop_turn(loop, 0);
  CHECK_INT(wait.reason, AZL_WAIT_TIMEOUT);
  CHECK_INT(op->state, AZL_OP_PENDING);
  azl_wait_end(&wait);
  azl_op_cancel(op);
  azl_op_unref(op);
  azl_loop_free(loop);
}

static void progress_wakes_those_who_asked (void) {
  struct azl_loop *loop = azl_loop_new(NULL);
  struct azl_op *op = new_work(loop);
  struct azl_wait curious = {0}, patient = {0}, late = {0};
  CHECK(azl_wait_begin(&curious, op, -1, true, 0));
  CHECK(azl_wait_begin(&patient, op, -1, false, 0));
  azl_op_progressed(op);
  CHECK_INT(curious.reason, AZL_WAIT_PROGRESS);
  CHECK_INT(patient.reason, AZL_WAIT_PENDING);
  CHECK(azl_wait_begin(&late, op, -1, true, 0));
  CHECK_INT(late.reason, AZL_WAIT_PROGRESS); /* it missed one */
  azl_wait_end(&late);
  CHECK(azl_wait_begin(&late, op, -1, true, op->progress));
  CHECK_INT(late.reason, AZL_WAIT_PENDING);
  azl_op_finish(op, NULL);
  CHECK_INT(patient.reason, AZL_WAIT_FINISHED);
  azl_wait_end(&curious);
  azl_wait_end(&patient);
  azl_wait_end(&late);
  azl_op_unref(op);
  azl_loop_free(loop);
}

static void try_to_sleep (void) {
  struct azl_loop *loop = azl_loop_new(NULL);
  if (!loop) return;
  azl_op_unref(azl_sleep(loop, azl_loop_now_ms(loop) + 1000));
  azl_loop_free(loop);
}

static void sleep_survives_a_lack_of_memory (void) {
  check_out_of_memory(try_to_sleep);
}

int main (void) {
  RUN_TESTS(TEST(ends_once), TEST(tells_its_listener_once),
            TEST(lives_as_long_as_somebody_needs_it),
            TEST(a_wait_gets_ready_when_it_ends), TEST(a_wait_has_a_deadline),
            TEST(progress_wakes_those_who_asked),
            TEST(sleep_survives_a_lack_of_memory));
}
