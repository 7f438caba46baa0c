#include "pkg/resources/destination.h"

#include "pkg/base/strings.h"
#include "pkg/model/kri.h"
#include "pkg/model/names.h"
#include "pkg/resources/validate.h"

namespace kuma::resources {
namespace {

std::vector<std::string> SniRemarks(const Resource& destination, const std::string& short_name) {
  std::vector<std::string> remarks;
  const Kri kri = KriOf(destination.meta);
  const std::string type = destination.meta.type();
  if (std::string remark = Rfc1035Remark(type, kri.name); !remark.empty()) remarks.push_back(std::move(remark));

  const auto check = [&](const Json& port) {
    std::string section = GetString(port, "name");
    if (section.empty()) section = std::to_string(GetInt(port, "port"));
    const auto add = [&](const std::string& text) { remarks.push_back("Invalid " + type + " SNI (port " + QuoteGo(section) + "): " + text + ". This is deprecated."); };
    if (port.contains("name") && GetString(port, "name").empty()) {
      section.clear();
      add("mesh, name and sectionName must be non-empty");
      return;
    }
    const auto part = [&](const char* name, const std::string& value) {
      const std::vector<std::string> errors = CheckDns1123Label(value);
      if (!errors.empty()) add(std::string(name) + " " + QuoteGo(value) + " does not conform to RFC 1123: " + Join(errors, "; "));
    };
    part("mesh", kri.mesh);
    part("name", kri.name);
    if (!kri.zone.empty()) {
      part("zone", kri.zone);
      if (!kri.ns.empty()) part("namespace", kri.ns);
    }
    if (const std::vector<std::string> errors = CheckDns1123Label(section); !errors.empty()) add(Join(errors, "; "));
    size_t length = std::string_view("sni.").size() + short_name.size() + 1 + kri.mesh.size() + 1 + kri.name.size() + 1 + section.size();
    if (!kri.zone.empty()) length += kri.zone.size() + 1 + (kri.ns.empty() ? 0 : kri.ns.size() + 1);
    if (length > 253) add("computed SNI is " + std::to_string(length) + " characters which exceeds the DNS hostname limit (253)");
  };
  for (const Json& port : Get(destination.spec, "ports")) check(port);
  if (const Json& match = Get(destination.spec, "match"); match.is_object()) check(match);
  return remarks;
}

}  // namespace

TypeDescriptor DestinationType(std::string name, std::string path, std::string short_name, std::string singular, std::string plural,
                               std::string kumactl_arg) {
  TypeDescriptor type;
  type.name = std::move(name);
  type.path = std::move(path);
  type.short_name = short_name;
  type.singular_display = std::move(singular);
  type.plural_display = std::move(plural);
  type.kumactl_arg = std::move(kumactl_arg);
  type.is_destination = true;
  type.has_status = true;
  type.warnings = [short_name](const Resource& destination) { return SniRemarks(destination, short_name); };
  return type;
}

}  // namespace kuma::resources
