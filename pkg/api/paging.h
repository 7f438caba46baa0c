// Pages and filters of lists, by the reference's query parameters.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "pkg/api/answer.h"
#include "pkg/api/page_marks.h"
#include "pkg/base/result.h"
#include "pkg/model/type.h"

namespace kuma::api {

struct Page {
  size_t size = 100;
  size_t offset = 0;
};

// Errors are answers: bad sizes name the field, bad offsets do not.
struct PageResult {
  Page page;
  std::optional<Answer> error;
};
PageResult ReadPage(const ApiRequest& request, const std::string& title);

// {total, items, next} of `total` things; `make` gives the item at an index.
Json ListDocument(const ApiRequest& request, const Page& page, size_t total, const std::function<Json(size_t index)>& make);
// The same of resources in the order of their keys; the pages fit together while others write.
Json ResourceListDocument(const ApiRequest& request, const Page& page, const std::vector<ResourcePtr>& items, PageMarks& marks, const std::function<Json(size_t index)>& make);
// Absolute URL of the next page; null on the last one.
Json NextLink(const ApiRequest& request, const Page& page, size_t total);

using ResourceFilter = std::function<bool(const Resource&)>;
// filter[labels.key]=value for all types; tag and gateway for proxies. An empty function: nothing is filtered out. kInvalid with violations.
Result<ResourceFilter> ReadFilter(const ApiRequest& request, const TypeDescriptor& type);

}  // namespace kuma::api
