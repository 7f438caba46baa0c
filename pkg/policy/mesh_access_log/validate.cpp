#include "pkg/policy/mesh_access_log/spec.h"
#include "pkg/policy/target_ref/checks.h"
#include "pkg/policy/target_ref/descriptor.h"

namespace kuma::policy {
namespace {

void CheckFormat(Checker& checker, const Path& path, const Json& format) {
  const std::string type = GetString(format, "type");
  if (type == "Plain") {
    const Json& plain = Get(format, "plain");
    if (plain.is_null()) {
      checker.Add(path.Field("plain"), std::string(resources::kMustBeDefined));
    } else if (plain == "") {
      checker.Add(path.Field("plain"), std::string(resources::kMustNotBeEmpty));
    }
    return;
  }
  const Path at = path.Field("json");
  const Json& items = Get(format, "json");
  if (items.is_null()) {
    checker.Add(at, std::string(resources::kMustBeDefined));
    return;
  }
  if (items.empty()) checker.Add(at, std::string(resources::kMustNotBeEmpty));
  for (size_t i = 0; i < items.size(); ++i) {
    const std::string key = GetString(items[i], "key");
    const std::string value = GetString(items[i], "value");
    if (key.empty()) checker.Add(at.Index(i).Field("key"), "key cannot be empty");
    if (value.empty()) checker.Add(at.Index(i).Field("value"), "value cannot be empty");
    // Both stand in the object as they are, so they must not end its strings.
    if (!ParseJson("{\"" + key + "\": \"" + value + "\"}").ok()) checker.Add(at.Index(i), "is not a valid JSON object");
  }
}

void CheckOtel(Checker& checker, const Path& path, const Json& otel) {
  CheckOtelTarget(checker, path, otel, false);
  const Json& attributes = ListOf(otel, "attributes");
  for (size_t i = 0; i < attributes.size(); ++i) {
    // All else about names is in the schema's pattern.
    if (GetString(attributes[i], "key").starts_with("otel.")) {
      checker.Add(path.Field("attributes").Index(i).Field("key"), "must not use the reserved OpenTelemetry prefix 'otel.'");
    }
  }
}

void CheckBackend(Checker& checker, const Path& path, const Json& backend) {
  const std::string type = GetString(backend, "type");
  const std::string member = type == "File" ? "file" : type == "Tcp" ? "tcp" : "openTelemetry";
  const Json& conf = Get(backend, member);
  const Path at = path.Field(member);
  if (conf.is_null()) {
    checker.Add(at, std::string(resources::kMustBeDefined));
    return;
  }
  if (type == "OpenTelemetry") {
    CheckOtel(checker, at, conf);
    return;
  }
  if (const Json& format = Get(conf, "format"); !format.is_null()) CheckFormat(checker, at.Field("format"), format);
  if (type == "File") {
    std::vector<Violation> faults;
    Checker of_path(faults);
    resources::CheckFilePathOrNil(of_path, at, Get(conf, "path"));
    if (of_path.count() > 0) checker.Add(at.Field("path"), "file backend requires a valid path");
  } else if (!IsUrl(GetString(conf, "address"))) {
    checker.Add(at.Field("address"), "tcp backend requires valid address");
  }
}

void CheckConf(Checker& checker, const Path& path, const Json& conf) {
  const Json& backends = Get(conf, "backends");
  if (backends.is_null()) {
    checker.Add(path.Field("backends"), std::string(resources::kMustBeDefined));
    return;
  }
  for (size_t i = 0; i < backends.size(); ++i) CheckBackend(checker, path.Field("backends").Index(i), backends[i]);
}

}  // namespace

void ValidateMeshAccessLog(const Resource& policy, std::vector<Violation>& violations) {
  Checker checker(violations);
  const Path spec("spec");
  CheckTop(checker, policy, {.kinds = ProxyAndGatewayKinds(), .gateway_tags = true});
  CheckRulesStandAlone(checker, policy.spec);
  CheckAnyList(checker, policy.spec);
  TargetRefRules targets{.kinds = {"Mesh", "MeshService", "MeshExternalService", "MeshMultiZoneService", "MeshHTTPRoute"}};
  if (TopKind(policy.spec) == "MeshGateway") targets.kinds = {"Mesh"};
  const Json& to = ListOf(policy.spec, "to");
  for (size_t i = 0; i < to.size(); ++i) {
    const Path at = spec.Field("to").Index(i);
    CheckTargetRef(checker, at.Field("targetRef"), Get(to[i], "targetRef"), targets);
    CheckConf(checker, at.Field("default"), Get(to[i], "default"));
  }
  const Json& from = ListOf(policy.spec, "from");
  for (size_t i = 0; i < from.size(); ++i) {
    const Path at = spec.Field("from").Index(i);
    CheckTargetRef(checker, at.Field("targetRef"), Get(from[i], "targetRef"), {.kinds = {"Mesh"}});
    CheckConf(checker, at.Field("default"), Get(from[i], "default"));
  }
  const Json& rules = ListOf(policy.spec, "rules");
  for (size_t i = 0; i < rules.size(); ++i) {
    const Path at = spec.Field("rules").Index(i);
    const Json& matches = ListOf(rules[i], "matches");
    for (size_t k = 0; k < matches.size(); ++k) CheckMatch(checker, at.Field("matches").Index(k), matches[k]);
    CheckConf(checker, at.Field("default"), Get(rules[i], "default"));
  }
}

}  // namespace kuma::policy
