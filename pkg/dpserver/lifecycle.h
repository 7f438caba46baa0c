// The Dataplane's life: who may connect, the resource that a proxy brings along is stored when it connects and removed some time after
// it left, unless it came back, here or at another control plane. Admit and Leave run on workers.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "pkg/base/log.h"
#include "pkg/io/worker_pool.h"
#include "pkg/model/type.h"
#include "pkg/store/store.h"
#include "pkg/xds/stream_hooks.h"

namespace kuma::dpserver {

// Checks what a proxy presents against the resource it stands for. May block on the store.
class ProxyAuthenticator {
 public:
  virtual ~ProxyAuthenticator() = default;
  // `resource`: Dataplane, ZoneIngress or ZoneEgress; its own, or the stored one it wants to replace.
  virtual Status Authenticate(const xds::ProxyNode& node, const std::string& credential, const Resource& resource) = 0;
};

// Authentication "none".
class AllowAllProxies final : public ProxyAuthenticator {
 public:
  Status Authenticate(const xds::ProxyNode&, const std::string&, const Resource&) override { return Ok(); }
};

// Writes through the store's admission (validation, computed labels); implemented in cmd/.
class ProxyRegistrar {
 public:
  virtual ~ProxyRegistrar() = default;
  // Creates or replaces.
  virtual Status Upsert(const Resource& proxy) = 0;
  virtual Status Remove(const ResourceKey& key) = 0;
};

struct LifecycleOptions {
  std::string control_plane_id;
  std::chrono::nanoseconds deregistration_delay = std::chrono::seconds(10);
  // Calls the closure later, on any thread.
  std::function<void(std::chrono::nanoseconds, std::function<void()>)> call_after;
};

class ProxyLifecycle final : public xds::ProxyAdmission {
 public:
  ProxyLifecycle(LifecycleOptions options, store::Store& store, const TypeRegistry& types, ProxyAuthenticator& authenticator,
                 ProxyRegistrar& registrar, io::WorkerPool& workers);
  ~ProxyLifecycle() override;

  Status Admit(const xds::ProxyNode& node, const std::string& credential, xds::StreamId stream) override;
  void Leave(const xds::ProxyNode& node, xds::StreamId stream) override;

  // The control plane stops: proxies leave because of that and go to another one, so nothing is removed any more.
  void Stop();

 private:
  struct Shared;
  Result<Resource> OwnResource(const xds::ProxyNode& node, const ResourceKey& key) const;
  Status Register(const xds::ProxyNode& node, const std::string& credential, const Resource& own);

  const std::shared_ptr<Shared> shared_;  // outlives this for delayed removals
};

// Type name and key of a proxy's resource.
ResourceKey ProxyKey(const xds::ProxyNode& node);

}  // namespace kuma::dpserver
