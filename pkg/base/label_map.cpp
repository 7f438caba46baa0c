#include "pkg/base/label_map.h"

#include <algorithm>

namespace kuma {
namespace {

using Entry = LabelMap::value_type;

bool KeyLess(const Entry& a, const Entry& b) { return a.first < b.first; }

}  // namespace

const std::vector<Entry>& LabelMap::Entries() const {
  static const std::vector<Entry> none;
  return block_ == nullptr ? none : block_->entries;
}

std::vector<Entry>& LabelMap::Own() {
  if (block_ == nullptr || block_->use_count() > 1) block_ = new Block(Entries());
  return block_->entries;
}

LabelMap::LabelMap(std::vector<Entry> entries) {
  if (entries.empty()) return;
  if (!std::is_sorted(entries.begin(), entries.end(), KeyLess)) std::stable_sort(entries.begin(), entries.end(), KeyLess);
  entries.erase(std::unique(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.first == b.first; }), entries.end());
  entries.shrink_to_fit();
  block_ = new Block(std::move(entries));
}

size_t LabelMap::Position(std::string_view key) const {
  const std::vector<Entry>& entries = Entries();
  const auto at = std::lower_bound(entries.begin(), entries.end(), key, [](const Entry& entry, std::string_view wanted) { return entry.first < wanted; });
  return static_cast<size_t>(at - entries.begin());
}

LabelMap::const_iterator LabelMap::find(std::string_view key) const {
  const const_iterator at = begin() + static_cast<std::ptrdiff_t>(Position(key));
  return at != end() && at->first == key ? at : end();
}

std::vector<Entry>::iterator LabelMap::Add(size_t position, std::string key, std::string value) {
  std::vector<Entry>& entries = Own();
  // Maps like these live long and grow by few entries: no room is kept for more.
  if (entries.size() == entries.capacity()) entries.reserve(entries.size() + 1);
  return entries.emplace(entries.begin() + static_cast<std::ptrdiff_t>(position), std::move(key), std::move(value));
}

std::string& LabelMap::operator[](std::string_view key) {
  const size_t position = Position(key);
  if (position < size() && Entries()[position].first == key) return Own()[position].second;
  return Add(position, std::string(key), {})->second;
}

std::pair<LabelMap::const_iterator, bool> LabelMap::emplace(std::string key, std::string value) {
  const size_t position = Position(key);
  if (position < size() && Entries()[position].first == key) return {begin() + static_cast<std::ptrdiff_t>(position), false};
  return {Add(position, std::move(key), std::move(value)), true};
}

size_t LabelMap::erase(std::string_view key) {
  const const_iterator found = find(key);
  if (found == end()) return 0;
  erase(found);
  return 1;
}

LabelMap::const_iterator LabelMap::erase(const_iterator entry) {
  const std::ptrdiff_t position = entry - begin();
  std::vector<Entry>& entries = Own();
  return entries.erase(entries.begin() + position);
}

}  // namespace kuma
