#ifndef AZL_LUA_URL_H
#define AZL_LUA_URL_H

#include <lua.h>

/* core.scan_path(path) -> path, kind, provider, has_query, has_version
   path: with every byte escaped that no URL may have, without its fragment.
   kind: "microsoft.web/sites" and provider: "microsoft.web", of the last
   provider in it; both "microsoft.resources" where subscriptions and groups
   have none; nil where Resource Manager does not version the path.
   has_version: an api-version is in the query. Nothing comes back for a path
   with control characters or backslashes. */
int azl_lua_scan_path (lua_State *L);

/* core.plain_url(endpoint, path, versions) -> url
   What scan_path and a few concatenations give for a path that needs no more
   than its endpoint and its api-version, which most do; nothing for any other.
   versions: texts by kind or provider, in lower case. */
int azl_lua_plain_url (lua_State *L);

/* core.escape(text) -> text with all but RFC 3986's unreserved characters
   percent-encoded */
int azl_lua_escape (lua_State *L);

#endif
