#include "pkg/xds/render.h"

#include "pkg/mesh/snapshot.h"
#include "pkg/xds/notes.h"
#include "pkg/xds/plan.h"
#include "pkg/xds/seal.h"

namespace kuma::xds {

IdentityPtr PlaceholderIdentity(const std::string& backend) {
  auto identity = std::make_shared<Identity>();
  identity->backend = backend;
  identity->cert_pem = "<certificate issued by the control plane>";
  identity->key_pem = "<private key made by the control plane>";
  identity->ca_pems = {"<certificate of the mesh's authority>"};
  identity->digest = DigestOf("placeholder " + backend);
  return identity;
}

namespace {

ViewPtr Generate(const std::vector<Unit>& units, const std::string& proxy) {
  ResourceCache cache;
  std::array<SealedList, kResourceTypeCount> lists;
  NotesBuilder notes(proxy);
  for (const Unit& unit : units) {
    const UnitOutput output = unit.generate();
    notes.Add(unit, NotesOf(output));
    for (SealedPtr& sealed : SealOutput(output, cache)) lists[static_cast<size_t>(sealed->type)].push_back(std::move(sealed));
  }
  return MakeView(std::move(lists), nullptr, notes.Finish());
}

Result<ViewPtr> RenderZoneProxy(const RenderRequest& request, const mesh::SnapshotBuilder& builder, const TypeRegistry& types) {
  const bool egress = request.node.proxy_type == "egress";
  const ResourcePtr proxy = egress ? builder.FindZoneEgress(request.node.name) : builder.FindZoneIngress(request.node.name);
  if (proxy == nullptr) return NotFound(std::string(egress ? "ZoneEgress" : "ZoneIngress") + " \"" + request.node.name + "\" is not among the resources");
  ZonePlanRequest plan{.node = request.node,
                       .zone_proxy = proxy,
                       .meshes = {},
                       .identities = {},
                       .admin = request.admin,
                       .types = types,
                       .zone = request.zone,
                       .indexes = nullptr};
  for (const mesh::SnapshotPtr& snapshot : builder.All()) {
    if (snapshot->mesh == nullptr) continue;
    plan.meshes.push_back(snapshot);
    if (egress && snapshot->mesh->mtls_enabled) {
      plan.identities[snapshot->mesh_name] = request.identity != nullptr ? request.identity : PlaceholderIdentity(snapshot->mesh->backend_name);
    }
  }
  return Generate(PlanZoneProxy(plan), ToString(KriOf(proxy->meta), types));
}

}  // namespace

Result<ViewPtr> Render(const RenderRequest& request, const TypeRegistry& types) {
  mesh::SnapshotBuilder builder(request.zone);
  for (const ResourcePtr& resource : request.resources) builder.Apply(nullptr, resource);
  builder.Build();
  if (request.node.proxy_type == "ingress" || request.node.proxy_type == "egress") return RenderZoneProxy(request, builder, types);
  const mesh::SnapshotPtr snapshot = builder.Find(request.node.mesh);
  if (snapshot == nullptr || snapshot->mesh == nullptr) return NotFound("mesh \"" + request.node.mesh + "\" is not among the resources");
  const mesh::DataplanePtr* dataplane = snapshot->FindDataplane(request.node.name);
  if (dataplane == nullptr) {
    return NotFound("dataplane \"" + request.node.name + "\" of mesh \"" + request.node.mesh + "\" is not among the resources");
  }
  IdentityPtr identity = request.identity;
  if (identity == nullptr && snapshot->mesh->mtls_enabled) identity = PlaceholderIdentity(snapshot->mesh->backend_name);
  const ProxyPlan plan = PlanProxy(PlanRequest{request.node, *dataplane, snapshot, identity, request.admin, types, request.zone});
  return Generate(plan.units, ToString(KriOf((*dataplane)->resource->meta), types));
}

std::vector<Warning> PlanWarnings(const ProxyNode& node, const mesh::DataplanePtr& dataplane, const mesh::SnapshotPtr& snapshot,
                                  const IdentityPtr& identity, const TypeRegistry& types, const std::string& zone) {
  const ProxyPlan plan = PlanProxy(PlanRequest{node, dataplane, snapshot, identity, nullptr, types, zone});
  NotesBuilder notes(ToString(KriOf(dataplane->resource->meta), types));
  for (const Unit& unit : plan.units) notes.Add(unit, NotesOf(unit.generate()));
  return notes.Finish().warnings;
}

Result<Json> ViewDocument(const View& view) {
  static constexpr std::pair<std::string_view, ResourceType> kSections[] = {
      {"clusters", ResourceType::kCluster}, {"endpoints", ResourceType::kEndpoint}, {"listeners", ResourceType::kListener},
      {"routes", ResourceType::kRoute},     {"secrets", ResourceType::kSecret},
  };
  Json document = Json::object();
  for (const auto& [name, type] : kSections) {
    Json list = Json::array();
    for (const SealedPtr& resource : view.list(type)) {
      KUMA_TRY_ASSIGN(Json one, ToDocument(*resource));
      list.push_back(std::move(one));
    }
    document[std::string(name)] = std::move(list);
  }
  return document;
}

}  // namespace kuma::xds
