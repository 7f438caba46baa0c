// The names of the mesh, as the control plane sends them to kuma-dp: {"records": [{"name", "ips"}], "ttl"}. Immutable after parsing.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/result.h"

namespace kuma::dp::dns {

struct NameAddresses {
  std::vector<std::string> v4;  // 4 bytes each
  std::vector<std::string> v6;  // 16 bytes each
};

class Names {
 public:
  static Result<Names> Parse(const std::string& json);

  // Null when the name is not one of the mesh. `name` is lower case without the final dot.
  const NameAddresses* Find(std::string_view name) const;
  uint32_t ttl() const { return ttl_; }
  size_t size() const { return entries_.size(); }

 private:
  std::map<std::string, NameAddresses, std::less<>> entries_;
  uint32_t ttl_ = 0;
};

}  // namespace kuma::dp::dns
