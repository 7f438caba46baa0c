// A running control plane: builds the objects, hands them to each other, runs the loops, stops in reverse.
//
// Threads: the io loop (REST, diagnostics, port 5678), the mesh loop (facts, views), the control loop (computed resources, counters),
// workers (keys, certificates, admission) and gRPC's own.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "pkg/base/metrics.h"
#include "pkg/base/result.h"
#include "pkg/config/config.h"

namespace kuma::cp {

class ControlPlane {
 public:
  explicit ControlPlane(config::Config config);
  ~ControlPlane();

  // Opens the store and the ports and starts the threads. Errors tell what to change; nothing keeps running then.
  Status Start();
  // Until SIGTERM or SIGINT (or RequestStop), then stops everything.
  void RunUntilStopped();
  void RequestStop();
  // Stopped because something went wrong after the start.
  bool failed() const;

 private:
  struct Parts;
  Status StartStore();
  Status StartApi();
  Status StartServersWithTls();
  void StartBackground();
  void OnCertificateReady();
  bool IsReady() const;

  const config::Config config_;
  MetricRegistry metrics_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace kuma::cp
