#include "pkg/api/diagnostics.h"

#include <algorithm>
#include <cctype>

#include "pkg/base/json.h"
#include "pkg/base/log.h"
#include "pkg/base/version.h"

namespace kuma::api {
namespace {

constexpr size_t kMaxLoggingBody = 4096;
constexpr size_t kMaxOverrides = 200;
constexpr size_t kMaxComponentName = 256;

io::HttpResponse Text(int status, std::string body, std::string content_type = "text/plain; charset=utf-8") {
  io::HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  if (!response.body.empty()) response.headers.Add("Content-Type", std::move(content_type));
  return response;
}

io::HttpResponse Document(const Json& json) { return Text(200, ToJsonText(json) + "\n", "application/json"); }

// Empty: fine.
std::string CheckComponent(const std::string& name) {
  if (name.empty()) return "component name must not be empty";
  if (name.size() > kMaxComponentName) return "component name exceeds " + std::to_string(kMaxComponentName) + " characters";
  const bool valid = std::isalnum(static_cast<unsigned char>(name[0])) != 0 &&
                     std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '.' || c == '_' || c == '-'; });
  return valid ? "" : "component name \"" + name + "\" contains invalid characters";
}

Json Overrides() {
  Json components = Json::object();
  for (const auto& [name, level] : ComponentLevels()) components[name] = LogLevelName(level);
  return {{"components", std::move(components)}};
}

io::HttpResponse PutLogging(const io::HttpRequest& request) {
  if (request.body.size() > kMaxLoggingBody) return Text(400, "invalid request body\n");
  const Result<Json> body = ParseJson(request.body);
  if (!body.ok() || !body.value().is_object()) return Text(400, "invalid request body\n");
  const std::string component = GetString(body.value(), "component");
  if (const std::string error = CheckComponent(component); !error.empty()) return Text(400, error + "\n");
  const Result<LogLevel> level = ParseLogLevel(GetString(body.value(), "level"));
  if (!level.ok()) return Text(400, "invalid log level: " + level.error().ToString() + "\n");
  const std::map<std::string, LogLevel> current = ComponentLevels();
  if (!current.contains(component) && current.size() >= kMaxOverrides) {
    return Text(429, "maximum number of component overrides (" + std::to_string(kMaxOverrides) + ") reached\n");
  }
  SetComponentLevel(component, level.value());
  return Text(200, "");
}

io::HttpResponse Logging(const io::HttpRequest& request) {
  if (request.segments.size() == 2) {
    if (request.method != "DELETE") return Text(405, "method not allowed\n");
    if (const std::string error = CheckComponent(request.segments[1]); !error.empty()) return Text(400, error + "\n");
    ClearComponentLevel(request.segments[1]);
    return Text(200, "");
  }
  if (request.method == "GET") return Document(Overrides());
  if (request.method == "PUT") return PutLogging(request);
  if (request.method != "DELETE") return Text(405, "method not allowed\n");
  const Json before = Overrides();
  ClearComponentLevels();
  return Document(before);
}

}  // namespace

io::HttpResponse Diagnostics::Handle(const io::HttpRequest& request) const {
  const std::string first = request.segments.empty() ? std::string{} : request.segments[0];
  const size_t depth = request.segments.size();
  if (first == "healthy" && depth == 1) return Text(200, "");
  if (first == "ready" && depth == 1) return Text(deps_.is_ready && deps_.is_ready() ? 200 : 503, "");
  if (first == "metrics" && depth == 1) return Text(200, deps_.metrics.Expose(), "text/plain; version=0.0.4; charset=utf-8");
  if (first == "logging" && depth <= 2) return Logging(request);
  if (first == "debug" && depth == 2 && request.segments[1] == "info" && deps_.debug_info) return Document(deps_.debug_info());
  return Text(404, "404 page not found\n");
}

}  // namespace kuma::api
