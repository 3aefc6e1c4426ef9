/* Tests of pace.c through throttle.c: fleets of jobs against a simulated server
   with a token bucket, on a simulated clock. */
#include "check.h"
#include "throttle.h"

static const char url[] = "https://management.azure.com/subscriptions/0abc";

enum { JOBS = 200 };

/* A server with a token bucket, and jobs that make calls one after the other,
   each trying again after a refusal. */
struct world {
  const char *name, *method;
  double bucket, rate_per_s;   /* the server's */
  int64_t step_ms;             /* 1: refills evenly; 1000: once a second */
  int64_t least_ms, spread_ms; /* how long an answer takes */
  int calls_per_job;
  double others_per_s; /* taken from the bucket by somebody else */
  bool silent;         /* sends no x-ms-ratelimit headers */
  /* what must come out: */
  double most_refused, most_over_ideal;
  double most_turns; /* waited by any one call; 1: until all others had one */
};

enum job_state { ASKING, ON_ITS_WAY, UNDER_WAY, FINISHED };

struct job {
  enum job_state state;
  int64_t at_ms, asked_ms;
  int calls_left;
  struct azl_turn turn;
  int64_t remaining; /* what the answer under way will say; -1: refused */
};

struct simulation {
  const struct world *world;
  struct azl_throttle *throttle;
  struct job jobs[JOBS];
  double level;
  int64_t refilled_ms, now_ms, most_waited_ms;
  unsigned random;
  int calls, refused;
  bool anonymous; /* jobs keep no ticket */
};

static int64_t some_latency (struct simulation *sim) {
  sim->random = sim->random * 1664525u + 1013904223u;
  return sim->world->least_ms +
         (int64_t)(sim->random >> 8) % sim->world->spread_ms;
}

/* The server takes a call: what is left after it, or -1. */
static int64_t serve (struct simulation *sim) {
  const struct world *world = sim->world;
  int64_t steps = (sim->now_ms - sim->refilled_ms) / world->step_ms;
  double per_ms = (world->rate_per_s - world->others_per_s) / 1000.0;
  sim->level += per_ms * (double)(steps * world->step_ms);
  sim->refilled_ms += steps * world->step_ms;
  if (sim->level > world->bucket) sim->level = world->bucket;
  sim->calls++;
  if (sim->level < 1) {
    sim->refused++;
    return -1;
  }
  sim->level -= 1;
  return (int64_t)sim->level;
}

static void job_asks (struct simulation *sim, struct job *job) {
  int64_t wait_ms =
      azl_throttle_turn_ms(sim->throttle, sim->world->method, url,
                           sim->anonymous ? NULL : &job->turn, sim->now_ms);
  if (job->asked_ms < 0) job->asked_ms = sim->now_ms;
  if (wait_ms > 0) {
    job->at_ms = sim->now_ms + wait_ms;
    return;
  }
  if (sim->now_ms - job->asked_ms > sim->most_waited_ms)
    sim->most_waited_ms = sim->now_ms - job->asked_ms;
  job->state = ON_ITS_WAY;
  job->at_ms = sim->now_ms + some_latency(sim) / 2;
}

static void job_is_served (struct simulation *sim, struct job *job) {
  job->remaining = serve(sim);
  job->state = UNDER_WAY;
  job->at_ms = sim->now_ms + some_latency(sim) / 2;
}

static void job_is_answered (struct simulation *sim, struct job *job) {
  struct azl_headers headers = {0};
  bool refused = job->remaining < 0;
  char name[80], value[24];
  snprintf(name, sizeof name, "x-ms-ratelimit-remaining-subscription-%s",
           strcmp(sim->world->method, "GET") == 0 ? "reads" : "writes");
  snprintf(value, sizeof value, "%lld", (long long)job->remaining);
  if (!refused && !sim->world->silent)
    CHECK(azl_headers_add(&headers, name, value));
  azl_throttle_learn(sim->throttle, NULL, sim->world->method, url,
                     refused ? 429 : 200, &headers, refused ? 1000 : -1,
                     sim->now_ms);
  azl_headers_free(&headers);
  if (!refused) job->calls_left--;
  job->asked_ms = -1;
  job->state = job->calls_left ? ASKING : FINISHED;
  job->at_ms = sim->now_ms + (refused ? 1000 : 0);
}

static struct job *next_job (struct simulation *sim) {
  struct job *next = NULL;
  for (int i = 0; i < JOBS; i++) {
    struct job *job = &sim->jobs[i];
    if (job->state == FINISHED) continue;
    if (!next || job->at_ms < next->at_ms) next = job;
  }
  return next;
}

static void run_world (struct simulation *sim, const struct world *world,
                       bool anonymous, unsigned seed) {
  struct job *job;
  memset(sim, 0, sizeof *sim);
  sim->world = world;
  sim->anonymous = anonymous;
  sim->throttle = azl_throttle_new();
  sim->level = world->bucket;
  sim->random = seed;
  for (int i = 0; i < JOBS; i++) {
    sim->jobs[i].calls_left = world->calls_per_job;
    sim->jobs[i].asked_ms = -1;
  }
  while ((job = next_job(sim)) != NULL && sim->now_ms < 3600000) {
    sim->now_ms = job->at_ms;
    if (job->state == ASKING)
      job_asks(sim, job);
    else if (job->state == ON_ITS_WAY)
      job_is_served(sim, job);
    else
      job_is_answered(sim, job);
  }
  azl_throttle_free(sim->throttle);
}

/* What the bucket allows and the last answer takes, or what one job takes by
   itself where that is longer. */
static double ideal_ms (const struct world *world) {
  double calls = (double)JOBS * world->calls_per_job;
  double rate = world->rate_per_s - world->others_per_s;
  double bucket_ms = rate > 0 ? (calls - world->bucket) * 1000.0 / rate : 0;
  double last_ms = (double)(world->least_ms + world->spread_ms);
  double own_ms = last_ms * world->calls_per_job;
  return bucket_ms + last_ms > own_ms ? bucket_ms + last_ms : own_ms;
}

static double turns (const struct simulation *sim) {
  double rate = sim->world->rate_per_s - sim->world->others_per_s;
  return (double)sim->most_waited_ms * rate / (1000.0 * JOBS);
}

static void check_world (const struct world *world, bool anonymous,
                         double most_turns, unsigned seed) {
  struct simulation sim;
  double refused, over;
  run_world(&sim, world, anonymous, seed);
  refused = (double)sim.refused / sim.calls;
  over = (double)sim.now_ms / ideal_ms(world);
  CHECK_ROW(world->name);
  CHECK(refused <= world->most_refused);
  CHECK(over <= world->most_over_ideal);
  CHECK(turns(&sim) <= most_turns);
  if (check_failures)
    printf("  seed %u: %d of %d refused, %.3f of the ideal time, %.2f turns\n",
           seed, sim.refused, sim.calls, over, turns(&sim));
}

static const struct world worlds[] = {
    {"reads", "GET", 250, 25, 1, 20, 80, 10, 0, false, 0.01, 1.08, 1.2},
    {"many reads", "GET", 250, 25, 1, 20, 80, 40, 0, false, 0.01, 1.08, 1.2},
    {"writes", "PUT", 200, 10, 1, 20, 80, 4, 0, false, 0.01, 1.08, 1.2},
    {"two writes", "PUT", 200, 10, 1, 20, 80, 2, 0, false, 0.01, 1.08, 1.2},
    {"slow answers", "GET", 250, 25, 1, 1000, 3000, 10, 0, false, 0.01, 1.08,
     1.2},
    {"instant answers", "GET", 250, 25, 1, 0, 1, 10, 0, false, 0.01, 1.08, 1.2},
    {"refills once a second", "GET", 250, 25, 1000, 20, 80, 10, 0, false, 0.01,
     1.08, 1.2},
    {"writes once a second", "PUT", 200, 10, 1000, 20, 80, 4, 0, false, 0.01,
     1.08, 1.2},
    {"somebody else reads", "GET", 250, 25, 1, 20, 80, 10, 8, false, 0.01, 1.08,
     1.2},
    {"a lower rate", "GET", 250, 15, 1, 20, 80, 10, 0, false, 0.01, 1.08, 1.2},
    {"a higher rate", "GET", 250, 60, 1, 20, 80, 40, 0, false, 0.01, 1.08, 1.5},
    {"an hour's budget", "GET", 12000, 0, 1, 20, 80, 10, 0, false, 0, 1.1, 0},
    {"no headers", "GET", 250, 25, 1, 20, 80, 10, 0, true, 0.10, 1.4, 1.5},
};

static void test_200_jobs_share_a_bucket (void) {
  static const unsigned seeds[] = {8, 12345, 31337};
  for (size_t i = 0; i < sizeof worlds / sizeof worlds[0]; i++) {
    for (size_t n = 0; n < sizeof seeds / sizeof seeds[0]; n++)
      check_world(&worlds[i], false, worlds[i].most_turns, seeds[n]);
  }
}

/* Callers without tickets are only a little less fair to each other. */
static void test_200_jobs_without_tickets (void) {
  for (size_t i = 0; i < sizeof worlds / sizeof worlds[0]; i++)
    check_world(&worlds[i], true, worlds[i].most_turns + 5, 8);
}

int main (void) {
  RUN_TESTS(TEST(test_200_jobs_share_a_bucket),
            TEST(test_200_jobs_without_tickets));
}
