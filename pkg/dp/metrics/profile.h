// Which of Envoy's metrics are given out: the built-in sets All, Basic and None, then what a MeshMetric excludes and includes by name.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/json.h"
#include "pkg/dp/metrics/families.h"

namespace kuma::dp::metrics {

class Profile {
 public:
  // `sidecar` is the member of that name in the document, or null: then it is Basic.
  explicit Profile(const Json& sidecar = {});
  void Apply(Families& families) const;

 private:
  using Selector = std::function<bool(std::string_view)>;
  static Selector MakeSelector(const Json& selector);

  enum class Set { kAll, kBasic, kNone };
  Set set_ = Set::kBasic;
  std::vector<Selector> exclude_;
  std::vector<Selector> include_;
};

}  // namespace kuma::dp::metrics
