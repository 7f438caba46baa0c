#include "pkg/model/names.h"

#include <cctype>

#include "pkg/base/strings.h"

namespace kuma {
namespace {

constexpr std::string_view kIdentifierText =
    "invalid characters. A lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end "
    "with an alphanumeric character";
constexpr std::string_view kMeshText =
    "invalid characters. Valid characters are numbers, lowercase latin letters and '-', '_', '.' symbols.";

bool IsLowerAlnum(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }
bool IsAlnum(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

std::string MaxBytes(size_t length) { return "must be no more than " + std::to_string(length) + " bytes"; }
std::string MaxLength(size_t length) { return "must be no more than " + std::to_string(length) + " characters"; }

std::string RegexText(std::string_view message, std::string_view format, std::initializer_list<std::string_view> examples) {
  std::string text(message);
  text += " (e.g. ";
  bool first = true;
  for (const std::string_view example : examples) {
    if (!first) text += " or ";
    first = false;
    text += "'" + std::string(example) + "', ";
  }
  return text + "regex used for validation is '" + std::string(format) + "')";
}

// ([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]
bool IsQualifiedPart(std::string_view text) {
  if (text.empty() || !IsAlnum(text.front()) || !IsAlnum(text.back())) return false;
  for (const char c : text) {
    if (!IsAlnum(c) && c != '-' && c != '_' && c != '.') return false;
  }
  return true;
}

}  // namespace

bool IsDnsLabel(std::string_view text) {
  if (text.empty() || !IsLowerAlnum(text.front()) || !IsLowerAlnum(text.back())) return false;
  for (const char c : text) {
    if (!IsLowerAlnum(c) && c != '-') return false;
  }
  return true;
}

bool IsDnsSubdomain(std::string_view text) {
  size_t start = 0;
  while (true) {
    const size_t dot = text.find('.', start);
    if (!IsDnsLabel(text.substr(start, dot == std::string_view::npos ? dot : dot - start))) return false;
    if (dot == std::string_view::npos) return true;
    start = dot + 1;
  }
}

std::string CheckName(std::string_view name) {
  if (name.empty()) return "cannot be empty";
  if (name.size() > 253) return "value length must less or equal 253";
  return IsDnsSubdomain(name) ? std::string{} : std::string(kIdentifierText);
}

void ValidateMeta(const ResourceMeta& meta, Scope scope, std::vector<Violation>& violations) {
  if (std::string text = CheckName(meta.name()); !text.empty()) violations.push_back({"name", std::move(text)});
  if (scope != Scope::kMesh) return;
  // Meshes may be older than the stricter rule for names.
  const std::string& mesh = meta.mesh();
  if (mesh.empty()) {
    violations.push_back({"mesh", "cannot be empty"});
  } else if (mesh.size() > 253) {
    violations.push_back({"mesh", "value length must less or equal 253"});
  } else {
    for (const char c : mesh) {
      if (!IsLowerAlnum(c) && c != '-' && c != '_' && c != '.') {
        violations.push_back({"mesh", std::string(kMeshText)});
        break;
      }
    }
  }
}

std::vector<std::string> CheckDns1123Subdomain(std::string_view text) {
  std::vector<std::string> errors;
  if (text.size() > 253) errors.push_back(MaxLength(253));
  if (!IsDnsSubdomain(text)) {
    errors.push_back(RegexText(
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an "
        "alphanumeric character",
        "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*", {"example.com"}));
  }
  return errors;
}

std::vector<std::string> CheckDns1123Label(std::string_view text) {
  std::vector<std::string> errors;
  if (text.size() > 63) errors.push_back(MaxLength(63));
  if (!IsDnsLabel(text)) {
    if (IsDnsSubdomain(text)) {
      errors.emplace_back("must not contain dots");
    } else {
      errors.push_back(RegexText(
          "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric "
          "character",
          "[a-z0-9]([-a-z0-9]*[a-z0-9])?", {"my-name", "123-abc"}));
    }
  }
  return errors;
}

std::vector<std::string> CheckDns1035Label(std::string_view text) {
  std::vector<std::string> errors;
  if (text.size() > 63) errors.push_back(MaxLength(63));
  if (!IsDnsLabel(text) || !(text.front() >= 'a' && text.front() <= 'z')) {
    errors.push_back(RegexText(
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an "
        "alphanumeric character",
        "[a-z]([-a-z0-9]*[a-z0-9])?", {"my-name", "abc-123"}));
  }
  return errors;
}

std::vector<std::string> CheckQualifiedName(std::string_view text) {
  std::vector<std::string> errors;
  const std::vector<std::string> parts = Split(text, '/');
  std::string name;
  if (parts.size() == 1) {
    name = parts[0];
  } else if (parts.size() == 2) {
    name = parts[1];
    if (parts[0].empty()) {
      errors.emplace_back("prefix part must be non-empty");
    } else {
      for (const std::string& error : CheckDns1123Subdomain(parts[0])) errors.push_back("prefix part " + (error == MaxLength(253) ? MaxBytes(253) : error));
    }
  } else if (!parts.empty()) {
    errors.push_back("a valid label key " +
                     RegexText("must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
                               "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]", {"MyName", "my.name", "123-abc"}) +
                     " with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')");
    return errors;
  }
  if (name.empty()) {
    errors.emplace_back("name part must be non-empty");
  } else if (name.size() > 63) {
    errors.push_back("name part " + MaxBytes(63));
  }
  if (!IsQualifiedPart(name)) {
    errors.push_back("name part " +
                     RegexText("must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
                               "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]", {"MyName", "my.name", "123-abc"}));
  }
  return errors;
}

std::vector<std::string> CheckLabelValue(std::string_view text) {
  std::vector<std::string> errors;
  if (text.size() > 63) errors.push_back(MaxBytes(63));
  if (!text.empty() && !IsQualifiedPart(text)) {
    errors.push_back(RegexText(
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
        "alphanumeric character",
        "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?", {"MyValue", "my_value", "12345"}));
  }
  return errors;
}

}  // namespace kuma
