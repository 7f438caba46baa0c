// kumactl inspect dataplanes, zones, zoneingresses, zoneegresses, meshes and services: one row a resource.
#include "pkg/base/strings.h"
#include "pkg/kumactl/commands.h"
#include "pkg/kumactl/output.h"
#include "pkg/kumactl/session.h"
#include "pkg/kumactl/subscriptions.h"

namespace kuma::kumactl {
namespace {

struct Readiness {
  std::string status;
  std::vector<std::string> notes;
};

Readiness ReadinessOf(const Json& networking, bool online) {
  if (Get(networking, "gateway").is_object()) return {online ? "Online" : "Offline", {}};
  Readiness readiness;
  size_t ready = 0;
  size_t total = 0;
  for (const Json& inbound : Get(networking, "inbound")) {
    ++total;
    const Json& health = Get(inbound, "health");
    if ((health.is_object() && !GetBool(health, "ready")) || GetString(inbound, "state") == "NotReady") {
      readiness.notes.push_back("inbound[port=" + std::to_string(GetInt(inbound, "port")) +
                                ",svc=" + GetString(Get(inbound, "tags"), kServiceTag) + "] is not ready");
    } else {
      ++ready;
    }
  }
  for (const Json& listener : Get(networking, "listeners")) {
    ++total;
    if (GetString(listener, "state", "Ready") == "Ready") {
      ++ready;
    } else {
      readiness.notes.push_back("listener[port=" + std::to_string(GetInt(listener, "port")) + ",type=" + GetString(listener, "type") +
                                "] is not ready");
    }
  }
  if (!online || ready == 0) {
    readiness.status = "Offline";
  } else if (ready < total) {
    readiness.status = "Partially degraded";
  } else {
    return {"Online", {}};
  }
  return readiness;
}

// "2026-01-02T03:04:05Z" as "2026-01-02 03:04:05"
std::string DateText(const Json& time) {
  if (!time.is_string()) return "-";
  const Result<SystemTime> parsed = ParseRfc3339(time.get<std::string>());
  if (!parsed) return "-";
  return ReplaceAll(FormatRfc3339(*parsed).substr(0, 19), "T", " ");
}

std::vector<std::string> DataplaneRow(const Json& overview, SystemTime now) {
  const Json& networking = GetPath(overview, {"dataplane", "networking"});
  const Json& insight = Get(overview, "dataplaneInsight");
  const Connections connections = ConnectionsOf(insight, now);
  const Readiness readiness = ReadinessOf(networking, connections.online);
  const Json& mtls = Get(insight, "mTLS");
  const Json& version = Get(connections.last, "version");
  std::vector<std::string> backends;
  for (const Json& backend : Get(mtls, "supportedBackends")) {
    if (backend.is_string()) backends.push_back(backend.get<std::string>());
  }
  std::vector<std::string> dependencies;
  const Json& known = Get(version, "dependencies");
  if (known.is_object()) {
    for (const auto& [name, text] : known.items())
      dependencies.push_back(name + ": " + (text.is_string() ? text.get<std::string>() : ToJsonText(text)));
  }
  return {GetString(overview, "mesh"),
          GetString(overview, "name"),
          TagsText(networking),
          readiness.status,
          connections.connected_ago,
          connections.updated_ago,
          std::to_string(connections.updates),
          std::to_string(connections.errors),
          AgeText(Get(mtls, "lastCertificateRegeneration"), now),
          DateText(Get(mtls, "certificateExpirationTime")),
          std::to_string(NumberOf(Get(mtls, "certificateRegenerations"))),
          mtls.is_object() ? GetString(mtls, "issuedBackend") : "-",
          Join(backends, ","),
          GetString(Get(version, "kumaDp"), "version"),
          GetString(Get(version, "envoy"), "version"),
          dependencies.empty() ? "-" : Join(dependencies, ", "),
          Join(readiness.notes, ";")};
}

Result<int> RunDataplanes(Session& session) {
  const cli::Invocation& invocation = session.invocation();
  KUMA_TRY_ASSIGN(const std::string mesh, session.Mesh());
  KUMA_TRY(session.CheckServer());
  KUMA_TRY_ASSIGN(ApiClient * api, session.Api());
  Query query;
  for (const auto& [key, value] : invocation.GetMap("tag")) query.emplace_back("tag", key + ":" + value);
  if (invocation.GetBool("gateway")) query.emplace_back("gateway", "true");
  if (invocation.GetBool("ingress")) query.emplace_back("ingress", "true");
  KUMA_TRY_ASSIGN(const ApiList list, api->ListAll(ApiPath({"meshes", mesh, "dataplanes", "_overview"}), query));
  cli::Table table({"MESH", "NAME", "TAGS", "STATUS", "LAST CONNECTED AGO", "LAST UPDATED AGO", "TOTAL UPDATES", "TOTAL ERRORS",
                    "CERT REGENERATED AGO", "CERT EXPIRATION", "CERT REGENERATIONS", "CERT BACKEND", "SUPPORTED CERT BACKENDS",
                    "KUMA-DP VERSION", "ENVOY VERSION", "DEPENDENCIES VERSIONS", "NOTES"});
  for (const Json& item : list.items) table.AddRow(DataplaneRow(item, session.environment().clock.Now()));
  PrintList(session.out(), invocation.GetString("output"), list, table);
  return 0;
}

std::string StoreTypeOf(const std::string& config) {
  const Result<Json> json = ParseJson(config);
  return json ? GetString(Get(*json, "store"), "type") : std::string();
}

Result<int> RunZones(Session& session) {
  KUMA_TRY(session.CheckServer());
  KUMA_TRY_ASSIGN(ApiClient * api, session.Api());
  KUMA_TRY_ASSIGN(const ApiList list, api->ListAll(ApiPath({"zones", "_overview"})));
  cli::Table table(
      {"NAME", "STATUS", "LAST CONNECTED AGO", "LAST UPDATED AGO", "TOTAL UPDATES", "TOTAL ERRORS", "ZONE-CP VERSION", "BACKEND"});
  for (const Json& item : list.items) {
    const Connections connections = ConnectionsOf(Get(item, "zoneInsight"), session.environment().clock.Now());
    const bool online = connections.online && GetBool(Get(item, "zone"), "enabled", true);
    table.AddRow({GetString(item, "name"), online ? "Online" : "Offline", connections.connected_ago, connections.updated_ago,
                  std::to_string(connections.updates), std::to_string(connections.errors),
                  GetString(GetPath(connections.last, {"version", "kumaCp"}), "version"),
                  StoreTypeOf(GetString(connections.last, "config"))});
  }
  PrintList(session.out(), session.invocation().GetString("output"), list, table);
  return 0;
}

Result<int> RunZoneProxies(Session& session, const std::string& path, const std::string& insight) {
  KUMA_TRY(session.CheckServer());
  KUMA_TRY_ASSIGN(ApiClient * api, session.Api());
  KUMA_TRY_ASSIGN(const ApiList list, api->ListAll(ApiPath({path, "_overview"})));
  cli::Table table(
      {"NAME", "STATUS", "LAST CONNECTED AGO", "LAST UPDATED AGO", "TOTAL UPDATES", "TOTAL ERRORS", "KUMA-DP VERSION", "ENVOY VERSION"});
  for (const Json& item : list.items) {
    const Connections connections = ConnectionsOf(Get(item, insight), session.environment().clock.Now());
    const Json& version = Get(connections.last, "version");
    table.AddRow({GetString(item, "name"), connections.online ? "Online" : "Offline", connections.connected_ago, connections.updated_ago,
                  std::to_string(connections.updates), std::to_string(connections.errors), GetString(Get(version, "kumaDp"), "version"),
                  GetString(Get(version, "envoy"), "version")});
  }
  PrintList(session.out(), session.invocation().GetString("output"), list, table);
  return 0;
}

std::string OnlineOfTotal(const Json& counts) {
  return std::to_string(NumberOf(Get(counts, "online"))) + "/" + std::to_string(NumberOf(Get(counts, "total")));
}

Result<int> RunMeshes(Session& session) {
  KUMA_TRY(session.CheckServer());
  KUMA_TRY_ASSIGN(ApiClient * api, session.Api());
  KUMA_TRY_ASSIGN(const ApiList list, api->ListAll(ApiPath({"mesh-insights"})));
  // Users' scripts know these columns, although new meshes have other policies.
  const std::vector<std::string> types = {"TrafficPermission", "TrafficRoute", "CircuitBreaker", "HealthCheck",   "FaultInjection",
                                          "ExternalService",   "TrafficTrace", "TrafficLog",     "ProxyTemplate", "RateLimit"};
  cli::Table table({"MESH", "DATAPLANES", "TRAFFIC PERMISSIONS", "TRAFFIC ROUTES", "CIRCUIT BREAKERS", "HEALTH CHECKS", "FAULT INJECTIONS",
                    "EXTERNAL SERVICES", "TRAFFIC TRACES", "TRAFFIC LOGS", "PROXY TEMPLATES", "RATE LIMITS"});
  for (const Json& item : list.items) {
    std::vector<std::string> row = {GetString(item, "name"), OnlineOfTotal(Get(item, "dataplanes"))};
    for (const std::string& type : types) row.push_back(std::to_string(NumberOf(GetPath(item, {"policies", type, "total"}))));
    table.AddRow(std::move(row));
  }
  PrintList(session.out(), session.invocation().GetString("output"), list, table);
  return 0;
}

std::string ServiceStatus(const Json& service) {
  const std::string status = GetString(service, "status");
  if (status == "online") return "Online";
  if (status == "partially_degraded") return "Partially degraded";
  if (status == "offline") return "Offline";
  if (status == "not_available") return "Not available";
  const Json& counts = Get(service, "dataplanes");
  const int64_t online = NumberOf(Get(counts, "online"));
  if (online == 0) return "Offline";
  return online < NumberOf(Get(counts, "total")) ? "Partially degraded" : "Online";
}

Result<int> RunServices(Session& session) {
  KUMA_TRY_ASSIGN(const std::string mesh, session.Mesh());
  KUMA_TRY(session.CheckServer());
  KUMA_TRY_ASSIGN(ApiClient * api, session.Api());
  KUMA_TRY_ASSIGN(const ApiList list, api->ListAll(ApiPath({"meshes", mesh, "service-insights"})));
  cli::Table table({"SERVICE", "STATUS", "DATAPLANES"});
  for (const Json& item : list.items) table.AddRow({GetString(item, "name"), ServiceStatus(item), OnlineOfTotal(Get(item, "dataplanes"))});
  PrintList(session.out(), session.invocation().GetString("output"), list, table);
  return 0;
}

cli::Command Leaf(const EnvironmentPtr& environment, const std::string& name, const std::string& summary, Action action) {
  cli::Command command;
  command.name = name;
  command.summary = summary;
  command.example = "kumactl inspect " + name + "\nkumactl inspect " + name + " -o json";
  command.run = Runs(environment, std::move(action));
  return command;
}

}  // namespace

cli::Command MakeInspectDataplanesCommand(const EnvironmentPtr& environment) {
  cli::Command command = Leaf(environment, "dataplanes", "State of the data plane proxies of a mesh", RunDataplanes);
  command.example = "kumactl inspect dataplanes --mesh=demo\nkumactl inspect dataplanes --tag kuma.io/service=web";
  command.flags = {
      MeshFlag(environment),
      {.name = "tag", .type = cli::FlagType::kStringMap, .value_name = "KEY=VALUE", .help = "filter by tag; repeatable"},
      {.name = "gateway", .type = cli::FlagType::kBool, .help = "filter gateway dataplanes"},
      {.name = "ingress", .type = cli::FlagType::kBool, .help = "filter ingress dataplanes"},
  };
  return command;
}

cli::Command MakeInspectZonesCommand(const EnvironmentPtr& environment) {
  return Leaf(environment, "zones", "State of the zones", RunZones);
}

cli::Command MakeInspectZoneProxiesCommand(const EnvironmentPtr& environment, const std::string& name, const std::string& insight) {
  const bool ingress = name == "zoneingresses";
  const std::string path = ingress ? "zone-ingresses" : "zoneegresses";
  cli::Command command = Leaf(environment, name, ingress ? "State of the zone ingresses" : "State of the zone egresses",
                              [path, insight](Session& session) { return RunZoneProxies(session, path, insight); });
  command.aliases = {ingress ? "zone-ingresses" : "zone-egresses"};
  return command;
}

cli::Command MakeInspectMeshesCommand(const EnvironmentPtr& environment) {
  return Leaf(environment, "meshes", "Data plane proxies and policies of each mesh", RunMeshes);
}

cli::Command MakeInspectServicesCommand(const EnvironmentPtr& environment) {
  cli::Command command = Leaf(environment, "services", "State of the services of a mesh", RunServices);
  command.flags = {MeshFlag(environment)};
  return command;
}

}  // namespace kuma::kumactl
