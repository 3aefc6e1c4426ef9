/* Owns reading, comparing and resolving http(s) URLs, and deciding where a
   token may go. Strict on purpose: what this file and libcurl could read in
   two ways is no URL here. */
#include "url.h"

#include <stdint.h>
#include <string.h>

#include "buf.h"
#include "bytes.h"

enum { MAX_URL_BYTES = 1024 * 1024 };

static bool is_digit (char c) {
  return c >= '0' && c <= '9';
}

static bool is_alpha (char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_clean_byte (unsigned char c) {
  return c > ' ' && c != 0x7f && c != '\\';
}

static bool is_clean (const char *text) {
  size_t left = strlen(text);
  for (; left >= AZL_WORD_BYTES; left -= AZL_WORD_BYTES) {
    uint64_t word = azl_word(text);
    if (azl_any_below(word, ' ' + 1) | azl_any_equal(word, 0x7f) |
        azl_any_equal(word, '\\'))
      return false;
    text += AZL_WORD_BYTES;
  }
  for (; *text; text++)
    if (!is_clean_byte((unsigned char)*text)) return false;
  return true;
}

bool azl_url_is_target (const char *text) {
  return *text == '/' && is_clean(text) && !strchr(text, '#');
}

/* Bytes before the first '?' or '#'. Not strcspn, which makes a table of all
   bytes first. */
static size_t path_length (const char *text) {
  size_t len = strlen(text);
  const char *fragment = memchr(text, '#', len);
  if (fragment) len = (size_t)(fragment - text);
  const char *query = memchr(text, '?', len);
  return query ? (size_t)(query - text) : len;
}

static size_t authority_length (const char *text) {
  size_t len = 0;
  while (text[len] && text[len] != '/' && text[len] != '?' && text[len] != '#')
    len++;
  return len;
}

/* Length of "scheme" in "scheme:...", 0 when there is none. */
static size_t scheme_length (const char *text) {
  size_t len = 0;
  if (!is_alpha(text[0])) return 0;
  while (is_alpha(text[len]) || is_digit(text[len]) ||
         (text[len] && strchr("+-.", text[len])))
    len++;
  return text[len] == ':' ? len : 0;
}

static bool is_scheme (const struct azl_url *url, const char *name) {
  return url->scheme_len == strlen(name) &&
         azl_same_bytes(url->scheme, name, url->scheme_len);
}

/* Length of the host at the start of authority; 0: none or not one. Percent
   signs are refused too: libcurl would decode them. */
static size_t host_length (const char *authority, size_t len) {
  size_t i = 0;
  if (len && authority[0] == '[') {
    for (i = 1; i < len && authority[i] != ']'; i++) {
      if (!strchr("0123456789abcdefABCDEF:.", authority[i])) return 0;
    }
    return i > 1 && i < len ? i + 1 : 0;
  }
  while (i < len && (is_alpha(authority[i]) || is_digit(authority[i]) ||
                     strchr("-._~", authority[i])))
    i++;
  return i;
}

/* ":443", ":" or "" behind the host. */
static bool parse_port (const char *text, size_t len, int *port) {
  int value = 0;
  if (len == 0) return true;
  if (text[0] != ':' || len > 6) return false;
  if (len == 1) return true;
  for (size_t i = 1; i < len; i++) {
    if (!is_digit(text[i])) return false;
    value = value * 10 + (text[i] - '0');
  }
  if (value < 1 || value > 65535) return false;
  *port = value;
  return true;
}

bool azl_url_parse (const char *text, struct azl_url *out) {
  struct azl_url url;
  const char *authority;
  size_t authority_len;

  memset(&url, 0, sizeof url);
  if (!text || !is_clean(text)) return false;
  url.scheme = text;
  url.scheme_len = scheme_length(text);
  if (is_scheme(&url, "https"))
    url.port = 443;
  else if (is_scheme(&url, "http"))
    url.port = 80;
  else
    return false;
  if (strncmp(text + url.scheme_len, "://", 3) != 0) return false;

  authority = text + url.scheme_len + 3;
  authority_len = authority_length(authority);
  url.host = authority;
  url.host_len = host_length(authority, authority_len);
  if (url.host_len == 0 || !parse_port(authority + url.host_len,
                                       authority_len - url.host_len, &url.port))
    return false;
  url.path = authority + authority_len;
  url.path_len = path_length(url.path);
  url.query = url.path + url.path_len;
  if (*url.query == '?') url.query++, url.query_len = strcspn(url.query, "#");
  *out = url;
  return true;
}

bool azl_url_same_origin (const char *a, const char *b) {
  struct azl_url one, other;
  return azl_url_parse(a, &one) && azl_url_parse(b, &other) &&
         one.scheme_len == other.scheme_len &&
         azl_same_bytes(one.scheme, other.scheme, one.scheme_len) &&
         one.host_len == other.host_len &&
         azl_same_bytes(one.host, other.host, one.host_len) &&
         one.port == other.port;
}

/* Four plain decimal numbers, the first 127. Short, octal and hexadecimal
   spellings are not recognised: a resolver may read them differently. */
static bool is_loopback_ipv4 (const char *host, size_t len) {
  size_t at = 0;
  for (int part = 0; part < 4; part++) {
    int value = 0;
    size_t start = at;
    for (; at < len && is_digit(host[at]) && at - start < 3; at++)
      value = value * 10 + (host[at] - '0');
    if (at == start || value > 255) return false;
    if (host[start] == '0' && at - start > 1) return false;
    if (part == 0 && value != 127) return false;
    if (part < 3 && (at == len || host[at++] != '.')) return false;
  }
  return at == len;
}

bool azl_url_is_loopback (const struct azl_url *url) {
  static const char name[] = "localhost";
  if (url->host_len == sizeof name - 1 &&
      azl_same_bytes(url->host, name, url->host_len))
    return true;
  if (url->host_len == 5 && memcmp(url->host, "[::1]", 5) == 0) return true;
  return is_loopback_ipv4(url->host, url->host_len);
}

bool azl_url_may_carry_token (const char *text) {
  struct azl_url url;
  if (!azl_url_parse(text, &url)) return false;
  return is_scheme(&url, "https") || azl_url_is_loopback(&url);
}

/* RFC 3986 5.2.4 in place, for a path that starts with '/'. */
static void remove_dot_segments (char *path) {
  char *in = path, *out = path;
  while (*in == '/') {
    size_t len = strcspn(in + 1, "/");
    bool last = in[1 + len] == '\0';
    bool dot = len == 1 && in[1] == '.';
    bool dots = len == 2 && in[1] == '.' && in[2] == '.';
    if (dots) {
      while (out > path && *--out != '/') {}
    }
    if (!dot && !dots) {
      memmove(out, in, len + 1);
      out += len + 1;
    } else if (last) {
      *out++ = '/';
    }
    in += len + 1;
  }
  *out = '\0';
}

/* The path of base merged with a relative path (RFC 3986 5.2.3), or just the
   reference's own when that starts with '/'. */
static char *merged_path (const struct azl_url *base, const char *path,
                          size_t path_len) {
  struct azl_buf buf;
  size_t keep = base->path_len;
  bool ok = true;
  azl_buf_init(&buf, MAX_URL_BYTES);
  if (*path != '/') {
    while (keep && base->path[keep - 1] != '/') keep--;
    ok = keep ? azl_buf_add(&buf, base->path, keep) : azl_buf_add(&buf, "/", 1);
  }
  if (!ok || !azl_buf_add(&buf, path, path_len)) {
    azl_buf_free(&buf);
    return NULL;
  }
  remove_dot_segments(buf.data);
  return azl_buf_take(&buf);
}

/* The first prefix_len bytes of base, then path and tail. */
static char *join (const char *base, size_t prefix_len, const char *path,
                   const char *tail) {
  struct azl_buf buf;
  azl_buf_init(&buf, MAX_URL_BYTES);
  if (azl_buf_add(&buf, base, prefix_len) && azl_buf_add_str(&buf, path) &&
      azl_buf_add_str(&buf, tail))
    return azl_buf_take(&buf);
  azl_buf_free(&buf);
  return NULL;
}

static char *resolve_path (const char *base, const struct azl_url *url,
                           const char *reference) {
  size_t path_len = strcspn(reference, "?#");
  char *path = merged_path(url, reference, path_len);
  char *result = NULL;
  if (path)
    result = join(base, (size_t)(url->path - base), path, reference + path_len);
  azl_free(path);
  return result;
}

char *azl_url_resolve (const char *base, const char *reference) {
  struct azl_url url;
  size_t before_query, before_fragment;

  if (!reference || !is_clean(reference)) return NULL;
  if (!azl_url_parse(base, &url)) return NULL;
  if (scheme_length(reference)) return azl_strdup(reference);
  if (strncmp(reference, "//", 2) == 0)
    return join(base, url.scheme_len + 1, reference, "");

  before_query = (size_t)(url.path + url.path_len - base);
  before_fragment = (size_t)(url.query + url.query_len - base);
  if (*reference == '?') return join(base, before_query, reference, "");
  if (*reference == '#' || *reference == '\0')
    return join(base, before_fragment, reference, "");
  return resolve_path(base, &url, reference);
}

bool azl_url_is_relative (const char *reference) {
  return scheme_length(reference) == 0;
}

const char *azl_url_provider (const char *path, size_t len) {
  static const char word[] = "/providers/";
  const size_t skip = sizeof word - 1;
  if (len <= skip) return NULL; /* a name has a byte at least */
  for (const char *at = path + len - skip; at-- > path;)
    if ((at[0] == '/') & ((at[1] | 32) == 'p') && at[skip] != '/' &&
        azl_same_bytes(at, word, skip))
      return at + skip;
  return NULL;
}

/* Spaces before and behind stay, and with them it is no URL. */
static char *encode_spaces (const char *text) {
  struct azl_buf buf;
  size_t len = strlen(text), first = strspn(text, " ");
  bool ok = true;
  while (len > 0 && text[len - 1] == ' ') len--;
  azl_buf_init(&buf, MAX_URL_BYTES);
  for (size_t i = 0; ok && text[i]; i++)
    ok = text[i] == ' ' && i > first && i < len
             ? azl_buf_add_str(&buf, "%20")
             : azl_buf_add(&buf, text + i, 1);
  if (ok) return azl_buf_take(&buf);
  azl_buf_free(&buf);
  return NULL;
}

char *azl_url_follow (const char *base, const char *reference) {
  if (!reference || !strchr(reference, ' '))
    return azl_url_resolve(base, reference);
  char *encoded = encode_spaces(reference);
  char *url = azl_url_resolve(base, encoded);
  azl_free(encoded);
  return url;
}
