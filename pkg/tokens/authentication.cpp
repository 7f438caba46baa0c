#include "pkg/tokens/authentication.h"

#include <algorithm>

#include "pkg/base/strings.h"

namespace kuma::tokens {
namespace {

Error Denied(std::string message) { return MakeError(ErrorCode::kUnauthorized, std::move(message)); }

std::string Quoted(const std::string& text) { return "\"" + text + "\""; }

Status CheckTags(const TagSet& allowed, const TagSet& actual) {
  for (const auto& [tag, allowed_values] : allowed) {
    const auto found = actual.find(tag);
    if (found == actual.end()) return Denied("dataplane has no tag " + Quoted(tag) + " required by the token");
    for (const std::string& value : found->second) {
      if (allowed_values.contains(value)) continue;
      std::vector<std::string> quoted;
      for (const std::string& one : allowed_values) quoted.push_back(Quoted(one));
      return Denied("dataplane contains tag " + Quoted(tag) + " with value " + Quoted(value) +
                    " which is not allowed with this token. Allowed values in token are [" + Join(quoted, " ") + "]");
    }
  }
  return Ok();
}

Status CheckWorkload(const std::string& token, const std::optional<std::string>& proxy, const std::function<Result<bool>()>& derives_identity) {
  if (token.empty()) {
    if (!proxy.has_value() || !derives_identity) return Ok();
    KUMA_TRY_ASSIGN(const bool derives, derives_identity());
    if (!derives) return Ok();
    // The label is the proxy's identity, and a token that does not bind it would let it choose any.
    return Denied("dataplane with \"kuma.io/workload\" label " + Quoted(*proxy) +
                  " derives its identity from the workload, so it requires a workload-bound token");
  }
  if (!proxy.has_value()) return Denied("dataplane has no workload label required by the token");
  if (*proxy != token) {
    return Denied("dataplane workload " + Quoted(*proxy) + " is not allowed with this token. Allowed workload in token is " + Quoted(token));
  }
  return Ok();
}

}  // namespace

Status CheckDataplane(const DataplaneIdentity& token, const DataplaneFacts& proxy, const std::function<Result<bool>()>& derives_identity) {
  if (!token.name.empty() && token.name != proxy.name) {
    return Denied("proxy name from requestor: " + proxy.name + " is different than in token: " + token.name);
  }
  if (!token.mesh.empty() && token.mesh != proxy.mesh) {
    return Denied("proxy mesh from requestor: " + proxy.mesh + " is different than in token: " + token.mesh);
  }
  KUMA_TRY(CheckTags(token.tags, proxy.tags));
  return CheckWorkload(token.workload, proxy.workload, derives_identity);
}

Status CheckZoneProxy(const ZoneIdentity& token, const std::string& scope, const std::string& zone) {
  if (std::find(token.scope.begin(), token.scope.end(), scope) == token.scope.end()) {
    return Denied("token cannot be used to authenticate zone entity (" + scope + " is out of token's scope: [" + Join(token.scope, " ") + "])");
  }
  if (!token.zone.empty() && token.zone != zone) {
    return Denied("zone from requestor: " + zone + " is different than in token: " + token.zone);
  }
  return Ok();
}

}  // namespace kuma::tokens
