/* The certificate functions of azure.emulator.server. */
#include "lua_emulator_server.h"

#include <lauxlib.h>

#include "emulator_cert.h"

static int make_certificate (lua_State *L) {
  struct azl_test_certs certs;
  lua_createtable(L, 0, 3);
  luaL_checkstack(L, 4, NULL);
  if (!azl_test_certs_make(&certs))
    return luaL_error(L, "cannot make a certificate");
  lua_pushstring(L, certs.ca_pem);
  lua_setfield(L, -2, "ca");
  lua_pushstring(L, certs.cert_pem);
  lua_setfield(L, -2, "cert");
  lua_pushstring(L, certs.key_pem);
  lua_setfield(L, -2, "key");
  azl_test_certs_free(&certs);
  return 1;
}

/* pem -> SHA-1, SHA-256 as bytes, or nil */
static int certificate_digests (lua_State *L) {
  unsigned char sha1[AZL_SHA1_BYTES], sha256[AZL_SHA256_BYTES];
  size_t len = 0;
  const char *pem = luaL_checklstring(L, 1, &len);
  if (!azl_cert_digests(pem, len, sha1, sha256)) return 0;
  lua_pushlstring(L, (const char *)sha1, sizeof sha1);
  lua_pushlstring(L, (const char *)sha256, sizeof sha256);
  return 2;
}

/* pem alg data signature -> boolean */
static int certificate_verifies (lua_State *L) {
  static const char *const algorithms[] = {"RS256", "PS256", NULL};
  size_t pem_len, data_len, signature_len;
  const char *pem = luaL_checklstring(L, 1, &pem_len);
  int algorithm = luaL_checkoption(L, 2, NULL, algorithms);
  const char *data = luaL_checklstring(L, 3, &data_len);
  const char *signature = luaL_checklstring(L, 4, &signature_len);
  lua_pushboolean(L, azl_cert_verifies(pem, pem_len, algorithm == 1, data,
                                       data_len, signature, signature_len));
  return 1;
}

static const luaL_Reg functions[] = {
    {"certificate", make_certificate},
    {"certificate_digests", certificate_digests},
    {"certificate_verifies", certificate_verifies},
    {NULL, NULL}};

void azl_lua_emulator_certs (lua_State *L) {
  luaL_setfuncs(L, functions, 0);
}
