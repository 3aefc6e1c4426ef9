/* Whether a file is a terminal, which Lua itself cannot tell. */
#include "lua_terminal.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { DEFAULT_COLUMNS = 80 };

int azl_lua_terminal_width (lua_State *L) {
  luaL_Stream *stream = luaL_checkudata(L, 1, LUA_FILEHANDLE);
  struct winsize size = {0};
  int fd;

  luaL_argcheck(L, stream->closef, 1, "closed file");
  fd = fileno(stream->f);
  if (fd < 0 || !isatty(fd)) return 0;
  if (ioctl(fd, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
    size.ws_col = DEFAULT_COLUMNS;
  lua_pushinteger(L, size.ws_col);
  return 1;
}
