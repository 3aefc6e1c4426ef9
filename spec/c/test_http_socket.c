/* The sockets of kept connections: watched once, ended with the connection. */
#include <curl/curl.h>
#include "http_world.h"
#include "told.h"

static struct world open_one (const char *host, bool hang_up) {
  static struct raw_answer answer;
  answer = (struct raw_answer){OK_ANSWER, hang_up};
  struct world w = open_world(&answer, 1, NULL);
  snprintf(w.url, sizeof(w.url), "http://%s:%d/", host, w.server->port);
  return w;
}

static void get (struct world *w) {
  struct azl_http_request request = {
      .method = "GET", .url = w->url, .deadline_ms = -1};
  struct azl_op *op = azl_http_send(w->http, &request);
  RAW_RUN_UNTIL(w->loop, op->state != AZL_OP_PENDING);
  CHECK_INT(op->state, AZL_OP_DONE);
  azl_op_unref(op);
}

static int watched (const struct world *w) {
  return azl_poller_count(azl_loop_poller(w->loop));
}

static bool leads_to (int fd, int port) {
  struct sockaddr_in peer = {0};
  socklen_t len = sizeof(peer);
  return getpeername(fd, (struct sockaddr *)&peer, &len) == 0 &&
         peer.sin_family == AF_INET && ntohs(peer.sin_port) == port;
}

static int connection_of (const struct world *w) {
  int fd = 0;
  while (fd < 256 && !leads_to(fd, w->server->port)) fd++;
  return fd;
}

/* Once it has brought an answer. */
static void a_kept_connection_is_watched_once (void) {
  struct world w = open_one("127.0.0.1", false);
  for (int i = 0; i < 2; i++) get(&w);
  told_begin(azl_loop_poller(w.loop), connection_of(&w));
  for (int i = 0; i < 5; i++) get(&w);
  CHECK_INT(told, 0);
  CHECK_INT(w.server->connections, 1);
  close_world(&w);
}

/* Nobody listens to a connection that nobody uses: its end would wake the loop
   for ever. */
static void an_idle_connection_is_not_watched (void) {
  struct world w = open_one("127.0.0.1", false);
  int before = watched(&w);
  get(&w);
  CHECK_INT(watched(&w), before + 1); /* the server's side of it */
  raw_close(&w.server->clients[0]);
  CHECK_INT(azl_loop_turn(w.loop, 0), 0);
  CHECK_INT(azl_loop_turn(w.loop, 20), 0);
  get(&w);
  CHECK_INT(w.server->connections, 2);
  close_world(&w);
}

static void what_the_server_ends_is_opened_anew (void) {
  struct world w = open_one("127.0.0.1", true);
  int before = watched(&w);
  for (int i = 1; i <= 5; i++) {
    get(&w);
    CHECK_INT(w.server->connections, i);
    CHECK_INT(watched(&w), before);
  }
  close_world(&w);
}

/* The resolver's descriptors come and go without us, and so do their numbers.
 */
static void names_leave_nothing_watched (void) {
  struct world w = open_one("localhost", true);
  int before = watched(&w);
  for (int i = 0; i < 5; i++) {
    get(&w);
    CHECK_INT(watched(&w), before);
  }
  close_world(&w);
}

/* What another library starts must not hold our connections open. */
static void programs_inherit_no_connection (void) {
  struct world w = open_one("127.0.0.1", false);
  get(&w);
  CHECK(fcntl(connection_of(&w), F_GETFD) == FD_CLOEXEC);
  close_world(&w);
}

int main (void) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  RUN_TESTS(TEST(a_kept_connection_is_watched_once),
            TEST(an_idle_connection_is_not_watched),
            TEST(what_the_server_ends_is_opened_anew),
            TEST(names_leave_nothing_watched),
            TEST(programs_inherit_no_connection));
}
