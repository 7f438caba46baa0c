#include <map>
#include <set>
#include <tuple>

#include "pkg/base/strings.h"
#include "pkg/policy/mesh_passthrough/spec.h"
#include "pkg/policy/target_ref/checks.h"

namespace kuma::policy {
namespace {

// Protocols that cannot share a port with another one.
bool IsHttpLike(std::string_view protocol) { return protocol == "grpc" || protocol == "http" || protocol == "http2"; }

bool IsCidr(const std::string& text) {
  const size_t slash = text.find('/');
  if (slash == std::string::npos) return false;
  const std::string digits = text.substr(slash + 1);
  const auto bits = ParseInt(digits);
  if (!bits || digits.front() == '+' || digits.front() == '-') return false;
  const std::string address = text.substr(0, slash);
  return resources::IsIpv4(address) ? *bits <= 32 : resources::IsIpv6(address) && *bits <= 128;
}

struct Seen {
  std::map<int64_t, std::string> protocols;                        // by port
  std::set<std::tuple<int64_t, std::string, std::string>> values;  // port, protocol, value
};

void CheckPorts(Checker& checker, const Path& path, const Json& match, Seen& seen) {
  const std::string protocol = GetString(match, "protocol");
  const Json& given = Get(match, "port");
  const Path at = path.Field("port");
  if (given.is_null()) {
    if (protocol == "mysql") checker.Add(at, "port must be defined for Mysql protocol");
    return;
  }
  const int64_t port = GetInt(match, "port");
  if (port <= 0 || port > 65535) checker.Add(at, "port must be a valid (1-65535)");
  const auto earlier = seen.protocols.find(port);
  if (earlier != seen.protocols.end() && earlier->second != protocol && IsHttpLike(protocol)) {
    checker.Add(at, "using the same port in multiple matches requires the same protocol for the following protocols: [grpc http http2]");
  } else {
    seen.protocols[port] = protocol;
  }
  const std::string value = GetString(match, "value");
  if (!seen.values.emplace(port, protocol, value).second) {
    checker.Add(path.Field("value"), "value " + value + " is already defiend for this port and protocol");  // sic
  }
}

void CheckDomain(Checker& checker, const Path& path, const Json& match) {
  const std::string protocol = GetString(match, "protocol");
  const std::string value = GetString(match, "value");
  if (protocol == "tcp" || protocol == "mysql")
    checker.Add(path.Field("protocol"), "protocol " + protocol + " is not supported for a domain");
  if (value.size() > 1 && value[0] == '*' && value[1] != '.') {
    checker.Add(path.Field("value"), "provided DNS has incorrect value, partial wildcard is currently not supported");
  }
  if (Get(match, "port").is_null() && value.starts_with("*") && IsHttpLike(protocol)) {
    checker.Add(path.Field("port"), "wildcard domains doesn't work for all ports and layer 7 protocol");
  }
  const std::string domain = value.starts_with("*.") ? value.substr(2) : value;
  if (!domain.starts_with("*") && !resources::IsDnsName(domain)) checker.Add(path.Field("value"), "provided DNS has incorrect value");
}

}  // namespace

void ValidateMeshPassthrough(const Resource& policy, std::vector<Violation>& violations) {
  Checker checker(violations);
  CheckTop(checker, policy, {.kinds = {"Mesh", "MeshSubset", "Dataplane"}});
  const Json& matches = ListOf(Get(policy.spec, "default"), "appendMatch");
  Seen seen;
  for (size_t i = 0; i < matches.size(); ++i) {
    const Path at = Path("spec").Field("default").Field("appendMatch").Index(i);
    CheckPorts(checker, at, matches[i], seen);
    const std::string type = GetString(matches[i], "type");
    const std::string value = GetString(matches[i], "value");
    if (type == "CIDR" && !IsCidr(value)) checker.Add(at.Field("value"), "provided CIDR has incorrect value");
    if (type == "IP" && !resources::IsIp(value)) checker.Add(at.Field("value"), "provided IP has incorrect value");
    if (type == "Domain") CheckDomain(checker, at, matches[i]);
  }
}

}  // namespace kuma::policy
