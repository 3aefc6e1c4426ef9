#ifndef AZL_LUA_TASK_H
#define AZL_LUA_TASK_H

#include "lua_azl.h"

/* A coroutine as an operation. */
struct azl_lua_task {
  struct azl_op op;
  struct azl_defer start; /* makes it runnable in the next turn */
  struct azl_list node;   /* in the list of runnable tasks */
  struct azl_list *runnable;
  struct azl_wait *current; /* what it waits for now, or NULL */
  const void *coroutine;    /* to compare with; never followed */
  bool started, failed, awaited;
  bool cancelled, cancel_told;
  bool doomed;   /* cancelled for good: each wait from now on ends at once */
  bool shielded; /* the current wait is none of those */
  int ignored;   /* waits that it has begun since it was told */
};

/* The task whose coroutine is running L, or NULL. Pushes nothing. */
struct azl_lua_task *azl_lua_current_task (lua_State *L);

/* Suspends the running task until the wait is ready; the one place that
   yields. Returns what lua_yieldk does. */
int azl_lua_suspend (lua_State *L, struct azl_lua_task *task,
                     struct azl_wait *wait, lua_KFunction k);

/* Resumes the coroutine that stands for this wait, if there is one. */
bool azl_lua_wake (lua_State *L, struct azl_wait *wait);

/* Pops a function that is called, once, when the wait is ready. */
void azl_lua_wake_with (lua_State *L, struct azl_wait *wait);

/* Nobody is to be woken for this wait any more. */
void azl_lua_wake_nobody (lua_State *L, struct azl_wait *wait);

/* A wait is collected that stands in its coroutine no more: somebody closed
   that. Its task, if it has one, ends in the next turn. */
void azl_lua_wait_lost (lua_State *L, struct azl_wait *wait);

/* How long one step may run Lua before it lets the host go on. */
struct azl_lua_slice {
  struct azl_clock clock; /* the machine's, whatever the loop's is */
  int64_t end_ms;         /* -1: no limit */
};
bool azl_lua_slice_over (const struct azl_lua_slice *slice);

/* Runs tasks that are runnable; returns how many. */
int azl_lua_run_tasks (lua_State *L, struct azl_list *runnable,
                       const struct azl_lua_slice *slice);

/* Whether it is a task that raised an error which nobody has waited for. */
bool azl_lua_task_lost (const struct azl_lua_op *box);

/* Called with such a task: tells its error to who asked for that, or on
   standard error. */
int azl_lua_task_report (lua_State *L);

/* The list of runnable tasks of this state's loop (lua_loop.c). */
struct azl_list *azl_lua_runnable (lua_State *L);

/* The task that is running inside of the present step, or NULL (lua_loop.c).
   A coroutine that is none while one runs was resumed by it. */
struct azl_lua_task **azl_lua_running (lua_State *L);

/* op:wait(opts) -> results | nil, err (lua_wait.c) */
int azl_lua_op_wait (lua_State *L);
void azl_lua_open_wait (lua_State *L);

/* Pushes what op:status() gives (lua_op.c). */
void azl_lua_op_push_status (lua_State *L, struct azl_lua_op *box);

#endif
