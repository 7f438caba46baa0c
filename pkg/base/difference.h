// What differs between two documents, field by field, in a form that people read: lists of named things are compared by name, other
// lists by what stayed. Used by dry runs and shadow views. Pure functions.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "pkg/base/json.h"

namespace kuma {

struct FieldDifference {
  std::string path;            // "filter_chains[0].filters[envoy.filters.network.tcp_proxy].typed_config.idle_timeout"; "" is the whole
  std::optional<Json> before;  // nothing: the field is new
  std::optional<Json> after;   // nothing: the field is gone
};

// In the order of the fields. Equal documents have none. Lists whose named items only moved differ by one row: the names before and after.
std::vector<FieldDifference> Differences(const Json& before, const Json& after);

// [{"path": …, "before": …, "after": …}]; what is absent is left out.
Json DifferencesDocument(const std::vector<FieldDifference>& differences);

// Rows of a comparison by the longest common subsequence: indices into `before` and `after` that are equal, in order.
// REQUIRES: before * after is small enough for a table (see kMaxAlignedCells); more than that aligns only equal ends.
inline constexpr size_t kMaxAlignedCells = 4'000'000;
struct Aligned {
  std::optional<size_t> before;
  std::optional<size_t> after;
};
std::vector<Aligned> Align(size_t before, size_t after, const std::function<bool(size_t, size_t)>& equal);

}  // namespace kuma
