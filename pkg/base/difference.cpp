#include "pkg/base/difference.h"

#include <algorithm>
#include <set>

namespace kuma {
namespace {

std::string Below(const std::string& path, const std::string& key) {
  if (key.find_first_of(".[]") != std::string::npos) return path + "[" + key + "]";
  return path.empty() ? key : path + "." + key;
}

// Names of the items when every item has one of its own.
std::optional<std::vector<std::string>> Names(const Json& list) {
  std::vector<std::string> names;
  std::set<std::string> seen;
  for (const Json& item : list) {
    const Json& name = Get(item, "name");
    if (!name.is_string() || !seen.insert(name.get<std::string>()).second) return std::nullopt;
    names.push_back(name.get<std::string>());
  }
  return names;
}

class Comparison {
 public:
  void Compare(const Json& before, const Json& after, const std::string& path) {
    if (before == after) return;
    if (before.is_object() && after.is_object()) return Objects(before, after, path);
    if (before.is_array() && after.is_array()) return Lists(before, after, path);
    out.push_back({path, before, after});
  }

  std::vector<FieldDifference> out;

 private:
  void Objects(const Json& before, const Json& after, const std::string& path) {
    std::set<std::string> keys;
    for (const auto& [key, value] : before.items()) keys.insert(key);
    for (const auto& [key, value] : after.items()) keys.insert(key);
    for (const std::string& key : keys) {
      const auto old = before.find(key);
      const auto now = after.find(key);
      const std::string below = Below(path, key);
      if (old == before.end()) {
        out.push_back({below, std::nullopt, *now});
      } else if (now == after.end()) {
        out.push_back({below, *old, std::nullopt});
      } else {
        Compare(*old, *now, below);
      }
    }
  }

  void Lists(const Json& before, const Json& after, const std::string& path) {
    const auto old_names = Names(before);
    const auto new_names = Names(after);
    if (old_names && new_names && !(old_names->empty() && new_names->empty())) return ByName(before, after, *old_names, *new_names, path);
    std::vector<size_t> gone, come;
    const auto flush = [&] {
      // What was replaced at the same place is compared further; its number is that in the new list.
      const size_t pairs = std::min(gone.size(), come.size());
      for (size_t i = 0; i < pairs; ++i) Compare(before[gone[i]], after[come[i]], path + "[" + std::to_string(come[i]) + "]");
      for (size_t i = pairs; i < gone.size(); ++i)
        out.push_back({path + "[" + std::to_string(gone[i]) + "]", before[gone[i]], std::nullopt});
      for (size_t i = pairs; i < come.size(); ++i)
        out.push_back({path + "[" + std::to_string(come[i]) + "]", std::nullopt, after[come[i]]});
      gone.clear();
      come.clear();
    };
    for (const Aligned& row : Align(before.size(), after.size(), [&](size_t i, size_t j) { return before[i] == after[j]; })) {
      if (row.before && row.after) {
        flush();
      } else if (row.before) {
        gone.push_back(*row.before);
      } else {
        come.push_back(*row.after);
      }
    }
    flush();
  }

  void ByName(const Json& before, const Json& after, const std::vector<std::string>& old_names, const std::vector<std::string>& new_names,
              const std::string& path) {
    const auto at = [](const std::vector<std::string>& names, const std::string& name) {
      return static_cast<size_t>(std::find(names.begin(), names.end(), name) - names.begin());
    };
    std::vector<std::string> stayed_before, stayed_after;
    for (size_t i = 0; i < old_names.size(); ++i) {
      const size_t j = at(new_names, old_names[i]);
      if (j == new_names.size()) {
        out.push_back({path + "[" + old_names[i] + "]", before[i], std::nullopt});
        continue;
      }
      stayed_before.push_back(old_names[i]);
      Compare(before[i], after[j], path + "[" + old_names[i] + "]");
    }
    for (size_t j = 0; j < new_names.size(); ++j) {
      if (at(old_names, new_names[j]) == old_names.size()) {
        out.push_back({path + "[" + new_names[j] + "]", std::nullopt, after[j]});
      } else {
        stayed_after.push_back(new_names[j]);
      }
    }
    if (stayed_before != stayed_after) out.push_back({path + " (order)", Json(old_names), Json(new_names)});
  }
};

}  // namespace

std::vector<Aligned> Align(size_t before, size_t after, const std::function<bool(size_t, size_t)>& equal) {
  std::vector<Aligned> rows;
  size_t head = 0;
  while (head < before && head < after && equal(head, head)) {
    rows.push_back({head, head});
    ++head;
  }
  size_t tail = 0;
  while (head + tail < before && head + tail < after && equal(before - 1 - tail, after - 1 - tail)) ++tail;
  const size_t height = before - head - tail;
  const size_t width = after - head - tail;
  if (height > 0 && width > 0 && height <= kMaxAlignedCells / width) {
    // common[i][j]: length of the longest common part of what follows i and j.
    std::vector<uint32_t> common((height + 1) * (width + 1), 0);
    const auto cell = [&](size_t i, size_t j) -> uint32_t& { return common[i * (width + 1) + j]; };
    for (size_t i = height; i-- > 0;) {
      for (size_t j = width; j-- > 0;) {
        cell(i, j) = equal(head + i, head + j) ? cell(i + 1, j + 1) + 1 : std::max(cell(i + 1, j), cell(i, j + 1));
      }
    }
    size_t i = 0;
    size_t j = 0;
    while (i < height || j < width) {
      if (i < height && j < width && equal(head + i, head + j)) {
        rows.push_back({head + i++, head + j++});
      } else if (i < height && (j == width || cell(i + 1, j) >= cell(i, j + 1))) {
        rows.push_back({head + i++, std::nullopt});
      } else {
        rows.push_back({std::nullopt, head + j++});
      }
    }
  } else {
    for (size_t i = 0; i < height; ++i) rows.push_back({head + i, std::nullopt});
    for (size_t j = 0; j < width; ++j) rows.push_back({std::nullopt, head + j});
  }
  for (size_t i = tail; i-- > 0;) rows.push_back({before - 1 - i, after - 1 - i});
  return rows;
}

std::vector<FieldDifference> Differences(const Json& before, const Json& after) {
  Comparison comparison;
  comparison.Compare(before, after, {});
  return std::move(comparison.out);
}

Json DifferencesDocument(const std::vector<FieldDifference>& differences) {
  Json out = Json::array();
  for (const FieldDifference& one : differences) {
    Json row = {{"path", one.path}};
    if (one.before) row["before"] = *one.before;
    if (one.after) row["after"] = *one.after;
    out.push_back(std::move(row));
  }
  return out;
}

}  // namespace kuma
