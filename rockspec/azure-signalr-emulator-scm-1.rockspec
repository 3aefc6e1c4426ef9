rockspec_format = "3.0"
package = "azure-signalr-emulator"
version = "scm-1"
source = {
  url = "git+https://github.com/azure-signalr/azure-signalr-lua.git",
}
description = {
  summary = "Azure on this machine, for tests of scripts that use azure-signalr",
  detailed = [[
    Speaks enough Microsoft Entra ID, IMDS and Azure Resource Manager for shared private links of Azure SignalR
    Service and the private endpoint connections of Web Apps, with faults, latency and a virtual clock.
  ]],
  license = "MIT",
  labels = { "azure", "test", "http" },
}
supported_platforms = { "unix" }
dependencies = {
  "lua >= 5.4, < 5.5",
  "azure-signalr",
}
-- No headers here: Debian keeps curl.h in a folder that LuaRocks does not search, but the compiler does.
external_dependencies = {
  MICROHTTPD = { library = "microhttpd" },
  CRYPTO = { library = "crypto" },
}
-- By the Makefile, not LuaRocks' builtin builder: that one takes no flags, and modules that hold credentials are
-- built with stack protection, read-only relocations and one exported name.
build = {
  type = "make",
  build_target = "build/rock/azure/emulator/server.so",
  build_variables = {
    BUILD = "build/rock",
    CFLAGS = "$(CFLAGS)",
    LUA_INCLUDE = "$(LUA_INCDIR)",
    EXTRA_CFLAGS = "-I$(MICROHTTPD_INCDIR) -I$(CRYPTO_INCDIR)",
    EXTRA_LDFLAGS = "-L$(MICROHTTPD_LIBDIR) -Wl,-rpath,$(MICROHTTPD_LIBDIR) -L$(CRYPTO_LIBDIR) -Wl,-rpath,$(CRYPTO_LIBDIR)",
  },
  install_pass = false,
  install = {
    lib = {
      ["azure.emulator.server"] = "build/rock/azure/emulator/server.so",
    },
    lua = {
      ["azure.emulator.arm"] = "lua/azure/emulator/arm.lua",
      ["azure.emulator.assertion"] = "lua/azure/emulator/assertion.lua",
      ["azure.emulator.catalog"] = "lua/azure/emulator/catalog.lua",
      ["azure.emulator.device"] = "lua/azure/emulator/device.lua",
      ["azure.emulator.entra"] = "lua/azure/emulator/entra.lua",
      ["azure.emulator.faults"] = "lua/azure/emulator/faults.lua",
      ["azure.emulator.groups"] = "lua/azure/emulator/groups.lua",
      ["azure.emulator.imds"] = "lua/azure/emulator/imds.lua",
      ["azure.emulator"] = "lua/azure/emulator/init.lua",
      ["azure.emulator.jwt"] = "lua/azure/emulator/jwt.lua",
      ["azure.emulator.links"] = "lua/azure/emulator/links.lua",
      ["azure.emulator.lro"] = "lua/azure/emulator/lro.lua",
      ["azure.emulator.metadata"] = "lua/azure/emulator/metadata.lua",
      ["azure.emulator.network"] = "lua/azure/emulator/network.lua",
      ["azure.emulator.options"] = "lua/azure/emulator/options.lua",
      ["azure.emulator.principals"] = "lua/azure/emulator/principals.lua",
      ["azure.emulator.seeds"] = "lua/azure/emulator/seeds.lua",
      ["azure.emulator.settings"] = "lua/azure/emulator/settings.lua",
      ["azure.emulator.signalr"] = "lua/azure/emulator/signalr.lua",
      ["azure.emulator.signalr_actions"] = "lua/azure/emulator/signalr_actions.lua",
      ["azure.emulator.signalr_connections"] = "lua/azure/emulator/signalr_connections.lua",
      ["azure.emulator.signalr_parts"] = "lua/azure/emulator/signalr_parts.lua",
      ["azure.emulator.sites"] = "lua/azure/emulator/sites.lua",
      ["azure.emulator.state"] = "lua/azure/emulator/state.lua",
      ["azure.emulator.targets"] = "lua/azure/emulator/targets.lua",
      ["azure.emulator.throttle"] = "lua/azure/emulator/throttle.lua",
      ["azure.emulator.transport"] = "lua/azure/emulator/transport.lua",
      ["azure.emulator.types"] = "lua/azure/emulator/types.lua",
      ["azure.emulator.upstream"] = "lua/azure/emulator/upstream.lua",
      ["azure.emulator.web"] = "lua/azure/emulator/web.lua",
      ["azure.emulator.wire"] = "lua/azure/emulator/wire.lua",
    },
  },
}
