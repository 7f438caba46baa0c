#include "pkg/reconcile/ipam.h"

#include <arpa/inet.h>

#include "pkg/base/strings.h"

namespace kuma::reconcile {
namespace {

std::optional<uint32_t> ParseIpv4(std::string_view text) {
  in_addr address{};
  if (inet_pton(AF_INET, std::string(text).c_str(), &address) != 1) return std::nullopt;
  return ntohl(address.s_addr);
}

}  // namespace

Result<Ipam> Ipam::FromCidr(std::string_view cidr) {
  const size_t slash = cidr.find('/');
  const auto base = ParseIpv4(cidr.substr(0, slash));
  const int64_t bits = slash == std::string_view::npos ? -1 : ParseInt(cidr.substr(slash + 1)).value_or(-1);
  if (!base || bits < 0 || bits > 32) return Invalid("not an IPv4 CIDR block: " + std::string(cidr));
  Ipam ipam;
  ipam.size_ = uint64_t{1} << (32 - bits);
  ipam.base_ = static_cast<uint32_t>(*base & ~(ipam.size_ - 1));
  return ipam;
}

void Ipam::Reserve(std::string_view address) {
  const auto value = ParseIpv4(address);
  if (value && *value >= base_ && uint64_t{*value} < base_ + size_) reserved_.insert(*value);
}

std::optional<std::string> Ipam::Allocate() {
  while (next_ < size_) {
    const auto value = static_cast<uint32_t>(base_ + next_++);
    if (reserved_.contains(value)) continue;
    in_addr address{};
    address.s_addr = htonl(value);
    char text[INET_ADDRSTRLEN];
    return std::string(inet_ntop(AF_INET, &address, text, sizeof text));
  }
  return std::nullopt;
}

}  // namespace kuma::reconcile
