#include "pkg/xds/preview.h"

#include <algorithm>

#include "pkg/ca/workload_identity.h"
#include "pkg/model/kri.h"
#include "pkg/xds/generate/facts.h"
#include "pkg/xds/notes.h"
#include "pkg/xds/seal.h"

namespace kuma::xds {

ProxyNode AnnouncedNode(const std::string& mesh, const std::string& name, const Json& metadata) {
  ProxyNode node;
  node.mesh = mesh;
  node.name = name;
  node.proxy_type = "dataplane";
  node.metadata = metadata.is_object() ? metadata
                                       : Json{{"dataplane.admin.port", "9901"},
                                              {"dataplane.admin.address", "127.0.0.1"},
                                              {"dataplane.readinessReporter.port", "9902"},
                                              {"dataplane.proxyType", "dataplane"},
                                              {"workdir", "/tmp"}};
  for (const Json& feature : Get(node.metadata, "features")) {
    if (feature.is_string()) node.features.push_back(feature.get<std::string>());
  }
  return node;
}

IdentityPtr StandInIdentity(const mesh::Snapshot& snapshot, const mesh::Dataplane& dataplane, const TypeRegistry& types) {
  const ResourcePtr selected = ca::SelectIdentity(snapshot.Resources("MeshIdentity"), dataplane.labels());
  const bool by_identity = selected != nullptr && ca::IsReady(*selected);
  if (!by_identity && !snapshot.mesh->mtls_enabled) return nullptr;
  auto identity = std::make_shared<Identity>();
  identity->backend = by_identity ? ToString(KriOf(selected->meta), types) : snapshot.mesh->backend_name;
  if (by_identity) identity->workload_secret = identity->backend;
  // The words that clients of the reference know from it.
  identity->cert_pem = "CERT";
  identity->key_pem = "KEY";
  identity->ca_pems = {"CA"};
  identity->digest = DigestOf("stand-in " + identity->backend);
  return identity;
}

ProxyPlan PlanPreview(const PreviewRequest& request, mesh::ReadSet* reads) {
  auto snapshot = request.snapshot;
  std::shared_ptr<mesh::Snapshot> recorded;
  if (reads != nullptr) {
    recorded = std::make_shared<mesh::Snapshot>(*snapshot);
    recorded->reads = reads;
    recorded->FindDataplane(request.node.name);
    snapshot = recorded;
  }
  const IdentityPtr identity = StandInIdentity(*snapshot, *request.dataplane, request.types);
  // Empty material instead of none: the listener of the admin interface is part of what the proxy gets.
  const auto admin = std::make_shared<const AdminMaterial>();
  ProxyPlan plan = PlanProxy(PlanRequest{request.node, request.dataplane, snapshot, identity, admin, request.types, request.zone,
                                         request.include_shadow, request.indexes});
  if (recorded != nullptr) recorded->reads = nullptr;  // units may keep the snapshot
  return plan;
}

ViewPtr Preview(const PreviewRequest& request) {
  ResourceCache cache;
  std::array<SealedList, kResourceTypeCount> lists;
  NotesBuilder notes(ToString(KriOf(request.dataplane->resource->meta), request.types));
  for (const Unit& unit : PlanPreview(request).units) {
    const UnitOutput output = unit.generate();
    notes.Add(unit, NotesOf(output));
    for (SealedPtr& sealed : SealOutput(output, cache)) lists[static_cast<size_t>(sealed->type)].push_back(std::move(sealed));
  }
  return MakeView(std::move(lists), nullptr, notes.Finish());
}

OutboundList PreviewOutbounds(const PreviewRequest& request) {
  ProxyInput input{.node = request.node,
                   .dataplane = request.dataplane,
                   .snapshot = request.snapshot,
                   .rules = std::make_shared<const policy::RuleSets>(),
                   .types = request.types,
                   .zone = request.zone,
                   .identity = nullptr,
                   .admin = nullptr,
                   .workload_identity = {},
                   .service_vips = request.snapshot->ServiceVips()};
  return ListOutbounds(input, MakeProxyFacts(input));
}

}  // namespace kuma::xds
