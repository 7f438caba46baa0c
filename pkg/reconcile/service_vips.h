// Virtual addresses (240.0.0.0/4) of services known by tag, which transparent proxies resolve as <service>.mesh, and of the hosts of
// external services. Kept per mesh in the Config "kuma-<mesh>-dns-vips", in the reference's own form, so that addresses survive restarts and a take-over. Runs on one loop like
// Destinations: feed it events, then call Run(). Not thread-safe.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "pkg/base/result.h"
#include "pkg/store/store.h"

namespace kuma::reconcile {

struct ServiceVipOptions {
  std::string zone;
  std::string cidr = "240.0.0.0/4";
  bool enabled = true;  // dnsServer.serviceVipEnabled
};

class ServiceVips {
 public:
  ServiceVips(store::Store& store, ServiceVipOptions options) : store_(store), options_(std::move(options)) {}

  void Apply(const ResourcePtr& old_value, const ResourcePtr& new_value);
  bool dirty() const { return !dirty_.empty(); }
  // Of meshes that have MeshServices, where services get their addresses one after another as they appear.
  bool urgent() const;
  // Allocates for new services, in the order of their names, and forgets those that are gone. `urgent_only`: of urgent meshes. The
  // first error; others are logged.
  Status Run(bool urgent_only = false);

 private:
  using ServiceCounts = std::map<std::string, int>;
  void Count(const Resource& resource, int sign);
  void Touch(const std::string& mesh, const std::string& service, int sign);
  Status RunMesh(const std::string& mesh);
  // Entries of the mesh as they are stored, without addresses, except those of hosts that are addresses themselves.
  std::map<std::string, Json> Wanted(const std::string& mesh) const;

  store::Store& store_;
  const ServiceVipOptions options_;
  // What an external service adds: its service tag, and its host unless that is switched off.
  struct External {
    std::string service;
    std::string host;
    int64_t port = 0;
    bool operator==(const External&) const = default;
  };
  std::map<std::string, ServiceCounts> services_;  // by mesh: how many inbounds and ingress entries name each
  std::map<std::string, std::map<std::string, External>> externals_;  // by mesh and name
  std::map<std::string, bool> meshes_;                 // whether they have MeshServices
  std::set<std::string> dirty_;
};

// Name of the Config resource, and the other way round ("" when the name is of something else).
std::string VipConfigName(const std::string& mesh);

}  // namespace kuma::reconcile
