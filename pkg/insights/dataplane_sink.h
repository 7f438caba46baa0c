// Writes DataplaneInsight, ZoneIngressInsight and ZoneEgressInsight from what streams and the pipeline report. Nothing runs while nothing
// changes: a change schedules one write round for all that is dirty. Reports come from any thread; writes happen on workers.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "pkg/base/clock.h"
#include "pkg/base/random.h"
#include "pkg/io/worker_pool.h"
#include "pkg/store/store.h"
#include "pkg/xds/stream_hooks.h"

namespace kuma::insights {

// The certificate a proxy was given last.
struct IssuedIdentity {
  SystemTime issued_at{};
  SystemTime expires_at{};
  bool managed_externally = false;  // times are then unknown (SPIRE)
  std::string backend;
  std::vector<std::string> supported_backends;
  friend bool operator==(const IssuedIdentity&, const IssuedIdentity&) = default;
};

struct SinkOptions {
  std::string control_plane_id;
  std::string control_plane_version;  // tells whether a kuma-dp is compatible
  std::chrono::nanoseconds flush_interval = std::chrono::seconds(10);
  std::chrono::nanoseconds first_flush = std::chrono::milliseconds(10);  // gathers proxies that connect together
  size_t subscription_limit = 2;
  // How often a subscription says that it is still held, for those who share the store (see reconcile::StaleSubscriptions). Zero: never.
  std::chrono::nanoseconds refresh_interval{0};
  // Calls the closure later, on any thread.
  std::function<void(std::chrono::nanoseconds, std::function<void()>)> call_after;
};

class DataplaneSink final : public xds::StreamObserver {
 public:
  DataplaneSink(SinkOptions options, store::Store& store, io::WorkerPool& workers, const Clock& clock, Random& random);
  ~DataplaneSink() override;

  void OnConnected(xds::StreamId stream, bool delta, const xds::ProxyNode& node) override;
  void OnRequest(xds::StreamId stream, const xds::RequestOutcome& outcome) override;
  void OnResponse(xds::StreamId stream, const xds::Response& response, size_t bytes) override;
  void OnClosed(xds::StreamId stream) override;

  // From the pipeline, for dataplanes; null when the mesh has no mTLS any more. Kept until the stream ends.
  void OnIdentity(const std::string& mesh, const std::string& name, std::shared_ptr<const IssuedIdentity> identity);

  // From the pipeline: what is wrong with the configuration of a proxy; null: nothing. Kept until the stream ends.
  void OnNotes(const xds::ProxyNode& node, xds::ViewNotesPtr notes);

  // The last rejection of a connected proxy, empty when there is none: "<type URL>: <text>".
  std::string LastRejection(const std::string& mesh, const std::string& name) const;

  // Writes all that is dirty, in the caller. For shutdown and tests.
  void Flush();

 private:
  struct Shared;
  const std::shared_ptr<Shared> shared_;  // outlives this for delayed writes
};

// Whether a kuma-dp fits the control plane: same major, at most two minors apart. Development versions always do.
bool VersionsCompatible(const std::string& control_plane, const std::string& proxy);

}  // namespace kuma::insights
