#include "pkg/ca/spiffe_id.h"

#include "pkg/base/strings.h"

namespace kuma::ca {
namespace {

bool IsAllowed(char c, bool upper) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' || (upper && c >= 'A' && c <= 'Z');
}

Status ValidateTrustDomain(std::string_view domain) {
  if (domain.empty()) return Invalid("trust domain is missing");
  for (const char c : domain) {
    if (!IsAllowed(c, false)) return Invalid("trust domain characters are limited to lowercase letters, numbers, dots, dashes, and underscores");
  }
  return Ok();
}

Status ValidateSegment(std::string_view segment) {
  if (segment.empty()) return Invalid("path cannot contain empty segments");
  if (segment == "." || segment == "..") return Invalid("path cannot contain dot segments");
  for (const char c : segment) {
    if (!IsAllowed(c, true)) return Invalid("path segment characters are limited to letters, numbers, dots, dashes, and underscores");
  }
  return Ok();
}

}  // namespace

Result<std::string> SpiffeId(std::string_view trust_domain, const std::vector<std::string>& segments) {
  KUMA_TRY(ValidateTrustDomain(trust_domain));
  std::string id = "spiffe://" + std::string(trust_domain);
  for (const std::string& segment : segments) {
    KUMA_TRY(ValidateSegment(segment));
    id += "/" + segment;
  }
  return id;
}

Status ValidateSpiffeId(std::string_view id) {
  constexpr std::string_view kScheme = "spiffe://";
  if (id.empty()) return Invalid("cannot be empty");
  if (!id.starts_with(kScheme)) return Invalid("scheme is missing or invalid");
  const std::string_view rest = id.substr(kScheme.size());
  const size_t slash = rest.find('/');
  KUMA_TRY(ValidateTrustDomain(rest.substr(0, slash)));
  if (slash == std::string_view::npos) return Ok();
  const std::string_view path = rest.substr(slash + 1);
  if (path.empty() || path.ends_with('/')) return Invalid("path cannot have a trailing slash");
  for (const std::string& segment : Split(path, '/')) KUMA_TRY(ValidateSegment(segment));
  return Ok();
}

Result<std::vector<std::string>> WorkloadUris(std::string_view mesh, const TagSet& tags) {
  std::vector<std::string> uris;
  if (const auto services = tags.find("kuma.io/service"); services != tags.end()) {
    for (const std::string& service : services->second) {
      KUMA_TRY_ASSIGN(std::string id, SpiffeId(mesh, {service}));
      uris.push_back(std::move(id));
    }
  }
  for (const auto& [tag, values] : tags) {
    for (const std::string& value : values) uris.push_back("kuma://" + tag + "/" + value);
  }
  return uris;
}

}  // namespace kuma::ca
