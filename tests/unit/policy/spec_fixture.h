// What the tests of policies' specs share: decode, fill in, check, as an admission does.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "pkg/policy/all.h"

namespace kuma {

struct Checked {
  Json spec;
  std::string fatal;
  std::vector<std::string> violations;  // "field: message", in field order
  std::vector<std::string> warnings;
};

inline const TypeRegistry& PolicyTypes() {
  static const TypeRegistry& types = []() -> const TypeRegistry& {
    static TypeRegistry registry;
    policy::RegisterPolicyTypes(registry);
    return registry;
  }();
  return types;
}

inline Checked CheckPolicy(const std::string& type_name, const std::string& yaml, const std::string& role = "") {
  const TypeDescriptor* type = PolicyTypes().Find(type_name);
  REQUIRE(type != nullptr);
  const Result<Json> document = ParseYaml(yaml);
  REQUIRE(document.ok());
  DecodeResult decoded = Decode(type->schema, document.value(), "spec");
  Checked out;
  out.fatal = decoded.fatal;
  std::vector<Violation> violations = std::move(decoded.violations);
  Resource resource;
  resource.meta.key = {type_name, "demo", "p"};
  if (!role.empty()) resource.meta.labels[std::string(kPolicyRoleLabel)] = role;
  resource.spec = std::move(decoded.value);
  if (violations.empty() && out.fatal.empty()) {
    ApplyDefaults(type->schema, resource.spec);
    if (type->normalize) type->normalize(resource.spec);
    type->validate(resource, {}, violations);
    if (type->warnings) out.warnings = type->warnings(resource);
  }
  std::stable_sort(violations.begin(), violations.end(), [](const Violation& a, const Violation& b) { return a.field < b.field; });
  for (const Violation& violation : violations) out.violations.push_back(violation.field + ": " + violation.message);
  out.spec = std::move(resource.spec);
  return out;
}

struct SpecCase {
  const char* name;
  const char* type;
  const char* yaml;
  std::vector<std::string> violations;
};

inline void RunSpecCases(const std::vector<SpecCase>& cases) {
  for (const SpecCase& each : cases) {
    INFO(each.type << ": " << each.name);
    const Checked checked = CheckPolicy(each.type, each.yaml);
    CHECK(checked.fatal.empty());
    CHECK(checked.violations == each.violations);
  }
}

}  // namespace kuma
