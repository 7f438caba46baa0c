#include "pkg/dp/dns/names.h"

#include <arpa/inet.h>

#include <algorithm>

#include "pkg/base/json.h"
#include "pkg/base/log.h"
#include "pkg/base/strings.h"

namespace kuma::dp::dns {

Result<Names> Names::Parse(const std::string& json) {
  KUMA_TRY_ASSIGN(const Json document, ParseJson(json));
  if (!document.is_object()) return Invalid("the DNS configuration is no JSON object");
  Names names;
  names.ttl_ = static_cast<uint32_t>(std::clamp<int64_t>(GetInt(document, "ttl"), 0, INT32_MAX));
  const Json& records = Get(document, "records");
  if (!records.is_array()) return names;
  for (const Json& record : records) {
    std::string name = ToLower(GetString(record, "name"));
    if (name.ends_with('.')) name.pop_back();
    if (name.empty()) continue;
    NameAddresses& addresses = names.entries_[name];
    const Json& ips = Get(record, "ips");
    if (!ips.is_array()) continue;
    for (const Json& ip : ips) {
      const std::string text = ip.is_string() ? ip.get<std::string>() : std::string();
      char bytes[16];
      if (::inet_pton(AF_INET, text.c_str(), bytes) == 1) {
        addresses.v4.emplace_back(bytes, 4);
      } else if (::inet_pton(AF_INET6, text.c_str(), bytes) == 1) {
        addresses.v6.emplace_back(bytes, 16);
      } else {
        Logger("kuma-dp.dns").Warn("invalid IP address in the DNS configuration", {{"name", name}, {"ip", text}});
      }
    }
  }
  return names;
}

const NameAddresses* Names::Find(std::string_view name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : &found->second;
}

}  // namespace kuma::dp::dns
