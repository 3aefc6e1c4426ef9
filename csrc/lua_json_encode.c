/* Encoding of Lua values as JSON. Keys come out sorted, so that the same table
   is always the same text.

   Nothing is allocated but Lua's own memory: a raise can skip every frame. */
#include "lua_json.h"
#include "utf8.h"

#include <lauxlib.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { AT_VALUE = 1, AT_NULL, AT_ARRAY_MT, AT_EMPTY_ARRAY, AT_MEMORY };

enum { MAX_DEPTH = 1000, FIRST_BYTES = 1024, NUMBER_BYTES = 64 };

/* On failure the message is on the top of the stack. */
struct writer {
  lua_State *L;
  char *data; /* `first`, or a userdata at AT_MEMORY */
  size_t len, capacity;
  int depth;
  char first[FIRST_BYTES];
};

struct key {
  const char *text; /* the table keeps it */
  size_t len;
};

static bool write_value (struct writer *w);

static void make_room (struct writer *w, size_t len) {
  size_t capacity = w->capacity;
  if (len <= capacity - w->len) return;
  while (capacity - w->len < len) capacity *= 2;
  char *data = lua_newuserdatauv(w->L, capacity, 0);
  memcpy(data, w->data, w->len);
  lua_replace(w->L, AT_MEMORY);
  w->data = data;
  w->capacity = capacity;
}

static void put (struct writer *w, const char *bytes, size_t len) {
  make_room(w, len);
  memcpy(w->data + w->len, bytes, len);
  w->len += len;
}

static void put_char (struct writer *w, char c) {
  put(w, &c, 1);
}

static bool refuse (struct writer *w, const char *why) {
  lua_pushstring(w->L, why);
  return false;
}

/* -- strings and numbers -------------------------------------------------- */

static void put_escape (struct writer *w, char c) {
  static const char plain[] = "\"\\\b\f\n\r\t", escaped[] = "\"\\bfnrt";
  const char *found = c ? strchr(plain, c) : NULL;
  char text[8];
  if (found)
    snprintf(text, sizeof(text), "\\%c", escaped[found - plain]);
  else
    snprintf(text, sizeof(text), "\\u%04x", (unsigned char)c);
  put(w, text, strlen(text));
}

static bool is_plain (char c) {
  return (unsigned char)c >= ' ' && c != '"' && c != '\\' && c != 0x7f;
}

static bool put_string (struct writer *w, const char *text, size_t len) {
  size_t at = 0;
  put_char(w, '"');
  while (at < len) {
    size_t start = at;
    while (at < len && is_plain(text[at])) {
      size_t step = azl_utf8_length(text + at, len - at);
      if (step == 0)
        return refuse(w, "json.encode: a string is not UTF-8; encode bytes as "
                         "base64 first");
      at += step;
    }
    put(w, text + start, at - start);
    if (at < len) put_escape(w, text[at++]);
  }
  put_char(w, '"');
  return true;
}

/* 17 digits give a double back exactly; 14 are nicer where they do too. */
static bool put_float (struct writer *w, double number) {
  char text[NUMBER_BYTES];
  if (!isfinite(number))
    return refuse(w, "json.encode: JSON has no NaN and no infinity");
  snprintf(text, sizeof(text), "%.14g", number);
  if (strtod(text, NULL) < number || strtod(text, NULL) > number)
    snprintf(text, sizeof(text), "%.17g", number);
  for (char *c = text; *c; c++)
    if (*c == ',') *c = '.'; /* the locale's */
  put(w, text, strlen(text));
  if (!strpbrk(text, ".e")) put(w, ".0", 2);
  return true;
}

static bool put_number (struct writer *w) {
  char text[NUMBER_BYTES];
  if (!lua_isinteger(w->L, -1)) return put_float(w, lua_tonumber(w->L, -1));
  snprintf(text, sizeof(text), LUA_INTEGER_FMT, lua_tointeger(w->L, -1));
  put(w, text, strlen(text));
  return true;
}

/* -- tables, on the top of the stack -------------------------------------- */

static bool refuse_key (struct writer *w, const char *format) {
  luaL_tolstring(w->L, -2, NULL);
  lua_pushfstring(w->L, format, lua_tostring(w->L, -1));
  return false;
}

static bool check_items (struct writer *w, lua_Integer count) {
  lua_State *L = w->L;
  for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
    lua_Integer key = lua_isinteger(L, -2) ? lua_tointeger(L, -2) : 0;
    if (key < 1 || key > count)
      return refuse_key(w, "json.encode: an array has the key %s beside its "
                           "items");
  }
  return true;
}

static bool put_array (struct writer *w) {
  lua_Integer count = (lua_Integer)lua_rawlen(w->L, -1);
  if (!check_items(w, count)) return false;
  put_char(w, '[');
  for (lua_Integer i = 1; i <= count; i++) {
    if (i > 1) put_char(w, ',');
    if (lua_rawgeti(w->L, -1, i) == LUA_TNIL) {
      lua_pushfstring(w->L, "json.encode: an array has a hole at %I", i);
      return false;
    }
    if (!write_value(w)) return false;
    lua_pop(w->L, 1);
  }
  put_char(w, ']');
  return true;
}

static int by_text (const void *a, const void *b) {
  const struct key *one = a, *other = b;
  size_t common = one->len < other->len ? one->len : other->len;
  int order = memcmp(one->text, other->text, common);
  return order ? order : (one->len > other->len) - (one->len < other->len);
}

/* How many; -1: one is no string. */
static long count_keys (struct writer *w) {
  long count = 0;
  for (lua_pushnil(w->L); lua_next(w->L, -2) != 0; lua_pop(w->L, 1), count++) {
    if (lua_type(w->L, -2) == LUA_TSTRING) continue;
    refuse_key(w, "json.encode: an object's keys must be strings, not %s");
    return -1;
  }
  return count;
}

/* table | ... | keys */
static struct key *push_keys (lua_State *L, long count) {
  struct key *keys = lua_newuserdatauv(L, (size_t)count * sizeof(*keys), 0);
  lua_insert(L, -2); /* keys | table */
  long i = 0;
  for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1), i++)
    keys[i].text = lua_tolstring(L, -2, &keys[i].len);
  lua_insert(L, -2); /* table | keys */
  qsort(keys, (size_t)count, sizeof(*keys), by_text);
  return keys;
}

static bool put_object (struct writer *w) {
  lua_State *L = w->L;
  long count = count_keys(w);
  if (count < 0) return false;
  put_char(w, '{');
  const struct key *keys = push_keys(L, count);
  for (long i = 0; i < count; i++) {
    if (i > 0) put_char(w, ',');
    if (!put_string(w, keys[i].text, keys[i].len)) return false;
    put_char(w, ':');
    lua_pushlstring(L, keys[i].text, keys[i].len);
    lua_rawget(L, -3);
    if (!write_value(w)) return false;
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  put_char(w, '}');
  return true;
}

static bool is_array (lua_State *L) {
  bool marked = lua_getmetatable(L, -1) != 0;
  if (marked) {
    marked = lua_rawequal(L, -1, AT_ARRAY_MT);
    lua_pop(L, 1);
  }
  if (marked) return true;
  bool filled = lua_rawgeti(L, -1, 1) != LUA_TNIL;
  lua_pop(L, 1);
  return filled;
}

static bool put_table (struct writer *w) {
  if (++w->depth > MAX_DEPTH)
    return refuse(w, "json.encode: nested too deeply, or a table holds itself");
  luaL_checkstack(w->L, 10, "json");
  bool written = is_array(w->L) ? put_array(w) : put_object(w);
  w->depth--;
  return written;
}

/* -- any value, on the top of the stack ----------------------------------- */

static bool put_special (struct writer *w) {
  bool null = lua_rawequal(w->L, -1, AT_NULL);
  if (!null && (lua_isnil(w->L, AT_EMPTY_ARRAY) ||
                !lua_rawequal(w->L, -1, AT_EMPTY_ARRAY)))
    return false;
  put(w, null ? "null" : "[]", null ? 4 : 2);
  return true;
}

static bool write_value (struct writer *w) {
  lua_State *L = w->L;
  size_t len;
  const char *text;
  if (put_special(w)) return true;
  switch (lua_type(L, -1)) {
  case LUA_TSTRING:
    text = lua_tolstring(L, -1, &len);
    return put_string(w, text, len);
  case LUA_TNUMBER: return put_number(w);
  case LUA_TBOOLEAN:
    text = lua_toboolean(L, -1) ? "true" : "false";
    put(w, text, strlen(text));
    return true;
  case LUA_TTABLE: return put_table(w);
  default:
    lua_pushfstring(L, "json.encode: a %s has no form in JSON",
                    luaL_typename(L, -1));
    return false;
  }
}

int azl_lua_json_encode (lua_State *L) {
  struct writer w = {.L = L, .capacity = FIRST_BYTES};
  w.data = w.first;
  lua_settop(L, AT_EMPTY_ARRAY);
  lua_pushnil(L); /* AT_MEMORY */
  lua_pushvalue(L, AT_VALUE);
  if (write_value(&w)) {
    lua_pushlstring(L, w.data, w.len);
    return 1;
  }
  lua_pushnil(L);
  lua_insert(L, -2);
  return 2;
}
