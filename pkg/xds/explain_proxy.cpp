#include "pkg/xds/explain_proxy.h"

#include "pkg/policy/rules/engine.h"
#include "pkg/xds/preview.h"

namespace kuma::xds {

Result<Json> ExplainProxy(const PreviewRequest& request, const policy::ExplainFilter& filter) {
  std::vector<policy::ExplainedOutbound> outbounds;
  const OutboundList list = PreviewOutbounds(request);
  for (const OutboundPlan& outbound : list.outbounds) {
    outbounds.push_back({outbound.address, outbound.port, outbound.service, outbound.destination, outbound.protocol});
  }
  const policy::RuleSets rules = policy::BuildRuleSets(*request.dataplane, *request.snapshot, request.types);
  KUMA_TRY_ASSIGN(Json body, policy::ExplainBody({*request.snapshot, *request.dataplane, rules, outbounds, request.types}, filter));
  Json warnings = Json::array();
  for (const Warning& warning : Warnings(*Preview(request))) {
    warnings.push_back({{"resource", warning.resource}, {"path", warning.path}, {"message", warning.message}});
  }
  body["warnings"] = std::move(warnings);
  return body;
}

Result<Json> ExplainResources(const RenderRequest& request, const policy::ExplainFilter& filter, const TypeRegistry& types) {
  mesh::SnapshotBuilder builder(request.zone);
  for (const ResourcePtr& resource : request.resources) builder.Apply(nullptr, resource);
  builder.Build();
  const mesh::SnapshotPtr snapshot = builder.Find(request.node.mesh);
  if (snapshot == nullptr || snapshot->mesh == nullptr) return NotFound("mesh \"" + request.node.mesh + "\" is not among the resources");
  const mesh::DataplanePtr* dataplane = snapshot->FindDataplane(request.node.name);
  if (dataplane == nullptr)
    return NotFound("dataplane \"" + request.node.name + "\" of mesh \"" + request.node.mesh + "\" is not among the resources");
  return ExplainProxy({.node = request.node, .dataplane = *dataplane, .snapshot = snapshot, .types = types, .zone = request.zone}, filter);
}

}  // namespace kuma::xds
