#include "pkg/tokens/identities.h"

#include "pkg/base/strings.h"

namespace kuma::tokens {
namespace {

Error WrongClaim(const char* name, const char* expected) {
  return Invalid(std::string("token is malformed: claim ") + name + " must be " + expected);
}

// Missing and null are the empty value.
Status ReadText(const Json& claims, const char* name, std::string& value) {
  const Json& claim = Get(claims, name);
  if (claim.is_null()) return Ok();
  if (!claim.is_string()) return WrongClaim(name, "a string");
  value = claim.get_ref<const std::string&>();
  return Ok();
}

Status ReadTexts(const Json& claim, const char* name, std::vector<std::string>& values) {
  if (claim.is_null()) return Ok();
  if (!claim.is_array()) return WrongClaim(name, "a list of strings");
  for (const Json& value : claim) {
    if (!value.is_string()) return WrongClaim(name, "a list of strings");
    values.push_back(value.get_ref<const std::string&>());
  }
  return Ok();
}

}  // namespace

Json DataplaneIdentity::ToClaims() const {
  Json claims{{"Name", name}, {"Mesh", mesh}, {"Tags", Json::object()}, {"Type", type}, {"Workload", workload}};
  for (const auto& [tag, values] : tags) claims["Tags"][tag] = values;
  return claims;
}

Result<DataplaneIdentity> DataplaneIdentity::FromClaims(const Json& claims) {
  DataplaneIdentity identity;
  KUMA_TRY(ReadText(claims, "Name", identity.name));
  KUMA_TRY(ReadText(claims, "Mesh", identity.mesh));
  KUMA_TRY(ReadText(claims, "Type", identity.type));
  KUMA_TRY(ReadText(claims, "Workload", identity.workload));
  const Json& tags = Get(claims, "Tags");
  if (tags.is_null()) return identity;
  if (!tags.is_object()) return WrongClaim("Tags", "an object of lists of strings");
  for (const auto& [tag, list] : tags.items()) {
    std::vector<std::string> values;
    KUMA_TRY(ReadTexts(list, "Tags", values));
    // A tag without values binds nothing.
    if (!values.empty()) identity.tags[tag].insert(values.begin(), values.end());
  }
  return identity;
}

Json ZoneIdentity::ToClaims() const { return {{"Zone", zone}, {"Scope", scope}}; }

Result<ZoneIdentity> ZoneIdentity::FromClaims(const Json& claims) {
  ZoneIdentity identity;
  KUMA_TRY(ReadText(claims, "Zone", identity.zone));
  KUMA_TRY(ReadTexts(Get(claims, "Scope"), "Scope", identity.scope));
  return identity;
}

Json UserIdentity::ToClaims() const { return {{"Name", name}, {"Groups", groups}}; }

Result<UserIdentity> UserIdentity::FromClaims(const Json& claims) {
  UserIdentity identity;
  KUMA_TRY(ReadText(claims, "Name", identity.name));
  KUMA_TRY(ReadTexts(Get(claims, "Groups"), "Groups", identity.groups));
  return identity;
}

std::string UserIdentity::ToString() const { return name + "/" + Join(groups, ","); }

UserIdentity UserIdentity::Authenticated() const {
  UserIdentity user = *this;
  user.groups.emplace_back("mesh-system:authenticated");
  return user;
}

UserIdentity AdminUser() { return {"mesh-system:admin", {"mesh-system:admin"}}; }
UserIdentity AnonymousUser() { return {"mesh-system:anonymous", {"mesh-system:unauthenticated"}}; }
UserIdentity ControlPlaneUser() { return {"mesh-system:control-plane", {}}; }

}  // namespace kuma::tokens
