#include "pkg/base/invertible_patch.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "pkg/base/difference.h"

namespace kuma {
namespace {

// Longer lists are compared item by item only, not into the items: in a long list the neighbour in a gap is rarely the same thing.
constexpr size_t kShortList = 10;

bool SameContainer(const Json& a, const Json& b) { return (a.is_object() && b.is_object()) || (a.is_array() && b.is_array()); }

std::string Escaped(const std::string& key) {
  std::string out;
  for (const char c : key) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

using Pairs = std::vector<std::pair<size_t, size_t>>;

// Of several longest subsequences the one whose items stand last in `a`, as in patches of Kuma; Align chooses the first.
Pairs CommonItems(const Json& a, const Json& b) {
  if ((a.size() + 1) * (b.size() + 1) > kMaxAlignedCells) {
    Pairs ends;
    for (const Aligned& row : Align(a.size(), b.size(), [&](size_t i, size_t j) { return a[i] == b[j]; })) {
      if (row.before && row.after) ends.emplace_back(*row.before, *row.after);
    }
    return ends;
  }
  const size_t width = b.size() + 1;
  std::vector<uint32_t> length((a.size() + 1) * width, 0);
  for (size_t i = 1; i <= a.size(); ++i) {
    for (size_t j = 1; j <= b.size(); ++j) {
      length[i * width + j] =
          a[i - 1] == b[j - 1] ? length[(i - 1) * width + j - 1] + 1 : std::max(length[(i - 1) * width + j], length[i * width + j - 1]);
    }
  }
  Pairs pairs;
  for (size_t i = a.size(), j = b.size(); i > 0 && j > 0;) {
    if (a[i - 1] == b[j - 1]) {
      pairs.emplace_back(--i, --j);
    } else if (length[(i - 1) * width + j] >= length[i * width + j - 1]) {
      --i;
    } else {
      --j;
    }
  }
  return {pairs.rbegin(), pairs.rend()};
}

class PatchWriter {
 public:
  void Compare(const std::string& path, const Json& a, const Json& b) {
    if (a == b) return;
    if (a.is_object() && b.is_object()) return CompareObjects(path, a, b);
    if (a.is_array() && b.is_array()) return CompareLists(path, a, b);
    Remove(path, a);
    Put("add", path, b);
  }

  Json Take() { return std::move(patch_); }

 private:
  // Changes of a list between two items that stayed.
  struct Gap {
    size_t index = 0;  // where it begins, in the list as patched so far
    const Json* previous = nullptr;
    std::vector<const Json*> removed;
    std::vector<const Json*> added;
  };

  void Put(const char* op, const std::string& path, const Json& value) { patch_.push_back({{"op", op}, {"path", path}, {"value", value}}); }

  void Remove(const std::string& path, const Json& value) {
    Put("test", path, value);
    Put("remove", path, value);
  }

  void CompareObjects(const std::string& path, const Json& a, const Json& b) {
    std::set<std::string> keys;
    for (const auto& [key, value] : a.items()) keys.insert(key);
    for (const auto& [key, value] : b.items()) keys.insert(key);
    for (const std::string& key : keys) {
      const std::string at = path + "/" + Escaped(key);
      const auto old_value = a.find(key);
      const auto new_value = b.find(key);
      if (old_value == a.end()) {
        Put("add", at, *new_value);
      } else if (new_value == b.end()) {
        Remove(at, *old_value);
      } else {
        Compare(at, *old_value, *new_value);
      }
    }
  }

  void Close(const std::string& path, Gap& gap, const Json* next) {
    if (!gap.removed.empty() || !gap.added.empty()) {
      if (gap.previous != nullptr) Put("test", path + "/" + std::to_string(gap.index - 1), *gap.previous);
      if (next != nullptr) Put("test", path + "/" + std::to_string(gap.index + gap.removed.size()), *next);
      const std::string at = path + "/" + std::to_string(gap.index);
      for (const Json* item : gap.removed) Remove(at, *item);
      for (auto item = gap.added.rbegin(); item != gap.added.rend(); ++item) Put("add", at, **item);
    }
    gap.removed.clear();
    gap.added.clear();
  }

  void CompareLists(const std::string& path, const Json& a, const Json& b) {
    Pairs stayed = CommonItems(a, b);
    stayed.emplace_back(a.size(), b.size());
    const bool look_inside = a.size() <= kShortList || b.size() <= kShortList;
    size_t i = 0;
    size_t j = 0;
    Gap gap;
    const auto step = [&] {  // both lists have the item now
      gap.previous = &b[j];
      ++i;
      gap.index = ++j;
    };
    for (const auto& [next_i, next_j] : stayed) {
      while (look_inside && i < next_i && j < next_j) {
        if (SameContainer(a[i], b[j])) {
          Close(path, gap, &a[i]);
          Compare(path + "/" + std::to_string(j), a[i], b[j]);
          step();
        } else {
          gap.removed.push_back(&a[i++]);
          gap.added.push_back(&b[j++]);
        }
      }
      while (i < next_i) gap.removed.push_back(&a[i++]);
      while (j < next_j) gap.added.push_back(&b[j++]);
      const bool end = next_i == a.size() && next_j == b.size();
      Close(path, gap, end ? nullptr : &a[next_i]);
      if (end) break;
      step();
    }
  }

  Json patch_ = Json::array();
};

}  // namespace

Json InvertiblePatch(const Json& before, const Json& after) {
  PatchWriter writer;
  writer.Compare("", before, after);
  return writer.Take();
}

}  // namespace kuma
