/* The loop: timers, deferred calls, the virtual clock, hooks, what is left. */
#include "check.h"
#include "loop.h"
#include "op.h"

struct counter {
  struct azl_loop *loop;
  struct azl_timer timer;
  struct azl_defer defer;
  int count, again;
};

static void on_timer (void *ctx) {
  struct counter *self = ctx;
  self->count++;
  if (self->again-- > 0)
    CHECK(
        azl_loop_timer(self->loop, &self->timer, azl_loop_now_ms(self->loop)));
}

static struct azl_loop *stopped_loop (void) {
  struct azl_loop *loop = azl_loop_new(NULL);
  azl_loop_clock(loop)->fixed_ms = 1000;
  return loop;
}

static void runs_timers_when_due (void) {
  struct counter self = {.loop = stopped_loop()};
  azl_timer_init(&self.timer, on_timer, &self);
  CHECK_INT(azl_loop_timeout_ms(self.loop), -1);
  CHECK(azl_loop_timer(self.loop, &self.timer, 1500));
  CHECK_INT(azl_loop_timeout_ms(self.loop), 500);
  CHECK_INT(azl_loop_turn(self.loop, 0), 0);
  azl_clock_advance(azl_loop_clock(self.loop), 500);
  CHECK_INT(azl_loop_timeout_ms(self.loop), 0);
  CHECK_INT(azl_loop_turn(self.loop, 0), 1);
  CHECK_INT(self.count, 1);
  CHECK_INT(azl_loop_turn(self.loop, 0), 0);
  azl_loop_free(self.loop);
}

static void a_timer_that_restarts_does_not_starve_the_turn (void) {
  struct counter self = {.loop = stopped_loop(), .again = 1000};
  azl_timer_init(&self.timer, on_timer, &self);
  CHECK(azl_loop_timer(self.loop, &self.timer, 1000));
  azl_loop_turn(self.loop, 0);
  CHECK_INT(self.count, 1);
  azl_loop_timer_stop(self.loop, &self.timer);
  azl_loop_free(self.loop);
}

static void many_timers_at_once_take_several_turns (void) {
  enum { MANY = 100, MOST = 32 };
  struct counter many[MANY] = {0};
  struct azl_loop *loop = stopped_loop();
  for (int i = 0; i < MANY; i++) {
    azl_timer_init(&many[i].timer, on_timer, &many[i]);
    CHECK(azl_loop_timer(loop, &many[i].timer, 1000));
  }
  CHECK_INT(azl_loop_turn(loop, 0), MOST);
  CHECK_INT(azl_loop_timeout_ms(loop), 0);
  for (int left = MANY - MOST; left > 0; left -= MOST)
    CHECK_INT(azl_loop_turn(loop, 0), left < MOST ? left : MOST);
  for (int i = 0; i < MANY; i++) CHECK_INT(many[i].count, 1);
  azl_loop_free(loop);
}

static void virtual_time_jumps_only_when_idle (void) {
  struct counter self = {.loop = stopped_loop()};
  struct azl_loop *loop = self.loop;
  azl_loop_clock(loop)->auto_advance = true;
  azl_timer_init(&self.timer, on_timer, &self);
  CHECK(azl_loop_timer(loop, &self.timer, 3601000));
  azl_loop_busy(loop, 1);
  azl_loop_turn(loop, 1);
  CHECK_INT(self.count, 0);
  CHECK_INT(azl_loop_now_ms(loop), 1000);
  azl_loop_busy(loop, -1);
  azl_loop_turn(loop, 5000);
  CHECK_INT(azl_loop_now_ms(loop), 6000);
  azl_loop_turn(loop, -1);
  CHECK_INT(self.count, 1);
  CHECK_INT(azl_loop_now_ms(loop), 3601000);
  azl_loop_free(loop);
}

static void on_defer (void *ctx) {
  struct counter *self = ctx;
  self->count++;
  if (self->again-- > 0) azl_loop_defer(self->loop, &self->defer);
}

static void deferred_calls_run_once_in_the_next_turn (void) {
  struct counter self = {.loop = stopped_loop(), .again = 1};
  azl_defer_init(&self.defer, on_defer, &self);
  azl_loop_defer(self.loop, &self.defer);
  azl_loop_defer(self.loop, &self.defer);
  CHECK_INT(azl_loop_timeout_ms(self.loop), 0);
  azl_loop_turn(self.loop, -1);
  CHECK_INT(self.count, 1);
  azl_loop_turn(self.loop, -1);
  CHECK_INT(self.count, 2);
  azl_loop_defer(self.loop, &self.defer);
  azl_loop_defer_stop(&self.defer);
  azl_loop_turn(self.loop, 0);
  CHECK_INT(self.count, 2);
  azl_loop_free(self.loop);
}

static void what_is_flushed_runs_once (void) {
  struct counter output = {.loop = stopped_loop()}, other = output;
  struct azl_loop *loop = output.loop;
  azl_defer_init(&output.defer, on_defer, &output);
  azl_defer_init(&other.defer, on_defer, &other);
  azl_loop_defer_flush(loop, &output.defer);
  azl_loop_defer_flush(loop, &output.defer);
  azl_loop_defer(loop, &other.defer);
  CHECK_INT(azl_loop_timeout_ms(loop), 0);
  CHECK_INT(azl_loop_flush(loop), 1);
  CHECK_INT(output.count, 1);
  CHECK_INT(other.count, 0);
  azl_loop_defer_flush(loop, &output.defer); /* where nobody flushes */
  azl_loop_turn(loop, 0);
  CHECK_INT(output.count, 2);
  CHECK_INT(other.count, 1);
  azl_loop_defer_flush(loop, &output.defer);
  azl_loop_defer_stop(&output.defer);
  CHECK_INT(azl_loop_flush(loop), 0);
  CHECK_INT(azl_loop_timeout_ms(loop), -1);
  azl_loop_free(loop);
}

static void on_step (void *state, void *ctx) {
  struct counter *self = ctx;
  self->count += *(int *)state;
  if (self->again-- == 0) CHECK(azl_loop_on_step(self->loop, NULL, self));
}

static void hooks_run_and_leave (void) {
  struct azl_loop *loop = azl_loop_new("poll");
  struct counter a = {.loop = loop, .again = 0}, b = {.loop = loop, .again = 9};
  int step = 10;
  CHECK(azl_loop_on_step(loop, on_step, &a));
  CHECK(azl_loop_on_step(loop, on_step, &b));
  azl_loop_run_steps(loop, &step);
  azl_loop_run_steps(loop, &step);
  CHECK_INT(a.count, 10);
  CHECK_INT(b.count, 20);
  azl_loop_free(loop);
}

static void freeing_cancels_what_is_under_way (void) {
  struct azl_loop *loop = azl_loop_new(NULL);
  struct azl_op *op = azl_sleep(loop, azl_loop_now_ms(loop) + 60000);
  struct azl_loop_stats stats;
  azl_loop_stats(loop, &stats);
  CHECK_INT(stats.ops, 1);
  CHECK_INT(stats.timers, 1);
  azl_loop_free(loop);
  CHECK_INT(op->state, AZL_OP_CANCELLED);
  azl_op_unref(op);
  azl_loop_free(NULL);
}

static void try_to_make_one (void) {
  azl_loop_free(azl_loop_new(NULL));
}

static void survives_a_lack_of_memory (void) {
  check_out_of_memory(try_to_make_one);
}

int main (void) {
  RUN_TESTS(TEST(runs_timers_when_due),
            TEST(a_timer_that_restarts_does_not_starve_the_turn),
            TEST(many_timers_at_once_take_several_turns),
            TEST(virtual_time_jumps_only_when_idle),
            TEST(deferred_calls_run_once_in_the_next_turn),
            TEST(what_is_flushed_runs_once), TEST(hooks_run_and_leave),
            TEST(freeing_cancels_what_is_under_way),
            TEST(survives_a_lack_of_memory));
}
