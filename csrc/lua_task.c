/* Tasks: coroutines that the loop's step resumes. */
#include "lua_task.h"

/* Two tables of the registry.
   waiting: wait->waker -> the coroutine to resume, or a function to call. It
   is a list: a table with waits as keys would be hashed anew all the time.
   tasks: coroutine -> the task's userdata, which keeps both alive while it
   runs; task (light userdata) -> coroutine. */
static const char waiting_key = 0, tasks_key = 0;

/* And who wants the errors that nobody waited for. */
static const char on_lost_key = 0;

static void task_destroy (struct azl_op *op) {
  azl_free(AZL_CONTAINER(op, struct azl_lua_task, op));
}

static void task_stop (struct azl_op *op) {
  struct azl_lua_task *task = AZL_CONTAINER(op, struct azl_lua_task, op);
  azl_loop_defer_stop(&task->start);
  azl_list_remove(&task->node);
}

static const struct azl_op_class task_class = {
    .name = "task",
    .cancel = task_stop,
    .destroy = task_destroy,
};

static void on_start (void *ctx) {
  struct azl_lua_task *task = ctx;
  azl_list_push(task->runnable, &task->node);
}

static void make_runnable (struct azl_lua_task *task) {
  azl_loop_defer(task->op.loop, &task->start);
}

/* The task of a coroutine, or NULL. */
static struct azl_lua_task *task_of (lua_State *co) {
  lua_rawgetp(co, LUA_REGISTRYINDEX, &tasks_key);
  lua_pushthread(co);
  lua_rawget(co, -2);
  struct azl_lua_op *box = lua_touserdata(co, -1);
  lua_pop(co, 2);
  return box && box->op ? AZL_CONTAINER(box->op, struct azl_lua_task, op)
                        : NULL;
}

struct azl_lua_task *azl_lua_current_task (lua_State *L) {
  struct azl_lua_task *running = *azl_lua_running(L);
  return running && running->coroutine == L ? running : task_of(L);
}

void azl_lua_wake_nobody (lua_State *L, struct azl_wait *wait) {
  if (wait->waker == 0) return;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &waiting_key);
  luaL_unref(L, -1, wait->waker);
  lua_pop(L, 1);
  wait->waker = 0;
}

void azl_lua_wake_with (lua_State *L, struct azl_wait *wait) {
  azl_lua_wake_nobody(L, wait);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &waiting_key);
  lua_insert(L, -2);
  wait->waker = luaL_ref(L, -2);
  lua_pop(L, 1);
}

void azl_lua_wait_lost (lua_State *L, struct azl_wait *wait) {
  if (wait->waker == 0) return;
  luaL_checkstack(L, 4, "wait");
  lua_rawgetp(L, LUA_REGISTRYINDEX, &waiting_key);
  lua_rawgeti(L, -1, wait->waker);
  lua_State *co = lua_tothread(L, -1);
  struct azl_lua_task *task = co ? task_of(co) : NULL;
  lua_pop(L, 2);
  if (task && task->current == wait) {
    task->current = NULL;
    make_runnable(task);
  }
  azl_lua_wake_nobody(L, wait);
}

int azl_lua_suspend (lua_State *L, struct azl_lua_task *task,
                     struct azl_wait *wait, lua_KFunction k) {
  lua_pushthread(L);
  azl_lua_wake_with(L, wait);
  if (task) task->current = wait;
  return lua_yieldk(L, 0, 0, k);
}

/* Moves the results from the coroutine to the task's userdata, the top of L.
   A failure keeps its traceback too. */
static void keep_results (lua_State *L, lua_State *co, bool failed, int count) {
  luaL_checkstack(L, 4, "task results");
  lua_createtable(L, count, 2);
  if (failed) {
    luaL_traceback(L, co, NULL, 0);
    lua_setfield(L, -2, "traceback");
  }
  for (int i = count; i >= 1; i--) {
    lua_xmove(co, L, 1);
    lua_rawseti(L, -2, i);
  }
  lua_pushinteger(L, count);
  lua_setfield(L, -2, "n");
  lua_setiuservalue(L, -2, AZL_SLOT_RESULTS);
}

static void remember (lua_State *L, int table, lua_State *co,
                      struct azl_lua_task *task, int box) {
  lua_pushthread(co);
  if (co != L) lua_xmove(co, L, 1);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, table, task);
  lua_pushvalue(L, box);
  lua_rawset(L, table);
}

static void forget (lua_State *L, int table, lua_State *co,
                    struct azl_lua_task *task) {
  lua_pushnil(L);
  lua_rawsetp(L, table, task);
  lua_pushthread(co);
  lua_xmove(co, L, 1);
  lua_pushnil(L);
  lua_rawset(L, table);
}

/* The coroutine has ended. */
static void task_ended (lua_State *L, lua_State *co, struct azl_lua_task *task,
                        int status, int count) {
  struct azl_err *err = NULL;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &tasks_key);
  int table = lua_gettop(L);
  lua_pushthread(co);
  lua_xmove(co, L, 1);
  lua_rawget(L, table); /* tasks | box */
  task->failed = status != LUA_OK;
  keep_results(L, co, task->failed, task->failed ? 1 : count);
  if (task->failed) (void)lua_resetthread(co);
  forget(L, table, co, task);
  if (task->cancelled)
    err = azl_err_new(AZL_ERR_CANCELLED, "Cancelled", "the task was cancelled");
  azl_op_finish(&task->op, err);
  lua_pop(L, 2);
}

static void resume (lua_State *L, lua_State *co, struct azl_lua_task *task,
                    int arguments) {
  struct azl_lua_task **running = azl_lua_running(L), *before = *running;
  int count = 0;
  luaL_checkstack(L, 8, "resume");
  *running = task;
  int status = lua_resume(co, L, arguments, &count);
  *running = before;
  if (status != LUA_YIELD) {
    task_ended(L, co, task, status, count);
    return;
  }
  lua_pop(co, count);
  if (!task->current) make_runnable(task); /* a plain coroutine.yield() */
}

static void resume_waiting (lua_State *L, lua_State *co) {
  struct azl_lua_task *task = task_of(co);
  if (task) {
    task->current = NULL;
    resume(L, co, task, 0);
  }
  lua_pop(L, 1);
}

bool azl_lua_wake (lua_State *L, struct azl_wait *wait) {
  luaL_checkstack(L, 4, "wake");
  if (wait->waker == 0) return false;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &waiting_key);
  int type = lua_rawgeti(L, -1, wait->waker);
  lua_remove(L, -2);
  azl_lua_wake_nobody(L, wait);
  if (type == LUA_TTHREAD)
    resume_waiting(L, lua_tothread(L, -1));
  else
    lua_call(L, 0, 0);
  return true;
}

/* The first resume passes what stands above the function. */
static void run_task (lua_State *L, struct azl_lua_task *task) {
  luaL_checkstack(L, 4, "task");
  lua_rawgetp(L, LUA_REGISTRYINDEX, &tasks_key);
  lua_rawgetp(L, -1, task);
  lua_State *co = lua_tothread(L, -1);
  if (co) {
    int arguments = task->started ? 0 : lua_gettop(co) - 1;
    task->started = true;
    task->coroutine = co;
    resume(L, co, task, arguments);
  }
  lua_pop(L, 2);
}

int azl_lua_run_tasks (lua_State *L, struct azl_list *runnable,
                       const struct azl_lua_slice *slice) {
  struct azl_list *node;
  int limit = azl_list_count(runnable), count = 0;
  for (; count < limit && (node = azl_list_pop(runnable)) != NULL; count++) {
    run_task(L, AZL_CONTAINER(node, struct azl_lua_task, node));
    if (azl_lua_slice_over(slice)) return count + 1;
  }
  return count;
}

static struct azl_lua_task *task_at (struct azl_op *op) {
  return AZL_CONTAINER(op, struct azl_lua_task, op);
}

/* What the function returned; what it raised is raised again. */
static int push_task (lua_State *L, int box, struct azl_op *op) {
  task_at(op)->awaited = true;
  if (lua_getiuservalue(L, box, AZL_SLOT_RESULTS) != LUA_TTABLE) return 0;
  int results = lua_gettop(L);
  if (task_at(op)->failed) {
    lua_rawgeti(L, results, 1);
    return lua_error(L);
  }
  lua_getfield(L, results, "n");
  int count = (int)lua_tointeger(L, -1);
  lua_pop(L, 1);
  luaL_checkstack(L, count, "too many results");
  for (int i = 1; i <= count; i++) lua_rawgeti(L, results, i);
  return count;
}

/* Asks the coroutine to end: the wait it stands in returns nil and an error
   of kind "cancelled", as does its next one if it is not waiting; for good:
   as do all later ones. */
static void cancel_task (lua_State *L, struct azl_op *op, bool for_good) {
  struct azl_lua_task *task = task_at(op);
  (void)L;
  task->cancelled = true;
  task->doomed = task->doomed || for_good;
  if (!task->started) {
    azl_op_cancel(op);
    return;
  }
  task->cancel_told = task->current && !task->shielded;
  if (task->cancel_told) azl_wait_wake(task->current, AZL_WAIT_CANCELLED);
}

/* What a cancelled task raised is no result, but its waiter has it now. */
static void push_raised (lua_State *L, int box, struct azl_op *op) {
  task_at(op)->awaited = true;
  if (!task_at(op)->failed) return;
  if (lua_getiuservalue(L, box, AZL_SLOT_RESULTS) == LUA_TTABLE) {
    lua_rawgeti(L, -1, 1);
    lua_setfield(L, -3, "raised");
  }
  lua_pop(L, 1);
}

static void push_failed (lua_State *L, struct azl_op *op) {
  lua_pushboolean(L, task_at(op)->failed);
  lua_setfield(L, -2, "raised");
}

static const struct azl_lua_op_kind task_kind = {
    .push = push_task,
    .status = push_failed,
    .cancel = cancel_task,
    .failed = push_raised,
};

bool azl_lua_task_lost (const struct azl_lua_op *box) {
  if (box->kind != &task_kind) return false;
  const struct azl_lua_task *task = task_at(box->op);
  return task->failed && !task->awaited;
}

/* In protected mode: a text that cannot be made must not keep the operation
   from being freed. There are no results where there was no memory for them. */
int azl_lua_task_report (lua_State *L) {
  if (lua_getiuservalue(L, 1, AZL_SLOT_RESULTS) != LUA_TTABLE) return 0;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &on_lost_key); /* task results | fn */
  bool wanted = lua_isfunction(L, -1);
  lua_rawgeti(L, 2, 1);
  const char *text = wanted ? NULL : luaL_tolstring(L, -1, NULL);
  lua_getfield(L, 2, "traceback");
  if (wanted) {
    lua_call(L, 2, 0);
    return 0;
  }
  const char *traceback = lua_tostring(L, -1);
  lua_writestringerror("azure: an error in a task that nobody waited for: %s\n",
                       text);
  lua_writestringerror("%s\n", traceback ? traceback : "");
  return 0;
}

/* core.on_lost(fn): fn(err, traceback) instead of a report; nil: a report */
static int core_on_lost (lua_State *L) {
  if (!lua_isnoneornil(L, 1)) luaL_checktype(L, 1, LUA_TFUNCTION);
  lua_settop(L, 1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &on_lost_key);
  return 0;
}

/* core.task(fn, ...) -> op */
static int core_task (lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  int arguments = lua_gettop(L) - 1;
  struct azl_list *runnable = azl_lua_runnable(L);
  struct azl_loop *loop = azl_lua_loop(L);
  lua_State *co = lua_newthread(L);
  lua_insert(L, 1); /* thread | fn arguments... */
  if (!lua_checkstack(co, arguments + 2))
    return luaL_error(L, "too many arguments for a task");
  lua_xmove(L, co, arguments + 1);
  struct azl_lua_op *box = azl_lua_op_new(L, &task_kind, 0); /* thread | box */
  lua_rawgetp(L, LUA_REGISTRYINDEX, &tasks_key);
  struct azl_lua_task *task = azl_calloc(1, sizeof(*task));
  if (!task) return azl_lua_fail(L, azl_err_oom());
  azl_op_init(&task->op, &task_class, loop);
  box->op = &task->op;
  azl_list_init(&task->node);
  azl_defer_init(&task->start, on_start, task);
  task->runnable = runnable;
  remember(L, 3, co, task, 2);
  make_runnable(task);
  lua_settop(L, 2);
  return azl_lua_op_return(L, box);
}

void azl_lua_open_task (lua_State *L) {
  lua_newtable(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &waiting_key);
  lua_newtable(L);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &tasks_key);
  lua_pushcfunction(L, core_task);
  lua_setfield(L, -2, "task");
  lua_pushcfunction(L, core_on_lost);
  lua_setfield(L, -2, "on_lost");
}
