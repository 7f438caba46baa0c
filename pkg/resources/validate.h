// Paths, violations and the checks that validators of types and policies share. Texts equal the reference's.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/duration.h"
#include "pkg/base/json.h"
#include "pkg/base/result.h"

namespace kuma::resources {

// "spec.to[0].default" step by step. Path("spec").Field("to").Index(0); an empty root gives relative paths.
class Path {
 public:
  Path() = default;
  explicit Path(std::string root) : text_(std::move(root)) {}
  Path Field(std::string_view name) const;
  Path Index(size_t index) const;
  Path Key(std::string_view key) const;  // ["key"]
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

// Appends to the list that a type's validate is handed.
class Checker {
 public:
  explicit Checker(std::vector<Violation>& violations) : violations_(violations) {}
  void Add(const Path& path, std::string message) { violations_.push_back({path.text(), std::move(message)}); }
  size_t count() const { return violations_.size(); }

 private:
  std::vector<Violation>& violations_;
};

// Texts used in more than one place.
inline constexpr std::string_view kMustBeDefined = "must be defined";
inline constexpr std::string_view kMustBeSet = "must be set";
inline constexpr std::string_view kMustNotBeSet = "must not be set";
inline constexpr std::string_view kMustNotBeEmpty = "must not be empty";
inline constexpr std::string_view kMustNotBeDefined = "must not be defined";
inline constexpr std::string_view kMustBeDefinedAndGreaterThanZero = "must be defined and greater than zero";
inline constexpr std::string_view kMustNotBeNegativeWhenDefined = "must not be negative when defined";
inline constexpr std::string_view kMustBeGreaterThanZeroWhenDefined = "must be greater than zero when defined";
inline constexpr std::string_view kMustBeValidPathWhenDefined = "must be a valid path when defined";
inline constexpr std::string_view kStringMustBeValidNumber = "string must be a valid number";
inline constexpr std::string_view kMustHaveBpsUnit = "must be in kbps/Mbps/Gbps units";

std::string MustBeOneOf(std::string_view entity, const std::vector<std::string>& allowed);           // x must be one of: a, b
std::string MustHaveOnlyOne(std::string_view entity, const std::vector<std::string>& names);         // x must have only one type defined: a, b
std::string MustHaveExactlyOneOf(std::string_view entity, const std::vector<std::string>& names);    // x must have exactly one defined: a, b
std::string MustHaveAtLeastOne(const std::vector<std::string>& names);                               // must have at least one defined: a, b
std::string MustBeInRange(std::string_view low, std::string_view high);                              // must be in inclusive range [a, b]
std::string AllowedValuesHint(const std::vector<std::string>& values);                               // Allowed values: a, b

// Durations are Go text, already decoded (so well-formed). `value` null: absent.
std::optional<Nanos> DurationOf(const Json& value);
void CheckDurationNotNegativeOrNil(Checker& checker, const Path& path, const Json& value);
void CheckDurationGreaterThanZero(Checker& checker, const Path& path, const Json& value);
void CheckDurationGreaterThanZeroOrNil(Checker& checker, const Path& path, const Json& value);
void CheckDurationGreaterThan(Checker& checker, const Path& path, const Json& value, Nanos minimum);
void CheckPositiveProtoDuration(Checker& checker, const Path& path, const Json& value);           // proto-based types

// Numbers.
void CheckGreaterThanZero(Checker& checker, const Path& path, const Json& value);        // absent counts as 0
void CheckGreaterThanZeroOrNil(Checker& checker, const Path& path, const Json& value);   // "... when defined"
void CheckIntegerGreaterThanOrNil(Checker& checker, const Path& path, const Json& value, int64_t minimum);  // must be greater than N
void CheckIntPercentageOrNil(Checker& checker, const Path& path, const Json& value);     // [0, 100]
void CheckPercentage(Checker& checker, const Path& path, const Json& value, bool allow_zero);
void CheckPercentageOrNil(Checker& checker, const Path& path, const Json& value);
void CheckIntOrStringAtLeast(Checker& checker, const Path& path, const Json& value, int64_t minimum);
std::optional<double> IntOrStringNumber(const Json& value);
void CheckStatusCode(Checker& checker, const Path& path, int64_t status);
void CheckPort(Checker& checker, const Path& path, int64_t port);        // "port must be a valid (1-65535)", plugin types
void CheckProtoPort(Checker& checker, const Path& path, int64_t port);   // "port must be in the range [1, 65535]", proto types

// Texts.
void CheckDefined(Checker& checker, const Path& path, std::string_view value);
void CheckLength(Checker& checker, const Path& path, size_t limit, std::string_view value);
void CheckFilePathOrNil(Checker& checker, const Path& path, const Json& value);
// Empty: an expression that Envoy understands; else what is wrong, in the words of Go's regexp.
std::string RegexFault(const std::string& text);
void CheckBandwidth(Checker& checker, const Path& path, std::string_view value);

// Tags of proxies and selectors.
struct TagRules {
  bool selector = false;  // values may be "*" and hold slashes
  bool require_one = false;
  bool require_service = false;
  std::function<void(Checker&, const Path&, const Json& tags)> extra = {};  // runs first
};
void CheckTags(Checker& checker, const Path& path, const Json& tags, const TagRules& rules);

// Addresses.
bool IsIpv4(std::string_view text);
bool IsIpv6(std::string_view text);
bool IsIp(std::string_view text);
bool IsDnsName(std::string_view text);  // looser than RFC 1123: upper case and underscores pass
void CheckAddress(Checker& checker, const Path& path, std::string_view address);  // adds to path.Field("address")
struct HostPort {
  std::string host;
  std::string port;
};
std::optional<HostPort> SplitHostPort(std::string_view text);
struct RequestUri {
  std::string scheme;
  std::string host;
  std::string port;
  std::string path;
};
std::optional<RequestUri> ParseRequestUri(std::string_view text);

// Protocols: known ones, and those told to users.
bool IsKnownProtocol(std::string_view protocol);
const std::vector<std::string>& SupportedProtocols();

// SecureDataSource {type, file, secretRef, envVar, insecureInline}.
void CheckSecureDataSource(Checker& checker, const Path& path, const Json& source);
// {min, max} of TLS versions.
void CheckTlsVersions(Checker& checker, const Path& path, const Json& version);

// Remark on names that are no RFC 1035 labels (Mesh, Zone, destinations); empty when fine.
std::string Rfc1035Remark(std::string_view type, std::string_view name);

}  // namespace kuma::resources
