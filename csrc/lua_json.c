/* Decoding of JSON (RFC 8259) for scripts, straight onto the Lua stack.

   lua-cjson 2.1.0, which Debian ships, cannot do it: it makes every number a
   double (9007199254740993 loses its last digit), decodes [] and {} alike, and
   takes NaN, 0x10, 01 and raw control characters for JSON. jansson keeps all
   of that, but builds a tree first: 32 us against 12 us of lua-cjson and 8 us
   of this file for the 1.5 KB that describe one SignalR. */
#include "lua_json.h"
#include "bytes.h"

#include <lauxlib.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { ARG_TEXT = 1, ARG_NULL, ARG_ARRAY_MT };

/* Keys in the registry. */
static const char null_key = 0, array_mt_key = 0;

/* lua-cjson's limit; it bounds the C stack. */
enum { MAX_DEPTH = 1000 };

/* No memory is held here: a raise from Lua can skip every frame. *end is a
   NUL, so one byte can always be looked at. */
struct parser {
  const char *at, *end;
  const char *error;  /* static text, set when a function returned false */
  int null, array_mt; /* where on the stack */
  int depth;
};

static bool parse_value (lua_State *L, struct parser *p);

static bool fail (struct parser *p, const char *error) {
  p->error = error;
  return false;
}

static void skip_space (struct parser *p) {
  while (*p->at == ' ' || *p->at == '\n' || *p->at == '\r' || *p->at == '\t')
    p->at++;
}

static bool accept (struct parser *p, char expected) {
  skip_space(p);
  if (*p->at != expected) return false;
  p->at++;
  return true;
}

static bool is_digit (char c) {
  return c >= '0' && c <= '9';
}

static void skip_digits (struct parser *p) {
  while (is_digit(*p->at)) p->at++;
}

/* -- strings -------------------------------------------------------------- */

static int hex_digit (char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* Reads the four digits of \uXXXX; -1: they are not digits. */
static long parse_unit (struct parser *p) {
  long unit = 0;

  for (int i = 0; i < 4; i++) {
    int digit = hex_digit(*p->at);

    if (digit < 0) return -1;
    unit = unit * 16 + digit;
    p->at++;
  }
  return unit;
}

/* The character of \u, with its second half if it is a pair; -1: neither. */
static long parse_escaped_char (struct parser *p) {
  long high = parse_unit(p), low;

  if (high < 0xD800 || high > 0xDFFF) return high;
  if (high > 0xDBFF || p->at[0] != '\\' || p->at[1] != 'u') return -1;
  p->at += 2;
  low = parse_unit(p);
  if (low < 0xDC00 || low > 0xDFFF) return -1;
  return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
}

static void add_utf8 (luaL_Buffer *out, long code) {
  static const struct {
    long limit;
    int lead, tail;
  } forms[] = {
      {0x80, 0, 0}, {0x800, 0xC0, 1}, {0x10000, 0xE0, 2}, {0x110000, 0xF0, 3}};
  int form = 0;

  while (code >= forms[form].limit) form++;
  luaL_addchar(out,
               (char)(forms[form].lead | (code >> (6 * forms[form].tail))));
  for (int i = forms[form].tail - 1; i >= 0; i--)
    luaL_addchar(out, (char)(0x80 | ((code >> (6 * i)) & 0x3F)));
}

static bool add_escape (struct parser *p, luaL_Buffer *out) {
  static const char names[] = "\"\\/bfnrt", chars[] = "\"\\/\b\f\n\r\t";
  char name = *p->at;
  const char *found = name ? strchr(names, name) : NULL;
  long code;

  if (name) p->at++;
  if (found) {
    luaL_addchar(out, chars[found - names]);
    return true;
  }
  code = name == 'u' ? parse_escaped_char(p) : -1;
  if (code < 0) return fail(p, "invalid escape in a string");
  add_utf8(out, code);
  return true;
}

/* Bytes of the UTF-8 sequence at text, 0 when it is none (overlong forms and
   surrogates are none). Never looks past a NUL. */
static int utf8_length (const char *text) {
  const unsigned char *b = (const unsigned char *)text;
  int length = b[0] < 0xC2   ? 0
               : b[0] < 0xE0 ? 2
               : b[0] < 0xF0 ? 3
               : b[0] < 0xF5 ? 4
                             : 0;

  for (int i = 1; i < length; i++)
    if ((b[i] & 0xC0) != 0x80) return 0;
  if ((b[0] == 0xE0 && b[1] < 0xA0) || (b[0] == 0xED && b[1] > 0x9F) ||
      (b[0] == 0xF0 && b[1] < 0x90) || (b[0] == 0xF4 && b[1] > 0x8F))
    return 0;
  return length;
}

static void skip_plain_words (struct parser *p) {
  for (; p->end - p->at >= AZL_WORD_BYTES; p->at += AZL_WORD_BYTES) {
    uint64_t word = azl_word(p->at);
    uint64_t hits = azl_any_below(word, ' ') | azl_any_equal(word, '"') |
                    azl_any_equal(word, '\\') | azl_any_high(word);
    if (!hits) continue;
    p->at += azl_before_hit(hits);
    return;
  }
}

/* Moves over characters that stand for themselves. */
static bool skip_plain (struct parser *p) {
  skip_plain_words(p);
  for (;;) {
    unsigned char c = (unsigned char)*p->at;

    if (c == '"' || c == '\\') return true;
    if (c < 0x20)
      return fail(p, p->at == p->end ? "unfinished string"
                                     : "control character in a string");
    if (c < 0x80) {
      p->at++;
    } else {
      int length = utf8_length(p->at);

      if (length == 0) return fail(p, "a string is not UTF-8");
      p->at += length;
    }
  }
}

/* p->at is behind the quote; `start` is where the string begins. */
static bool parse_escaped_string (lua_State *L, struct parser *p,
                                  const char *start) {
  luaL_Buffer out;

  luaL_buffinit(L, &out);
  for (;;) {
    luaL_addlstring(&out, start, (size_t)(p->at - start));
    if (*p->at == '"') break;
    p->at++;
    if (!add_escape(p, &out)) return false;
    start = p->at;
    if (!skip_plain(p)) return false;
  }
  p->at++;
  luaL_pushresult(&out);
  return true;
}

static bool parse_string (lua_State *L, struct parser *p) {
  const char *start = ++p->at;

  if (!skip_plain(p)) return false;
  if (*p->at == '\\') return parse_escaped_string(L, p, start);
  lua_pushlstring(L, start, (size_t)(p->at - start));
  p->at++;
  return true;
}

/* -- numbers -------------------------------------------------------------- */

static bool skip_number (struct parser *p, bool *out_integer) {
  *out_integer = true;
  if (*p->at == '-') p->at++;
  if (!is_digit(*p->at)) return fail(p, "invalid number");
  if (*p->at == '0')
    p->at++;
  else
    skip_digits(p);
  if (*p->at == '.') {
    *out_integer = false;
    if (!is_digit(*++p->at)) return fail(p, "invalid number");
    skip_digits(p);
  }
  if (*p->at == 'e' || *p->at == 'E') {
    *out_integer = false;
    p->at++;
    if (*p->at == '+' || *p->at == '-') p->at++;
    if (!is_digit(*p->at)) return fail(p, "invalid number");
    skip_digits(p);
  }
  return true;
}

/* Lua's own conversion: it knows the locale's decimal point, and makes a float
   of an integer that does not fit in 64 bits. Infinity is refused: it could not
   be written again, and is not what the document says. */
static bool push_number (lua_State *L, struct parser *p, const char *start) {
  lua_pushlstring(L, start, (size_t)(p->at - start));
  if (lua_stringtonumber(L, lua_tostring(L, -1)) == 0 ||
      isinf(lua_tonumber(L, -1)))
    return fail(p, "a number is beyond what a double can hold");
  lua_remove(L, -2);
  return true;
}

static bool parse_number (lua_State *L, struct parser *p) {
  enum { SAFE_LENGTH = 18 }; /* so many characters cannot overflow */
  const char *start = p->at, *digit = start;
  lua_Integer number = 0;
  bool integer;

  if (!skip_number(p, &integer)) return false;
  if (!integer || p->at - start > SAFE_LENGTH) return push_number(L, p, start);
  if (*digit == '-') digit++;
  for (; digit < p->at; digit++) number = number * 10 + (*digit - '0');
  if (number == 0 && *start == '-')
    lua_pushnumber(L, -0.0); /* integers have no such zero */
  else
    lua_pushinteger(L, *start == '-' ? -number : number);
  return true;
}

/* -- the rest ------------------------------------------------------------- */

/* What a table will hold is gathered on the stack first, so that it is made as
   large as it gets: one that grows is hashed anew at 1, 2, 4, ... members. Of
   long ones that goes for the first GATHERED members or items. */
enum { GATHERED = 16 };

static void make_object (lua_State *L, int at, int count, bool more) {
  if (!lua_isnil(L, at)) return;
  lua_createtable(L, 0, more ? 2 * GATHERED : count);
  lua_replace(L, at);
}

/* Of two members with one key the last counts. */
static void put_members (lua_State *L, int object, int count) {
  for (int i = 0; i < count; i++) {
    lua_pushvalue(L, object + 2 * i + 1);
    lua_pushvalue(L, object + 2 * i + 2);
    lua_rawset(L, object);
  }
  lua_settop(L, object);
}

static bool parse_members (lua_State *L, struct parser *p) {
  int object = lua_gettop(L), held = 0;
  bool more;

  do {
    skip_space(p);
    if (*p->at != '"') return fail(p, "expected a string as key");
    if (!parse_string(L, p)) return false;
    if (!accept(p, ':')) return fail(p, "expected ':'");
    if (!parse_value(L, p)) return false;
    more = accept(p, ',');
    if (++held < GATHERED && more) continue;
    make_object(L, object, held, more);
    put_members(L, object, held);
    held = 0;
  } while (more);
  return *p->at == '}' || fail(p, "expected ',' or '}'");
}

static void make_array (lua_State *L, const struct parser *p, int at, int count,
                        bool more) {
  if (!lua_isnil(L, at)) return;
  lua_createtable(L, more ? 2 * GATHERED : count, 0);
  lua_pushvalue(L, p->array_mt);
  lua_setmetatable(L, -2);
  lua_replace(L, at);
}

static bool parse_items (lua_State *L, struct parser *p) {
  int array = lua_gettop(L), held = 0;
  lua_Integer done = 0;
  bool more;

  do {
    if (!parse_value(L, p)) return false;
    more = accept(p, ',');
    if (++held < GATHERED && more) continue;
    make_array(L, p, array, held, more);
    done += held;
    for (lua_Integer i = 0; i < held; i++) lua_rawseti(L, array, done - i);
    held = 0;
  } while (more);
  return *p->at == ']' || fail(p, "expected ',' or ']'");
}

static bool parse_table (lua_State *L, struct parser *p) {
  bool array = *p->at++ == '[';

  if (++p->depth > MAX_DEPTH) return fail(p, "nested too deeply");
  luaL_checkstack(L, 2 * GATHERED + 8, "json");
  skip_space(p);
  lua_pushnil(L); /* the table's place */
  if (*p->at != (array ? ']' : '}')) {
    if (!(array ? parse_items(L, p) : parse_members(L, p))) return false;
  } else if (array) {
    make_array(L, p, lua_gettop(L), 0, false);
  } else {
    make_object(L, lua_gettop(L), 0, false);
  }
  p->at++;
  p->depth--;
  return true;
}

static bool parse_word (lua_State *L, struct parser *p) {
  static const char *const words[] = {"false", "true", "null"};

  for (int i = 0; i < 3; i++) {
    size_t length = strlen(words[i]);

    if (strncmp(p->at, words[i], length) == 0) {
      p->at += length;
      if (i == 2)
        lua_pushvalue(L, p->null);
      else
        lua_pushboolean(L, i);
      return true;
    }
  }
  return fail(p, p->at == p->end ? "unfinished document" : "expected a value");
}

static bool parse_value (lua_State *L, struct parser *p) {
  skip_space(p);
  if (*p->at == '"') return parse_string(L, p);
  if (*p->at == '{' || *p->at == '[') return parse_table(L, p);
  if (*p->at == '-' || is_digit(*p->at)) return parse_number(L, p);
  return parse_word(L, p);
}

static bool parse_document (lua_State *L, struct parser *p) {
  if (strncmp(p->at, "\xEF\xBB\xBF", 3) == 0)
    p->at += 3; /* a byte order mark: some Windows servers send one */
  if (!parse_value(L, p)) return false;
  skip_space(p);
  return p->at == p->end || fail(p, "text after the document");
}

int azl_lua_json_decode (lua_State *L) {
  size_t length;
  const char *text = luaL_checklstring(L, ARG_TEXT, &length);
  struct parser parser = {.at = text,
                          .end = text + length,
                          .null = ARG_NULL,
                          .array_mt = ARG_ARRAY_MT};

  luaL_checkany(L, ARG_NULL);
  luaL_checktype(L, ARG_ARRAY_MT, LUA_TTABLE);
  lua_settop(L, ARG_ARRAY_MT);
  luaL_checkstack(L, 8, "json");
  if (parse_document(L, &parser)) return 1;
  lua_pushnil(L);
  lua_pushstring(L, parser.error);
  lua_pushinteger(L, parser.at - text + 1);
  return 3;
}

int azl_lua_json_marks (lua_State *L) {
  luaL_checkany(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &array_mt_key);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &null_key);
  return 0;
}

bool azl_lua_json_push (lua_State *L, const char *text, size_t len) {
  int top = lua_gettop(L);
  struct parser parser = {
      .at = text, .end = text + len, .null = top + 1, .array_mt = top + 2};
  luaL_checkstack(L, 16, "json");
  lua_rawgetp(L, LUA_REGISTRYINDEX, &null_key);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &array_mt_key);
  bool pushed = parse_document(L, &parser);
  if (pushed) lua_replace(L, top + 1);
  lua_settop(L, pushed ? top + 1 : top);
  return pushed;
}
