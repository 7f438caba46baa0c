// Calls Envoy's admin interface of a proxy, through the listener that the control plane gave it: mutual TLS at the proxy's own address.
// Proxies at 127.0.0.1 are on this machine: there the interface itself is called, on its socket or port. Thread-safe.
#pragma once

#include "cmd/kuma-cp/identities.h"
#include "pkg/api/deps.h"
#include "pkg/io/http_client.h"
#include "pkg/io/worker_pool.h"

namespace kuma::cp {

struct EnvoyAdminOptions {
  uint32_t default_port = 9901;
  std::chrono::milliseconds timeout{5'000};  // of one call
  size_t max_calls = 8;                      // at the same time
  size_t max_waiting = 64;                   // further ones are refused
};

class EnvoyAdmin {
 public:
  // References outlive this.
  EnvoyAdmin(store::Store& store, AdminCerts& certs, EnvoyAdminOptions options);

  // `done` is called once, from any thread. kUnavailable says what was tried.
  void Call(api::ProxyAdminQuery query, std::function<void(Result<std::string>)> done);
  void Stop() { pool_.Stop(); }

 private:
  Result<std::string> Fetch(const api::ProxyAdminQuery& query) const;
  Result<io::HttpClientRequest> MakeRequest(const api::ProxyAdminQuery& query) const;
  // What the proxy said about itself when it connected.
  Json AnnouncedBy(const Resource& proxy) const;

  store::Store& store_;
  AdminCerts& certs_;
  const EnvoyAdminOptions options_;
  io::WorkerPool pool_;
};

}  // namespace kuma::cp
