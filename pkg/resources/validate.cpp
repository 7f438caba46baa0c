#include "pkg/resources/validate.h"

#include <arpa/inet.h>
#include <re2/re2.h>

#include <algorithm>
#include <cctype>

#include "pkg/base/strings.h"
#include "pkg/model/names.h"
#include "pkg/model/resource.h"
#include "pkg/model/schema.h"

namespace kuma::resources {
namespace {

bool IsAlnum(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

bool AllOf(std::string_view text, std::string_view extra) {
  return std::all_of(text.begin(), text.end(), [&](char c) { return IsAlnum(c) || extra.find(c) != std::string_view::npos; });
}

// What does not fit counts as the nearest number that does.
int64_t IntOf(const Json& value) {
  if (value.is_number_float()) return static_cast<int64_t>(std::clamp(value.get<double>(), -9.2e18, 9.2e18));
  return value.is_number() ? value.get<int64_t>() : 0;
}

}  // namespace

Path Path::Field(std::string_view name) const {
  if (name.empty()) return *this;
  Path next(text_);
  if (!next.text_.empty()) next.text_ += '.';
  next.text_ += name;
  return next;
}

Path Path::Index(size_t index) const { return Path(text_ + "[" + std::to_string(index) + "]"); }
Path Path::Key(std::string_view key) const { return Path(text_ + "[" + QuoteGo(key) + "]"); }

std::string MustBeOneOf(std::string_view entity, const std::vector<std::string>& allowed) {
  return std::string(entity) + " must be one of: " + Join(allowed, ", ");
}
std::string MustHaveOnlyOne(std::string_view entity, const std::vector<std::string>& names) {
  return std::string(entity) + " must have only one type defined: " + Join(names, ", ");
}
std::string MustHaveExactlyOneOf(std::string_view entity, const std::vector<std::string>& names) {
  return std::string(entity) + " must have exactly one defined: " + Join(names, ", ");
}
std::string MustHaveAtLeastOne(const std::vector<std::string>& names) { return "must have at least one defined: " + Join(names, ", "); }
std::string MustBeInRange(std::string_view low, std::string_view high) {
  return "must be in inclusive range [" + std::string(low) + ", " + std::string(high) + "]";
}
std::string AllowedValuesHint(const std::vector<std::string>& values) {
  return "Allowed values: " + (values.empty() ? std::string("(none)") : Join(values, ", "));
}

std::optional<Nanos> DurationOf(const Json& value) {
  if (!value.is_string()) return std::nullopt;
  const Result<Nanos> parsed = ParseDuration(value.get<std::string>());
  if (!parsed.ok()) return std::nullopt;
  return parsed.value();
}

void CheckDurationNotNegativeOrNil(Checker& checker, const Path& path, const Json& value) {
  if (const auto duration = DurationOf(value); duration && duration->count() < 0) checker.Add(path, std::string(kMustNotBeNegativeWhenDefined));
}
void CheckDurationGreaterThanZero(Checker& checker, const Path& path, const Json& value) {
  const auto duration = DurationOf(value);
  if (!duration || duration->count() <= 0) checker.Add(path, std::string(kMustBeDefinedAndGreaterThanZero));
}
void CheckDurationGreaterThanZeroOrNil(Checker& checker, const Path& path, const Json& value) {
  if (const auto duration = DurationOf(value); duration && duration->count() <= 0) checker.Add(path, std::string(kMustBeGreaterThanZeroWhenDefined));
}
void CheckDurationGreaterThan(Checker& checker, const Path& path, const Json& value, Nanos minimum) {
  if (const auto duration = DurationOf(value); duration && *duration <= minimum) checker.Add(path, "must be greater than: " + FormatDuration(minimum));
}
void CheckPositiveProtoDuration(Checker& checker, const Path& path, const Json& value) {
  const auto duration = DurationOf(value);
  if (!duration || duration->count() == 0) checker.Add(path, "must have a positive value");
}

void CheckGreaterThanZero(Checker& checker, const Path& path, const Json& value) {
  if (IntOf(value) <= 0) checker.Add(path, std::string(kMustBeDefinedAndGreaterThanZero));
}
void CheckGreaterThanZeroOrNil(Checker& checker, const Path& path, const Json& value) {
  if (value.is_number() && IntOf(value) <= 0) checker.Add(path, std::string(kMustBeGreaterThanZeroWhenDefined));
}
void CheckIntegerGreaterThanOrNil(Checker& checker, const Path& path, const Json& value, int64_t minimum) {
  if (value.is_number() && IntOf(value) <= minimum) checker.Add(path, "must be greater than " + std::to_string(minimum));
}
void CheckIntPercentageOrNil(Checker& checker, const Path& path, const Json& value) {
  if (value.is_number() && (IntOf(value) < 0 || IntOf(value) > 100)) checker.Add(path, MustBeInRange("0", "100"));
}

std::optional<double> IntOrStringNumber(const Json& value) {
  if (value.is_number()) return value.get<double>();
  if (value.is_string()) return ParseDouble(value.get_ref<const std::string&>());
  return std::nullopt;
}

void CheckPercentage(Checker& checker, const Path& path, const Json& value, bool allow_zero) {
  const auto number = IntOrStringNumber(value);
  if (!number) {
    checker.Add(path, std::string(kStringMustBeValidNumber));
  } else if (*number < 0 || *number > 100) {
    checker.Add(path, MustBeInRange("0.0", "100.0"));
  } else if (!allow_zero && *number == 0) {
    checker.Add(path, "must be greater than 0");
  }
}
void CheckPercentageOrNil(Checker& checker, const Path& path, const Json& value) {
  if (!value.is_null()) CheckPercentage(checker, path, value, true);
}
void CheckIntOrStringAtLeast(Checker& checker, const Path& path, const Json& value, int64_t minimum) {
  if (value.is_null()) return;
  const auto number = IntOrStringNumber(value);
  if (!number) {
    checker.Add(path, std::string(kStringMustBeValidNumber));
  } else if (*number < static_cast<double>(minimum)) {
    checker.Add(path, "must be greater or equal then: " + std::to_string(minimum));
  }
}
void CheckStatusCode(Checker& checker, const Path& path, int64_t status) {
  if (status < 100 || status >= 600) checker.Add(path, MustBeInRange("100", "599"));
}
void CheckPort(Checker& checker, const Path& path, int64_t port) {
  if (port <= 0 || port > 65535) checker.Add(path, "port must be a valid (1-65535)");
}
void CheckProtoPort(Checker& checker, const Path& path, int64_t port) {
  if (port <= 0 || port > 65535) checker.Add(path, "port must be in the range [1, 65535]");
}

void CheckDefined(Checker& checker, const Path& path, std::string_view value) {
  if (value.empty()) checker.Add(path, std::string(kMustBeDefined));
}
void CheckLength(Checker& checker, const Path& path, size_t limit, std::string_view value) {
  if (value.size() > limit) checker.Add(path, "must not be longer than " + std::to_string(limit) + " characters");
}
void CheckFilePathOrNil(Checker& checker, const Path& path, const Json& value) {
  if (!value.is_string()) return;
  // A path as the reference's library takes it: no control characters, not empty; Windows paths pass as well.
  const std::string& text = value.get_ref<const std::string&>();
  const bool unix_path = !text.empty() && text.front() == '/' && text.find('\0') == std::string::npos;
  const bool windows_path = text.size() > 2 && IsAlnum(text[0]) && text[1] == ':' && text[2] == '\\';
  if (!unix_path && !windows_path) checker.Add(path, std::string(kMustBeValidPathWhenDefined));
}
std::string RegexFault(const std::string& given) {
  // The short form of named groups is younger than some versions of the library.
  std::string text = given;
  for (size_t at = text.find("(?<"); at != std::string::npos; at = text.find("(?<", at + 3)) {
    if (at + 3 < text.size() && IsAlnum(text[at + 3])) text.insert(at + 2, 1, 'P');
  }
  re2::RE2::Options quiet;
  quiet.set_log_errors(false);
  const re2::RE2 expression(text, quiet);
  const auto what = [&]() -> std::string_view {
    switch (expression.error_code()) {
      case re2::RE2::NoError: return {};
      case re2::RE2::ErrorBadEscape: return "invalid escape sequence";
      case re2::RE2::ErrorBadCharClass: return "invalid character class";
      case re2::RE2::ErrorBadCharRange: return "invalid character class range";
      case re2::RE2::ErrorMissingBracket: return "missing closing ]";
      case re2::RE2::ErrorMissingParen: return "missing closing )";
      case re2::RE2::ErrorUnexpectedParen: return "unexpected )";
      case re2::RE2::ErrorTrailingBackslash: return "trailing backslash at end of expression";
      case re2::RE2::ErrorRepeatArgument: return "missing argument to repetition operator";
      case re2::RE2::ErrorRepeatSize: return "invalid repeat count";
      case re2::RE2::ErrorRepeatOp: return "invalid nested repetition operator";
      case re2::RE2::ErrorBadPerlOp: return "invalid or unsupported Perl syntax";
      case re2::RE2::ErrorBadNamedCapture: return "invalid named capture";
      default: return "expression too large";
    }
  };
  if (what().empty()) return {};
  // A trailing backslash is told without its place.
  const std::string place = expression.error_code() == re2::RE2::ErrorTrailingBackslash ? "" : expression.error_arg();
  return "error parsing regexp: " + std::string(what()) + ": `" + place + "`";
}
void CheckBandwidth(Checker& checker, const Path& path, std::string_view value) {
  if (value.empty()) {
    checker.Add(path, std::string(kMustBeDefined));
    return;
  }
  // digits, one optional blank, then [GMk]+bps
  size_t at = 0;
  while (at < value.size() && std::isdigit(static_cast<unsigned char>(value[at])) != 0) ++at;
  if (at < value.size() && std::isspace(static_cast<unsigned char>(value[at])) != 0) ++at;
  const size_t unit = at;
  while (at < value.size() && (value[at] == 'G' || value[at] == 'M' || value[at] == 'k')) ++at;
  if (at == unit || value.substr(at) != "bps") checker.Add(path, std::string(kMustHaveBpsUnit));
}
void CheckTags(Checker& checker, const Path& path, const Json& tags, const TagRules& rules) {
  const bool given = tags.is_object();
  if (rules.require_one && (!given || tags.empty())) checker.Add(path, "must have at least one tag");
  if (rules.extra) rules.extra(checker, path, tags);
  if (given) {
    for (const auto& [key, value] : tags.items()) {
      if (key.empty()) checker.Add(path, "tag name must be non-empty");
      if (!AllOf(key, ".-_:/")) {
        checker.Add(path.Key(key), "tag name must consist of alphanumeric characters, dots, dashes, slashes and underscores");
      }
      const std::string text = value.is_string() ? value.get<std::string>() : std::string{};
      if (text.empty()) checker.Add(path.Key(key), "tag value must be non-empty");
      if (rules.selector) {
        if (text != "*" && !AllOf(text, ".-_:/")) {
          checker.Add(path.Key(key), "tag value must consist of alphanumeric characters, dots, dashes, slashes and underscores or be \"*\"");
        }
      } else if (!AllOf(text, ".-_:")) {
        checker.Add(path.Key(key), "tag value must consist of alphanumeric characters, dots, dashes and underscores");
      }
    }
  }
  const bool service = given && tags.contains(std::string(kServiceTag));
  if (rules.require_service && !service) checker.Add(path, "mandatory tag \"kuma.io/service\" is missing");
}

bool IsIpv4(std::string_view text) {
  in_addr out{};
  return inet_pton(AF_INET, std::string(text).c_str(), &out) == 1;
}
bool IsIpv6(std::string_view text) {
  in6_addr out{};
  return inet_pton(AF_INET6, std::string(text).c_str(), &out) == 1;
}
bool IsIp(std::string_view text) { return IsIpv4(text) || IsIpv6(text); }

bool IsDnsName(std::string_view text) {
  if (text.empty() || IsIp(text)) return false;
  if (text.size() - static_cast<size_t>(std::count(text.begin(), text.end(), '.')) > 255) return false;
  if (text.back() == '.' || text.back() == '_') text.remove_suffix(1);
  for (const std::string& label : Split(text, '.')) {
    if (label.empty() || label.size() > 63 || label.front() == '-' || !AllOf(label, "-_")) return false;
  }
  return !text.empty();
}

void CheckAddress(Checker& checker, const Path& path, std::string_view address) {
  const Path at = path.Field("address");
  if (address.empty()) {
    checker.Add(at, "address can't be empty");
    return;
  }
  if (address == "0.0.0.0" || address == "::") checker.Add(at, "must not be 0.0.0.0 or ::");
  if (!IsIp(address) && !IsDnsName(address)) checker.Add(at, "address has to be valid IP address or domain name");
}

std::optional<HostPort> SplitHostPort(std::string_view text) {
  if (!text.empty() && text.front() == '[') {
    const size_t close = text.find(']');
    if (close == std::string_view::npos || close + 1 >= text.size() || text[close + 1] != ':') return std::nullopt;
    if (Contains(text.substr(close + 2), ":")) return std::nullopt;
    return HostPort{std::string(text.substr(1, close - 1)), std::string(text.substr(close + 2))};
  }
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || Contains(text.substr(0, colon), ":")) return std::nullopt;
  return HostPort{std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

std::optional<RequestUri> ParseRequestUri(std::string_view text) {
  if (text.empty()) return std::nullopt;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return std::nullopt;
  }
  RequestUri uri;
  if (text.front() == '/' || text == "*") {
    uri.path = std::string(text);
    return uri;
  }
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || std::isalpha(static_cast<unsigned char>(text.front())) == 0) return std::nullopt;
  if (!AllOf(text.substr(0, colon), "+-.")) return std::nullopt;
  uri.scheme = ToLower(text.substr(0, colon));
  std::string_view rest = text.substr(colon + 1);
  if (!rest.starts_with("//")) {
    uri.path = std::string(rest);
    return uri;
  }
  rest.remove_prefix(2);
  const size_t end = rest.find_first_of("/?#");
  std::string_view authority = rest.substr(0, end);
  if (end != std::string_view::npos) uri.path = std::string(rest.substr(end));
  if (const size_t at = authority.rfind('@'); at != std::string_view::npos) authority.remove_prefix(at + 1);
  if (Contains(authority, " ")) return std::nullopt;
  const size_t bracket = authority.rfind(']');
  const size_t port = authority.rfind(':');
  if (port != std::string_view::npos && (bracket == std::string_view::npos || port > bracket)) {
    uri.port = std::string(authority.substr(port + 1));
    if (!std::all_of(uri.port.begin(), uri.port.end(), [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
    authority = authority.substr(0, port);
  }
  uri.host = std::string(authority);
  return uri;
}

bool IsKnownProtocol(std::string_view protocol) {
  static constexpr std::string_view kKnown[] = {"http", "http2", "tcp", "tls", "grpc", "kafka", "mysql"};
  const std::string lower = ToLower(protocol);
  return std::find(std::begin(kKnown), std::end(kKnown), lower) != std::end(kKnown);
}

const std::vector<std::string>& SupportedProtocols() {
  static const std::vector<std::string> kSupported = {"grpc", "http", "http2", "kafka", "tcp"};
  return kSupported;
}

void CheckSecureDataSource(Checker& checker, const Path& path, const Json& source) {
  if (!source.is_object()) return;
  const std::string type = GetString(source, "type");
  const auto need = [&](const char* member, const char* field) {
    const Json& object = Get(source, member);
    if (object.is_null()) {
      checker.Add(path.Field(member), std::string(kMustBeDefined));
    } else if (GetString(object, field).empty()) {
      checker.Add(path.Field(member).Field(field), std::string(kMustBeDefined));
    }
  };
  if (type == "EnvVar") {
    need("envVar", "name");
  } else if (type == "InsecureInline") {
    need("insecureInline", "value");
  } else if (type == "File") {
    need("file", "path");
    const std::string file = GetString(Get(source, "file"), "path");
    if (Contains(file, "..")) {
      checker.Add(path.Field("file").Field("path"), "file path contains directory traversal sequence: " + file);
    } else if (!file.empty() && file.front() != '/') {
      checker.Add(path.Field("file").Field("path"), "file path must be absolute: " + file);
    }
  } else {
    need("secretRef", "name");
  }
}

void CheckTlsVersions(Checker& checker, const Path& path, const Json& version) {
  static const std::vector<std::string> kVersions = {"TLSAuto", "TLS10", "TLS11", "TLS12", "TLS13"};
  // Position in the list; 0 (absent, automatic or unknown) is not compared.
  const auto order = [&](const char* field) -> size_t {
    const Json& value = Get(version, field);
    const auto found = value.is_string() ? std::find(kVersions.begin(), kVersions.end(), value.get<std::string>()) : kVersions.begin();
    return found == kVersions.end() ? 0 : static_cast<size_t>(found - kVersions.begin());
  };
  const size_t low = order("min");
  const size_t high = order("max");
  if (low != 0 && high != 0 && low > high) checker.Add(path.Field("min"), "min version must be lower than max");
}

std::string Rfc1035Remark(std::string_view type, std::string_view name) {
  const std::vector<std::string> errors = CheckDns1035Label(name);
  if (errors.empty()) return {};
  return "Invalid " + std::string(type) + " resource name: '" + std::string(name) +
         "'. It does not conform to the DNS format (RFC 1035). This is deprecated. Errors: " + Join(errors, "; ");
}

}  // namespace kuma::resources
