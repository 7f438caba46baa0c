// Hands out IPv4 addresses of a block, never one that was handed out before, so that clients of a deleted service do not
// reach another one by its old address. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "pkg/base/result.h"

namespace kuma::reconcile {

class Ipam {
 public:
  static Result<Ipam> FromCidr(std::string_view cidr);
  void Reserve(std::string_view address);     // outside of the block: ignored
  std::optional<std::string> Allocate();      // nullopt: the block is used up

 private:
  uint32_t base_ = 0;
  uint64_t size_ = 0;
  uint64_t next_ = 0;
  std::set<uint32_t> reserved_;
};

}  // namespace kuma::reconcile
