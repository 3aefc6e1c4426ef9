-- Lists over pages, with the failures that Spector's do not have.
local P = "/paging/"

-- "GET single 200" -> "GET /paging/single 200"
local function lines(list)
  local out = {}
  for i, line in ipairs(list) do
    out[i] = line:gsub("^(%u+) (%w)", "%1 " .. P .. "%2")
  end
  return out
end

local function row(name, path, sends, more)
  local made = { name = name, list = P .. path, items = "values",
    gives = "items:values", sends = lines(sends) }
  for key, value in pairs(more or {}) do
    made[key] = value
  end
  if made.fails then made.gives = nil end
  return made
end

-- the first lines, then pages 2 to 10
local function to_ten(first, format)
  for page = 2, 10 do
    first[#first + 1] = format:format(page)
  end
  return first
end

local FAILURE = { fails = { kind = "service", status = 400,
  message = "Expected single failure test." } }
local VALUE = { items = "value", gives = "items:value" }

local function retry_second()
  local sends = to_ten({ "GET multiple/retrysecond 200",
    "GET multiple/retrysecond/page/2 500" }, "GET multiple/retrysecond/page/%d 200")
  return row("PagingMultipleRetrySecond", "multiple/retrysecond", sends)
end

-- an operation whose result is the first page
local function paged_operation(t)
  local op <close> = t.client:begin { method = "POST", path = P .. "multiple/lro" }
  local page, err = op:wait { timeout = 20 }
  if not page then return nil, err end
  local rest
  rest, err = t.collect(t.client:list(page.nextLink, { items = "values" }))
  if not rest then return nil, err end
  return table.move(rest, 1, #rest, #page.values + 1, page.values)
end

-- a link that is only the end of a path: the caller knows the rest
local function fragments(base)
  return function(t)
    local items, tail = {}, ""
    repeat
      local response, err = t.client:request { method = "GET", path = base .. tail,
        query = { api_version = "1.6" } }
      if not response then return nil, err end
      local page = response.json
      table.move(page.values, 1, #page.values, #items + 1, items)
      local link = page["odata.nextLink"]
      tail = link and "/" .. link
    until not tail
    return items
  end
end

local function fragment_sends(base)
  return to_ten({ "GET " .. base .. "?api_version=1.6 200" },
    "GET " .. base .. "/next?page=%d&api_version=1.6 200")
end

local FRAGMENT = "multiple/fragment/test_user"

-- two pages of an API whose version is asked for on each
local function versioned(name, path)
  return { name = name, list = path .. "/1", items = "values", gives = "items:values",
    api_version = "3.0.0", next_query = { ["api-version"] = "3.0.0" },
    sends = { "GET " .. path .. "/1?api-version=3.0.0 200",
      "GET " .. path .. "/2?api-version=3.0.0 200" } }
end

return {
  area = "Paging",
  rows = {
    versioned("MultiapiPaging", "/multiapi/paging"),
    versioned("MultiapiOperationGroupPaging", "/multiapi/one/paging"),
    { name = "MultiapiLROAndPaging", list = "/multiapi/lroAndPaging", method = "POST",
      items = "values", gives = "items:values",
      sends = { "POST /multiapi/lroAndPaging 200" } },
    row("PagingDontSendMaxPageSize", "maxPageSize", { "GET maxPageSize 200" }),
    row("PagingNoItemName", "noitemname", { "GET noitemname 200" }, VALUE),
    row("PagingNextLinkNameNull", "nullnextlink", { "GET nullnextlink 200" },
      { next_link = false }),
    row("PagingEmptyNextLink", "emptynextlink", { "GET emptynextlink 200" }, VALUE),
    row("PagingSingle", "single", { "GET single 200" }),
    row("PagingSingleWithBodyParams", "single/getWithBodyParams",
      { "GET single/getWithBodyParams 200" }, { body = { name = "body" } }),
    row("PagingMultiple", "multiple",
      to_ten({ "GET multiple 200" }, "GET multiple/page/%d 200")),
    row("PagingMultipleWithQueryParameters", "multiple/getWithQueryParams",
      { "GET multiple/getWithQueryParams?queryConstant=true&requiredQueryParameter=100 200",
        "GET multiple/nextOperationWithQueryParams?queryConstant=true 200" },
      { query = { queryConstant = "true", requiredQueryParameter = 100 },
        next_query = { queryConstant = "true" } }),
    row("PagingOdataMultiple", "multiple/odata",
      to_ten({ "GET multiple/odata 200" }, "GET multiple/odata/page/%d 200"),
      { next_link = "odata.nextLink" }),
    row("PagingMultiplePath", "multiple/withpath/100",
      to_ten({ "GET multiple/withpath/100 200" },
        "GET multiple/withpath/page/100/%d 200")),
    row("PagingDuplicateParameters", "multiple/duplicateParams/1",
      { "GET multiple/duplicateParams/1?$filter=foo 200",
        "GET multiple/duplicateParams/2?$filter=serviceReturned&$skiptoken=bar 200" },
      { query = { ["$filter"] = "foo" } }),
    row("PagingWithApiVersionAppend", "apiVersion/append/1",
      { "GET apiVersion/append/1?api-version=1.0.0 200",
        "GET apiVersion/append/2?$skiptoken=bar&api-version=1.0.0 200" },
      { api_version = "1.0.0", next_query = { ["api-version"] = "1.0.0" } }),
    row("PagingWithApiVersionReplace", "apiVersion/replace/1",
      { "GET apiVersion/replace/1?api-version=1.0.0 200",
        "GET apiVersion/replace/2?$skiptoken=bar"
          .. "&startTime=1/1/1970 12:00:00 AM +00:00&api-version=1.0.0 200" },
      { api_version = "1.0.0", next_query = { ["api-version"] = "1.0.0" } }),
    row("PagingMultipleRetryFirst", "multiple/retryfirst",
      to_ten({ "GET multiple/retryfirst 500", "GET multiple/retryfirst 200" },
        "GET multiple/page/%d 200")),
    retry_second(),
    row("PagingReturnModelWithXMSClientName", "itemNameWithXMSClientName",
      { "GET itemNameWithXMSClientName 200" }),
    row("PagingFirstResponseEmpty", "firstResponseEmpty/1",
      { "GET firstResponseEmpty/1 200", "GET firstResponseEmpty/2 200" }, VALUE),
    row("PagingCustomUrlPartialNextLink", "customurl/partialnextlink",
      { "GET customurl/partialnextlink 200", "GET customurl/partialnextlink/page/2 200" }),
    row("PagingCustomUrlPartialOperationNextLink", "customurl/partialnextlinkop",
      { "GET customurl/partialnextlinkop 200",
        "GET customurl/partialnextlinkop/page/2 200" }),
    { name = "PagingFragment", gives = "items:values",
      run = fragments(P .. FRAGMENT), sends = lines(fragment_sends(FRAGMENT)) },
    { name = "PagingMultipleLRO", gives = "items:values", run = paged_operation,
      sends = lines(to_ten({ "POST multiple/lro 202", "GET multiple/lro/200 200",
        "GET multiple 200" }, "GET multiple/page/%d 200")) },

    row("PagingSingleFailure", "single/failure", { "GET single/failure 400" }, FAILURE),
    row("PagingMultipleFailureUri", "multiple/failureuri",
      { "GET multiple/failureuri 200", "GET multiple/*&* 404" },
      { fails = { kind = "service", status = 404 } }),
    row("PagingMultipleFailure", "multiple/failure",
      { "GET multiple/failure 200", "GET multiple/failure/page/2 400" }, FAILURE),
  },
}
