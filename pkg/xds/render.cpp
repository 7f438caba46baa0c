#include "pkg/xds/render.h"

#include "pkg/mesh/snapshot.h"
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

Result<ViewPtr> Render(const RenderRequest& request, const TypeRegistry& types) {
  mesh::SnapshotBuilder builder(request.zone);
  for (const ResourcePtr& resource : request.resources) builder.Apply(nullptr, resource);
  builder.Build();
  const mesh::SnapshotPtr snapshot = builder.Find(request.node.mesh);
  if (snapshot == nullptr || snapshot->mesh == nullptr) return NotFound("mesh \"" + request.node.mesh + "\" is not among the resources");
  const mesh::DataplanePtr* dataplane = snapshot->FindDataplane(request.node.name);
  if (dataplane == nullptr) {
    return NotFound("dataplane \"" + request.node.name + "\" of mesh \"" + request.node.mesh + "\" is not among the resources");
  }
  IdentityPtr identity = request.identity;
  if (identity == nullptr && snapshot->mesh->mtls_enabled) identity = PlaceholderIdentity(snapshot->mesh->backend_name);
  const ProxyPlan plan = PlanProxy(PlanRequest{request.node, *dataplane, snapshot, identity, request.admin, types, request.zone});

  ResourceCache cache;
  std::array<SealedList, kResourceTypeCount> lists;
  for (const Unit& unit : plan.units) {
    for (SealedPtr& sealed : SealOutput(unit.generate(), cache)) lists[static_cast<size_t>(sealed->type)].push_back(std::move(sealed));
  }
  return MakeView(std::move(lists), nullptr);
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
