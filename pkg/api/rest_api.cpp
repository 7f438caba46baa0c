#include "pkg/api/rest_api.h"

#include <algorithm>
#include <exception>

#include "pkg/api/error.h"
#include "pkg/api/routes.h"
#include "pkg/base/strings.h"

namespace kuma::api {
namespace {

constexpr std::string_view kYamlEnding = ".yaml";

bool AsksForYaml(const io::HttpRequest& request) {
  for (const char* type : {"application/yaml", "application/x-yaml", "text/yaml"}) {
    if (request.headers.HasToken("Accept", type)) return true;
  }
  return false;
}

}  // namespace

struct RestApi::Call {
  io::HttpRequest request;
  Done done;
  bool yaml = false;
  bool ending_tried = false;  // ".yaml" was cut off the path
  std::string pattern = {};
  MonotonicTime started{};
  std::atomic<bool> answered{false};
};

RestApi::RestApi(ApiDeps deps, ApiOptions options) : deps_(std::move(deps)), options_(std::move(options)) {
  for (std::string& segment : Split(options_.base_path, '/')) {
    if (!segment.empty()) base_segments_.push_back(std::move(segment));
  }
  const RouteContext context{deps_, options_, router_};
  AddControlPlaneRoutes(context);
  AddTokenRoutes(context);
  AddInsightRoutes(context);
  AddInspectRoutes(context);
  AddProxyAdminRoutes(context);
  AddHostnameRoutes(context);
  AddResourceRoutes(context);
}

void RestApi::Handle(io::HttpRequest request, Done done) const {
  auto call = std::make_shared<Call>();
  call->request = std::move(request);
  call->done = std::move(done);
  call->started = deps_.clock.Monotonic();
  call->yaml = AsksForYaml(call->request);
  std::vector<std::string>& segments = call->request.segments;
  if (segments.size() < base_segments_.size() || !std::equal(base_segments_.begin(), base_segments_.end(), segments.begin())) {
    Finish(call, Answer::Text("404: Page Not Found", "text/plain", 404));
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
  if (match.route != nullptr) {
    Run(call, match);
  } else if (match.path_exists) {
    Answer answer = Answer::Text("405: Method Not Allowed", "text/plain", 405);
    answer.headers.Add("Allow", Join(match.allowed_methods, ", "));
    Finish(call, std::move(answer));
  } else {
    Finish(call, Answer::Text("404: Page Not Found", "text/plain", 404));
  }
}

void RestApi::Run(const std::shared_ptr<Call>& call, const RouteMatch& match) const {
  const Route& route = *match.route;
  call->pattern = route.pattern;
  auto request = std::make_shared<ApiRequest>();
  request->user = tokens::AnonymousUser();
  if (!route.skip_authentication) {
    Result<tokens::UserIdentity> user = Authenticate(call->request, options_.authentication);
    if (!user.ok()) {
      Finish(call, Fail(user.error(), "Invalid authentication data"));
      return;
    }
    request->user = std::move(user).value();
  }
  if (route.access != nullptr) {
    if (const Status access = route.access->Check(request->user, route.action); !access.ok()) {
      Finish(call, Fail(access.error(), "Access Denied"));
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

void RestApi::Finish(const std::shared_ptr<Call>& call, Answer answer) const {
  const io::HttpRequest& request = call->request;
  if (answer.status == 404 && request.method == "GET" && !call->ending_tried && !request.segments.empty() && request.segments.back().ends_with(kYamlEnding) &&
      request.segments.back().size() > kYamlEnding.size()) {
    call->ending_tried = true;
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
  deps_.metrics
      .GetHistogram("api_server_http_request_duration_seconds", "Time to answer requests of the REST API.",
                    {{"code", std::to_string(answer.status)}, {"handler", call->pattern}, {"method", request.method}},
                    {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10})
      .Observe(took.count());
  if (log_.Enabled(LogLevel::kDebug)) {
    log_.Debug("request", {{"method", request.method}, {"path", request.path}, {"status", answer.status}, {"from", request.peer.address}, {"seconds", took.count()}});
  }
  call->done(std::move(response));
}

}  // namespace kuma::api
