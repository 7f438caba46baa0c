#include "pkg/policy/header_match.h"

namespace kuma::policy {

envoy::HeaderMatcher MakeHeaderMatcher(const Json& match) {
  envoy::HeaderMatcher matcher;
  matcher.set_name(GetString(match, "name"));
  const std::string type = GetString(match, "type", "Exact");
  const std::string value = GetString(match, "value");
  if (type == "Present" || (type == "Prefix" && value.empty())) {
    matcher.set_present_match(true);
  } else if (type == "Absent") {
    matcher.set_present_match(false);
  } else if (type == "RegularExpression") {
    matcher.mutable_string_match()->mutable_safe_regex()->set_regex(value);
  } else if (type == "Prefix") {
    matcher.mutable_string_match()->set_prefix(value);
  } else {
    matcher.mutable_string_match()->set_exact(value);
  }
  return matcher;
}

envoy::HeaderMatcher MethodMatcher(const std::string& method) {
  envoy::HeaderMatcher matcher;
  matcher.set_name(":method");
  matcher.mutable_string_match()->set_exact(method);
  return matcher;
}

}  // namespace kuma::policy
