#include "pkg/api/rest_api.h"

#include <algorithm>
#include <exception>

#include "pkg/api/error.h"
#include "pkg/api/routes.h"
#include "pkg/base/strings.h"

namespace kuma::api {
namespace {

constexpr std::string_view kYamlEnding = ".yaml";

constexpr const char* kPlainText = "text/plain; charset=utf-8";

// "application/json; charset=utf-8" without its parameters, in lower case.
std::string MediaType(std::string_view text) { return ToLower(Trim(text.substr(0, text.find(';')))); }

bool IsYaml(std::string_view media) { return media == "application/yaml" || media == "application/x-yaml" || media == "text/yaml"; }

// Whether the client takes one of the two forms of documents.
bool AcceptsDocuments(const io::HttpRequest& request) {
  const std::string_view accept = request.headers.Get("Accept");
  if (Trim(accept).empty()) return true;
  for (const std::string& part : Split(accept, ',')) {
    const std::string media = MediaType(part);
    if (media == "*/*" || media == "application/*" || media == "application/json" || IsYaml(media)) return true;
  }
  return false;
}

// A web page can send any text to any site, but not with one of these types.
bool HasDocumentType(const io::HttpRequest& request) {
  if (request.method != "PUT" && request.method != "POST" && request.method != "PATCH") return true;
  const std::string media = MediaType(request.headers.Get("Content-Type"));
  return media == "application/json" || IsYaml(media);
}

bool AsksForYaml(const io::HttpRequest& request) {
  for (const char* type : {"application/yaml", "application/x-yaml", "text/yaml"}) {
    if (request.headers.HasToken("Accept", type)) return true;
  }
  return false;
}

// These are answered from the program itself.
bool ReadsStore(std::string_view pattern) {
  constexpr std::string_view kOthers[] = {"/", "/config", "/who-am-i", "/policies", "/_resources", "/versions"};
  return std::find(std::begin(kOthers), std::end(kOthers), pattern) == std::end(kOthers);
}

}  // namespace

struct RestApi::Call {
  io::HttpRequest request;
  Done done;
  bool yaml = false;
  bool ending_tried = false;  // ".yaml" was cut off the path
  const Route* route = nullptr;
  tokens::UserIdentity user = tokens::AnonymousUser();
  MonotonicTime started{};
  std::atomic<bool> answered{false};
};

RestApi::RestApi(ApiDeps deps, ApiOptions options) : deps_(std::move(deps)), options_(std::move(options)), page_marks_(deps_.clock) {
  for (std::string& segment : Split(options_.base_path, '/')) {
    if (!segment.empty()) base_segments_.push_back(std::move(segment));
  }
  const RouteContext context{deps_, options_, router_, page_marks_};
  AddControlPlaneRoutes(context);
  AddTokenRoutes(context);
  AddInsightRoutes(context);
  AddInspectRoutes(context);
  AddConfigRoutes(context);
  AddExplainRoutes(context);
  AddDryRunRoutes(context);
  AddProxyAdminRoutes(context);
  AddHostnameRoutes(context);
  AddResourceRoutes(context);
  AddOpenApiRoutes(context);
}

void RestApi::Handle(io::HttpRequest request, Done done) const {
  auto call = std::make_shared<Call>();
  call->request = std::move(request);
  call->done = std::move(done);
  call->started = deps_.clock.Monotonic();
  call->yaml = AsksForYaml(call->request);
  std::vector<std::string>& segments = call->request.segments;
  if (segments.size() < base_segments_.size() || !std::equal(base_segments_.begin(), base_segments_.end(), segments.begin())) {
    Finish(call, Answer::Text("404: Page Not Found", kPlainText, 404));
    return;
  }
  segments.erase(segments.begin(), segments.begin() + static_cast<std::ptrdiff_t>(base_segments_.size()));
  if (deps_.workers == nullptr) {
    Dispatch(call);
  } else if (!deps_.workers->TrySubmit([this, call] { Dispatch(call); })) {
    Finish(call, Fail(Unavailable("too many requests are waiting; try again"), "Service unavailable"));
  }
}

void RestApi::Dispatch(const std::shared_ptr<Call>& call) const {
  if (const Status origin = CheckOrigin(call->request, options_.cors_allowed_domains); !origin.ok()) {
    Finish(call, Fail(origin.error(), "Access Denied"));
    return;
  }
  if (std::optional<Answer> preflight = Preflight(*call); preflight.has_value()) {
    Finish(call, std::move(*preflight));
    return;
  }
  const RouteMatch match = router_.Match(call->request.method, call->request.segments);
  // Who may not ask gets to know nothing, not even which paths there are.
  if (match.route == nullptr || !match.route->skip_authentication) {
    Result<tokens::UserIdentity> user = Authenticate(call->request, options_.authentication);
    if (!user.ok()) {
      Finish(call, Fail(user.error(), "Invalid authentication data"));
      return;
    }
    call->user = std::move(user).value();
  }
  if (match.route == nullptr && match.path_exists) {
    Answer answer = Answer::Text("405: Method Not Allowed", kPlainText, 405);
    answer.headers.Add("Allow", Join(match.allowed_methods, ", "));
    Finish(call, std::move(answer));
  } else if (match.route == nullptr) {
    Finish(call, Answer::Text("404: Page Not Found", kPlainText, 404));
  } else if (!HasDocumentType(call->request)) {
    Finish(call, Answer::Text("415: Unsupported Media Type", kPlainText, 415));
  } else if (!match.route->any_media && !AcceptsDocuments(call->request)) {
    Finish(call, Answer::Text("406: Not Acceptable\n\nAvailable representations: application/json", kPlainText, 406));
  } else {
    Run(call, match);
  }
}

void RestApi::Run(const std::shared_ptr<Call>& call, const RouteMatch& match) const {
  const Route& route = *match.route;
  call->route = &route;
  InFlight(&route).Add(1);
  auto request = std::make_shared<ApiRequest>();
  request->user = call->user;
  if (route.access != nullptr) {
    if (const Status access = route.access->Check(request->user, route.action); !access.ok()) {
      Finish(call, Fail(access.error(), "Access Denied"));
      return;
    }
  }
  if (route.method == "GET" && ReadsStore(route.pattern)) {
    // What cannot be kept up to date now would be of an unknown age. Writes find out by themselves.
    if (const Status health = deps_.store.Health(); !health.ok()) {
      Finish(call, Fail(health.error(), "Service unavailable"));
      return;
    }
  }
  request->http = call->request;
  request->pattern = route.pattern;
  request->params = match.params;
  try {
    route.handler(request, [this, call](Answer answer) { Finish(call, std::move(answer)); });
  } catch (const std::exception& e) {
    Finish(call, Fail(Internal(e.what()), "Internal Server Error"));
  }
}

// Only when the configuration names domains; otherwise browsers get no permission at all.
std::optional<Answer> RestApi::Preflight(const Call& call) const {
  if (call.request.method != "OPTIONS" || options_.cors_allowed_domains.empty() || !call.request.headers.Has("Access-Control-Request-Method")) return std::nullopt;
  Answer answer = Answer::Empty(200);
  answer.headers.Add("Access-Control-Allow-Methods", "GET, PUT, POST, DELETE");
  const std::string_view headers = call.request.headers.Get("Access-Control-Request-Headers");
  if (!headers.empty()) answer.headers.Add("Access-Control-Allow-Headers", std::string(headers));
  return answer;
}

RestApi::Series& RestApi::SeriesOf(const Route* route, int status) const {
  const std::lock_guard lock(series_mutex_);
  Series& series = series_[{route, status}];
  if (series.duration != nullptr) return series;
  // Methods and paths are the client's words: only those of routes become labels.
  const std::string handler = route == nullptr ? std::string() : route->pattern;
  const MetricLabels labels = {{"code", std::to_string(status)}, {"handler", handler}, {"method", route == nullptr ? "other" : route->method}, {"service", ""}};
  series.duration = &deps_.metrics.GetHistogram("api_server_http_request_duration_seconds", "Time to answer requests of the REST API.", labels,
                                                {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10});
  series.size = &deps_.metrics.GetHistogram("api_server_http_response_size_bytes", "Size of the answers of the REST API.", labels, {100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9});
  return series;
}

Gauge& RestApi::InFlight(const Route* route) const {
  const std::lock_guard lock(series_mutex_);
  Gauge*& gauge = in_flight_[route];
  if (gauge == nullptr) {
    gauge = &deps_.metrics.GetGauge("api_server_http_requests_inflight", "Requests of the REST API being answered.", {{"handler", route->pattern}, {"service", ""}});
  }
  return *gauge;
}

void RestApi::Measure(const Call& call, const io::HttpResponse& response, double seconds) const {
  const Series& series = SeriesOf(call.route, response.status);
  series.duration->Observe(seconds);
  series.size->Observe(static_cast<double>(response.body.size()));
  if (call.route != nullptr) InFlight(call.route).Add(-1);
}

void RestApi::Finish(const std::shared_ptr<Call>& call, Answer answer) const {
  const io::HttpRequest& request = call->request;
  if (answer.status == 404 && request.method == "GET" && !call->ending_tried && !request.segments.empty() && request.segments.back().ends_with(kYamlEnding) &&
      request.segments.back().size() > kYamlEnding.size()) {
    call->ending_tried = true;
    if (call->route != nullptr) InFlight(call->route).Add(-1);
    call->route = nullptr;
    call->yaml = true;
    call->request.segments.back().resize(request.segments.back().size() - kYamlEnding.size());
    Dispatch(call);
    return;
  }
  if (call->answered.exchange(true)) return;

  io::HttpResponse response;
  response.status = answer.status;
  response.headers = std::move(answer.headers);
  if (answer.text.has_value()) {
    response.body = std::move(*answer.text);
    if (!answer.content_type.empty()) response.headers.Set("Content-Type", answer.content_type);
  } else if (call->yaml) {
    response.body = ToYaml(answer.json);
    response.headers.Set("Content-Type", "application/yaml");
  } else {
    response.body = ToPrettyJson(answer.json) + "\n";
    response.headers.Set("Content-Type", "application/json");
  }
  const std::string_view origin = request.headers.Get("Origin");
  if (!origin.empty() && IsAllowedOrigin(origin, options_.cors_allowed_domains)) {
    response.headers.Set("Access-Control-Allow-Origin", std::string(origin));
    response.headers.Set("Access-Control-Expose-Headers", "Access-Control-Allow-Origin");
    response.headers.Add("Vary", "Origin");
  }
  response.headers.Set("X-Content-Type-Options", "nosniff");

  const std::chrono::duration<double> took = deps_.clock.Monotonic() - call->started;
  Measure(*call, response, took.count());
  if (log_.Enabled(LogLevel::kDebug)) {
    log_.Debug("request", {{"method", request.method}, {"path", request.path}, {"status", answer.status}, {"from", request.peer.address}, {"seconds", took.count()}});
  }
  call->done(std::move(response));
}

}  // namespace kuma::api
