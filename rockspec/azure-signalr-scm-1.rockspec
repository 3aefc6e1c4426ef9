rockspec_format = "3.0"
package = "azure-signalr"
version = "scm-1"
source = {
  url = "git+https://github.com/azure-signalr/azure-signalr-lua.git",
}
description = {
  summary = "Private paths from Azure SignalR Service to its upstream: create, approve, wait, prove, clean up",
  detailed = [[
    Azure Resource Manager for Lua 5.4 with a small C core on libcurl: credentials, long-running operations,
    retries and paging as in Microsoft's own SDKs, and one call that gives an Azure SignalR Service a private
    endpoint to a Web App or Function App and approves exactly that connection.
  ]],
  license = "MIT",
  labels = { "azure", "cloud", "http", "async" },
}
supported_platforms = { "unix" }
-- lua-cjson is needed too, but any of its builds will do: LuaRocks' own, the distribution's package, OpenResty's
-- fork. LuaRocks sees only the first and would build a second copy beside the others, so it is looked up when the
-- module is loaded, and missing it is said there with what to install.
dependencies = {
  "lua >= 5.4, < 5.5",
}
-- No headers here: Debian keeps curl.h in a folder that LuaRocks does not search, but the compiler does.
external_dependencies = {
  CURL = { library = "curl" },
  CRYPTO = { library = "crypto" },
  JANSSON = { library = "jansson" },
}
-- By the Makefile, not LuaRocks' builtin builder: that one takes no flags, and modules that hold credentials are
-- built with stack protection, read-only relocations and one exported name.
build = {
  type = "make",
  build_target = "build/rock/azure/core.so",
  build_variables = {
    BUILD = "build/rock",
    CFLAGS = "$(CFLAGS)",
    LUA_INCLUDE = "$(LUA_INCDIR)",
    EXTRA_CFLAGS = "-I$(CURL_INCDIR) -I$(CRYPTO_INCDIR) -I$(JANSSON_INCDIR)",
    EXTRA_LDFLAGS = "-L$(CURL_LIBDIR) -Wl,-rpath,$(CURL_LIBDIR) -L$(CRYPTO_LIBDIR) -Wl,-rpath,$(CRYPTO_LIBDIR) -L$(JANSSON_LIBDIR) -Wl,-rpath,$(JANSSON_LIBDIR)",
  },
  install_pass = false,
  install = {
    lib = {
      ["azure.core"] = "build/rock/azure/core.so",
    },
    lua = {
      ["azure.answer"] = "lua/azure/answer.lua",
      ["azure.client"] = "lua/azure/client.lua",
      ["azure.client.options"] = "lua/azure/client/options.lua",
      ["azure.clouds"] = "lua/azure/clouds.lua",
      ["azure.errors"] = "lua/azure/errors.lua",
      ["azure.forwarded"] = "lua/azure/forwarded.lua",
      ["azure.group"] = "lua/azure/group.lua",
      ["azure.host.collector"] = "lua/azure/host/collector.lua",
      ["azure.host.copas"] = "lua/azure/host/copas.lua",
      ["azure.host.cqueues"] = "lua/azure/host/cqueues.lua",
      ["azure.host.luv"] = "lua/azure/host/luv.lua",
      ["azure.host.shared"] = "lua/azure/host/shared.lua",
      ["azure.identity"] = "lua/azure/identity.lua",
      ["azure.identity.default"] = "lua/azure/identity/default.lua",
      ["azure.identity.federation"] = "lua/azure/identity/federation.lua",
      ["azure.identity.options"] = "lua/azure/identity/options.lua",
      ["azure"] = "lua/azure/init.lua",
      ["azure.json"] = "lua/azure/json.lua",
      ["azure.paging"] = "lua/azure/paging.lua",
      ["azure.private_endpoint"] = "lua/azure/private_endpoint.lua",
      ["azure.private_link"] = "lua/azure/private_link.lua",
      ["azure.private_link.approval"] = "lua/azure/private_link/approval.lua",
      ["azure.private_link.approve"] = "lua/azure/private_link/approve.lua",
      ["azure.private_link.bind"] = "lua/azure/private_link/bind.lua",
      ["azure.private_link.calls"] = "lua/azure/private_link/calls.lua",
      ["azure.private_link.checks"] = "lua/azure/private_link/checks.lua",
      ["azure.private_link.closing"] = "lua/azure/private_link/closing.lua",
      ["azure.private_link.connections"] = "lua/azure/private_link/connections.lua",
      ["azure.private_link.decide"] = "lua/azure/private_link/decide.lua",
      ["azure.private_link.doors"] = "lua/azure/private_link/doors.lua",
      ["azure.private_link.establish"] = "lua/azure/private_link/establish.lua",
      ["azure.private_link.facts"] = "lua/azure/private_link/facts.lua",
      ["azure.private_link.handoff"] = "lua/azure/private_link/handoff.lua",
      ["azure.private_link.job"] = "lua/azure/private_link/job.lua",
      ["azure.private_link.link"] = "lua/azure/private_link/link.lua",
      ["azure.private_link.lock"] = "lua/azure/private_link/lock.lua",
      ["azure.private_link.observe"] = "lua/azure/private_link/observe.lua",
      ["azure.private_link.plan"] = "lua/azure/private_link/plan.lua",
      ["azure.private_link.plan_calls"] = "lua/azure/private_link/plan_calls.lua",
      ["azure.private_link.probe"] = "lua/azure/private_link/probe.lua",
      ["azure.private_link.reference"] = "lua/azure/private_link/reference.lua",
      ["azure.private_link.remove"] = "lua/azure/private_link/remove.lua",
      ["azure.private_link.render"] = "lua/azure/private_link/render.lua",
      ["azure.private_link.report"] = "lua/azure/private_link/report.lua",
      ["azure.private_link.states"] = "lua/azure/private_link/states.lua",
      ["azure.private_link.status"] = "lua/azure/private_link/status.lua",
      ["azure.private_link.trouble"] = "lua/azure/private_link/trouble.lua",
      ["azure.private_link.types"] = "lua/azure/private_link/types.lua",
      ["azure.private_link.verify"] = "lua/azure/private_link/verify.lua",
      ["azure.private_link.who"] = "lua/azure/private_link/who.lua",
      ["azure.progress"] = "lua/azure/progress.lua",
      ["azure.repl"] = "lua/azure/repl.lua",
      ["azure.repl.complete"] = "lua/azure/repl/complete.lua",
      ["azure.repl.docstrings"] = "lua/azure/repl/docstrings.lua",
      ["azure.repl.editor"] = "lua/azure/repl/editor.lua",
      ["azure.repl.help"] = "lua/azure/repl/help.lua",
      ["azure.repl.pretty"] = "lua/azure/repl/pretty.lua",
      ["azure.repl.session"] = "lua/azure/repl/session.lua",
      ["azure.repl.waiting"] = "lua/azure/repl/waiting.lua",
      ["azure.resource_id"] = "lua/azure/resource_id.lua",
      ["azure.rpc"] = "lua/azure/rpc.lua",
      ["azure.rpc.methods"] = "lua/azure/rpc/methods.lua",
      ["azure.signalr"] = "lua/azure/signalr.lua",
      ["azure.signalr.busy"] = "lua/azure/signalr/busy.lua",
      ["azure.signalr.collections"] = "lua/azure/signalr/collections.lua",
      ["azure.signalr.values"] = "lua/azure/signalr/values.lua",
      ["azure.task"] = "lua/azure/task.lua",
      ["azure.text"] = "lua/azure/text.lua",
      ["azure.types"] = "lua/azure/types.lua",
      ["azure.url"] = "lua/azure/url.lua",
    },
  },
}
