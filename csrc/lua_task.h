#ifndef AZL_LUA_TASK_H
#define AZL_LUA_TASK_H

#include "lua_azl.h"

/* A coroutine as an operation. */
struct azl_lua_task {
  struct azl_op op;
  struct azl_defer start;  /* makes it runnable in the next turn */
  struct azl_list node;    /* in the list of runnable tasks */
  struct azl_list *runnable;
  struct azl_wait *current; /* what it waits for now, or NULL */
  bool started, cancelled, cancel_told, failed, awaited;
};

/* The task whose coroutine is running L, or NULL. Pushes nothing. */
struct azl_lua_task *azl_lua_current_task (lua_State *L);

/* Suspends the running task until the wait is ready; the one place that
   yields. Returns what lua_yieldk does. */
int azl_lua_suspend (lua_State *L, struct azl_wait *wait, lua_KFunction k);

/* Resumes the coroutine that stands for this wait, if there is one. */
bool azl_lua_wake (lua_State *L, struct azl_wait *wait);

/* Runs tasks that are runnable; returns how many. */
int azl_lua_run_tasks (lua_State *L, struct azl_list *runnable);

/* Whether it is a task that raised an error which nobody has waited for. */
bool azl_lua_task_lost (const struct azl_lua_op *box);

/* The list of runnable tasks of this state's loop (lua_loop.c). */
struct azl_list *azl_lua_runnable (lua_State *L);

#endif
