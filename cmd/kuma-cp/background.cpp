#include "cmd/kuma-cp/background.h"

#include <algorithm>
#include <mutex>
#include <utility>

namespace kuma::cp {
namespace {

// Proxies register in bursts; one look serves them all.
constexpr std::chrono::milliseconds kGather{10};

}  // namespace

struct Background::Shared {
  std::mutex mutex;  // one step at a time; guards the rest
  TimedStep step;
  std::function<void()> job;  // submits Run()
  io::EventLoop* loop = nullptr;
  io::Timer timer;
  std::unique_ptr<store::Watch> watch;
  std::vector<store::Event> initial;
  std::atomic<bool> stopped{false};

  void Run() {
    const std::lock_guard lock(mutex);
    if (stopped) return;
    std::vector<store::Event> events = std::exchange(initial, {});
    // After Take() the watch wakes again, and that job waits for this one: nothing is missed.
    if (watch != nullptr) {
      for (store::Event& event : watch->Take()) events.push_back(std::move(event));
    }
    const std::optional<Nanos> again = step(events);
    timer.Cancel();
    if (again) timer = loop->PostAfter(std::max(*again, Nanos(0)), job);
  }
};

void Background::Start(Step step) {
  StartTimed([step = std::move(step)](const std::vector<store::Event>& events) {
    step(events);
    return std::optional<Nanos>();
  });
}

void Background::StartTimed(TimedStep step) {
  shared_ = std::make_shared<Shared>();
  shared_->step = std::move(step);
  const auto job = [shared = std::weak_ptr<Shared>(shared_), &workers = workers_] {
    workers.Submit([shared] {
      if (const std::shared_ptr<Shared> alive = shared.lock()) alive->Run();
    });
  };
  {
    const std::lock_guard lock(shared_->mutex);
    shared_->job = job;
    shared_->loop = &loop_;
    shared_->watch = store_.StartWatch([job, &loop = loop_] { loop.Post([job, &loop] { loop.PostAfter(kGather, job); }); });
    for (const ResourcePtr& resource : shared_->watch->Initial()) shared_->initial.push_back(store::Event{nullptr, resource});
  }
  job();
}

void Background::StartOnce(std::function<void()> step) {
  shared_ = std::make_shared<Shared>();
  shared_->step = [once = std::move(step)](const std::vector<store::Event>&) {
    once();
    return std::optional<Nanos>();
  };
  workers_.Submit([weak = std::weak_ptr<Shared>(shared_)] {
    if (const std::shared_ptr<Shared> alive = weak.lock()) alive->Run();
  });
}

void Background::Stop() {
  if (shared_ == nullptr) return;
  shared_->stopped = true;
  const std::lock_guard lock(shared_->mutex);
  // What the step refers to may go before the last job that holds this does.
  shared_->step = nullptr;
  shared_->timer.Cancel();
  shared_->watch.reset();
}

}  // namespace kuma::cp
