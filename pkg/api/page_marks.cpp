#include "pkg/api/page_marks.h"

#include <algorithm>

namespace kuma::api {
namespace {

constexpr size_t kMaxMarks = 4096;
constexpr std::chrono::minutes kLife{5};
constexpr size_t kStep = size_t{1} << 32;  // offsets of one place differ by multiples of this

}  // namespace

void PageMarks::ForgetOldLocked() {
  const MonotonicTime oldest = clock_.Monotonic() - kLife;
  while (!order_.empty()) {
    const auto mark = marks_.find(order_.front());
    if (marks_.size() <= kMaxMarks && mark->second.used >= oldest) return;
    marks_.erase(mark);
    order_.pop_front();
  }
}

size_t PageMarks::Begin(const std::string& list, size_t offset, const std::vector<ResourcePtr>& items) {
  if (offset == 0) return 0;
  const std::lock_guard lock(mutex_);
  ForgetOldLocked();
  const auto mark = marks_.find({list, offset});
  if (mark == marks_.end()) return std::min(offset >= kStep && offset / kStep < kMaxMarks ? offset % kStep : offset, items.size());
  mark->second.used = clock_.Monotonic();
  order_.splice(order_.end(), order_, mark->second.in_order);
  const auto begin = std::upper_bound(items.begin(), items.end(), mark->second.last, [](const ResourceKey& key, const ResourcePtr& item) { return key < item->meta.key; });
  return static_cast<size_t>(begin - items.begin());
}

size_t PageMarks::Next(const std::string& list, size_t offset, size_t size, const ResourceKey& last) {
  const std::lock_guard lock(mutex_);
  ForgetOldLocked();
  for (Place place{list, offset % kStep + size};; place.second += kStep) {
    const auto [mark, is_new] = marks_.try_emplace(place);
    if (!is_new && mark->second.last != last) continue;
    mark->second.last = last;
    mark->second.used = clock_.Monotonic();
    if (is_new) {
      mark->second.in_order = order_.insert(order_.end(), place);
    } else {
      order_.splice(order_.end(), order_, mark->second.in_order);
    }
    return place.second;
  }
}

}  // namespace kuma::api
