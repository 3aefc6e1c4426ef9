/* Owns which bucket a call belongs to, and what an answer says about it. */
#include "throttle.h"

#include <string.h>
#include <strings.h>

#include "pace.h"

enum { MAX_BUCKETS = 256, KEY_BYTES = 64, DEFAULT_PAUSE_MS = 5000 };

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
  char key[KEY_BYTES]; /* subscription id in lower case, "" for the tenant */
  enum kind kind;
  int64_t used_ms;
  struct azl_pace pace;
};

struct azl_throttle {
  struct bucket *buckets[MAX_BUCKETS];
  size_t count;
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
  if (strcasecmp(method, "GET") == 0 || strcasecmp(method, "HEAD") == 0)
    return READS;
  return strcasecmp(method, "DELETE") == 0 ? DELETES : WRITES;
}

/* The id in ".../subscriptions/{id}/..."; "" when there is none. */
static void read_key (const char *url, char key[KEY_BYTES]) {
  static const char prefix[] = "/subscriptions/";
  const char *authority = strstr(url, "://"), *path;
  size_t len = 0;

  key[0] = '\0';
  path = authority ? strchr(authority + 3, '/') : NULL;
  if (!path || strncasecmp(path, prefix, sizeof prefix - 1) != 0) return;
  for (const char *at = path + sizeof prefix - 1;
       len < KEY_BYTES - 1 && *at && *at != '/' && *at != '?' && *at != '#';
       at++) {
    bool upper = *at >= 'A' && *at <= 'Z';
    key[len++] = (char)(upper ? *at - 'A' + 'a' : *at);
  }
  key[len] = '\0';
}

/* Where a new bucket goes: behind the others, or in the place of the one that
   was not used for longest. */
static size_t free_place (struct azl_throttle *throttle) {
  size_t oldest = 0;
  if (throttle->count < MAX_BUCKETS) return throttle->count++;
  for (size_t i = 1; i < MAX_BUCKETS; i++) {
    if (throttle->buckets[i]->used_ms < throttle->buckets[oldest]->used_ms)
      oldest = i;
  }
  free_bucket(throttle->buckets[oldest]);
  return oldest;
}

/* NULL: no memory; such a call is not paced. */
static struct bucket *bucket_for (struct azl_throttle *throttle,
                                  const char *method, const char *url,
                                  int64_t now_ms) {
  enum kind kind = kind_of(method);
  char key[KEY_BYTES];
  struct bucket *bucket;

  read_key(url, key);
  for (size_t i = 0; i < throttle->count; i++) {
    bucket = throttle->buckets[i];
    if (bucket->kind != kind || strcmp(bucket->key, key) != 0) continue;
    bucket->used_ms = now_ms;
    return bucket;
  }
  bucket = azl_calloc(1, sizeof *bucket);
  if (!bucket) return NULL;
  memcpy(bucket->key, key, sizeof key);
  bucket->kind = kind;
  bucket->used_ms = now_ms;
  azl_pace_init(&bucket->pace, kinds[kind].rate_per_s);
  throttle->buckets[free_place(throttle)] = bucket;
  return bucket;
}

int64_t azl_throttle_delay_ms (struct azl_throttle *throttle,
                               const char *method, const char *url,
                               int64_t now_ms) {
  return azl_throttle_turn_ms(throttle, method, url, NULL, now_ms);
}

int64_t azl_throttle_turn_ms (struct azl_throttle *throttle, const char *method,
                              const char *url, uint64_t *ticket,
                              int64_t now_ms) {
  struct bucket *bucket = bucket_for(throttle, method, url, now_ms);
  return bucket ? azl_pace_delay_ms(&bucket->pace, ticket, now_ms) : 0;
}

/* A plain number; -1: something else. */
static int64_t parse_count (const char *text) {
  int64_t value = 0;
  if (!*text) return -1;
  for (; *text; text++) {
    if (*text < '0' || *text > '9') return -1;
    if (value < 1000000000) value = value * 10 + (*text - '0');
  }
  return value;
}

/* Whether a header counts calls of this kind: the scope (subscription or
   tenant, for one principal or all), then what is counted. */
static bool is_about (const char *name, enum kind kind) {
  static const char prefix[] = "x-ms-ratelimit-remaining-";
  static const char *const scopes[] = {"subscription-global-", "subscription-",
                                       "tenant-global-", "tenant-"};
  if (strncasecmp(name, prefix, sizeof prefix - 1) != 0) return false;
  name += sizeof prefix - 1;
  for (size_t i = 0; i < sizeof scopes / sizeof scopes[0]; i++) {
    size_t len = strlen(scopes[i]);
    const char *counted = name + len;
    if (strncasecmp(name, scopes[i], len) != 0) continue;
    return strcasecmp(counted, kinds[kind].name) == 0 ||
           strcasecmp(counted, "resource-requests") == 0 ||
           (kind == READS &&
            strcasecmp(counted, "resource-entities-read") == 0);
  }
  return false;
}

/* The smallest count among those that apply, -1 without any. */
static int64_t remaining_calls (const struct azl_headers *headers,
                                enum kind kind) {
  int64_t smallest = -1;
  for (size_t i = 0; headers && i < headers->count; i++) {
    int64_t count;
    if (!is_about(headers->items[i].name, kind)) continue;
    count = parse_count(headers->items[i].value);
    if (count >= 0 && (smallest < 0 || count < smallest)) smallest = count;
  }
  return smallest;
}

/* A resource provider refuses calls for reasons of its own, e.g. a lock; that
   says nothing about ARM's bucket. */
static bool is_providers_refusal (const struct azl_headers *headers) {
  const char *cause = azl_headers_get(headers, "x-ms-failure-cause");
  return cause && strcasecmp(cause, "service") == 0;
}

void azl_throttle_learn (struct azl_throttle *throttle, const char *method,
                         const char *url, int status,
                         const struct azl_headers *headers,
                         int64_t retry_after_ms, int64_t now_ms) {
  struct bucket *bucket = bucket_for(throttle, method, url, now_ms);
  if (!bucket) return;
  if (status == 429 && !is_providers_refusal(headers))
    azl_pace_refused(&bucket->pace,
                     retry_after_ms < 0 ? DEFAULT_PAUSE_MS : retry_after_ms,
                     now_ms);
  else
    azl_pace_answered(&bucket->pace, remaining_calls(headers, bucket->kind),
                      now_ms);
}
