#include "pkg/kumactl/client.h"

#include "pkg/base/files.h"
#include "pkg/base/strings.h"
#include "pkg/base/version.h"

namespace kuma::kumactl {
namespace {

constexpr size_t kShownBody = 1024;
constexpr int kMaxRedirects = 5;
constexpr int kMaxPages = 10'000;

ErrorCode CodeOf(int status) {
  switch (status) {
    case 400:
    case 405:
    case 422:
      return ErrorCode::kInvalid;
    case 401:
      return ErrorCode::kUnauthorized;
    case 403:
      return ErrorCode::kForbidden;
    case 404:
      return ErrorCode::kNotFound;
    case 409:
      return ErrorCode::kConflict;
    case 413:
      return ErrorCode::kTooLarge;
    case 502:
    case 503:
    case 504:
      return ErrorCode::kUnavailable;
    default:
      return ErrorCode::kInternal;
  }
}

// The API's error body: title, detail and invalid_parameters; old servers say details and causes.
Error ErrorOf(const io::HttpResponse& response) {
  Error error;
  error.code = CodeOf(response.status);
  const Result<Json> body = ParseJson(response.body);
  const std::string title = body ? GetString(*body, "title") : std::string();
  if (title.empty()) {
    const std::string text(Trim(std::string_view(response.body).substr(0, kShownBody)));
    error.message = "(" + std::to_string(response.status) + "): " + (text.empty() ? std::string(io::StatusText(response.status)) : text);
  } else {
    error.message = title + " (" + GetString(*body, "detail", GetString(*body, "details")) + ")";
    for (const Json& item : Get(*body, "invalid_parameters"))
      error.violations.push_back({GetString(item, "field"), GetString(item, "reason")});
    if (error.violations.empty()) {
      for (const Json& item : Get(*body, "causes")) error.violations.push_back({GetString(item, "field"), GetString(item, "message")});
    }
  }
  if (response.status == 401) {
    error.message +=
        "\nGive credentials with `kumactl config control-planes add --overwrite --name NAME --address URL --auth-type=tokens --auth-conf "
        "token=TOKEN`.";
  }
  return error;
}

std::string QueryText(const Query& query) {
  std::string text;
  for (const auto& [key, value] : query) text += (text.empty() ? "?" : "&") + UrlEncode(key) + "=" + UrlEncode(value);
  return text;
}

bool IsLoopback(const std::string& host) { return host == "localhost" || host == "::1" || host.rfind("127.", 0) == 0; }

}  // namespace

std::string ApiPath(const std::vector<std::string>& segments) {
  std::string path;
  for (const std::string& segment : segments) path += "/" + UrlEncode(segment);
  return path.empty() ? "/" : path;
}

ApiClient::ApiClient(ControlPlane control_plane, io::TlsClientOptions tls, std::chrono::milliseconds timeout,
                     std::shared_ptr<Transport> transport, std::ostream* trace)
    : control_plane_(std::move(control_plane)), tls_(std::move(tls)), timeout_(timeout), transport_(std::move(transport)), trace_(trace) {}

Error ApiClient::Unreachable(const Error& cause) const {
  std::string text = "cannot reach control plane \"" + control_plane_.name + "\" at " + control_plane_.server.url + ": " + cause.ToString();
  if (Contains(cause.message, "certificate")) {
    text += "\nGive the CA of its certificate with `kumactl config control-planes add --overwrite --name " + control_plane_.name +
            " --address " + control_plane_.server.url + " --ca-cert-file FILE`.";
  } else {
    text += "\nIs it running? `kuma-cp run` starts one here, `kumactl config control-planes list` shows the known ones.";
  }
  return Unavailable(text);
}

Result<io::HttpResponse> ApiClient::Call(const ApiCall& call) {
  const ApiServer& server = control_plane_.server;
  io::HttpClientRequest request;
  request.method = call.method;
  std::string base = server.url;
  while (!base.empty() && base.back() == '/') base.pop_back();
  request.url = base + call.path + QueryText(call.query);
  request.timeout = timeout_;
  request.tls = tls_;
  request.headers.Set("User-Agent", "kumactl/" + GetBuildInfo().version);
  request.headers.Set("Accept", "application/json");
  if (!call.body.empty()) request.headers.Set("Content-Type", "application/json");
  for (const auto& [key, value] : server.headers) request.headers.Set(key, value);
  if (server.auth_type == "tokens") {
    const auto token = server.auth_conf.find("token");
    if (token != server.auth_conf.end()) request.headers.Set("Authorization", "Bearer " + token->second);
  }
  request.body = call.body;
  Result<io::HttpResponse> response = transport_->Send(request);
  if (trace_ != nullptr) {
    *trace_ << call.method << " " << request.url << " -> " << (response ? std::to_string(response->status) : response.error().ToString())
            << "\n";
  }
  if (!response) return response.error().code == ErrorCode::kUnavailable ? Unreachable(response.error()) : response.error();
  if (response->status >= 400) return ErrorOf(*response);
  if (response->status >= 300) {
    return Invalid("the server answers with a redirect to " + std::string(response->headers.Get("Location")) +
                   "; use that as the address of the control plane");
  }
  return response;
}

Result<Json> ApiClient::GetJson(const std::string& path, const Query& query) {
  KUMA_TRY_ASSIGN(const io::HttpResponse response, Call({.path = path, .query = query}));
  Result<Json> json = ParseJson(response.body);
  if (!json)
    return Invalid(control_plane_.server.url + " does not answer with JSON; is it the API of a control plane? " + json.error().ToString());
  return json;
}

Result<ApiList> ApiClient::ListPage(const std::string& path, const Query& query) {
  KUMA_TRY_ASSIGN(const Json json, GetJson(path, query));
  ApiList list;
  for (const Json& item : Get(json, "items")) list.items.push_back(item);
  list.total = GetInt(json, "total", static_cast<int64_t>(list.items.size()));
  list.next = GetString(json, "next");
  const size_t question = list.next.find('?');
  if (question != std::string::npos) {
    if (const auto target = io::ParseHttpTarget("/" + list.next.substr(question)); target) {
      const auto offset = target->query.find("offset");
      if (offset != target->query.end()) list.next_offset = offset->second;
    }
  }
  return list;
}

Result<ApiList> ApiClient::ListAll(const std::string& path, const Query& query) {
  KUMA_TRY_ASSIGN(ApiList all, ListPage(path, query));
  std::string offset = all.next_offset;
  for (int page = 1; !offset.empty() && page < kMaxPages; ++page) {
    Query next = query;
    next.emplace_back("offset", offset);
    KUMA_TRY_ASSIGN(ApiList list, ListPage(path, next));
    for (Json& item : list.items) all.items.push_back(std::move(item));
    if (list.next_offset == offset) break;
    offset = list.next_offset;
  }
  all.next.clear();
  all.next_offset.clear();
  return all;
}

Result<io::TlsClientOptions> TlsOptionsFor(const ApiServer& server, const std::string& home) {
  io::TlsClientOptions options;
  KUMA_TRY_ASSIGN(const io::ParsedUrl url, io::ParseUrl(server.url));
  if (url.scheme != "https") return options;
  options.skip_verify = server.skip_verify;
  if (!server.ca_cert_file.empty()) {
    KUMA_TRY_ASSIGN(options.ca_pem, ReadFile(server.ca_cert_file));
  } else if (IsLoopback(url.host)) {
    const std::string own = JoinPath(JoinPath(home, ".kuma"), "kuma-cp.crt");
    if (FileExists(own)) {
      KUMA_TRY_ASSIGN(options.ca_pem, ReadFile(own));
    }
  }
  if (!server.client_cert_file.empty()) {
    KUMA_TRY_ASSIGN(options.cert_pem, ReadFile(server.client_cert_file));
    KUMA_TRY_ASSIGN(options.key_pem, ReadFile(server.client_key_file));
  }
  return options;
}

Result<std::string> FetchUrl(Transport& transport, std::string url) {
  const std::string asked = url;
  for (int hop = 0; hop <= kMaxRedirects; ++hop) {
    io::HttpClientRequest request;
    request.url = url;
    request.headers.Set("User-Agent", "kumactl/" + GetBuildInfo().version);
    KUMA_TRY_ASSIGN(const io::HttpResponse response, transport.Send(request));
    if (response.status == 200) return response.body;
    const std::string location(response.headers.Get("Location"));
    if (response.status < 300 || response.status >= 400 || location.empty()) {
      return Invalid("error while retrieving URL: " + url + " answers " + std::to_string(response.status) + " " +
                     std::string(io::StatusText(response.status)));
    }
    if (url.rfind("https://", 0) == 0 && location.rfind("http://", 0) == 0)
      return Invalid(url + " redirects to plain http, which is not followed");
    if (location[0] == '/') {
      url = url.substr(0, url.find('/', url.find("://") + 3)) + location;
    } else {
      url = location;
    }
  }
  return Invalid("too many redirects", asked);
}

}  // namespace kuma::kumactl
