#include "cmd/kuma-cp/control_loop.h"

#include <algorithm>

namespace kuma::cp {
namespace {

// Dataplanes register in bursts; one look at the mesh serves them all.
constexpr std::chrono::milliseconds kGather{10};
// Virtual addresses are given in the order of names, so services that appear together wait for each other a little.
constexpr std::chrono::milliseconds kVipQuiet{150};
constexpr std::chrono::milliseconds kVipLongest{500};

}  // namespace

ControlLoop::ControlLoop(store::Store& store, std::unique_ptr<reconcile::Destinations> destinations, reconcile::ServiceVipOptions vips,
                         const Clock& clock)
    : store_(store), destinations_(std::move(destinations)), vips_(store, std::move(vips)), clock_(clock) {}

ControlLoop::~ControlLoop() { Stop(); }

void ControlLoop::Start() {
  watch_ = store_.StartWatch([this, loop = loop_.handle()] { loop.Post([this] { OnWake(); }); });
  for (const ResourcePtr& resource : watch_->Initial()) vips_.Apply(nullptr, resource);
  destinations_->Start(watch_->Initial());
  loop_.Post([this] {
    Settle();
    AllocateVips();
  });
  thread_ = std::thread([this] { loop_.Run(); });
}

void ControlLoop::Stop() {
  if (!thread_.joinable()) return;
  loop_.Stop();
  thread_.join();
  watch_.reset();
}

void ControlLoop::OnWake() {
  const std::vector<store::Event> events = watch_->Take();
  for (const store::Event& event : events) vips_.Apply(event.old_value, event.new_value);
  if (vips_.urgent()) {
    const Status ignored = vips_.Run(true);  // logged; what failed is dirty still
    (void)ignored;
  }
  if (vips_.dirty()) {
    const MonotonicTime now = clock_.Monotonic();
    if (!vips_waiting_) vips_since_ = now;
    vips_waiting_ = true;
    vip_timer_.Cancel();
    const Nanos left = kVipLongest - (now - vips_since_);
    vip_timer_ = loop_.PostAfter(std::clamp<Nanos>(left, Nanos(0), kVipQuiet), [this] { AllocateVips(); });
  }
  destinations_->Apply(events);
  if (!destinations_->dirty() || settle_armed_) return;
  settle_armed_ = true;
  settle_timer_ = loop_.PostAfter(kGather, [this] { Settle(); });
}

void ControlLoop::AllocateVips() {
  vips_waiting_ = false;
  if (const Status status = vips_.Run(); status.ok() || !vips_.dirty()) return;
  vip_timer_ = loop_.PostAfter(kVipLongest, [this] { AllocateVips(); });
}

void ControlLoop::Settle() {
  settle_armed_ = false;
  const std::optional<SystemTime> again = destinations_->Run();
  grace_timer_.Cancel();
  if (again) {
    const Nanos wait = std::max<Nanos>(*again - clock_.Now(), Nanos(0));
    grace_timer_ = loop_.PostAfter(wait, [this] { Settle(); });
  }
}

}  // namespace kuma::cp
