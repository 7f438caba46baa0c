#include "pkg/dp/metrics/plan.h"

#include "pkg/base/strings.h"
#include "pkg/io/socket.h"

namespace kuma::dp::metrics {
namespace {

constexpr Nanos kUsualInterval = std::chrono::minutes(1);

Target EnvoyTarget(const PlanContext& context, const Json& sidecar) {
  Target envoy;
  envoy.name = "envoy";
  envoy.is_envoy = true;
  const std::string used_only = GetBool(sidecar, "includeUnused") ? "" : "&usedonly";
  envoy.url = context.admin.Url("/stats?format=prometheus&text_readouts" + used_only);
  return envoy;
}

Target ApplicationTarget(const PlanContext& context, const Json& application) {
  Target target;
  std::string address = GetString(application, "address");
  if (address.empty()) address = context.address.empty() ? "127.0.0.1" : context.address;
  const auto port = static_cast<uint16_t>(GetInt(application, "port"));
  const std::string path = GetString(application, "path", "/metrics");
  target.name = GetString(application, "name");
  target.url = "http://" + io::HostPort(address, port) + (path.starts_with('/') ? "" : "/") + path;
  if (context.redirected) target.source_address = Contains(address, ":") ? "::6" : "127.0.0.6";
  return target;
}

}  // namespace

Result<std::shared_ptr<const Plan>> MakePlan(const std::string& document, const PlanContext& context) {
  KUMA_TRY_ASSIGN(const Json json, ParseJson(document));
  const Json& metrics = GetPath(json, {"observability", "metrics"});
  const Json& sidecar = Get(metrics, "sidecar");
  auto plan = std::make_shared<Plan>();
  plan->profile = Profile(sidecar);
  for (const Json& application : Get(metrics, "applications")) plan->targets.push_back(ApplicationTarget(context, application));
  if (context.admin.IsSet()) plan->targets.push_back(EnvoyTarget(context, sidecar));
  if (const Json& labels = Get(metrics, "extraLabels"); labels.is_object()) {
    for (const auto& [name, value] : labels.items())
      plan->extra_labels.emplace_back(name, value.is_string() ? value.get<std::string>() : "");
  }
  for (const Json& backend : Get(metrics, "backends")) {
    const Json& otel = Get(backend, "openTelemetry");
    if (GetString(backend, "type") != "OpenTelemetry" || !otel.is_object()) continue;
    const auto interval = ParseDuration(GetString(otel, "refreshInterval"));
    plan->exports.push_back({GetString(backend, "name"), GetString(otel, "endpoint"),
                             interval.ok() && interval.value() > Nanos::zero() ? interval.value() : kUsualInterval});
  }
  return std::shared_ptr<const Plan>(std::move(plan));
}

}  // namespace kuma::dp::metrics
