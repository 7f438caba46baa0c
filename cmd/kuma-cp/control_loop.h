// The thread of computed resources: follows the store and keeps MeshServices and addresses right.
#pragma once

#include <memory>
#include <thread>

#include "pkg/io/loop.h"
#include "pkg/reconcile/destinations.h"
#include "pkg/reconcile/service_vips.h"
#include "pkg/store/admission.h"

namespace kuma::cp {

class ControlLoop {
 public:
  ControlLoop(store::Store& store, std::unique_ptr<reconcile::Destinations> destinations, reconcile::ServiceVipOptions vips,
              const Clock& clock);
  ~ControlLoop();
  void Start();
  void Stop();

 private:
  void OnWake();
  void Settle();
  void AllocateVips();

  store::Store& store_;
  std::unique_ptr<reconcile::Destinations> destinations_;
  reconcile::ServiceVips vips_;
  const Clock& clock_;
  io::EventLoop loop_;
  std::unique_ptr<store::Watch> watch_;
  io::Timer settle_timer_;
  bool settle_armed_ = false;
  io::Timer vip_timer_;
  MonotonicTime vips_since_{};
  bool vips_waiting_ = false;
  io::Timer grace_timer_;
  std::thread thread_;
};

}  // namespace kuma::cp
