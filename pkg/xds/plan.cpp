#include "pkg/xds/plan.h"

#include "pkg/xds/generate/zone_egress.h"
#include "pkg/xds/generate/zone_ingress.h"

namespace kuma::xds {
namespace {

// Only these get outbounds by virtual address, so only these are woken when addresses change.
bool UsesVirtualAddresses(const PlanRequest& request) {
  return request.dataplane->transparent_proxying != nullptr || Get(request.node.metadata, "transparentProxy").is_object() ||
         request.node.HasFeature("feature-bind-outbounds");
}

}  // namespace

ProxyPlan PlanProxy(const PlanRequest& request) {
  ProxyPlan plan;
  policy::BuildOptions options;
  options.include_shadow = request.include_shadow;
  options.cache = request.indexes;
  plan.rules = std::make_shared<const policy::RuleSets>(policy::BuildRuleSets(*request.dataplane, *request.snapshot, request.types, options));
  ProxyInput input{.node = request.node,
                   .dataplane = request.dataplane,
                   .snapshot = request.snapshot,
                   .rules = plan.rules,
                   .types = request.types,
                   .zone = request.zone,
                   .identity = request.identity,
                   .admin = request.admin,
                   .workload_identity = request.identity == nullptr ? std::string() : request.identity->workload_secret,
                   .service_vips = {}};
  if (UsesVirtualAddresses(request)) input.service_vips = request.snapshot->ServiceVips();
  plan.units = PlanUnits(input);
  return plan;
}

std::vector<Unit> PlanZoneProxy(const ZonePlanRequest& request) {
  const ZoneProxyInput input{.node = request.node,
                             .zone_proxy = request.zone_proxy,
                             .meshes = request.meshes,
                             .identities = request.identities,
                             .admin = request.admin,
                             .types = request.types,
                             .zone = request.zone,
                             .indexes = request.indexes};
  return request.node.proxy_type == "ingress" ? PlanZoneIngress(input) : PlanZoneEgress(input);
}

}  // namespace kuma::xds
