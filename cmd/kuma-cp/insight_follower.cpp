#include "cmd/kuma-cp/insight_follower.h"

namespace kuma::cp {

void InsightFollower::Start() {
  watch_ = store_.StartWatch([this, loop = loop_.handle()] {
    loop.Post([this] {
      for (const store::Event& event : watch_->Take()) insights_.Apply(event);
    });
  });
  for (const ResourcePtr& resource : watch_->Initial()) insights_.Apply(nullptr, resource);
  thread_ = std::thread([this] { loop_.Run(); });
}

void InsightFollower::Stop() {
  if (!thread_.joinable()) return;
  loop_.Stop();
  thread_.join();
  watch_.reset();
}

}  // namespace kuma::cp
