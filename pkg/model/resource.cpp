#include "pkg/model/resource.h"

namespace kuma {

std::string_view Resource::Label(std::string_view key) const {
  const auto found = meta.labels.find(key);
  return found == meta.labels.end() ? std::string_view{} : std::string_view{found->second};
}

std::string DisplayName(const ResourceMeta& meta) {
  const auto found = meta.labels.find(kDisplayNameLabel);
  return found != meta.labels.end() && !found->second.empty() ? found->second : meta.key.name;
}

}  // namespace kuma
