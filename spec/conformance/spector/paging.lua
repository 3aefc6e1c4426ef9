-- Lists: next links of every form, continuation tokens, pages in XML.
local json = require "azure.json"

local PAGE = "/azure/core/page/"
local DRIVEN = "/payload/pageable/server-driven-pagination/"
local TOKENS = DRIVEN .. "continuationtoken/request-"
local MONITOR = "/subscriptions/00000000-0000-0000-0000-000000000000"
  .. "/resourceGroups/test-rg/providers/Azure.ResourceManager.OperationTemplates"
  .. "/monitors/monitor1"

local function append(items, page)
  table.move(page, 1, #page, #items + 1, items)
end

-- A service that hands out tokens instead of links: `where` tells how the
-- token goes in ("query", "header"), `token_of` how it comes out.
local function token_pages(path, where, token_of, items_of)
  return function(t)
    local items, token = json.array {}, nil
    repeat
      local response, err = t.client:request {
        method = "GET", path = TOKENS .. path,
        query = { bar = "bar", token = where == "query" and token or nil },
        headers = { foo = "foo", token = where == "header" and token or nil } }
      if not response then return nil, err end
      append(items, items_of(response.json))
      token = token_of(response)
    until not token
    return items
  end
end

local function pets(page) return page.pets end
local function nested_pets(page) return page.nestedItems.pets end
local function body_token(response) return response.json.nextToken end
local function header_token(response) return response.headers["next-token"] end
local function nested_token(response)
  local nested = response.json.nestedNext
  return nested and nested.nextToken
end

-- the ids of all pets of XML pages; `advance` finds the next request
local function xml_pages(path, advance)
  return function(t)
    local ids, request = json.array {}, { method = "GET", path = path }
    while request do
      local response, err = t.client:request(request)
      if not response then return nil, err end
      for id in response.body:gmatch "<Id>(.-)</Id>" do
        ids[#ids + 1] = id
      end
      request = advance(response.body)
    end
    return ids
  end
end

local function next_link(body)
  local link = body:match "<NextLink>(.-)</NextLink>"
  return link and { method = "GET", path = link }
end

local function next_marker(body)
  local marker = body:match "<NextMarker>(.-)</NextMarker>"
  return marker and { method = "GET", query = { marker = marker },
    path = "/payload/pageable/xml/list-with-continuation" }
end

local function two_models(t)
  local items, err = t.collect(t.client:list(PAGE .. "first-item"))
  if not items then return nil, err end
  local more
  more, err = t.collect(t.client:list(PAGE .. "second-item"))
  if not more then return nil, err end
  append(items, more)
  return items
end

local function page_sizes(t)
  local items = json.array {}
  for _, size in ipairs { 2, 4 } do
    local page, err = t.collect(t.client:list("/payload/pageable/pagesize/list",
      { query = { pageSize = size }, items = "pets" }))
    if not page then return nil, err end
    append(items, page)
  end
  return items
end

local IDS = { value = { "1", "2", "3", "4" } }

return {
  area = "Paging",
  rows = {
    { name = "Azure_Core_Page_listWithPage", gives = "items:value", list = PAGE .. "page" },
    { name = "Azure_Core_Page_listWithParameters", gives = "items:value",
      list = PAGE .. "parameters", method = "POST", query = { another = "Second" },
      body = { inputName = "Madge" } },
    { name = "Azure_Core_Page_TwoModelsAsPageItem", gives = "items:value",
      run = two_models },
    { name = "Azure_Core_Page_listWithCustomPageModel", gives = "items:items",
      list = PAGE .. "custom-page", items = "items" },
    { name = "Azure_Core_Page_withRelativeNextLink", gives = "items:value",
      list = PAGE .. "with-relative-next-link" },
    { name = "Azure_Core_Page_withParameterizedNextLink", gives = "items:values",
      list = PAGE .. "with-parameterized-next-link", items = "values",
      query = { includePending = "true", select = "name" },
      next_query = { includePending = "true" } },
    { name = "Azure_ClientGenerator_Core_NextLinkVerb_listItems", gives = "items:items",
      list = "/azure/client-generator-core/next-link-verb/items", method = "POST",
      items = "items", next_method = "POST" },
    { name = "Azure_Payload_Pageable_list", gives = "items:value",
      list = "/azure/payload/pageable", query = { maxpagesize = 3 } },
    { name = "Azure_ResourceManager_OperationTemplates_Paging_postActionPaging",
      gives = "items:value", list = MONITOR .. "/postActionPaging", method = "POST",
      api_version = "2023-12-01-preview", body = { filter = "status eq 'active'" } },
    { name = "Payload_Pageable_ServerDrivenPagination_link", gives = "items:pets",
      list = DRIVEN .. "link", items = "pets", next_link = "next" },
    { name = "Payload_Pageable_ServerDrivenPagination_linkString", gives = "items:pets",
      list = DRIVEN .. "link-string", items = "pets", next_link = "next" },
    { name = "Payload_Pageable_ServerDrivenPagination_nestedLink",
      gives = "items:nestedItems.pets", list = DRIVEN .. "nested-link",
      items = "nestedItems.pets", next_link = "nestedNext.next" },
    { name = "Payload_Pageable_ServerDrivenPagination_AlternateInitialVerb_post",
      gives = "items:pets", list = DRIVEN .. "link/initial-post", method = "POST",
      body = { filter = "foo eq bar" }, items = "pets", next_link = "next" },
    { name = "Payload_Pageable_PageSize_listWithoutContinuation", gives = "items:pets",
      list = "/payload/pageable/pagesize/without-continuation", items = "pets" },
    { name = "Payload_Pageable_PageSize_listWithPageSize", gives = "items:pets",
      run = page_sizes },

    { name = "Payload_Pageable_ServerDrivenPagination_ContinuationToken_"
        .. "requestQueryResponseBody", gives = "items:pets",
      run = token_pages("query-response-body", "query", body_token, pets) },
    { name = "Payload_Pageable_ServerDrivenPagination_ContinuationToken_"
        .. "requestHeaderResponseBody", gives = "items:pets",
      run = token_pages("header-response-body", "header", body_token, pets) },
    { name = "Payload_Pageable_ServerDrivenPagination_ContinuationToken_"
        .. "requestQueryResponseHeader", gives = "items:pets",
      run = token_pages("query-response-header", "query", header_token, pets) },
    { name = "Payload_Pageable_ServerDrivenPagination_ContinuationToken_"
        .. "requestHeaderResponseHeader", gives = "items:pets",
      run = token_pages("header-response-header", "header", header_token, pets) },
    { name = "Payload_Pageable_ServerDrivenPagination_ContinuationToken_"
        .. "requestQueryNestedResponseBody", gives = "items:nestedItems.pets",
      run = token_pages("query-nested-response-body", "query", nested_token,
        nested_pets) },
    { name = "Payload_Pageable_ServerDrivenPagination_ContinuationToken_"
        .. "requestHeaderNestedResponseBody", gives = "items:nestedItems.pets",
      run = token_pages("header-nested-response-body", "header", nested_token,
        nested_pets) },
    { name = "Payload_Pageable_XmlPagination_listWithNextLink", gives = IDS,
      run = xml_pages("/payload/pageable/xml/list-with-next-link", next_link) },
    { name = "Payload_Pageable_XmlPagination_listWithContinuation", gives = IDS,
      run = xml_pages("/payload/pageable/xml/list-with-continuation", next_marker) },
  },
}
