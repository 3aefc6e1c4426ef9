/* The few primitives of libcrypto that scripts need: signatures of upstream
   calls (X-ASRS-Signature) and digests. */
#include "lua_azl.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

static void push_hex (lua_State *L, const unsigned char *bytes, size_t len) {
  static const char digits[] = "0123456789abcdef";
  luaL_Buffer buffer;
  char *out = luaL_buffinitsize(L, &buffer, len * 2);
  for (size_t i = 0; i < len; i++) {
    out[2 * i] = digits[bytes[i] >> 4];
    out[2 * i + 1] = digits[bytes[i] & 15];
  }
  luaL_pushresultsize(&buffer, len * 2);
}

static int core_sha256 (lua_State *L) {
  size_t len;
  const char *data = luaL_checklstring(L, 1, &len);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned digest_len = 0;
  if (!EVP_Digest(data, len, digest, &digest_len, EVP_sha256(), NULL))
    return luaL_error(L, "libcrypto cannot make a SHA-256 digest");
  push_hex(L, digest, digest_len);
  return 1;
}

/* core.hmac_sha256(key, data) -> hex */
static int core_hmac_sha256 (lua_State *L) {
  size_t key_len, len;
  const char *key = luaL_checklstring(L, 1, &key_len);
  const char *data = luaL_checklstring(L, 2, &len);
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned digest_len = 0;
  if (!HMAC(EVP_sha256(), key, (int)key_len, (const unsigned char *)data, len,
            digest, &digest_len))
    return luaL_error(L, "libcrypto cannot make an HMAC");
  push_hex(L, digest, digest_len);
  return 1;
}

static int core_base64url (lua_State *L) {
  size_t len;
  const unsigned char *data =
      (const unsigned char *)luaL_checklstring(L, 1, &len);
  luaL_argcheck(L, len < 1 << 24, 1, "too long");
  luaL_Buffer buffer;
  char *out = luaL_buffinitsize(L, &buffer, len / 3 * 4 + 5);
  int written = EVP_EncodeBlock((unsigned char *)out, data, (int)len);
  while (written > 0 && out[written - 1] == '=') written--;
  for (int i = 0; i < written; i++) {
    if (out[i] == '+') out[i] = '-';
    if (out[i] == '/') out[i] = '_';
  }
  luaL_pushresultsize(&buffer, (size_t)written);
  return 1;
}

void azl_lua_open_crypto (lua_State *L) {
  static const luaL_Reg functions[] = {
      {"sha256", core_sha256},
      {"hmac_sha256", core_hmac_sha256},
      {"base64url", core_base64url},
      {NULL, NULL},
  };
  luaL_setfuncs(L, functions, 0);
}
