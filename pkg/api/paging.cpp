#include "pkg/api/paging.h"

#include <algorithm>

#include "pkg/api/error.h"
#include "pkg/base/strings.h"
#include "pkg/model/document.h"
#include "pkg/model/schema.h"

namespace kuma::api {
namespace {

constexpr int64_t kMaxPageSize = 1000;
constexpr std::string_view kFilterPrefix = "filter[";
constexpr std::string_view kLabelFilterPrefix = "filter[labels.";

std::string QueryEscape(std::string_view text) { return ReplaceAll(UrlEncode(text), "%20", "+"); }

using TagFilter = std::map<std::string, std::string>;

// tag=key:value, repeatable; values may hold colons. Others are ignored.
TagFilter ReadTags(const ApiRequest& request) {
  TagFilter tags;
  for (const std::string& text : request.QueryAll("tag")) {
    if (const size_t colon = text.find(':'); colon != std::string::npos) tags[text.substr(0, colon)] = text.substr(colon + 1);
  }
  return tags;
}

bool MatchesTags(const TagFilter& wanted, const Json& tags) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& entry) {
    const Json& value = Get(tags, entry.first);
    return value.is_string() && (entry.second == "*" || Contains(value.get_ref<const std::string&>(), entry.second));
  });
}

bool DataplaneMatchesTags(const TagFilter& wanted, const Json& networking) {
  if (wanted.empty()) return true;
  for (const Json& inbound : Get(networking, "inbound")) {
    if (MatchesTags(wanted, Get(inbound, "tags"))) return true;
  }
  return MatchesTags(wanted, GetPath(networking, {"gateway", "tags"}));
}

bool MatchesGateway(const std::string& mode, const Json& gateway) {
  const bool has_gateway = gateway.is_object();
  const bool is_builtin = GetString(gateway, "type", "DELEGATED") == "BUILTIN";
  if (mode == "true") return has_gateway;
  if (mode == "false") return !has_gateway;
  if (mode == "builtin") return has_gateway && is_builtin;
  if (mode == "delegated") return has_gateway && !is_builtin;
  return true;
}

}  // namespace

PageResult ReadPage(const ApiRequest& request, const std::string& title) {
  PageResult result;
  const auto bad_size = [&](std::string reason) { result.error = Fail({400, title, "Invalid page size", {{"size", std::move(reason)}}}); };
  if (const std::string text = request.Query("size"); !text.empty()) {
    const std::optional<int64_t> size = ParseInt(text);
    if (!size.has_value()) {
      bad_size("invalid format");
    } else if (*size <= 0) {
      bad_size("must be greater than 0");
    } else if (*size > kMaxPageSize) {
      bad_size("invalid page size of " + std::to_string(*size) + ". Maximum page size is " + std::to_string(kMaxPageSize));
    } else {
      result.page.size = static_cast<size_t>(*size);
    }
    if (result.error.has_value()) return result;
  }
  if (const std::string text = request.Query("offset"); !text.empty()) {
    const std::optional<int64_t> offset = ParseInt(text);
    if (!offset.has_value()) {
      const bool digits = text.find_first_not_of("0123456789") == std::string::npos;
      result.error = Fail({400, title, "invalid: invalid offset: strconv.Atoi: parsing " + QuoteGo(text) + (digits ? ": value out of range" : ": invalid syntax")});
    } else if (*offset < 0) {
      result.error = Fail({400, title, "invalid: invalid offset: must be non-negative"});
    } else {
      result.page.offset = static_cast<size_t>(*offset);
    }
  }
  return result;
}

namespace {

Json LinkTo(const ApiRequest& request, size_t offset) {
  io::QueryMap query = request.http.query;
  query.erase("offset");
  query.emplace("offset", std::to_string(offset));
  std::string url = (request.http.peer.is_tls ? "https://" : "http://") + request.http.host + request.http.path;
  char separator = '?';
  for (const auto& [key, value] : query) {
    url += separator + QueryEscape(key) + "=" + QueryEscape(value);
    separator = '&';
  }
  return url;
}

// What tells one list from another: all but the position in it.
std::string ListIdentity(const ApiRequest& request) {
  std::string identity = request.http.path;
  for (const auto& [key, value] : request.http.query) {
    if (key != "offset" && key != "size") identity += '&' + QueryEscape(key) + '=' + QueryEscape(value);
  }
  return identity;
}

}  // namespace

Json NextLink(const ApiRequest& request, const Page& page, size_t total) {
  if (page.offset >= total || page.size >= total - page.offset) return nullptr;
  return LinkTo(request, page.offset + page.size);
}

Json ResourceListDocument(const ApiRequest& request, const Page& page, const std::vector<ResourcePtr>& items, PageMarks& marks, const std::function<Json(size_t index)>& make) {
  const std::string list = ListIdentity(request);
  const size_t begin = marks.Begin(list, page.offset, items);
  const size_t end = std::min(begin + page.size, items.size());
  Json shown = Json::array();
  for (size_t i = begin; i < end; ++i) shown.push_back(make(i));
  Json next;
  if (end > begin && end < items.size()) next = LinkTo(request, marks.Next(list, page.offset, page.size, items[end - 1]->meta.key));
  return {{"total", items.size()}, {"items", std::move(shown)}, {"next", std::move(next)}};
}

Json ListDocument(const ApiRequest& request, const Page& page, size_t total, const std::function<Json(size_t index)>& make) {
  Json items = Json::array();
  const size_t begin = std::min(page.offset, total);
  const size_t end = std::min(begin + page.size, total);
  for (size_t i = begin; i < end; ++i) items.push_back(make(i));
  return {{"total", total}, {"items", std::move(items)}, {"next", NextLink(request, page, total)}};
}

Result<ResourceFilter> ReadFilter(const ApiRequest& request, const TypeDescriptor& type) {
  std::vector<Violation> violations;
  Labels labels;
  for (const auto& [key, value] : request.http.query) {
    if (!key.starts_with(kFilterPrefix)) continue;
    const std::string field = request.pattern + "." + key;
    const size_t bracket = key.find(']');
    if (!key.starts_with(kLabelFilterPrefix)) {
      violations.push_back({field, "filters are only supported on labels"});
    } else if (bracket == std::string::npos || bracket + 1 != key.size()) {
      violations.push_back({field, "advanced filters are not supported"});
    } else {
      labels[key.substr(kLabelFilterPrefix.size(), bracket - kLabelFilterPrefix.size())] = value;
    }
  }
  const std::string gateway = type.name == "Dataplane" ? ToLower(request.Query("gateway")) : std::string{};
  if (!gateway.empty() && gateway != "true" && gateway != "false" && gateway != "builtin" && gateway != "delegated") {
    violations.push_back({request.pattern + ".gateway", "shoud use `true`, `false`, 'builtin' or 'delegated' instead of " + gateway});
  }
  if (!violations.empty()) return ViolationsError(std::move(violations));

  const TagFilter tags = ReadTags(request);
  const bool is_dataplane = type.name == "Dataplane";
  const bool is_external_service = type.name == "ExternalService";
  // Looking at each of thousands of resources costs more than writing a page of them.
  const bool tags_matter = !tags.empty() && (is_dataplane || is_external_service);
  if (labels.empty() && gateway.empty() && !tags_matter) return ResourceFilter();
  return ResourceFilter([=](const Resource& resource) {
    for (const auto& [key, value] : labels) {
      const auto found = resource.meta.labels.find(key);
      if (found == resource.meta.labels.end() || found->second != value) return false;
    }
    if (is_external_service) return MatchesTags(tags, Get(resource.spec, "tags"));
    if (!is_dataplane) return true;
    const Json& networking = Get(resource.spec, "networking");
    return MatchesGateway(gateway, Get(networking, "gateway")) && DataplaneMatchesTags(tags, networking);
  });
}

}  // namespace kuma::api
