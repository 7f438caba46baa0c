// Who a token speaks for. The JSON forms are the claims of the token.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "pkg/base/json.h"

namespace kuma::tokens {

using TagSet = std::map<std::string, std::set<std::string>>;

// Every field may be empty: then the token does not bind it.
struct DataplaneIdentity {
  std::string name;
  std::string mesh;
  TagSet tags;
  std::string type;  // dataplane, ingress, egress
  std::string workload;

  Json ToClaims() const;
  static Result<DataplaneIdentity> FromClaims(const Json& claims);
};

inline constexpr const char* kIngressScope = "ingress";
inline constexpr const char* kEgressScope = "egress";
struct ZoneIdentity {
  std::string zone;
  std::vector<std::string> scope;

  Json ToClaims() const;
  static Result<ZoneIdentity> FromClaims(const Json& claims);
};

struct UserIdentity {
  std::string name;
  std::vector<std::string> groups;

  Json ToClaims() const;
  static Result<UserIdentity> FromClaims(const Json& claims);
  // "name/group1,group2"
  std::string ToString() const;
  // With the group of everyone who gave valid credentials.
  UserIdentity Authenticated() const;
};

UserIdentity AdminUser();         // mesh-system:admin
UserIdentity AnonymousUser();     // mesh-system:anonymous, group mesh-system:unauthenticated
UserIdentity ControlPlaneUser();  // mesh-system:control-plane

}  // namespace kuma::tokens
