// Who may do what. Rules come from the configuration (access.static.*); errors are kForbidden with the reference's texts.
#pragma once

#include <set>
#include <string>

#include "pkg/base/result.h"
#include "pkg/tokens/identities.h"

namespace kuma::api {

struct AccessRule {
  std::set<std::string> users;
  std::set<std::string> groups;

  bool Allows(const tokens::UserIdentity& user) const;
  // 'user "name/groups" cannot access <action>'.
  Status Check(const tokens::UserIdentity& user, const std::string& action) const;
};

// One per key of access.static.
struct AccessRules {
  AccessRule admin_resources;
  AccessRule generate_dataplane_token;
  AccessRule generate_user_token;
  AccessRule generate_zone_token;
  AccessRule view_config_dump;
  AccessRule view_stats;
  AccessRule view_clusters;
  AccessRule control_plane_metadata;

  // Administrators everywhere; viewing proxies is open to everyone, as the reference's defaults are.
  static AccessRules Defaults();
};

}  // namespace kuma::api
