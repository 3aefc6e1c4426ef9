/* Lua states side by side in one process and in threads; closing one with
   everything in flight; a fork in the middle. Linked with Lua and the whole
   binding; the server is threads of this program. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <lualib.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "check.h"

int luaopen_azure_core (lua_State *L);

enum { THREADS = 4, REQUEST_BYTES = 16384 };

/* --- a server: 200 for everything, 202 for PUT, silence for /hang --- */

struct server {
  int fd, port;
  pthread_t thread;
};

static void reply (int fd, const char *request, int port) {
  char answer[512];
  static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 24\r\n"
                           "Content-Type: application/json\r\n\r\n"
                           "{\"status\": \"InProgress\"}";
  if (strstr(request, "/hang")) return;
  if (strncmp(request, "PUT ", 4) != 0) {
    CHECK(write(fd, ok, sizeof ok - 1) > 0);
    return;
  }
  int len = snprintf(answer, sizeof answer,
                     "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n"
                     "Azure-AsyncOperation: http://127.0.0.1:%d/op\r\n"
                     "Retry-After: 0\r\n\r\n",
                     port);
  CHECK(write(fd, answer, (size_t)len) > 0);
}

struct connection {
  int fd, port;
};

/* Every request has its Content-Length; bodies are short and come along. */
static void *serve_one (void *ctx) {
  struct connection *connection = ctx;
  char request[REQUEST_BYTES];
  size_t len = 0;
  ssize_t got;
  while ((got = read(connection->fd, request + len, sizeof request - 1 - len)) >
         0) {
    len += (size_t)got;
    request[len] = '\0';
    if (!strstr(request, "\r\n\r\n")) continue;
    reply(connection->fd, request, connection->port);
    len = 0;
  }
  close(connection->fd);
  free(connection);
  return NULL;
}

static void *serve (void *ctx) {
  struct server *server = ctx;
  int fd;
  while ((fd = accept(server->fd, NULL, NULL)) >= 0) {
    struct connection *connection = malloc(sizeof *connection);
    pthread_t thread;
    *connection = (struct connection){fd, server->port};
    CHECK_INT(pthread_create(&thread, NULL, serve_one, connection), 0);
    pthread_detach(thread);
  }
  return NULL;
}

static void start_server (struct server *server) {
  struct sockaddr_in at = {.sin_family = AF_INET};
  socklen_t len = sizeof at;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  server->fd = socket(AF_INET, SOCK_STREAM, 0);
  fcntl(server->fd, F_SETFD, FD_CLOEXEC);
  CHECK_INT(bind(server->fd, (struct sockaddr *)&at, sizeof at), 0);
  CHECK_INT(listen(server->fd, 128), 0);
  getsockname(server->fd, (struct sockaddr *)&at, &len);
  server->port = ntohs(at.sin_port);
  CHECK_INT(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void stop_server (struct server *server) {
  shutdown(server->fd, SHUT_RDWR);
  pthread_join(server->thread, NULL);
  close(server->fd);
}

/* --- Lua states --- */

static const char prelude[] =
    "azure = require 'azure'\n"
    "core = require 'azure.core'\n"
    "url = 'http://127.0.0.1:' .. port\n"
    "function new_client()\n"
    "  return assert(azure.client{ cloud = { arm = url, authority = url },\n"
    "    credential = azure.identity.static{ token = 't',\n"
    "      expires_on = os.time() + 3600 } })\n"
    "end\n"
    "client = new_client()\n"
    "id = '/subscriptions/s/resourceGroups/g?api-version=2021-04-01'\n";

/* false: `code` failed, and how was printed. */
static int run (lua_State *L, const char *code) {
  if (luaL_dostring(L, code) == LUA_OK) return 1;
  printf("  lua: %s\n", luaL_tolstring(L, -1, NULL));
  lua_settop(L, 0);
  return 0;
}

static lua_State *open_state (int port) {
  lua_State *L = luaL_newstate();
  luaL_openlibs(L);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
  lua_pushcfunction(L, luaopen_azure_core);
  lua_setfield(L, -2, "azure.core");
  lua_pop(L, 1);
  lua_pushinteger(L, port);
  lua_setglobal(L, "port");
  CHECK(run(L, "package.path = 'lua/?.lua;lua/?/init.lua;' .. package.path"));
  CHECK(run(L, prelude));
  return L;
}

static const char requests[] = "local done = 0\n"
                               "for i = 1, 30 do\n"
                               "  azure.spawn(function()\n"
                               "    azure.sleep(i % 3 / 1000)\n"
                               "    local doc = assert(client:get(id))\n"
                               "    assert(doc.status == 'InProgress')\n"
                               "    done = done + 1\n"
                               "  end)\n"
                               "end\n"
                               "while done < 30 do azure.sleep(0.001) end\n";

static const char leave_all_in_flight[] =
    "local function hang() client:get('/hang' .. id) end\n"
    "for i = 1, 5 do azure.spawn(hang) end\n"
    "for i = 1, 5 do azure.spawn(azure.sleep, 1000) end\n"
    "local waiting = azure.spawn(function() azure.sleep(1000) end)\n"
    "azure.spawn(function() waiting:wait() end)\n"
    "op = client:begin{ method = 'PUT', path = id, body = {} }\n"
    "azure.spawn(function() op:wait() end)\n"
    "azure.spawn(function() core.read_fd(input):wait() end)\n"
    "azure.spawn(function() azure.identity.azure_cli{}:token('x/.default') "
    "end)\n"
    "lost = { core.sleep(100), client:send{ path = '/hang' .. id } }\n"
    "for _ = 1, 200 do azure.loop():step(0.001) end\n"
    "assert(not op:done())\n";

/* --- one thread, one state --- */

static int pipe_fds[2]; /* an input that never comes */

static void set_input (lua_State *L) {
  lua_pushinteger(L, pipe_fds[0]);
  lua_setglobal(L, "input");
}

static void *work (void *ctx) {
  lua_State *L = open_state(((struct server *)ctx)->port);
  set_input(L);
  CHECK(run(L, requests));
  CHECK(run(L, leave_all_in_flight));
  lua_close(L);
  return NULL;
}

static void states_in_threads (void) {
  struct server server;
  pthread_t threads[THREADS];
  start_server(&server);
  CHECK_INT(pipe(pipe_fds), 0);
  for (int i = 0; i < THREADS; i++)
    CHECK_INT(pthread_create(&threads[i], NULL, work, &server), 0);
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  close(pipe_fds[0]);
  close(pipe_fds[1]);
  stop_server(&server);
}

static void two_states_in_one_thread (void) {
  struct server server;
  start_server(&server);
  lua_State *a = open_state(server.port), *b = open_state(server.port);
  static const char begin[] =
      "op = client:send{ path = id }\nassert(not op:done())";
  static const char end[] = "assert(op:wait().status == 200)";
  CHECK(run(a, begin));
  CHECK(run(b, begin));
  CHECK(run(b, end));
  lua_close(b);
  CHECK(run(a, end));
  lua_close(a);
  stop_server(&server);
}

/* --- a child process in flight --- */

static char az_dir[] = "/tmp/azl_states_XXXXXX", az_path[64], pid_path[64];

static void write_stub (void) {
  FILE *file = fopen(az_path, "w");
  if (!CHECK(file)) return;
  fprintf(file, "#!/bin/sh\necho $$ > %s.new\nmv %s.new %s\nexec sleep 1000\n",
          pid_path, pid_path, pid_path);
  fclose(file);
  CHECK_INT(chmod(az_path, 0700), 0);
}

static long stub_pid (void) {
  FILE *file = fopen(pid_path, "r");
  long pid = 0;
  if (!file) return 0;
  CHECK_INT(fscanf(file, "%ld", &pid), 1);
  fclose(file);
  return pid;
}

static void closing_ends_children (void) {
  struct server server;
  start_server(&server);
  unlink(pid_path);
  lua_State *L = open_state(server.port);
  CHECK(run(L, "azure.spawn(function()\n"
               "  azure.identity.azure_cli{}:token('x/.default') end)\n"));
  for (int i = 0; i < 2000 && stub_pid() == 0; i++)
    CHECK(run(L, "azure.loop():step(0.005)"));
  long pid = stub_pid();
  CHECK(pid > 0 && kill((pid_t)pid, 0) == 0);
  lua_close(L);
  CHECK(pid > 0 && kill((pid_t)pid, 0) != 0 && errno == ESRCH);
  stop_server(&server);
}

/* --- fork --- */

static const char says_why[] =
    "local function refused(fn, ...)\n"
    "  local ok, err = pcall(fn, ...)\n"
    "  assert(not ok and err:find('belongs to process ' .. parent, 1, true),"
    " err)\n"
    "end\n"
    "refused(azure.sleep, 0)\n"
    "refused(azure.spawn, print)\n"
    "refused(azure.loop)\n"
    "refused(op.wait, op)\n"
    "refused(op.cancel, op)\n"
    "refused(client.get, client, id)\n"
    "refused(new_client)\n"
    "client:close()\n";

/* What a forked child does: old objects say why not, a new state works. */
static int in_child (lua_State *L, int port) {
  if (!run(L, says_why)) return 1;
  lua_close(L);
  L = open_state(port);
  if (!run(L, "assert(client:get(id).status == 'InProgress')")) return 2;
  lua_close(L);
  return check_failures ? 3 : 0;
}

static void fork_in_the_middle (void) {
  struct server server;
  int status = -1;
  start_server(&server);
  unlink(pid_path);
  lua_State *L = open_state(server.port);
  lua_pushinteger(L, getpid());
  lua_setglobal(L, "parent");
  CHECK(run(L, "assert(client:get(id))\n"
               "azure.spawn(function()\n"
               "  azure.identity.azure_cli{}:token('x/.default') end)\n"
               "op = client:send{ path = id }\n"));
  for (int i = 0; i < 2000 && stub_pid() == 0; i++)
    CHECK(run(L, "azure.loop():step(0.005)"));
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    int code = in_child(L, server.port);
    fflush(stdout);
    /* Whatever checks for leaks at exit would find what is the parent's. */
    if (code == 0) raise(SIGKILL);
    _exit(code);
  }
  CHECK_INT(waitpid(pid, &status, 0), pid);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  CHECK(run(L, "assert(op:wait().status == 200)"));
  CHECK(run(L, "assert(client:get(id))"));
  CHECK_INT(kill((pid_t)stub_pid(), 0), 0); /* the child did not end it */
  lua_close(L);
  stop_server(&server);
}

int main (void) {
  signal(SIGPIPE, SIG_IGN);
  if (!mkdtemp(az_dir)) return 1;
  snprintf(az_path, sizeof az_path, "%s/az", az_dir);
  snprintf(pid_path, sizeof pid_path, "%s/pid", az_dir);
  write_stub();
  char path[4096];
  snprintf(path, sizeof path, "%s:%s", az_dir, getenv("PATH"));
  setenv("PATH", path, 1);
  static const struct check_test tests[] = {
      TEST(two_states_in_one_thread),
      TEST(states_in_threads),
      TEST(closing_ends_children),
      TEST(fork_in_the_middle),
  };
  int code = check_run(tests, sizeof tests / sizeof tests[0]);
  unlink(az_path);
  unlink(pid_path);
  rmdir(az_dir);
  return code;
}
