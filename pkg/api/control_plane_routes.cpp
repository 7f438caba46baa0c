// What the control plane says about itself and its types.
#include <unistd.h>

#include <array>

#include "pkg/api/error.h"
#include "pkg/api/resource_body.h"
#include "pkg/api/routes.h"
#include "pkg/base/version.h"
#include "pkg/model/document.h"

namespace kuma::api {
namespace {

std::string Hostname(const ApiOptions& options) {
  if (!options.hostname.empty()) return options.hostname;
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : std::string{};
}

Json IndexDocument(const ApiDeps& deps, const ApiOptions& options, const std::string& hostname) {
  const BuildInfo& build = GetBuildInfo();
  return {{"hostname", hostname},
          {"product", build.product},
          {"version", build.version},
          {"instanceId", deps.instance_id ? deps.instance_id() : std::string{}},
          {"clusterId", deps.cluster_id ? deps.cluster_id() : std::string{}},
          {"gui", options.gui_path}};
}

Json PolicyEntry(const TypeDescriptor& type, const ApiOptions& options) {
  const PolicyTraits* policy = type.policy.get();
  return {{"name", type.name},
          {"readOnly", IsReadOnly(type, options)},
          {"path", type.path},
          {"singularDisplayName", type.singular_display},
          {"pluralDisplayName", type.plural_display},
          {"isExperimental", type.experimental},
          {"isTargetRefBased", policy != nullptr},
          {"isInbound", policy != nullptr && policy->has_from},
          {"isOutbound", policy != nullptr && policy->has_to}};
}

Json ResourceTypeEntry(const TypeDescriptor& type, const ApiOptions& options) {
  Json entry = {{"name", type.name},
                {"readOnly", options.read_only || options.is_federated_zone || type.read_only},
                {"path", type.path},
                {"singularDisplayName", type.singular_display},
                {"pluralDisplayName", type.plural_display},
                {"scope", type.scope == Scope::kGlobal ? "Global" : "Mesh"},
                {"shortName", type.short_name},
                {"includeInFederation", type.kds.global_to_zone && !type.read_only}};
  if (type.is_policy) {
    const PolicyTraits* policy = type.policy.get();
    entry["policy"] = {{"hasToTargetRef", policy != nullptr && policy->has_to},
                       {"hasFromTargetRef", policy != nullptr && policy->has_from},
                       {"hasRulesTargetRef", policy != nullptr && policy->has_rules},
                       {"isTargetRef", policy != nullptr},
                       {"isFromAsRules", policy != nullptr && policy->from_as_rules}};
  }
  return entry;
}

// Local resources are stored under their display name; those of other zones have a name with a hash and are looked for. What is asked
// for with the own zone is local, even if its own identifier tells no zone.
Result<ResourcePtr> FindByKri(const ApiDeps& deps, const ApiOptions& options, const Kri& kri) {
  const auto matches = [&](const ResourcePtr& resource) { return KriOf(resource->meta) == kri; };
  Result<ResourcePtr> direct = deps.store.Get({kri.type, kri.mesh, kri.name});
  const bool local = !options.is_global && kri.zone == options.zone;
  if (direct.ok() && (local || matches(direct.value()))) return direct;
  if (!direct.ok() && direct.error().code != ErrorCode::kNotFound) return direct;
  store::ListOptions in_mesh;
  in_mesh.mesh = kri.mesh;
  KUMA_TRY_ASSIGN(const std::vector<ResourcePtr> all, deps.store.List(kri.type, in_mesh));
  for (const ResourcePtr& resource : all) {
    if (matches(resource)) return resource;
  }
  return NotFound("Not found");
}

Answer GetByKri(const ApiDeps& deps, const ApiOptions& options, const ApiRequest& request) {
  const Result<Kri> kri = ParseKri(request.Param("kri"), deps.types);
  if (!kri.ok()) return BadRequest(kri.error().message);
  const TypeDescriptor& type = *deps.types.Find(kri.value().type);
  if (type.admin_only) {
    const Status access = options.access.admin_resources.Check(request.user, "the resource of type " + QuoteGo(type.name));
    if (!access.ok()) return Fail(access.error(), "Access Denied");
  }
  const Result<ResourcePtr> found = FindByKri(deps, options, kri.value().WithoutSection());
  if (!found.ok()) return Fail(found.error(), "Could not retrieve a resource");
  return FormattedResource(*found.value(), type, request, kri.value().ns, deps.types, options, "Could not format a resource");
}

}  // namespace

void AddControlPlaneRoutes(const RouteContext& context) {
  const ApiDeps& deps = context.deps;
  const ApiOptions& options = context.options;

  context.router.Add({"GET", "/", Sync([&deps, &options, hostname = Hostname(options)](const ApiRequest&) {
                        return Answer::Document(IndexDocument(deps, options, hostname));
                      }),
                      true});
  context.router.Add({"GET", "/config", Sync([&deps](const ApiRequest&) { return Answer::Document(deps.config ? deps.config() : Json::object()); }), false,
                      &options.access.control_plane_metadata, "control-plane metadata"});
  context.router.Add({"GET", "/who-am-i", Sync([](const ApiRequest& request) {
                        return Answer::Document({{"name", request.user.name}, {"groups", request.user.groups}});
                      })});
  context.router.Add({"GET", "/policies", Sync([&deps, &options](const ApiRequest&) {
                        Json policies = Json::array();
                        for (const TypeDescriptor* type : deps.types.All()) {
                          if (type->is_policy && !type->path.empty()) policies.push_back(PolicyEntry(*type, options));
                        }
                        return Answer::Document({{"policies", std::move(policies)}});
                      })});
  context.router.Add({"GET", "/_resources", Sync([&deps, &options](const ApiRequest&) {
                        Json resources = Json::array();
                        for (const TypeDescriptor* type : deps.types.All()) {
                          if (!type->path.empty() && type->stored) resources.push_back(ResourceTypeEntry(*type, options));
                        }
                        return Answer::Document({{"resources", std::move(resources)}});
                      })});
  context.router.Add({"GET", "/_kri/{kri}", Sync([&deps, &options](const ApiRequest& request) { return GetByKri(deps, options, request); })});
}

}  // namespace kuma::api
