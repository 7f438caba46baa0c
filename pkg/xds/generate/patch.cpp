#include "pkg/xds/generate/patch.h"

#include "pkg/policy/drafts.h"
#include "pkg/policy/mesh_proxy_patch/apply.h"

namespace kuma::xds {

namespace {

std::string_view UsualOrigin(UnitKind kind) {
  switch (kind) {
    case UnitKind::kInbound:
      return "inbound";
    case UnitKind::kOutbound:
    case UnitKind::kCluster:
    case UnitKind::kEndpoints:
      return "outbound";
    case UnitKind::kAdmin:
      return "admin";
    case UnitKind::kSecrets:
      return "secrets";
    case UnitKind::kTransparentProxy:
      return "transparent";
    case UnitKind::kProxyWide:
      break;
  }
  return "";
}

void AddTo(UnitOutput& output, policy::PatchedResource resource) {
  const bool patched = resource.patched;
  if (auto* cluster = std::get_if<envoy::Cluster>(&resource.message)) {
    output.Add(ResourceType::kCluster, std::move(*cluster), std::move(resource.origin));
  } else {
    output.Add(ResourceType::kListener, std::move(std::get<envoy::Listener>(resource.message)), std::move(resource.origin));
  }
  output.resources.back().patched = patched;
}

// The merged patch of a proxy; `rules` keeps it.
struct PatchInput {
  std::shared_ptr<const policy::RuleSets> rules;
  const policy::ProxyRule* rule = nullptr;
  const TypeRegistry* types = nullptr;
};

void AddFailures(const PatchInput& input, std::vector<policy::PatchFailure> failures, UnitOutput& output) {
  for (policy::PatchFailure& failure : failures) {
    Warning warning = policy::BlameAppended(*input.rule, "appendModifications", failure.index, *input.types);
    warning.message = std::move(failure.message);
    output.warnings.push_back(std::move(warning));
  }
}

UnitOutput Patched(UnitOutput generated, const PatchInput& input, UnitKind kind) {
  UnitOutput output;
  output.warnings = std::move(generated.warnings);
  std::vector<policy::PatchedResource> resources;
  for (OutputResource& resource : generated.resources) {
    std::string origin = resource.origin.empty() ? std::string(UsualOrigin(kind)) : resource.origin;
    if (resource.type == ResourceType::kCluster) {
      resources.push_back({resource.name, std::move(origin), static_cast<const envoy::Cluster&>(*resource.message)});
    } else if (resource.type == ResourceType::kListener) {
      resources.push_back({resource.name, std::move(origin), static_cast<const envoy::Listener&>(*resource.message)});
    } else {
      output.resources.push_back(std::move(resource));
    }
  }
  AddFailures(input, policy::PatchResources(input.rule->conf, resources), output);
  for (policy::PatchedResource& resource : resources) AddTo(output, std::move(resource));
  return output;
}

}  // namespace

void PatchUnits(const std::shared_ptr<const policy::RuleSets>& rules, const TypeRegistry& types, std::vector<Unit>& units) {
  const auto found = rules->find("MeshProxyPatch");
  if (found == rules->end() || !found->second.proxy) return;
  const PatchInput input{rules, &*found->second.proxy, &types};
  DigestBuilder digest;
  digest.Add(ToJsonText(input.rule->conf));
  std::string authors;
  for (const policy::Origin& origin : input.rule->origins) {
    const std::string kri = ToString(KriOf(origin.policy->meta), types);
    digest.Add(kri);  // warnings name it
    authors += (authors.empty() ? "" : ", ") + kri;
  }
  const Digest patch = digest.Finish();
  for (Unit& unit : units) {
    if (unit.kind == UnitKind::kEndpoints || unit.kind == UnitKind::kSecrets) continue;
    unit.digest = DigestBuilder().Add("patched").Add(patch).Add(static_cast<uint64_t>(unit.kind)).Add(unit.digest).Finish();
    unit.generate = [input, kind = unit.kind, generate = std::move(unit.generate)] { return Patched(generate(), input, kind); };
    unit.patched_by = authors;
  }
  Unit added{UnitKind::kProxyWide, "patch", DigestBuilder().Add("added by patch").Add(patch).Finish(), {}, {}, authors};
  added.generate = [input] {
    UnitOutput output;
    std::vector<policy::PatchFailure> failures;
    for (policy::PatchedResource& resource : policy::AddedResources(input.rule->conf, &failures)) AddTo(output, std::move(resource));
    AddFailures(input, std::move(failures), output);
    return output;
  };
  units.push_back(std::move(added));
}

}  // namespace kuma::xds
