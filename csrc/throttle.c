/* Owns which bucket a call belongs to, and what an answer says about it. */
#include "throttle.h"

#include <string.h>

#include "bytes.h"
#include "pace.h"
#include "url.h"

enum { MAX_BUCKETS = 256, KEY_BYTES = 160, DEFAULT_PAUSE_MS = 5000 };

enum kind { READS, WRITES, DELETES };

/* What comes back per second, and the last word of the header that counts it
   (x-ms-ratelimit-remaining-subscription-reads). */
static const struct {
  double rate_per_s;
  const char *name;
} kinds[] = {
    [READS] = {25, "reads"},
    [WRITES] = {10, "writes"},
    [DELETES] = {10, "deletes"},
};

struct bucket {
  char key[KEY_BYTES]; /* "subscription" or "subscription/provider", in lower
                          case; the subscription of the tenant is "" */
  enum kind kind;
  unsigned serial; /* from 1 up; of no bucket before or after it */
  int64_t used_ms;
  struct azl_pace pace;
};

struct azl_throttle {
  struct bucket *buckets[MAX_BUCKETS];
  size_t count;
  unsigned last_serial;
};

struct azl_throttle *azl_throttle_new (void) {
  return azl_calloc(1, sizeof(struct azl_throttle));
}

static void free_bucket (struct bucket *bucket) {
  azl_pace_free(&bucket->pace);
  azl_free(bucket);
}

void azl_throttle_free (struct azl_throttle *throttle) {
  if (!throttle) return;
  for (size_t i = 0; i < throttle->count; i++)
    free_bucket(throttle->buckets[i]);
  azl_free(throttle);
}

static enum kind kind_of (const char *method) {
  if (azl_same_text(method, "GET") || azl_same_text(method, "HEAD"))
    return READS;
  return azl_same_text(method, "DELETE") ? DELETES : WRITES;
}

static const char *path_start (const char *url) {
  if (*url == '/') return url;
  const char *authority = strstr(url, "://");
  return authority ? strchr(authority + 3, '/') : NULL;
}

/* Where the path of a URL begins and ends; NULL: it has none. */
static const char *path_of (const char *url, const char **out_end) {
  const char *path = path_start(url);
  if (!path) return NULL;
  const char *end = strchr(path, '?');
  if (!end) end = strchr(path, '\0');
  const char *fragment = memchr(path, '#', (size_t)(end - path));
  *out_end = fragment ? fragment : end;
  return path;
}

/* Adds a segment of the path to the key. false: it does not fit; the key is as
   it was. */
static bool add_segment (char key[KEY_BYTES], const char *at, const char *end) {
  size_t begin = strlen(key), len = (size_t)(end - at);
  const char *slash = memchr(at, '/', len);
  if (slash) len = (size_t)(slash - at);
  if (len >= KEY_BYTES - begin) return false;
  azl_copy_lower(key + begin, at, len);
  key[begin + len] = '\0';
  return true;
}

/* Of the buckets of a URL: the id in ".../subscriptions/{id}/...", "" when
   there is none, and the same with the provider behind it, "" when it names
   none. */
struct keys {
  char subscription[KEY_BYTES], provider[KEY_BYTES];
};

static void read_keys (const char *url, struct keys *out) {
  static const char prefix[] = "/subscriptions/";
  const char *end = NULL, *path = path_of(url, &end);
  out->subscription[0] = out->provider[0] = '\0';
  if (!path) return;
  if (azl_same_bytes(path, prefix, sizeof prefix - 1))
    (void)add_segment(out->subscription, path + sizeof prefix - 1, end);
  const char *provider = azl_url_provider(path, (size_t)(end - path));
  size_t len = strlen(out->subscription);
  if (!provider || len + 1 >= KEY_BYTES) return;
  memcpy(out->provider, out->subscription, len);
  memcpy(out->provider + len, "/", 2);
  if (!add_segment(out->provider, provider, end)) out->provider[0] = '\0';
}

/* Where a new bucket goes: behind the others, or in the place of the one that
   was not used for longest, but for `kept`. */
static size_t free_place (struct azl_throttle *throttle,
                          const struct bucket *kept) {
  struct bucket **buckets = throttle->buckets;
  if (throttle->count < MAX_BUCKETS) return throttle->count++;
  size_t oldest = buckets[0] == kept ? 1 : 0;
  for (size_t i = oldest + 1; i < MAX_BUCKETS; i++)
    if (buckets[i] != kept && buckets[i]->used_ms < buckets[oldest]->used_ms)
      oldest = i;
  free_bucket(buckets[oldest]);
  return oldest;
}

/* NULL: no memory; such a call is not paced. kept: must not give way. */
static struct bucket *bucket_for (struct azl_throttle *throttle, enum kind kind,
                                  const char *key, const struct bucket *kept,
                                  int64_t now_ms) {
  struct bucket *bucket;

  for (size_t i = 0; i < throttle->count; i++) {
    bucket = throttle->buckets[i];
    if (bucket->kind != kind || strcmp(bucket->key, key) != 0) continue;
    bucket->used_ms = now_ms;
    return bucket;
  }
  bucket = azl_calloc(1, sizeof *bucket);
  if (!bucket) return NULL;
  memcpy(bucket->key, key, strlen(key) + 1);
  bucket->kind = kind;
  bucket->serial = ++throttle->last_serial;
  bucket->used_ms = now_ms;
  azl_pace_init(&bucket->pace, kinds[kind].rate_per_s);
  throttle->buckets[free_place(throttle, kept)] = bucket;
  return bucket;
}

/* Resource Manager's bucket and the provider's own; NULL: none. */
struct pair {
  struct bucket *subscription, *provider;
};

static struct pair buckets_of (struct azl_throttle *throttle,
                               const char *method, const char *url,
                               int64_t now_ms) {
  struct keys keys;
  struct pair pair = {NULL, NULL};
  enum kind kind = kind_of(method);
  read_keys(url, &keys);
  if (keys.provider[0])
    pair.provider = bucket_for(throttle, kind, keys.provider, NULL, now_ms);
  pair.subscription =
      bucket_for(throttle, kind, keys.subscription, pair.provider, now_ms);
  return pair;
}

int64_t azl_throttle_delay_ms (struct azl_throttle *throttle,
                               const char *method, const char *url,
                               int64_t now_ms) {
  return azl_throttle_turn_ms(throttle, method, url, NULL, now_ms);
}

static unsigned serial_of (const struct bucket *bucket) {
  return bucket ? bucket->serial : 0;
}

/* Both must let it go in the same moment. */
int64_t azl_throttle_turn_ms (struct azl_throttle *throttle, const char *method,
                              const char *url, struct azl_turn *turn,
                              int64_t now_ms) {
  struct pair of = buckets_of(throttle, method, url, now_ms);
  int64_t delay_ms = 0;
  if (turn) {
    turn->provider_bucket = serial_of(of.provider);
    turn->subscription_bucket = serial_of(of.subscription);
  }
  if (of.provider)
    delay_ms = azl_pace_delay_ms(&of.provider->pace,
                                 turn ? &turn->provider : NULL, now_ms);
  if (delay_ms > 0 || !of.subscription) return delay_ms;
  delay_ms = azl_pace_delay_ms(&of.subscription->pace,
                               turn ? &turn->subscription : NULL, now_ms);
  if (delay_ms > 0 && of.provider) azl_pace_take_back(&of.provider->pace);
  return delay_ms;
}

/* A plain number of `len` bytes; -1: something else. */
static int64_t parse_count (const char *text, size_t len) {
  int64_t value = 0;
  if (len == 0) return -1;
  for (; len > 0; text++, len--) {
    if (*text < '0' || *text > '9') return -1;
    if (value < 1000000000) value = value * 10 + (*text - '0');
  }
  return value;
}

/* "12", or of a provider "Microsoft.Compute/HighCostGet3Min;107,...;857": the
   smallest; -1: something else. */
static int64_t smallest_count (const char *value) {
  int64_t smallest = -1;
  while (*value) {
    size_t len = strcspn(value, ",");
    const char *at = value;
    for (size_t i = 0; i < len; i++)
      if (value[i] == ';') at = value + i + 1;
    at += strspn(at, " ");
    int64_t count = parse_count(at, (size_t)(value + len - at));
    if (count >= 0 && (smallest < 0 || count < smallest)) smallest = count;
    value += len + (value[len] == ',');
  }
  return smallest;
}

static const char *after_prefix (const char *text, const char *prefix) {
  size_t len = strlen(prefix);
  return azl_same_bytes(text, prefix, len) ? text + len : NULL;
}

/* What a header counts: the calls of a subscription or tenant, for one
   principal or all of them, which is Resource Manager's business; or anything
   else, which is the provider's. NULL: it is not such a header. */
static const char *counted_by_arm (const char *name) {
  static const char *const scopes[] = {"subscription-global-", "subscription-",
                                       "tenant-global-", "tenant-"};
  const char *counted = NULL;
  for (size_t i = 0; i < sizeof scopes / sizeof scopes[0] && !counted; i++)
    counted = after_prefix(name, scopes[i]);
  return counted;
}

/* Words that count calls of another kind do not count this one. */
static bool is_about (const char *counted, enum kind kind) {
  for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
    if (azl_same_text(counted, kinds[i].name)) return i == (size_t)kind;
  return kind == READS || !azl_same_text(counted, "resource-entities-read");
}

/* The smallest counts among those that apply, -1 without any. */
struct remaining {
  int64_t provider, subscription;
};

static struct remaining remaining_calls (const struct azl_headers *headers,
                                         const char *method) {
  struct remaining left = {-1, -1};
  for (size_t i = 0; headers && i < headers->count; i++) {
    if ((*headers->items[i].name | 32) != 'x') continue; /* most are none */
    const char *name =
        after_prefix(headers->items[i].name, "x-ms-ratelimit-remaining-");
    const char *counted = name ? counted_by_arm(name) : NULL;
    if (!name || (counted && !is_about(counted, kind_of(method)))) continue;
    int64_t count = smallest_count(headers->items[i].value);
    int64_t *smallest = counted ? &left.subscription : &left.provider;
    if (count >= 0 && (*smallest < 0 || count < *smallest)) *smallest = count;
  }
  return left;
}

/* A resource provider refuses calls for reasons of its own; that says nothing
   about ARM's bucket. */
static bool is_providers_refusal (const struct azl_headers *headers) {
  const char *cause = azl_headers_get(headers, "x-ms-failure-cause");
  return cause && azl_same_text(cause, "service");
}

static void learn (struct bucket *bucket, bool refused, int64_t pause_ms,
                   int64_t remaining, int64_t now_ms) {
  if (!bucket) return;
  if (refused)
    azl_pace_refused(&bucket->pace, pause_ms, now_ms);
  else
    azl_pace_answered(&bucket->pace, remaining, now_ms);
}

/* NULL: it had to give way. */
static struct bucket *with_serial (struct azl_throttle *throttle,
                                   unsigned serial, int64_t now_ms) {
  for (size_t i = 0; i < throttle->count; i++) {
    struct bucket *bucket = throttle->buckets[i];
    if (bucket->serial != serial) continue;
    bucket->used_ms = now_ms;
    return bucket;
  }
  return NULL;
}

/* false: not all of them are there any more. */
static bool buckets_of_turn (struct azl_throttle *throttle,
                             const struct azl_turn *turn, int64_t now_ms,
                             struct pair *out) {
  if (!turn) return false;
  out->provider = with_serial(throttle, turn->provider_bucket, now_ms);
  out->subscription = with_serial(throttle, turn->subscription_bucket, now_ms);
  return out->subscription && (out->provider || !turn->provider_bucket);
}

void azl_throttle_learn (struct azl_throttle *throttle,
                         const struct azl_turn *turn, const char *method,
                         const char *url, int status,
                         const struct azl_headers *headers,
                         int64_t retry_after_ms, int64_t now_ms) {
  struct pair of;
  int64_t pause_ms = retry_after_ms < 0 ? DEFAULT_PAUSE_MS : retry_after_ms;
  bool by_provider = status == 429 && is_providers_refusal(headers);
  struct remaining left = remaining_calls(headers, method);
  if (!buckets_of_turn(throttle, turn, now_ms, &of))
    of = buckets_of(throttle, method, url, now_ms);
  learn(of.provider, by_provider, pause_ms, left.provider, now_ms);
  learn(of.subscription, status == 429 && !by_provider, pause_ms,
        left.subscription, now_ms);
}
