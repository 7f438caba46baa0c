#include "pkg/api/access.h"

#include <algorithm>

#include "pkg/model/schema.h"

namespace kuma::api {

bool AccessRule::Allows(const tokens::UserIdentity& user) const {
  if (users.contains(user.name)) return true;
  return std::any_of(user.groups.begin(), user.groups.end(), [&](const std::string& group) { return groups.contains(group); });
}

Status AccessRule::Check(const tokens::UserIdentity& user, const std::string& action) const {
  if (Allows(user)) return Ok();
  return MakeError(ErrorCode::kForbidden, "user " + QuoteGo(user.ToString()) + " cannot access " + action);
}

AccessRules AccessRules::Defaults() {
  const AccessRule admins{{"mesh-system:admin"}, {"mesh-system:admin"}};
  const AccessRule everyone{{}, {"mesh-system:unauthenticated", "mesh-system:authenticated"}};
  return {admins, admins, admins, admins, everyone, everyone, everyone, everyone};
}

}  // namespace kuma::api
