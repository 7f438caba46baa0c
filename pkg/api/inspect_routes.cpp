// What applies to a proxy and why: bodies come from pkg/policy/inspect, facts from the mesh's snapshot.
#include <algorithm>
#include <utility>

#include "pkg/api/error.h"
#include "pkg/api/paging.h"
#include "pkg/api/proxy_facts.h"
#include "pkg/base/strings.h"
#include "pkg/mesh/endpoints.h"
#include "pkg/policy/inspect/inspect.h"
#include "pkg/policy/rules/engine.h"
#include "pkg/xds/preview.h"

namespace kuma::api {
namespace {

Answer BodyOr(const Result<Json>& body) { return body.ok() ? Answer::Document(body.value()) : Fail(body.error(), "Failed building response"); }

// Bodies that need the proxy's rules.
using RulesBodyMaker = std::function<Result<Json>(const policy::InspectInput& input, const ApiRequest& request)>;

void AddRulesRoute(const RouteContext& context, const std::string& suffix, RulesBodyMaker make, const MissingTitles& titles = {}) {
  const ApiDeps& deps = context.deps;
  context.router.Add({"GET", "/meshes/{mesh}/dataplanes/{name}/" + suffix, [&deps, titles, make = std::move(make)](const RequestPtr& request, const Reply& reply) {
                        WithDataplane(deps, request, reply, [&deps, make](const mesh::SnapshotPtr& snapshot, const mesh::DataplanePtr& dataplane, const ApiRequest& asked) {
                          const policy::RuleSets rules = policy::BuildRuleSets(*dataplane, *snapshot, deps.types);
                          return BodyOr(make({*snapshot, *dataplane, rules, deps.types}, asked));
                        }, titles);
                      }});
}

// Outbounds by tags that transparent proxying gives the proxy.
std::vector<policy::LegacyOutbound> VirtualOutbounds(const policy::InspectInput& input, const std::string& zone) {
  if (input.dataplane.transparent_proxying == nullptr) return {};
  const ResourceMeta& meta = input.dataplane.resource->meta;
  const xds::ProxyNode node = xds::AnnouncedNode(meta.mesh(), meta.name(), nullptr);
  const xds::OutboundList list = xds::PreviewOutbounds({.node = node,
                                                        .dataplane = {mesh::DataplanePtr{}, &input.dataplane},  // not owned: used in this call only
                                                        .snapshot = {mesh::SnapshotPtr{}, &input.snapshot},
                                                        .types = input.types,
                                                        .zone = zone});
  std::vector<policy::LegacyOutbound> out;
  for (const xds::OutboundPlan& outbound : list.outbounds) {
    if (outbound.tags.empty()) continue;
    const std::string port = ':' + std::to_string(outbound.port);
    policy::LegacyOutbound entry{outbound.tags, {}};
    for (const xds::VirtualName& name : list.names) {
      if (name.address == outbound.address) entry.addresses.push_back(name.name + port);
    }
    entry.addresses.push_back(outbound.address + port);
    out.push_back(std::move(entry));
  }
  return out;
}

// Layouts tell of MeshServices only: what the mesh says is asked before whether the proxy exists.
bool UsesMeshServicesOnly(const ApiDeps& deps, const std::string& mesh) {
  const Result<ResourcePtr> found = deps.store.Get({"Mesh", "", mesh});
  return !found.ok() || GetString(Get(found.value()->spec, "meshServices"), "mode") == "Exclusive";
}

void AddDataplaneBodies(const RouteContext& context) {
  AddRulesRoute(context, "_rules", [](const policy::InspectInput& input, const ApiRequest&) -> Result<Json> { return policy::RulesBody(input); });
  AddRulesRoute(context, "_policies", [](const policy::InspectInput& input, const ApiRequest&) { return policy::ProxyPoliciesBody(input); });
  AddRulesRoute(context, "_inbounds/{inbound}/_policies",
                [](const policy::InspectInput& input, const ApiRequest& request) { return policy::InboundPoliciesBody(input, request.Param("inbound")); });
  AddRulesRoute(context, "_outbounds/{outbound}/_policies",
                [](const policy::InspectInput& input, const ApiRequest& request) { return policy::OutboundPoliciesBody(input, request.Param("outbound")); });
  AddRulesRoute(context, "_outbounds/{outbound}/_routes",
                [](const policy::InspectInput& input, const ApiRequest& request) { return policy::OutboundRoutesBody(input, request.Param("outbound")); });
  AddRulesRoute(context, "_outbounds/{outbound}/_routes/{route}/_policies", [](const policy::InspectInput& input, const ApiRequest& request) {
    return policy::RoutePoliciesBody(input, request.Param("outbound"), request.Param("route"));
  });
  AddRulesRoute(context, "policies", [](const policy::InspectInput& input, const ApiRequest&) -> Result<Json> { return policy::LegacyPoliciesBody(input); },
                {"Could not build MeshContext", "Could not get MatchedPolicies"});
  AddRulesRoute(context, "rules", [zone = context.options.zone](const policy::InspectInput& input, const ApiRequest&) -> Result<Json> {
    return policy::LegacyRulesBody(input, VirtualOutbounds(input, zone));
  });

  const ApiDeps& deps = context.deps;
  context.router.Add({"GET", "/meshes/{mesh}/dataplanes/{name}/_layout", [&deps](const RequestPtr& request, const Reply& reply) {
                        if (!UsesMeshServicesOnly(deps, request->Param("mesh"))) return reply(BadRequest("can't use _layout endpoint without meshService enabled"));
                        WithDataplane(deps, request, reply, [&deps](const mesh::SnapshotPtr& snapshot, const mesh::DataplanePtr& dataplane, const ApiRequest&) {
                          const std::optional<std::string> spiffe_id = deps.spiffe_id ? deps.spiffe_id(*snapshot, *dataplane) : std::nullopt;
                          return BodyOr(policy::LayoutBody(*snapshot, *dataplane, deps.types, spiffe_id));
                        }, {.dataplane = "Failed to retrieve Dataplane"});
                      }});
}

// Proxies of a policy or MeshService.
using PageOfDataplanes = std::function<Json(const Resource& resource, const mesh::Snapshot& snapshot, const ApiRequest& request, const Page& page)>;

// `legacy`: a policy that does not exist selects nothing.
Handler DataplanesHandler(const ApiDeps& deps, const TypeDescriptor& type, PageOfDataplanes make, bool legacy = false) {
  return [&deps, &type, legacy, make = std::move(make)](const RequestPtr& request, const Reply& reply) {
    constexpr const char* kTitle = "Could not retrieve policy";
    const char* mesh_title = legacy ? "Could not list Dataplanes" : type.is_policy ? "Failed to retrieve Mesh" : kTitle;
    if (std::optional<Answer> missing = CheckMesh(deps, *request, mesh_title); missing.has_value()) {
      return reply(std::move(*missing));
    }
    PageResult page = ReadPage(*request, kTitle);
    if (page.error.has_value()) return reply(std::move(*page.error));
    const Result<ResourcePtr> found = deps.store.Get({type.name, request->Param("mesh"), request->Param("name")});
    if (legacy && !found.ok() && found.error().code == ErrorCode::kNotFound) return reply(Answer::Document({{"total", 0}, {"items", Json::array()}}));
    if (!found.ok()) return reply(Fail(found.error(), kTitle));
    deps.snapshots.WithSnapshot(request->Param("mesh"), [&deps, request, reply, make, resource = found.value(), wanted = page.page](mesh::SnapshotPtr snapshot) {
      if (snapshot == nullptr) return reply(NotFoundAnswer(kTitle));
      Compute(deps, reply, [=] { return Answer::Document(make(*resource, *snapshot, *request, wanted)); });
    });
  };
}

Json WithNext(Json body, const ApiRequest& request, const Page& page) {
  body.erase("next");
  const Json next = NextLink(request, page, static_cast<size_t>(GetInt(body, "total")));
  if (!next.is_null()) body["next"] = next;
  return body;
}

Json PolicyPage(const Resource& policy, const mesh::Snapshot& snapshot, const ApiRequest& request, const Page& page) {
  return WithNext(policy::DataplanesOfPolicyBody(policy, snapshot, request.Query("name"), page.offset, page.size), request, page);
}

Json ServicePage(const Resource& service, const mesh::Snapshot& snapshot, const ApiRequest& request, const Page& page) {
  std::vector<const Resource*> matching;
  const mesh::Destination* destination = snapshot.FindDestination(KriOf(service.meta));
  const std::string part = request.Query("name");
  for (const auto& [name, dataplane] : snapshot.AllDataplanes()) {
    if (destination != nullptr && Contains(name, part) && mesh::SelectsDataplane(*destination, *dataplane, false)) matching.push_back(dataplane->resource.get());
  }
  return WithNext(ListDocument(request, page, matching.size(), [&](size_t i) { return policy::MetaBody(matching[i]->meta); }), request, page);
}

// The older form, without pages and without policies in shadow mode.
Json LegacyPolicyPage(const Resource& policy, const mesh::Snapshot& snapshot, const ApiRequest&, const Page&) {
  Json items = Json::array();
  if (policy::IsShadow(policy.meta)) return {{"total", 0}, {"items", items}};
  for (const ResourcePtr& dataplane : policy::DataplanesOfPolicy(policy, snapshot)) {
    Json attachments = Json::array({{{"type", "dataplane"}}});
    items.push_back({{"kind", "SidecarDataplane"}, {"dataplane", {{"mesh", dataplane->meta.mesh()}, {"name", dataplane->meta.name()}}}, {"attachments", std::move(attachments)}});
  }
  return {{"total", items.size()}, {"items", items}};
}

void AddDataplanesOf(const RouteContext& context) {
  for (const TypeDescriptor* type : context.deps.types.All()) {
    if (type->path.empty() || type->scope != Scope::kMesh) continue;
    const std::string item = "/meshes/{mesh}/" + type->path + "/{name}/";
    if (type->is_policy && type->policy != nullptr) {
      context.router.Add({"GET", item + "_resources/dataplanes", DataplanesHandler(context.deps, *type, &PolicyPage)});
      context.router.Add({"GET", item + "dataplanes", DataplanesHandler(context.deps, *type, &LegacyPolicyPage, true)});
    } else if (type->name == "MeshService") {
      context.router.Add({"GET", item + "_resources/dataplanes", DataplanesHandler(context.deps, *type, &ServicePage)});
      context.router.Add({"GET", item + "_dataplanes", DataplanesHandler(context.deps, *type, &ServicePage)});
    }
  }
}

}  // namespace

void AddInspectRoutes(const RouteContext& context) {
  AddDataplaneBodies(context);
  AddDataplanesOf(context);
}

}  // namespace kuma::api
