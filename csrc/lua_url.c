/* Reading the path of a request in one pass. In Lua, patterns took longer for
   this than libcurl for the whole transfer. */
#include "lua_url.h"
#include "bytes.h"
#include "url.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#define RESOURCES "microsoft.resources"

enum { MAX_KIND = 256 };

/* Bits of the 128 ASCII characters, low half first. Unreserved: letters,
   digits, "-._~". Fit for a URL: those and ":/?#[]@!$&'()*+,;=%". */
static const uint64_t unreserved[2] = {0x03ff600000000000, 0x47fffffe87fffffe};
static const uint64_t fit[2] = {0xaffffffa00000000, 0x47fffffeafffffff};

static bool has (const uint64_t set[2], unsigned char c) {
  return c < 128 && (set[c / 64] >> (c % 64) & 1);
}

/* What may not stand in a path. A '#' would end it: what a caller means by one
   is a part of a name, and the rest would be another resource. */
static bool is_refused (const char *path, size_t len) {
  for (; len >= AZL_WORD_BYTES; len -= AZL_WORD_BYTES) {
    uint64_t word = azl_word(path);
    if (azl_any_below(word, ' ') | azl_any_equal(word, 0x7f) |
        azl_any_equal(word, '\\') | azl_any_equal(word, '#'))
      return true;
    path += AZL_WORD_BYTES;
  }
  for (; len > 0; len--, path++) {
    unsigned char c = (unsigned char)*path;
    if (c < ' ' || c == 0x7f || c == '\\' || c == '#') return true;
  }
  return false;
}

/* Pushes text with escapes for what is not in the set. */
static void push_escaped (lua_State *L, const char *text, size_t len,
                          const uint64_t set[2]) {
  static const char hex[] = "0123456789ABCDEF";
  luaL_Buffer out;
  luaL_buffinit(L, &out);
  for (size_t i = 0; i < len; i++) {
    unsigned char c = (unsigned char)text[i];
    if (has(set, c)) {
      luaL_addchar(&out, text[i]);
    } else {
      luaL_addchar(&out, '%');
      luaL_addchar(&out, hex[c >> 4]);
      luaL_addchar(&out, hex[c & 15]);
    }
  }
  luaL_pushresult(&out);
}

static size_t clean_length (const char *text, size_t len,
                            const uint64_t set[2]) {
  size_t clean = 0;
  while (clean < len && has(set, (unsigned char)text[clean])) clean++;
  return clean;
}

int azl_lua_escape (lua_State *L) {
  size_t len;
  const char *text = luaL_checklstring(L, 1, &len);
  lua_settop(L, 1);
  if (clean_length(text, len, unreserved) < len)
    push_escaped(L, text, len, unreserved);
  return 1;
}

static bool belongs_to_resources (const char *path) {
  static const char *const roots[] = {"/subscriptions", "/tenants"};
  const char *authority = *path == '/' ? NULL : strstr(path, "://");
  if (authority) path = authority + 3 + strcspn(authority + 3, "/");
  for (size_t i = 0; i < sizeof(roots) / sizeof(*roots); i++) {
    size_t len = strlen(roots[i]);
    if (!azl_same_bytes(path, roots[i], len)) continue;
    return !((path[len] | 32) >= 'a' && (path[len] | 32) <= 'z');
  }
  return false;
}

static void push_lower (lua_State *L, const char *text, size_t len) {
  char lower[MAX_KIND];
  if (len > sizeof(lower)) len = 0; /* no provider has such a name */
  azl_copy_lower(lower, text, len);
  lua_pushlstring(L, lower, len);
}

/* Pushes kind and provider. */
static void push_kind (lua_State *L, const char *path, size_t len) {
  const char *provider = azl_url_provider(path, len), *end = path + len, *type;
  if (!provider) {
    lua_pushstring(L, belongs_to_resources(path) ? RESOURCES : NULL);
    lua_pushvalue(L, -1);
    return;
  }
  const char *slash = memchr(provider, '/', (size_t)(end - provider));
  if (!slash) slash = end;
  type = slash < end ? memchr(slash + 1, '/', (size_t)(end - slash - 1)) : end;
  if (!type) type = end;
  push_lower(L, provider, (size_t)(type - provider));
  push_lower(L, provider, (size_t)(slash - provider));
}

/* `query` begins with its '?'; NULL: there is none. */
static bool has_version (const char *query) {
  static const char name[] = "api-version=";
  for (; query; query = strchr(query + 1, '&'))
    if (azl_same_bytes(query + 1, name, sizeof(name) - 1)) return true;
  return false;
}

int azl_lua_scan_path (lua_State *L) {
  size_t len;
  const char *path = luaL_checklstring(L, 1, &len);
  lua_settop(L, 1);
  if (is_refused(path, len)) return 0;
  const char *query = memchr(path, '?', len);
  size_t bare = query ? (size_t)(query - path) : len;
  if (clean_length(path, len, fit) < len)
    push_escaped(L, path, len, fit);
  else
    lua_pushvalue(L, 1);
  push_kind(L, path, bare);
  lua_pushboolean(L, bare < len);
  lua_pushboolean(L, has_version(strchr(lua_tostring(L, 2), '?')));
  return 5;
}

/* The version for what is on the stack as kind and provider; nil: none. */
static void push_version (lua_State *L, int versions, int kind) {
  for (int i = kind; i <= kind + 1; i++) {
    lua_pushvalue(L, i);
    if (lua_isnil(L, -1) || lua_rawget(L, versions) != LUA_TNIL) return;
    lua_pop(L, 1);
  }
  lua_pushnil(L);
}

int azl_lua_plain_url (lua_State *L) {
  enum { ENDPOINT = 1, PATH, VERSIONS, KIND, PROVIDER, VERSION };
  size_t endpoint_len, len, version_len = 0;
  luaL_Buffer out;
  lua_settop(L, VERSIONS);
  const char *endpoint = luaL_checklstring(L, ENDPOINT, &endpoint_len);
  luaL_checktype(L, VERSIONS, LUA_TTABLE);
  if (lua_type(L, PATH) != LUA_TSTRING) return 0;
  const char *path = lua_tolstring(L, PATH, &len);
  if (*path != '/' || is_refused(path, len) ||
      clean_length(path, len, fit) < len)
    return 0;
  const char *query = memchr(path, '?', len), *version = NULL;
  push_kind(L, path, query ? (size_t)(query - path) : len);
  push_version(L, VERSIONS, KIND);
  if (!lua_isnil(L, VERSION) && !has_version(query)) {
    if (lua_type(L, VERSION) != LUA_TSTRING) return 0;
    version = lua_tolstring(L, VERSION, &version_len);
    if (clean_length(version, version_len, unreserved) < version_len) return 0;
  }
  luaL_buffinitsize(L, &out, endpoint_len + len + version_len + 16);
  luaL_addlstring(&out, endpoint, endpoint_len);
  luaL_addlstring(&out, path, len);
  if (version) {
    luaL_addstring(&out, query ? "&api-version=" : "?api-version=");
    luaL_addlstring(&out, version, version_len);
  }
  luaL_pushresult(&out);
  return 1;
}
