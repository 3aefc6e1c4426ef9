local collections = require "azure.signalr.collections"
local helper = require "spec.helper"

describe("a collection", function()
  local sent, parent

  -- A client that only notes what it is asked for.
  before_each(function()
    sent = {}
    local client = {
      begin = function(_, request)
        sent[#sent + 1] = request
        return "op"
      end,
      list = function(_, path) return path end,
      get = function(_, path) return path end,
    }
    parent = { client = client, id = helper.signalr_id }
  end)

  local segments = {
    shared_private_links = "sharedPrivateLinkResources", private_link_resources = "privateLinkResources",
    replicas = "replicas", custom_domains = "customDomains", custom_certificates = "customCertificates",
  }
  for name, segment in pairs(segments) do
    it(("%s is at %s"):format(name, segment), function()
      local collection = collections[name](parent)

      assert.equal(helper.signalr_id .. "/" .. segment, collection:list())
      assert.equal(helper.signalr_id .. "/" .. segment .. "/x1", collection:get("x1"))
    end)
  end

  it("sends a link as ARM wants it", function()
    collections.shared_private_links(parent):begin_create("func-pe",
      { target = helper.func_id, group = "sites", request_message = "m", api_version = "2023-02-01" })

    assert.same({
      method = "PUT", path = helper.signalr_id .. "/sharedPrivateLinkResources/func-pe",
      final_state_via = "azure-async-operation", api_version = "2023-02-01",
      body = { properties = { privateLinkResourceId = helper.func_id, groupId = "sites", requestMessage = "m" } },
    }, sent[1])
  end)

  it("sends a certificate as ARM wants it", function()
    collections.custom_certificates(parent):begin_create("cert",
      { key_vault_uri = "https://v", secret_name = "s", secret_version = "1" })

    assert.same({ keyVaultBaseUri = "https://v", keyVaultSecretName = "s", keyVaultSecretVersion = "1" },
      sent[1].body.properties)
  end)

  it("has the connections of the SignalR itself", function()
    assert.equal(helper.signalr_id, collections.private_endpoint_connections(parent).id)
  end)
end)
