--- Shows a status: as a tree for people, as JSON, as a Mermaid diagram.

local json = require "azure.json"
local resource_id = require "azure.resource_id"
local plain = require("azure.text").plain

local render = {}

local colors = {
  Approved = "32", Succeeded = "32", Pending = "33", Creating = "33", Updating = "33", Approving = "33",
  Rejected = "31", Disconnected = "31", Timeout = "31", Failed = "31", Canceled = "31",
}

local function paint(word, on)
  local color = on and colors[word]
  return color and ("\27[%sm%s\27[0m"):format(color, word) or word
end

local function upstream_name(entry)
  local parsed = entry.upstream and resource_id.parse(entry.upstream)
  return parsed and table.concat(parsed.names, "/") or tostring(entry.upstream)
end

local owner_words = { ours = "ours", maybe = "same name", other = "somebody else's" }

local function add_connections(out, entry, indent, color)
  local count = #entry.connections
  if entry.error then out[#out + 1] = indent .. "`-- " .. plain(entry.error) end
  if count == 0 and not entry.error then out[#out + 1] = indent .. "`-- no connection yet" end
  for i, connection in ipairs(entry.connections) do
    out[#out + 1] = ("%s%s %s  %s  (%s)"):format(indent, i == count and "`--" or "|--", plain(connection.name),
      paint(connection.status, color), owner_words[connection.owner])
  end
end

--- Lines for people.
---@param tree table
---@param opts { color: boolean? }
---@return string
function render.tree(tree, opts)
  local out = { ("%s  %s, %s"):format(plain(tree.name), plain(tree.sku or "?"),
    paint(tree.provisioning_state, opts.color)) }
  if #tree.links == 0 then out[#out + 1] = "`-- no shared private links" end
  for i, entry in ipairs(tree.links) do
    local is_last = i == #tree.links
    local replica = entry.owner ~= "signalr" and (" (replica %s)"):format(entry.owner) or ""
    out[#out + 1] = ("%s %s%s -> %s [%s]  %s, %s"):format(is_last and "`--" or "|--", plain(entry.name), plain(replica),
      plain(upstream_name(entry)), plain(entry.group or "?"), paint(entry.status, opts.color),
      paint(entry.provisioning_state, opts.color))
    add_connections(out, entry, is_last and "    " or "|   ", opts.color)
  end
  return table.concat(out, "\n")
end

-- Quotes and brackets would end a label.
local function label(text)
  return (plain(text):gsub('"', "#quot;"):gsub("[<>]", function(c) return c == "<" and "#lt;" or "#gt;" end))
end

local function add_edges(out, i, entry)
  out[#out + 1] = ('  s -->|"%s"| l%d["%s: %s"]'):format(label(entry.owner), i, label(entry.name), label(entry.status))
  for j, connection in ipairs(entry.connections) do
    if connection.owner ~= "other" then
      out[#out + 1] = ('  l%d --> c%d_%d(["%s: %s"])'):format(i, i, j, label(connection.name), label(connection.status))
      out[#out + 1] = ('  c%d_%d --> u%d["%s"]'):format(i, j, i, label(upstream_name(entry)))
    end
  end
end

--- A flowchart to paste into Markdown.
---@param tree table
---@return string
function render.mermaid(tree)
  local out = { "flowchart LR", ('  s["%s"]'):format(label(tree.name)) }
  for i, entry in ipairs(tree.links) do add_edges(out, i, entry) end
  return table.concat(out, "\n")
end

local function mark_lists(entry)
  json.array(entry.connections)
  for _, connection in ipairs(entry.connections) do json.array(connection.because) end
end

render.formats = {
  table = function(tree) return tree end,
  tree = render.tree,
  json = function(tree)
    local copy = {}
    for key, value in pairs(tree) do copy[key] = value end
    copy.links = json.array(table.move(tree.links, 1, #tree.links, 1, {}))
    for _, entry in ipairs(copy.links) do mark_lists(entry) end
    return json.encode(copy)
  end,
  mermaid = render.mermaid,
}

return render
