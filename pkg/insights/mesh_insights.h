// Counters of meshes and services, kept up by store events: an event changes what its resource contributed and nothing is ever
// scanned. Fed by one thread; read from any (readers copy a snapshot that is remade only after a change).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "pkg/base/clock.h"
#include "pkg/model/type.h"
#include "pkg/store/watch.h"

namespace kuma::insights {

struct ProxyStat {
  uint32_t total = 0;
  uint32_t online = 0;
  uint32_t offline = 0;
  uint32_t partially_degraded = 0;
};

enum class ServiceKind { kInternal, kExternal, kGatewayDelegated, kGatewayBuiltin };
std::string_view ServiceKindName(ServiceKind kind);  // "internal", "external", "gateway_delegated", "gateway_builtin"

struct ServiceStat {
  ServiceKind kind = ServiceKind::kInternal;
  uint32_t online = 0;
  uint32_t offline = 0;  // partly degraded proxies too
  std::map<std::string, uint32_t> issued_backends;
  std::set<std::string> zones;
  std::string address;  // external services

  // "online", "offline", "partially_degraded" or "not_available" (external)
  std::string_view Status() const;
};

struct MeshStats {
  std::string mesh;
  SystemTime creation_time{};      // of the mesh
  SystemTime modification_time{};  // of the last change to a counter
  bool exclusive_mesh_services = false;
  ProxyStat dataplanes;
  ProxyStat standard;
  ProxyStat gateway_builtin;
  ProxyStat gateway_delegated;
  std::map<std::string, ProxyStat> kuma_dp_versions;
  std::map<std::string, ProxyStat> envoy_versions;
  std::map<std::string, ProxyStat> issued_backends;
  std::map<std::string, ProxyStat> supported_backends;
  std::map<std::string, uint32_t> resources;  // by type, without insights
  std::map<std::string, ServiceStat> services;
  uint32_t internal_services = 0;
  uint32_t external_services = 0;
};
using MeshStatsPtr = std::shared_ptr<const MeshStats>;

struct OnlineStat {
  uint32_t total = 0;
  uint32_t online = 0;
};
struct GlobalStats {
  std::map<std::string, uint32_t> resources;  // global types
  OnlineStat zones;
  OnlineStat zone_ingresses;
  OnlineStat zone_egresses;
};

class MeshInsights {
 public:
  MeshInsights(const TypeRegistry& types, const Clock& clock) : types_(types), clock_(clock) {}

  // One thread, in the order of the store.
  void Apply(const ResourcePtr& old_value, const ResourcePtr& new_value);
  void Apply(const store::Event& event) { Apply(event.old_value, event.new_value); }

  // Null: no such mesh.
  MeshStatsPtr Find(const std::string& mesh) const;
  // By name.
  std::vector<MeshStatsPtr> All() const;
  GlobalStats Global() const;

 private:
  // What one proxy adds to the counters.
  struct Contribution;
  struct Proxy {
    ResourcePtr dataplane;
    ResourcePtr insight;
    std::shared_ptr<const Contribution> counted;  // null: nothing yet
  };
  struct ServiceCount;
  struct Mesh {
    ResourcePtr resource;
    std::map<std::string, Proxy> proxies;
    std::map<std::string, ResourcePtr> external_services;
    std::map<std::string, uint32_t> resources;
    std::map<std::string, std::map<std::string, uint32_t>> service_zones;  // service -> zone -> how many name it
    MeshStats counters;  // of proxies; services are keyed by tag
    MeshStatsPtr published;  // null: to be remade
  };

  static std::shared_ptr<const Contribution> Describe(const Proxy& proxy);
  static void Count(Mesh& mesh, const Contribution& contribution, int sign);
  void Touch(Mesh& mesh) const;
  void ApplyProxy(Mesh& mesh, const std::string& name, bool is_insight, const ResourcePtr& value);
  static MeshStatsPtr Publish(const std::string& name, const Mesh& mesh);

  const TypeRegistry& types_;
  const Clock& clock_;
  mutable std::mutex mutex_;                    // guards the rest
  mutable std::map<std::string, Mesh> meshes_;  // readers only set `published`
  std::map<std::string, uint32_t> global_resources_;
  std::map<ResourceKey, bool> online_;          // insights of zones and zone proxies
};

// Whether a subscription of the insight is open.
bool IsOnline(const Json& insight);
enum class ProxyState { kOnline, kOffline, kPartiallyDegraded };
// From the Dataplane's spec and its insight's (null: none).
ProxyState StateOfProxy(const Json& dataplane, const Json& insight);

}  // namespace kuma::insights
