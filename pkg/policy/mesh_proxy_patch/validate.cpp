#include <array>

#include "pkg/policy/mesh_proxy_patch/native.h"
#include "pkg/policy/mesh_proxy_patch/spec.h"
#include "pkg/policy/target_ref/checks.h"
#include "pkg/policy/target_ref/descriptor.h"

namespace kuma::policy {
namespace {

struct Target {
  std::string_view member;
  NativeKind kind;
  bool is_filter;
};
constexpr std::array<Target, 5> kTargets = {{
    {"cluster", NativeKind::kCluster, false},
    {"listener", NativeKind::kListener, false},
    {"virtualHost", NativeKind::kVirtualHost, false},
    {"networkFilter", NativeKind::kNetworkFilter, true},
    {"httpFilter", NativeKind::kHttpFilter, true},
}};

constexpr std::string_view kNotValid = "native Envoy resource is not valid: ";

void CheckWhole(Checker& checker, const Path& path, const Json& value, NativeKind kind) {
  if (!value.is_string()) {
    checker.Add(path, std::string(resources::kMustBeDefined));
    return;
  }
  const std::string fault = NativeFault(kind, value.get<std::string>(), true);
  if (!fault.empty()) checker.Add(path, std::string(kNotValid) + fault);
}

// `relative` is how messages call the modification.
void CheckPatch(Checker& checker, const Path& path, std::string_view relative, const Json& modification, NativeKind kind) {
  const Json& value = Get(modification, "value");
  const Json& patches = ListOf(modification, "jsonPatches");
  if (value.is_string() && !patches.empty()) {
    checker.Add(path, resources::MustHaveOnlyOne(relative, {"value", "jsonPatches"}));
  } else if (value.is_string()) {
    const std::string fault = NativeFault(kind, value.get<std::string>(), false);
    if (!fault.empty()) checker.Add(path.Field("value"), std::string(kNotValid) + fault);
  } else if (!patches.empty()) {
    CheckJsonPatches(checker, path.Field("jsonPatches"), patches);
  } else {
    checker.Add(path, resources::MustHaveExactlyOneOf(relative, {"value", "jsonPatches"}));
  }
}

void CheckFilterName(Checker& checker, const Path& path, const Json& modification, std::string_view message) {
  if (Get(Get(modification, "match"), "name").is_null()) checker.Add(path.Field("match").Field("name"), std::string(message));
}

void CheckModification(Checker& checker, const Path& path, const Json& modification, const Target& target) {
  const std::string operation = GetString(modification, "operation");
  const Json& value = Get(modification, "value");
  const Path of_value = path.Field("value");
  if (operation == "Remove") {
    CheckAbsent(checker, of_value, value, resources::kMustNotBeDefined);
  } else if (operation == "Patch") {
    if (target.is_filter) CheckFilterName(checker, path, modification, resources::kMustBeDefined);
    CheckPatch(checker, path, target.member, modification, target.kind);
  } else {
    const Json& match = Get(modification, "match");
    if (operation == "Add" && target.kind == NativeKind::kVirtualHost) {
      CheckAbsent(checker, path.Field("match").Field("name"), Get(match, "name"), resources::kMustNotBeDefined);
    } else if (operation == "Add") {
      CheckAbsent(checker, path.Field("match"), match, resources::kMustNotBeDefined);
    } else if (operation == "AddBefore") {
      CheckFilterName(checker, path, modification, "must be defined. You need to pick a filter before which this one will be added");
    } else if (operation == "AddAfter") {
      CheckFilterName(checker, path, modification, "must be defined. You need to pick a filter after which this one will be added");
    }
    CheckWhole(checker, of_value, value, target.kind);
  }
}

}  // namespace

void ValidateMeshProxyPatch(const Resource& policy, std::vector<Violation>& violations) {
  Checker checker(violations);
  CheckTop(checker, policy, {.kinds = ProxyAndGatewayKinds(), .kinds_of_applications = ProxyKinds()});
  const Path at = Path("spec").Field("default").Field("appendModifications");
  const Json& modifications = ListOf(Get(policy.spec, "default"), "appendModifications");
  if (modifications.empty()) checker.Add(at, std::string(resources::kMustNotBeEmpty));
  for (size_t i = 0; i < modifications.size(); ++i) {
    size_t given = 0;
    const Target* only = nullptr;
    for (const Target& target : kTargets) {
      if (Get(modifications[i], target.member).is_null()) continue;
      ++given;
      only = &target;
    }
    if (given != 1) {
      checker.Add(at.Index(i),
                  "exactly one modification can be defined at a time. Currently, " + std::to_string(given) + " modifications are defined");
      continue;
    }
    CheckModification(checker, at.Index(i).Field(only->member), Get(modifications[i], only->member), *only);
  }
}

}  // namespace kuma::policy
