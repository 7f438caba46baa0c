#include "pkg/store/feed.h"

#include <algorithm>

namespace kuma::store {

struct Feed::Subscriber {
  std::mutex mutex;
  std::vector<Event> pending;  // guarded by mutex
  bool woken = false;          // guarded by mutex; wake was called and Take was not yet
  std::function<void()> wake;
};

class Feed::FeedWatch : public Watch {
 public:
  FeedWatch(std::shared_ptr<Subscriber> subscriber, std::vector<ResourcePtr> initial) : subscriber_(std::move(subscriber)), initial_(std::move(initial)) {}

  const std::vector<ResourcePtr>& Initial() const override { return initial_; }

  std::vector<Event> Take() override {
    const std::lock_guard<std::mutex> lock(subscriber_->mutex);
    subscriber_->woken = false;
    return std::exchange(subscriber_->pending, {});
  }

 private:
  std::shared_ptr<Subscriber> subscriber_;
  std::vector<ResourcePtr> initial_;
};

std::unique_ptr<Watch> Feed::Add(std::vector<ResourcePtr> initial, std::function<void()> wake) {
  auto subscriber = std::make_shared<Subscriber>();
  subscriber->wake = std::move(wake);
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    subscribers_.push_back(subscriber);
  }
  return std::make_unique<FeedWatch>(std::move(subscriber), std::move(initial));
}

std::vector<std::function<void()>> Feed::Publish(const std::vector<Event>& events) {
  std::vector<std::function<void()>> wakes;
  if (events.empty()) return wakes;
  const std::lock_guard<std::mutex> lock(mutex_);
  std::erase_if(subscribers_, [](const std::weak_ptr<Subscriber>& weak) { return weak.expired(); });
  for (const std::weak_ptr<Subscriber>& weak : subscribers_) {
    const std::shared_ptr<Subscriber> subscriber = weak.lock();
    if (subscriber == nullptr) continue;
    const std::lock_guard<std::mutex> subscriber_lock(subscriber->mutex);
    subscriber->pending.insert(subscriber->pending.end(), events.begin(), events.end());
    if (!subscriber->woken && subscriber->wake) {
      subscriber->woken = true;
      // Holding the subscriber keeps its callback's captures valid no longer than the watch itself is: a watch that ends
      // meanwhile is skipped.
      wakes.push_back([weak] {
        if (const std::shared_ptr<Subscriber> alive = weak.lock()) alive->wake();
      });
    }
  }
  return wakes;
}

}  // namespace kuma::store
