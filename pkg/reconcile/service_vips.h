// Virtual addresses of services known by tag (240.0.0.0/4), which transparent proxies resolve as <service>.mesh. Kept per mesh in the
// Config "kuma-<mesh>-dns-vips", in the reference's own form, so that addresses survive restarts and a take-over. Runs on one loop like
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
  // Allocates for new services, in the order of their names, and forgets those that are gone. The first error; others are logged.
  Status Run();

 private:
  using ServiceCounts = std::map<std::string, int>;
  void Count(const Resource& resource, int sign);
  void Touch(const std::string& mesh, const std::string& service, int sign);
  Status RunMesh(const std::string& mesh, const ServiceCounts& services);

  store::Store& store_;
  const ServiceVipOptions options_;
  std::map<std::string, ServiceCounts> services_;  // by mesh: how many inbounds, ingress entries and external services name each
  std::set<std::string> meshes_;
  std::set<std::string> dirty_;
};

// Name of the Config resource, and the other way round ("" when the name is of something else).
std::string VipConfigName(const std::string& mesh);

}  // namespace kuma::reconcile
