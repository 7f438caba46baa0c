#include "pkg/policy/target_ref/checks.h"

#include <re2/re2.h>

#include <algorithm>

#include "pkg/base/strings.h"
#include "pkg/model/names.h"

namespace kuma::policy {
namespace {

bool Has(const std::vector<std::string>& list, std::string_view text) { return std::find(list.begin(), list.end(), text) != list.end(); }

// A field that is there and not empty.
bool IsSet(const Json& value) {
  if (value.is_string()) return !value.get_ref<const std::string&>().empty();
  return (value.is_object() || value.is_array()) && !value.empty();
}

// One targetRef with the checks its kinds are made of.
class RefCheck {
 public:
  RefCheck(Checker& checker, const Path& path, const Json& ref, const TargetRefRules& rules)
      : checker_(checker), path_(path), ref_(ref), rules_(rules), kind_(GetString(ref, "kind")) {}

  const std::string& kind() const { return kind_; }
  bool Given(std::string_view field) const { return IsSet(Get(ref_, field)); }
  void Add(std::string_view field, std::string message) const { checker_.Add(path_.Field(field), std::move(message)); }

  void Forbid(std::initializer_list<std::string_view> fields) const {
    for (const std::string_view field : fields) {
      if (Given(field)) Add(field, std::string(resources::kMustNotBeSet) + " with kind " + kind_);
    }
  }
  void Name() const {
    const std::string name = GetString(ref_, "name");
    const bool good = std::all_of(name.begin(), name.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
    });
    if (!good && !Has(rules_.any_name_of, name)) {
      Add("name", "invalid characters: must consist of lower case alphanumeric characters, '-', '.' and '_'.");
    }
  }
  void ProxyTypes() const {
    const Json& types = Get(ref_, "proxyTypes");
    if (types.is_array() && types.empty()) Add("proxyTypes", "must be undefined or have at least one element");
  }
  void NameOrLabels() const {
    if (!Given("labels") && !Given("name")) Add("", "name or labels must be set when kind is " + kind_);
  }
  void LabelsStandAlone(std::string_view others) const {
    if (Given("labels") && (Given("name") || Given("namespace"))) {
      Add("labels", "either labels or " + std::string(others) + " must be specified");
    }
  }
  void Tags(bool selector) const {
    resources::TagRules rules;
    rules.selector = selector;
    resources::CheckTags(checker_, path_.Field("tags"), Get(ref_, "tags"), rules);
  }
  const TargetRefRules& rules() const { return rules_; }

 private:
  Checker& checker_;
  const Path& path_;
  const Json& ref_;
  const TargetRefRules& rules_;
  const std::string kind_;
};

constexpr std::string_view kNameAndNamespace = "name and namespace";

void CheckByKind(const RefCheck& ref) {
  const std::string& kind = ref.kind();
  if (kind == "Mesh") {
    if (ref.Given("name")) ref.Add("name", "using name with kind Mesh is not yet supported");
    ref.Forbid({"mesh", "tags", "labels", "namespace", "sectionName"});
    ref.ProxyTypes();
  } else if (kind == "Dataplane") {
    ref.Forbid({"tags", "mesh", "proxyTypes"});
    ref.LabelsStandAlone(kNameAndNamespace);
    if (!ref.rules().inbound && ref.Given("sectionName")) ref.Add("sectionName", "can only be used with inbound policies");
  } else if (kind == "MeshSubset") {
    ref.Forbid({"name", "mesh"});
    ref.Tags(false);
    ref.Forbid({"labels", "namespace", "sectionName"});
    ref.ProxyTypes();
  } else if (kind == "MeshService" || kind == "MeshHTTPRoute") {
    ref.Name();
    ref.Forbid({"mesh", "tags", "proxyTypes"});
    if (kind == "MeshHTTPRoute") ref.Forbid({"sectionName"});
    ref.NameOrLabels();
    ref.LabelsStandAlone(kNameAndNamespace);
  } else if (kind == "MeshServiceSubset" || kind == "MeshGateway") {
    if (!ref.Given("name")) ref.Add("name", std::string(resources::kMustBeSet) + " when kind is " + kind);
    ref.Name();
    ref.Forbid({"mesh", "proxyTypes"});
    ref.Tags(true);
    if (kind == "MeshGateway" && !ref.rules().gateway_tags) ref.Forbid({"tags"});
    ref.Forbid({"labels", "namespace", "sectionName"});
  } else if (kind == "MeshExternalService") {
    ref.Name();
    ref.Forbid({"mesh", "tags", "proxyTypes"});
    ref.NameOrLabels();
    ref.LabelsStandAlone("name");
    ref.Forbid({"sectionName"});
  }
}

}  // namespace

void CheckTargetRef(Checker& checker, const Path& path, const Json& document, const TargetRefRules& rules) {
  const RefCheck ref(checker, path, document, rules);
  if (!Has(rules.kinds, ref.kind())) {
    ref.Add("kind", rules.unsupported.empty() ? "value '" + ref.kind() + "' is not supported" : rules.unsupported);
  } else {
    CheckByKind(ref);
  }
}

void CheckTop(Checker& checker, const Resource& policy, const TopRules& rules) {
  const Json& ref = Get(policy.spec, "targetRef");
  if (ref.is_null()) return;
  TargetRefRules of_ref;
  const bool of_application = !rules.kinds_of_applications.empty() && !IsSystemPolicy(policy);
  of_ref.kinds = of_application ? rules.kinds_of_applications : rules.kinds;
  of_ref.gateway_tags = rules.gateway_tags && !of_application;
  of_ref.inbound = AffectsInbounds(policy.spec);
  CheckTargetRef(checker, Path("spec").Field("targetRef"), ref, of_ref);
}

void CheckBackendRef(Checker& checker, const Path& path, const Json& ref, const TargetRefRules& rules) {
  CheckTargetRef(checker, path, ref, rules);
  if (GetString(ref, "kind") == "MeshMultiZoneService" && Get(ref, "port").is_null()) {
    checker.Add(path.Field("port"), std::string(resources::kMustBeDefined) + " with kind MeshMultiZoneService");
  }
}

std::string_view SpiffeIdFault(std::string_view text) {
  constexpr std::string_view kScheme = "spiffe://";
  if (text.empty()) return "cannot be empty";
  if (!text.starts_with(kScheme)) return "scheme is missing or invalid";
  text.remove_prefix(kScheme.size());
  const auto word = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_'; };
  const size_t slash = std::min(text.find('/'), text.size());
  const std::string_view domain = text.substr(0, slash);
  if (!std::all_of(domain.begin(), domain.end(), word)) {
    return "trust domain characters are limited to lowercase letters, numbers, dots, dashes, and underscores";
  }
  if (domain.empty()) return "trust domain is missing";
  std::string_view rest = text.substr(slash);
  while (!rest.empty()) {
    rest.remove_prefix(1);  // the slash
    const size_t end = std::min(rest.find('/'), rest.size());
    const std::string_view segment = rest.substr(0, end);
    for (const char c : segment) {
      if (!word(c) && !(c >= 'A' && c <= 'Z'))
        return "path segment characters are limited to letters, numbers, dots, dashes, and underscores";
    }
    rest = rest.substr(end);
    if (segment.empty()) return rest.empty() ? "path cannot have a trailing slash" : "path cannot contain empty segments";
    if (segment == "." || segment == "..") return "path cannot contain dot segments";
  }
  return {};
}

void CheckMatch(Checker& checker, const Path& path, const Json& match) {
  if (const Json& id = Get(match, "spiffeID"); !id.is_null()) {
    const std::string_view fault = SpiffeIdFault(GetString(id, "value"));
    if (!fault.empty()) checker.Add(path.Field("spiffeID"), "must be a valid Spiffe ID: " + std::string(fault));
  }
  if (const Json& sni = Get(match, "sni"); !sni.is_null()) {
    const Path at = path.Field("sni").Field("value");
    const std::string value = GetString(sni, "value");
    if (value.empty()) {
      checker.Add(at, std::string(resources::kMustBeSet));
    } else {
      for (std::string& fault : CheckDns1123Subdomain(value)) checker.Add(at, std::move(fault));
    }
  }
}

bool CheckConditions(Checker& checker, const Path& path, const Json& matches) {
  bool by_client = false;
  if (!matches.is_array()) return by_client;
  for (size_t i = 0; i < matches.size(); ++i) {
    const Json& match = matches[i];
    CheckMatch(checker, path.Index(i), match);
    if (!Get(match, "spiffeID").is_null()) {
      by_client = true;
    } else if (Get(match, "sni").is_null()) {
      checker.Add(path.Index(i), "must specify at least one of 'spiffeID' or 'sni'");
    }
  }
  return by_client;
}

void CheckOtelTarget(Checker& checker, const Path& path, const Json& conf, bool needs_port) {
  const std::string endpoint = GetString(conf, "endpoint");
  const Json& ref = Get(conf, "backendRef");
  if (!endpoint.empty() && !ref.is_null()) {
    checker.Add(path, resources::MustHaveOnlyOne("openTelemetry", {"endpoint", "backendRef"}));
  } else if (endpoint.empty() && ref.is_null()) {
    checker.Add(path, resources::MustHaveExactlyOneOf("openTelemetry", {"endpoint", "backendRef"}));
  } else if (!ref.is_null()) {
    if (!IsSet(Get(ref, "labels"))) checker.Add(path.Field("backendRef"), resources::MustHaveExactlyOneOf("backendRef", {"labels"}));
  } else if (endpoint.find_first_of("/?#") != std::string::npos) {
    checker.Add(path.Field("endpoint"), "must be in host:port format, not a URL");
  } else if (needs_port && !resources::SplitHostPort(endpoint)) {
    checker.Add(path.Field("endpoint"), "must be in host:port format");
  }
}

void CheckJsonPatches(Checker& checker, const Path& path, const Json& patches) {
  const auto only_with = [](std::string_view field, std::string_view what, std::string_view a, std::string_view b) {
    return QuoteGo(field) + " " + std::string(what) + " when \"op\" is one of [" + QuoteGo(a) + ", " + QuoteGo(b) + "]";
  };
  for (size_t i = 0; i < patches.size(); ++i) {
    const Json& patch = patches[i];
    const Path at = path.Index(i);
    const std::string op = GetString(patch, "op");
    const bool takes_from = op == "move" || op == "copy";
    const bool has_from = !Get(patch, "from").is_null();
    if (takes_from != has_from)
      checker.Add(at.Field("from"), only_with("from", takes_from ? resources::kMustNotBeEmpty : "is allowed only", "move", "copy"));
    const bool takes_value = op == "add" || op == "replace";
    const bool has_value = patch.is_object() && patch.contains("value");
    if (takes_value != has_value) {
      checker.Add(at.Field("value"), only_with("value", takes_value ? resources::kMustNotBeEmpty : "is allowed only", "add", "replace"));
    }
    const Json& where = Get(patch, "path");
    if (op == "remove" && (where == "" || where == "/")) {
      checker.Add(at.Field("path"), "root path cannot be removed");
    }
  }
}

bool IsUrl(std::string_view text) {
  static const re2::RE2 kUrl(
      R"(((ftp|tcp|udp|wss?|https?)://)?(\S+(:\S*)?@)?)"
      R"((\[[0-9a-fA-F:.]+\]|[A-Za-z0-9\x{a1}-\x{ffff}]([A-Za-z0-9\x{a1}-\x{ffff}._-]*[A-Za-z0-9\x{a1}-\x{ffff}])?)\.?(:\d{1,5})?([/?#]\S*)?)");
  // Without scheme and port, a dot makes it a host.
  if (text.find(':') == std::string_view::npos && text.substr(0, text.find_first_of("?#")).find('.') == std::string_view::npos)
    return false;
  return text.size() > 3 && text.size() < 2083 && re2::RE2::FullMatch({text.data(), text.size()}, kUrl);
}

void CheckAbsent(Checker& checker, const Path& path, const Json& value, std::string_view message) {
  if (!value.is_null()) checker.Add(path, std::string(message));
}

const Json& ListOf(const Json& object, std::string_view name) {
  static const Json kNone = Json::array();
  const Json& list = Get(object, name);
  return list.is_array() ? list : kNone;
}

std::string TopKind(const Json& spec) { return GetString(Get(spec, "targetRef"), "kind", "Mesh"); }

bool IsSystemPolicy(const Resource& policy) {
  const std::string_view role = policy.Label(kPolicyRoleLabel);
  return role.empty() || role == "system";
}

bool AffectsInbounds(const Json& spec) { return !ListOf(spec, "rules").empty() || !ListOf(spec, "from").empty(); }

bool IncludesGateways(const Json& target_ref) {
  const std::string kind = GetString(target_ref, "kind", "Mesh");
  if (kind == "MeshGateway" || kind == "MeshHTTPRoute") return true;
  if (kind != "Mesh" && kind != "MeshSubset") return false;
  const Json& types = ListOf(target_ref, "proxyTypes");
  return types.empty() || std::find(types.begin(), types.end(), Json("Gateway")) != types.end();
}

void CheckRulesStandAlone(Checker& checker, const Json& spec) {
  if (!ListOf(spec, "rules").empty() && (!ListOf(spec, "to").empty() || !ListOf(spec, "from").empty())) {
    checker.Add(Path("spec"), "fields 'to' and 'from' must be empty when 'rules' is defined");
  }
}

void CheckAnyList(Checker& checker, const Json& spec) {
  if (ListOf(spec, "rules").empty() && ListOf(spec, "to").empty() && ListOf(spec, "from").empty()) {
    checker.Add(Path("spec"), "at least one of 'from', 'to' or 'rules' has to be defined");
  }
}

std::vector<std::string> TopWarnings(const Json& spec) {
  const std::string kind = TopKind(spec);
  if (kind == "MeshService" || kind == "MeshServiceSubset" || kind == "MeshSubset") {
    return {kind + " value for 'targetRef.kind' is deprecated, use Dataplane with labels instead"};
  }
  if (kind == "MeshHTTPRoute") return {"MeshHTTPRoute value for 'targetRef.kind' is deprecated, use MeshHTTPRoute in spec.to[].targetRef"};
  return {};
}

std::vector<std::string> FromAndTopWarnings(const Json& spec, std::string_view instead) {
  std::vector<std::string> remarks;
  if (!ListOf(spec, "from").empty()) remarks.push_back("'from' field is deprecated, " + std::string(instead));
  for (std::string& remark : TopWarnings(spec)) remarks.push_back(std::move(remark));
  return remarks;
}

bool HasInlineOtelEndpoint(const Json& conf) {
  const Json& backends = ListOf(conf, "backends");
  return std::any_of(backends.begin(), backends.end(), [](const Json& backend) {
    const Json& otel = Get(backend, "openTelemetry");
    return !GetString(otel, "endpoint").empty() && Get(otel, "backendRef").is_null();
  });
}

}  // namespace kuma::policy
