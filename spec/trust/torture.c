/* Fails every allocation in turn, through a whole job: sign in, create the
   link, bind, approve, wait. After each failure: no crash, no hang, nothing
   leaked, no stranger approved, and a second run finishes the job.

   torture [--every N] [--from N] [--count N] [--kind core|lua|starved|library]
   --every 1 tries each allocation; the default tries about SAMPLES of them.

   The service is an emulator in a process of its own (torture_server.lua). */
#include <curl/curl.h>
#include <fcntl.h>
#include <jansson.h>
#include <lauxlib.h>
#include <lualib.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "mem.h"

enum { SAMPLES = 60, FINDINGS_MOST = 5, SECONDS_PER_RUN = 240, URL_BYTES = 64 };

int luaopen_azure_core (lua_State *L);

/* What fails. Lua tries a second time after a full collection: "lua" fails
   both, once; "starved" fails every one from there on, until the script has
   returned. "library" is what libcurl and jansson ask for. */
enum kind { KIND_CORE, KIND_LUA, KIND_STARVED, KIND_LIBRARY, KIND_COUNT };
static const char *const kind_names[] = {"core", "lua", "starved", "library"};

struct allocator {
  long made, live, fail_at; /* fail_at -1: never */
  bool starve;
};

/* One for Lua, one for the libraries, which pass no context. */
static struct allocator for_lua = {0, 0, -1, false};
static struct allocator for_libraries = {0, 0, -1, false};

static bool refuses (struct allocator *a) {
  long number = a->made++;
  if (a->fail_at < 0 || number < a->fail_at) return false;
  return a->starve || number <= a->fail_at + 1;
}

static void *lua_memory (void *ctx, void *old, size_t had, size_t wanted) {
  struct allocator *a = ctx;
  if (wanted == 0) {
    if (old) a->live--;
    free(old);
    return NULL;
  }
  if (old && wanted <= had) return realloc(old, wanted);
  if (refuses(a)) return NULL;
  void *block = realloc(old, wanted);
  if (block && !old) a->live++;
  return block;
}

static bool library_fails (void) {
  struct allocator *a = &for_libraries;
  return a->made++ == a->fail_at;
}

static void *library_malloc (size_t bytes) {
  if (library_fails()) return NULL;
  for_libraries.live++;
  return malloc(bytes);
}

static void *library_calloc (size_t count, size_t bytes) {
  if (library_fails()) return NULL;
  for_libraries.live++;
  return calloc(count, bytes);
}

static void library_free (void *block) {
  if (block) for_libraries.live--;
  free(block);
}

static void *library_realloc (void *old, size_t bytes) {
  if (!old) return library_malloc(bytes);
  return library_fails() ? NULL : realloc(old, bytes);
}

static char *library_strdup (const char *text) {
  size_t bytes = strlen(text) + 1;
  char *copy = library_malloc(bytes);
  return copy ? memcpy(copy, text, bytes) : NULL;
}

/* --- one run --- */

struct job {
  const char *script;
  char url[URL_BYTES];
  int number; /* chooses a SignalR and a function of its own */
};

struct outcome {
  bool finished; /* the script says that the path is there */
  long core;     /* allocations of the core */
  char text[256];
};

static int run_protected (lua_State *L) {
  const struct job *job = lua_touserdata(L, 1);
  luaL_openlibs(L);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  lua_pushcfunction(L, luaopen_azure_core);
  lua_setfield(L, -2, "azure.core");
  if (luaL_loadfile(L, job->script) != LUA_OK) return lua_error(L);
  lua_pushstring(L, job->url);
  lua_pushinteger(L, job->number);
  lua_call(L, 2, 2);
  return 2;
}

/* Returns how many allocations the core has made since it was armed. */
static long disarm (void) {
  long core = azl_mem_fail_after(-1);
  for_lua.fail_at = for_libraries.fail_at = -1;
  return core;
}

static void run (const struct job *job, struct outcome *out) {
  memset(out, 0, sizeof(*out));
  alarm(SECONDS_PER_RUN);
  lua_State *L = lua_newstate(lua_memory, &for_lua);
  if (L) {
    lua_pushcfunction(L, run_protected);
    lua_pushlightuserdata(L, (void *)(uintptr_t)job);
    int status = lua_pcall(L, 1, 2, 0);
    out->core = disarm();
    out->finished = status == LUA_OK && lua_toboolean(L, -2);
    if (lua_isstring(L, -1))
      snprintf(out->text, sizeof(out->text), "%s", lua_tostring(L, -1));
    lua_close(L);
  }
  (void)disarm();
  alarm(0);
}

/* --- what must hold afterwards --- */

struct holdings {
  long core, lua, library;
  int files;
};

static int open_files (void) {
  int count = 0;
  for (int fd = 0; fd < 256; fd++) count += fcntl(fd, F_GETFD) != -1;
  return count;
}

static struct holdings holdings_now (void) {
  return (struct holdings){azl_mem_live(), for_lua.live, for_libraries.live,
                           open_files()};
}

static bool same (const struct holdings *before) {
  struct holdings now = holdings_now();
  if (now.core == before->core && now.lua == before->lua &&
      now.library == before->library && now.files == before->files)
    return true;
  printf("  leaked: %ld blocks of the core, %ld of Lua, %ld of libraries, "
         "%d files\n",
         now.core - before->core, now.lua - before->lua,
         now.library - before->library, now.files - before->files);
  return false;
}

/* --- the emulator --- */

struct service {
  pid_t pid;
  int keep; /* it ends when this closes */
};

static void serve (const char *script, int from_parent, int to_parent) {
  lua_State *L = luaL_newstate();
  if (!L || dup2(from_parent, STDIN_FILENO) < 0) _exit(1);
  for (int fd = 3; fd < 256; fd++)
    if (fd != to_parent) close(fd);
  luaL_openlibs(L);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  lua_pushcfunction(L, luaopen_azure_core);
  lua_setfield(L, -2, "azure.core");
  lua_settop(L, 0);
  FILE *announce = fdopen(to_parent, "w");
  if (!announce || luaL_loadfile(L, script) != LUA_OK ||
      lua_pcall(L, 0, 2, 0) != LUA_OK) {
    fprintf(stderr, "the emulator: %s\n", lua_tostring(L, -1));
    _exit(1);
  }
  fprintf(announce, "%s\n", lua_tostring(L, 1)); /* url run */
  fclose(announce);
  if (lua_pcall(L, 0, 0, 0) == LUA_OK) _exit(0);
  fprintf(stderr, "the emulator: %s\n", lua_tostring(L, -1));
  _exit(1);
}

static bool start_service (struct service *out, const char *script,
                           char url[URL_BYTES]) {
  int down[2], up[2];
  if (pipe(down) != 0 || pipe(up) != 0) return false;
  fflush(NULL);
  out->pid = fork();
  if (out->pid == 0) {
    close(down[1]);
    serve(script, down[0], up[1]);
  }
  close(down[0]);
  close(up[1]);
  out->keep = down[1];
  FILE *answer = fdopen(up[0], "r");
  bool ok = out->pid > 0 && answer && fgets(url, URL_BYTES, answer);
  if (answer) fclose(answer);
  if (ok) url[strcspn(url, "\n")] = '\0';
  return ok;
}

static bool alive (const struct service *service) {
  int status;
  return waitpid(service->pid, &status, WNOHANG) == 0;
}

/* --- the series --- */

struct series {
  struct job job;
  struct service service;
  long every, from, count;
  int passed, failed;
};

static void arm (enum kind kind, long at) {
  for_lua.made = for_libraries.made = 0;
  for_lua.starve = kind == KIND_STARVED;
  (void)azl_mem_fail_after(kind == KIND_CORE ? at : -1);
  if (kind == KIND_LUA || kind == KIND_STARVED) for_lua.fail_at = at;
  if (kind == KIND_LIBRARY) for_libraries.fail_at = at;
}

static long allocations_of (struct series *s, enum kind kind) {
  struct outcome out;
  arm(kind, -1);
  run(&s->job, &out);
  s->job.number++;
  if (out.finished && kind == KIND_CORE) return out.core;
  if (out.finished && kind == KIND_LIBRARY) return for_libraries.made;
  if (out.finished) return for_lua.made;
  printf("without any failure: %s\n", out.text);
  exit(1);
}

/* In a process of its own, so that a crash or a hang ends that one alone. */
static int try_one (const struct series *s, enum kind kind, long at) {
  struct outcome first, again;
  struct holdings before = holdings_now();
  arm(kind, at);
  run(&s->job, &first);
  bool ok = same(&before);
  run(&s->job, &again);
  if (!again.finished) printf("  the second run: %s\n", again.text);
  ok = ok && again.finished;
  if (!ok) printf("  the first run: %s\n", first.text);
  fflush(stdout);
  return ok ? 0 : 1;
}

static bool one (struct series *s, enum kind kind, long at) {
  int status = -1;
  fflush(NULL);
  pid_t child = fork();
  if (child == 0) exit(try_one(s, kind, at));
  bool ok = child > 0 && waitpid(child, &status, 0) == child && status == 0;
  if (!ok && WIFSIGNALED(status))
    printf("  ended by signal %d%s\n", WTERMSIG(status),
           WTERMSIG(status) == SIGALRM ? ": it hangs" : "");
  ok = ok && alive(&s->service);
  if (!ok) printf("FAIL  --kind %s --from %ld\n", kind_names[kind], at);
  s->job.number++;
  return ok;
}

static void all_of (struct series *s, enum kind kind) {
  long total = allocations_of(s, kind);
  long every = s->every > 0 ? s->every : total / SAMPLES + 1;
  int tried = 0, bad = 0;
  for (long at = s->from;
       at < total && tried != s->count && bad < FINDINGS_MOST;
       at += every, tried++)
    if (!one(s, kind, at)) bad++;
  printf("%s: %d of %ld allocations failed in turn, %d with a finding\n",
         kind_names[kind], tried, total, bad);
  fflush(stdout);
  s->passed += tried - bad;
  s->failed += bad;
}

static bool read_arguments (struct series *s, int argc, char **argv,
                            const char **only) {
  for (int i = 1; i + 1 < argc; i += 2) {
    if (strcmp(argv[i], "--every") == 0)
      s->every = strtol(argv[i + 1], NULL, 10);
    else if (strcmp(argv[i], "--from") == 0)
      s->from = strtol(argv[i + 1], NULL, 10);
    else if (strcmp(argv[i], "--count") == 0)
      s->count = strtol(argv[i + 1], NULL, 10);
    else if (strcmp(argv[i], "--kind") == 0)
      *only = argv[i + 1];
    else
      return false;
  }
  return argc % 2 == 1;
}

int main (int argc, char **argv) {
  struct series s = {.job = {.script = "spec/trust/torture.lua"}, .count = -1};
  const char *only = NULL;
  if (!read_arguments(&s, argc, argv, &only)) return 2;
  signal(SIGPIPE, SIG_IGN);
  if (!start_service(&s.service, "spec/trust/torture_server.lua", s.job.url)) {
    printf("0 passed, 1 failed\n");
    return 1;
  }
  json_set_alloc_funcs(library_malloc, library_free);
  if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, library_malloc, library_free,
                           library_realloc, library_strdup,
                           library_calloc) != CURLE_OK)
    return 1;
  for (int kind = 0; kind < KIND_COUNT; kind++)
    if (!only || strcmp(only, kind_names[kind]) == 0)
      all_of(&s, (enum kind)kind);
  printf("%d passed, %d failed\n", s.passed, s.failed);
  close(s.service.keep);
  return s.failed > 0;
}
