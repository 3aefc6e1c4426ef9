/* azure.emulator.server.input_closed: has the program that started this one
   gone away? */
#include "lua_emulator_server.h"

#include <errno.h>
#include <lauxlib.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <unistd.h>

/* Only a pipe or a socket has somebody at the other end. A terminal may be
   read by a shell, and /dev/null is always at its end. */
static bool has_other_end (int fd) {
  struct stat st;
  if (fstat(fd, &st) != 0) return false;
  return S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode);
}

static bool is_at_end (int fd) {
  struct pollfd waiting = {.fd = fd, .events = POLLIN};
  char ignored[4096];
  ssize_t got;
  if (poll(&waiting, 1, 0) <= 0) return false;
  do got = read(fd, ignored, sizeof ignored);
  while (got < 0 && errno == EINTR);
  return got == 0;
}

/* Reads away what was sent; true once there will be no more. */
static int input_closed (lua_State *L) {
  lua_pushboolean(L, has_other_end(STDIN_FILENO) && is_at_end(STDIN_FILENO));
  return 1;
}

void azl_lua_emulator_input (lua_State *L) {
  lua_pushcfunction(L, input_closed);
  lua_setfield(L, -2, "input_closed");
}
