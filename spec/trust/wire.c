/* spec.wire: a TCP proxy on the loop of azure.core that spoils connections as
   a spec tells it to.

     local w = wire.open(port_of_the_server)
     w:plan{ cut = 100 }         -- for the next connection; then the next one
     w:port()  w:connections()  w:close()

   Offsets count the bytes of the server's answers on a connection:

     cut, reset  closes after so many bytes, the latter with a RST
     half        ends its own side there, and goes on reading
     corrupt     flips bits of that byte
     twice       sends what came before again
     swap        exchanges 16 bytes with the 16 that follow
     slow        true: one byte in each turn
     delay       seconds before the first
     upload      closes after so many bytes of the request

   Offset 0 of cut and reset closes before anything is read. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <lua.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "host_api.h"

#define WIRE_TYPE "spec.wire"

/* Where it is missing, SO_NOSIGPIPE does the same for a socket. */
#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0
#endif

enum { PLANS = 256, LINKS = 128, ROOM = 128 * 1024, BLOCK = 16, NEVER = -1 };

struct plan {
  long cut, reset, half, corrupt, twice, swap, upload;
  bool slow;
  int64_t delay_ms;
};

struct wire;

/* One direction: bytes read from `from`, not yet written to `to`. */
struct flow {
  char bytes[ROOM];
  size_t len;
  long passed; /* bytes written */
  bool ended;  /* the reading side has said all */
};

struct link {
  struct wire *wire;
  int client, server; /* -1: closed */
  struct plan plan;
  struct flow up, down;
  struct azl_timer timer;
  bool held, half_closed, done_twice;
};

struct wire {
  const struct azl_host_api *api;
  struct azl_loop *loop;
  int listener, port, target, connections;
  struct plan plans[PLANS];
  int first_plan, plan_count;
  struct link *links[LINKS];
};

static const struct plan no_plan = {NEVER, NEVER, NEVER, NEVER, NEVER,
                                    NEVER, NEVER, false, 0};

static void watch (struct link *link);

static void close_fd (struct wire *wire, int *fd, bool reset) {
  struct linger linger = {.l_onoff = 1, .l_linger = 0};
  if (*fd < 0) return;
  (void)wire->api->watch(wire->loop, *fd, 0, NULL, NULL);
  if (reset) setsockopt(*fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
  close(*fd);
  *fd = -1;
}

static void let_go (struct link *link) {
  struct wire *wire = link->wire;
  if (!link->held) return;
  link->held = false;
  wire->api->timer_stop(wire->loop, &link->timer);
  wire->api->busy(wire->loop, 1);
}

static void end_link (struct link *link, bool reset) {
  struct wire *wire = link->wire;
  let_go(link);
  close_fd(wire, &link->client, reset);
  close_fd(wire, &link->server, false);
  for (int i = 0; i < LINKS; i++)
    if (wire->links[i] == link) wire->links[i] = NULL;
  free(link);
}

static void on_held (void *ctx) {
  struct link *link = ctx;
  let_go(link);
  watch(link);
}

/* While an answer is held the clock may jump, as with the emulator's delays. */
static void hold (struct link *link) {
  struct wire *wire = link->wire;
  int64_t due_ms = wire->api->now_ms(wire->loop) + link->plan.delay_ms;
  link->plan.delay_ms = 0;
  link->timer.fn = on_held;
  link->timer.ctx = link;
  if (!wire->api->timer(wire->loop, &link->timer, due_ms)) return;
  link->held = true;
  wire->api->busy(wire->loop, -1);
}

/* Bytes that are about to come in at `offset` of the answers. */
static void spoil (struct link *link, char *bytes, long len, long offset) {
  const struct plan *plan = &link->plan;
  long at = plan->corrupt - offset;
  if (plan->corrupt >= 0 && at >= 0 && at < len) bytes[at] ^= 0x11;
  at = plan->swap - offset;
  if (plan->swap < 0 || at < 0 || at + 2 * BLOCK > len) return;
  char block[BLOCK];
  memcpy(block, bytes + at, BLOCK);
  memcpy(bytes + at, bytes + at + BLOCK, BLOCK);
  memcpy(bytes + at + BLOCK, block, BLOCK);
}

static void repeat (struct link *link) {
  struct flow *down = &link->down;
  size_t len = (size_t)(link->plan.twice < 0 ? 0 : link->plan.twice);
  if (link->done_twice || len == 0 || down->len < len) return;
  if (down->passed != 0 || down->len + len > ROOM) return;
  link->done_twice = true;
  memmove(down->bytes + len, down->bytes, down->len);
  down->len += len;
}

static bool take (int fd, struct flow *flow, size_t room) {
  ssize_t got = recv(fd, flow->bytes + flow->len, room, 0);
  if (got > 0) flow->len += (size_t)got;
  if (got == 0) flow->ended = true;
  return got >= 0 || errno == EAGAIN;
}

static bool give (int fd, struct flow *flow, size_t most) {
  size_t len = flow->len < most ? flow->len : most;
  if (len == 0) return true;
  ssize_t sent = send(fd, flow->bytes, len, MSG_NOSIGNAL);
  if (sent < 0) return errno == EAGAIN;
  flow->len -= (size_t)sent;
  flow->passed += sent;
  memmove(flow->bytes, flow->bytes + sent, flow->len);
  return true;
}

/* How many more bytes may pass before `limit`. */
static size_t left (long limit, long passed, size_t otherwise) {
  if (limit < 0) return otherwise;
  size_t most = limit > passed ? (size_t)(limit - passed) : 0;
  return most < otherwise ? most : otherwise;
}

static size_t may_go_down (const struct link *link) {
  const struct plan *plan = &link->plan;
  size_t most = plan->slow ? 1 : ROOM;
  most = left(plan->cut, link->down.passed, most);
  most = left(plan->reset, link->down.passed, most);
  return left(plan->half, link->down.passed, most);
}

static bool reached (long limit, long passed) {
  return limit >= 0 && passed >= limit;
}

static void read_answer (struct link *link) {
  struct flow *down = &link->down;
  size_t had = down->len;
  if (down->ended || down->len == ROOM) return;
  if (!take(link->server, down, ROOM - down->len)) down->ended = true;
  if (down->len == had) return;
  spoil(link, down->bytes + had, (long)(down->len - had),
        down->passed + (long)had);
  if (down->passed == 0) repeat(link);
  if (link->plan.delay_ms > 0) hold(link);
}

/* false: the link is gone. */
static bool move_down (struct link *link) {
  const struct plan *plan = &link->plan;
  struct flow *down = &link->down;
  if (!link->held && !link->half_closed &&
      !give(link->client, down, may_go_down(link))) {
    end_link(link, false);
    return false;
  }
  if (reached(plan->reset, down->passed) || reached(plan->cut, down->passed) ||
      (down->ended && down->len == 0)) {
    end_link(link, reached(plan->reset, down->passed));
    return false;
  }
  if (reached(plan->half, down->passed) && !link->half_closed) {
    shutdown(link->client, SHUT_WR);
    link->half_closed = true;
  }
  return true;
}

static bool move_up (struct link *link) {
  struct flow *up = &link->up;
  size_t most = left(link->plan.upload, up->passed, ROOM);
  bool ok = up->ended || take(link->client, up, ROOM - up->len);
  ok = ok && give(link->server, up, most);
  if (ok && !reached(link->plan.upload, up->passed) &&
      !(up->ended && up->len == 0))
    return true;
  end_link(link, false);
  return false;
}

static void on_client (void *ctx, int events) {
  struct link *link = ctx;
  if (events & AZL_READ && !move_up(link)) return;
  if (move_down(link)) watch(link);
}

static void on_server (void *ctx, int events) {
  struct link *link = ctx;
  if (events & AZL_READ) read_answer(link);
  if (!move_up(link)) return;
  if (move_down(link)) watch(link);
}

static void watch (struct link *link) {
  struct wire *wire = link->wire;
  int client = link->up.ended ? 0 : AZL_READ;
  int server = link->down.ended ? 0 : AZL_READ;
  if (link->down.len > 0 && !link->held && !link->half_closed)
    client |= AZL_WRITE;
  if (link->up.len > 0) server |= AZL_WRITE;
  if (!wire->api->watch(wire->loop, link->client, client, on_client, link) ||
      !wire->api->watch(wire->loop, link->server, server, on_server, link))
    end_link(link, false);
}

static struct sockaddr_in loopback (int port) {
  struct sockaddr_in address = {.sin_family = AF_INET};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons((uint16_t)port);
  return address;
}

static void set_up (int fd) {
  fcntl(fd, F_SETFD, FD_CLOEXEC);
  fcntl(fd, F_SETFL, O_NONBLOCK);
#ifdef SO_NOSIGPIPE
  int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
}

static int open_socket (void) {
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (fd >= 0) set_up(fd);
  return fd;
}

static struct plan next_plan (struct wire *wire) {
  if (wire->plan_count == 0) return no_plan;
  struct plan plan = wire->plans[wire->first_plan];
  wire->first_plan = (wire->first_plan + 1) % PLANS;
  wire->plan_count--;
  return plan;
}

static void join (struct wire *wire, int client, int slot) {
  struct sockaddr_in address = loopback(wire->target);
  struct link *link = calloc(1, sizeof *link);
  if (!link) abort();
  *link = (struct link){.wire = wire, .client = client};
  link->plan = next_plan(wire);
  link->server = open_socket();
  wire->links[slot] = link;
  set_up(client);
  if (link->plan.cut == 0 || link->plan.reset == 0 || link->server < 0 ||
      (connect(link->server, (void *)&address, sizeof address) != 0 &&
       errno != EINPROGRESS))
    end_link(link, link->plan.reset == 0);
  else
    watch(link);
}

static void on_listener (void *ctx, int events) {
  struct wire *wire = ctx;
  int client = accept(wire->listener, NULL, NULL);
  (void)events;
  if (client < 0) return;
  wire->connections++;
  for (int slot = 0; slot < LINKS; slot++) {
    if (wire->links[slot]) continue;
    join(wire, client, slot);
    return;
  }
  close(client);
}

/* --- for Lua --- */

static struct wire *check (lua_State *L) {
  return luaL_checkudata(L, 1, WIRE_TYPE);
}

static long offset (lua_State *L, const char *name) {
  lua_getfield(L, 2, name);
  long value = (long)luaL_optinteger(L, -1, NEVER);
  lua_pop(L, 1);
  return value;
}

static int wire_plan (lua_State *L) {
  struct wire *wire = check(L);
  luaL_checktype(L, 2, LUA_TTABLE);
  luaL_argcheck(L, wire->plan_count < PLANS, 2, "too many plans");
  struct plan plan = {offset(L, "cut"),
                      offset(L, "reset"),
                      offset(L, "half"),
                      offset(L, "corrupt"),
                      offset(L, "twice"),
                      offset(L, "swap"),
                      offset(L, "upload"),
                      false,
                      0};
  lua_getfield(L, 2, "slow");
  plan.slow = lua_toboolean(L, -1);
  lua_getfield(L, 2, "delay");
  plan.delay_ms = (int64_t)(luaL_optnumber(L, -1, 0) * 1e3);
  wire->plans[(wire->first_plan + wire->plan_count++) % PLANS] = plan;
  return 0;
}

static int wire_forget (lua_State *L) {
  check(L)->plan_count = 0;
  return 0;
}

static int wire_port (lua_State *L) {
  lua_pushinteger(L, check(L)->port);
  return 1;
}

static int wire_connections (lua_State *L) {
  lua_pushinteger(L, check(L)->connections);
  return 1;
}

static int wire_close (lua_State *L) {
  struct wire *wire = check(L);
  for (int i = 0; i < LINKS; i++)
    if (wire->links[i]) end_link(wire->links[i], false);
  close_fd(wire, &wire->listener, false);
  return 0;
}

static void *of_core (lua_State *L, const char *name) {
  lua_getglobal(L, "require");
  lua_pushliteral(L, "azure.core");
  lua_call(L, 1, 1);
  lua_getfield(L, -1, name);
  lua_call(L, 0, 1);
  void *pointer = lua_touserdata(L, -1);
  lua_pop(L, 2);
  return pointer;
}

static bool listen_somewhere (struct wire *wire) {
  struct sockaddr_in address = loopback(0);
  socklen_t len = sizeof address;
  wire->listener = open_socket();
  if (wire->listener < 0 ||
      bind(wire->listener, (void *)&address, sizeof address) != 0 ||
      listen(wire->listener, 64) != 0 ||
      getsockname(wire->listener, (void *)&address, &len) != 0)
    return false;
  wire->port = ntohs(address.sin_port);
  return wire->api->watch(wire->loop, wire->listener, AZL_READ, on_listener,
                          wire);
}

static int wire_open (lua_State *L) {
  int target = (int)luaL_checkinteger(L, 1);
  struct wire *wire = lua_newuserdatauv(L, sizeof *wire, 1);
  memset(wire, 0, sizeof *wire);
  wire->listener = -1;
  wire->target = target;
  luaL_setmetatable(L, WIRE_TYPE);
  wire->api = of_core(L, "host_api");
  wire->loop = of_core(L, "loop_pointer");
  if (!listen_somewhere(wire)) return luaL_error(L, "the wire cannot listen");
  return 1;
}

static const luaL_Reg methods[] = {
    {"plan", wire_plan},   {"forget", wire_forget},
    {"port", wire_port},   {"connections", wire_connections},
    {"close", wire_close}, {NULL, NULL}};

int luaopen_spec_wire (lua_State *L);

int luaopen_spec_wire (lua_State *L) {
  luaL_newmetatable(L, WIRE_TYPE);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, wire_close);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, wire_open);
  lua_setfield(L, -2, "open");
  return 1;
}
