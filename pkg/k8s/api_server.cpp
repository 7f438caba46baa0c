#include "pkg/k8s/api_server.h"

#include "pkg/base/files.h"
#include "pkg/base/strings.h"
#include "pkg/base/version.h"

namespace kuma::k8s {
namespace {

constexpr int kPageSize = 500;
constexpr int kMaxPages = 1000;
constexpr size_t kShownBody = 512;
constexpr const char* kMetadataList = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json";

ErrorCode CodeOf(int status) {
  switch (status) {
    case 401: return ErrorCode::kUnauthorized;
    case 403: return ErrorCode::kForbidden;
    case 404: return ErrorCode::kNotFound;
    default: return status >= 500 ? ErrorCode::kUnavailable : ErrorCode::kInvalid;
  }
}

}  // namespace

Result<Json> ApiServer::Get(const std::string& target, const std::string& accept) const {
  io::HttpClientRequest request;
  request.url = config_.server + target;
  request.timeout = timeout_;
  request.tls = config_.tls;
  request.headers.Set("User-Agent", "kuma/" + GetBuildInfo().version);
  request.headers.Set("Accept", accept);
  std::string token = config_.token;
  if (token.empty() && !config_.token_file.empty()) {
    KUMA_TRY_ASSIGN(const std::string text, ReadFile(config_.token_file));
    token = Trim(text);
  }
  if (!token.empty()) {
    request.headers.Set("Authorization", "Bearer " + token);
  } else if (!config_.username.empty()) {
    request.headers.Set("Authorization", "Basic " + Base64Encode(config_.username + ":" + config_.password));
  }
  for (const auto& [name, value] : config_.headers) request.headers.Add(name, value);
  KUMA_TRY_ASSIGN(const io::HttpResponse response, send_(request));
  const Result<Json> body = ParseJson(response.body);
  if (response.status != 200) {
    // Errors are objects of kind Status.
    std::string message = body ? GetString(*body, "message") : std::string();
    if (message.empty()) message = Trim(std::string_view(response.body).substr(0, kShownBody));
    return MakeError(CodeOf(response.status), config_.server + " answers " + std::to_string(response.status) + (message.empty() ? "" : ": " + message));
  }
  if (!body) return Invalid(config_.server + " does not answer with JSON; is it the API server of Kubernetes? " + body.error().ToString());
  return body;
}

Result<std::vector<Json>> ApiServer::ListMetadata(const std::string& path) const {
  std::vector<Json> all;
  std::string more;
  for (int page = 0; page < kMaxPages; ++page) {
    const std::string target = path + "?limit=" + std::to_string(kPageSize) + (more.empty() ? "" : "&continue=" + UrlEncode(more));
    KUMA_TRY_ASSIGN(const Json list, Get(target, kMetadataList));
    if (!GetString(list, "kind").ends_with("List")) return Invalid(config_.server + path + " does not answer with a list");
    for (const Json& item : kuma::Get(list, "items")) all.push_back(kuma::Get(item, "metadata"));  // null when there are none
    more = GetString(kuma::Get(list, "metadata"), "continue");
    if (more.empty()) return all;
  }
  return Unavailable(config_.server + path + " does not come to its last page");
}

}  // namespace kuma::k8s
