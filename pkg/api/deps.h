// Everything the REST API is given. References live as long as the API; functions may be called from any thread.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "pkg/api/access.h"
#include "pkg/api/authentication.h"
#include "pkg/api/snapshot_source.h"
#include "pkg/base/clock.h"
#include "pkg/base/duration.h"
#include "pkg/base/metrics.h"
#include "pkg/insights/mesh_insights.h"
#include "pkg/io/worker_pool.h"
#include "pkg/model/type.h"
#include "pkg/store/admission.h"
#include "pkg/store/sandbox.h"
#include "pkg/store/store.h"

namespace kuma::api {

// Issuers over pkg/tokens; IssuerDisabled() when the configuration turns issuing off, kNotFound without a signing key.
struct TokenIssuers {
  std::function<Result<std::string>(const tokens::DataplaneIdentity& identity, Nanos valid_for)> dataplane;
  std::function<Result<std::string>(const tokens::ZoneIdentity& identity, Nanos valid_for)> zone;
  std::function<Result<std::string>(const tokens::UserIdentity& identity, Nanos valid_for)> user;
};

// Envoy's admin interface of a proxy, reached by whoever knows how (directly, or through another zone).
struct ProxyAdminQuery {
  ResourcePtr proxy;  // Dataplane, ZoneIngress or ZoneEgress
  std::string what;   // "xds", "stats", "clusters"
  bool json = false;
  bool include_endpoints = false;  // xds
  bool used_only = true;           // stats
};
using ProxyAdmin = std::function<void(ProxyAdminQuery query, std::function<void(Result<std::string>)> done)>;

struct ApiOptions {
  std::string base_path = "/";
  bool read_only = false;
  bool is_global = false;
  bool is_federated_zone = false;
  std::string zone = "default";
  std::string environment = "universal";
  std::string system_namespace = "kuma-system";
  std::string gui_path = {};          // shown by GET /; empty without a GUI
  std::string hostname = {};
  std::string service_domain = "mesh";  // dnsServer.domain and .serviceVipPort: addressPort of service insights
  int service_vip_port = 80;
  std::vector<std::string> cors_allowed_domains = {};
  AccessRules access = AccessRules::Defaults();
  AuthenticationOptions authentication = {};
};

struct ApiDeps {
  const TypeRegistry& types;
  store::Store& store;
  store::Admission& admission;
  SnapshotSource& snapshots;
  const insights::MeshInsights& insights;
  TokenIssuers issuers;
  std::function<Json()> config;                 // masked, for GET /config
  std::function<std::string()> instance_id;
  std::function<std::string()> cluster_id;
  ProxyAdmin proxy_admin = {};                  // empty: answered by 503
  // SPIFFE ID that a MeshIdentity gives the proxy; empty function or nullopt: none.
  std::function<std::optional<std::string>(const mesh::Snapshot&, const mesh::Dataplane&)> spiffe_id = {};
  const Clock& clock;
  MetricRegistry& metrics;
  // For stores that wait for a disk or a network: every request is then handled there. Null: on the server's loop.
  io::WorkerPool* workers = nullptr;
  // For work that only computes, perhaps for seconds (explanations, dry runs). Null: `workers`.
  io::WorkerPool* background = nullptr;
  // What makes a sandbox behave like this control plane: effects of writes, before it is used, and resources that are computed, after
  // writes. May be empty.
  std::function<void(store::Sandbox&)> prepare_sandbox = {};
  std::function<void(store::Sandbox&)> settle_sandbox = {};
};

}  // namespace kuma::api
