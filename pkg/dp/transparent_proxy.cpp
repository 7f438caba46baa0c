#include "pkg/dp/transparent_proxy.h"

#include <iterator>

#include "pkg/base/files.h"
#include "pkg/base/strings.h"

namespace kuma::dp {
namespace {

Status ReadFlow(const Json& redirect, const std::string& name, Json& target) {
  const Json& flow = Get(redirect, name);
  if (flow.is_null()) return Ok();
  if (!flow.is_object()) return Invalid("must be a map", "redirect." + name);
  if (flow.contains("enabled")) {
    if (!flow["enabled"].is_boolean()) return Invalid("must be true or false", "redirect." + name + ".enabled");
    target["redirect"][name]["enabled"] = flow["enabled"];
  }
  if (flow.contains("port")) {
    const Json& port = flow["port"];
    const auto number = port.is_string()           ? ParseInt(port.get<std::string>())
                        : port.is_number_integer() ? std::optional<int64_t>(port.get<int64_t>())
                                                   : std::nullopt;
    if (!number || *number < 0 || *number > 65535) return Invalid("must be a port from 0 to 65535", "redirect." + name + ".port");
    target["redirect"][name]["port"] = *number;
  }
  return Ok();
}

Status Merge(const Json& document, Json& target) {
  if (document.is_null()) return Ok();
  if (!document.is_object()) return Invalid("is no map of settings");
  if (const std::string mode = GetString(document, "ipFamilyMode"); !mode.empty()) {
    if (mode != "dualstack" && mode != "ipv4") return Invalid("\"" + mode + "\" must be dualstack or ipv4", "ipFamilyMode");
    target["ipFamilyMode"] = mode;
  }
  const Json& redirect = Get(document, "redirect");
  for (const char* name : {"inbound", "outbound", "dns"}) KUMA_TRY(ReadFlow(redirect, name, target));
  const Json& networks = GetPath(redirect, {"vnet", "networks"});
  if (networks.is_array() && !networks.empty()) target["redirect"]["vnet"]["networks"] = networks;
  return Ok();
}

Result<std::string> TextOf(const std::string& source, std::istream& standard_input) {
  if (source == "-") return std::string(std::istreambuf_iterator<char>(standard_input), std::istreambuf_iterator<char>());
  if (!FileExists(source) && (Contains(source, ": ") || Contains(source, "{") || Contains(source, "\n"))) return source;
  return ReadFile(source);
}

}  // namespace

Json DefaultTransparentProxy() {
  return {{"ipFamilyMode", "dualstack"},
          {"redirect",
           {{"inbound", {{"enabled", true}, {"port", 15006}}},
            {"outbound", {{"enabled", true}, {"port", 15001}}},
            {"dns", {{"enabled", false}, {"port", 15053}}},
            {"vnet", Json::object()}}}};
}

Result<Json> LoadTransparentProxy(const std::vector<std::string>& values, std::istream& standard_input) {
  Json result = DefaultTransparentProxy();
  const std::string what = "failed to load transparent proxy configuration from provided input: ";
  for (const std::string& value : values) {
    const bool inline_text = Contains(value, ": ") || Contains(value, "{") || Contains(value, "\n");
    for (const std::string& source : inline_text ? std::vector<std::string>{value} : Split(value, ',')) {
      auto text = TextOf(source, standard_input);
      if (!text.ok()) return MakeError(text.error().code, what + text.error().ToString());
      auto document = ParseYaml(*text);
      if (!document.ok()) return Invalid(what + document.error().ToString());
      if (Status merged = Merge(*document, result); !merged.ok()) return Invalid(what + merged.error().ToString());
    }
  }
  return result;
}

}  // namespace kuma::dp
