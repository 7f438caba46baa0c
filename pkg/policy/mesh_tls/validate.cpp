#include "pkg/policy/mesh_tls/spec.h"
#include "pkg/policy/target_ref/checks.h"

namespace kuma::policy {
namespace {

void CheckConf(Checker& checker, const Path& path, const Json& conf, bool of_mesh) {
  if (!ListOf(conf, "tlsCiphers").empty() && !of_mesh) {
    checker.Add(path.Field("tlsCiphers"), "tlsCiphers can only be defined with top level targetRef kind: Mesh");
  }
  const Json& version = Get(conf, "tlsVersion");
  if (version.is_null()) return;
  if (of_mesh) {
    resources::CheckTlsVersions(checker, path.Field("tlsVersion"), version);
  } else {
    checker.Add(path.Field("tlsVersion"), "tlsVersion can only be defined with top level targetRef kind: Mesh");
  }
}

}  // namespace

void ValidateMeshTLS(const Resource& policy, std::vector<Violation>& violations) {
  Checker checker(violations);
  const Path spec("spec");
  CheckTop(checker, policy, {.kinds = {"Mesh", "MeshSubset", "Dataplane"}});
  const Json& rules = ListOf(policy.spec, "rules");
  const Json& from = ListOf(policy.spec, "from");
  if (!rules.empty() && !from.empty()) checker.Add(spec, "field 'from' must be empty when 'rules' is defined");
  const bool of_mesh = TopKind(policy.spec) == "Mesh";
  for (size_t i = 0; i < rules.size(); ++i)
    CheckConf(checker, spec.Field("rules").Index(i).Field("default"), Get(rules[i], "default"), of_mesh);
  for (size_t i = 0; i < from.size(); ++i) {
    const Path at = spec.Field("from").Index(i);
    CheckTargetRef(checker, at.Field("targetRef"), Get(from[i], "targetRef"), {.kinds = {"Mesh"}});
    CheckConf(checker, at.Field("default"), Get(from[i], "default"), of_mesh);
  }
}

}  // namespace kuma::policy
