// What applies to a proxy and why: bodies come from pkg/policy/inspect, facts from the mesh's snapshot.
#include <algorithm>
#include <utility>

#include "pkg/api/error.h"
#include "pkg/api/paging.h"
#include "pkg/api/routes.h"
#include "pkg/api/xds_json.h"
#include "pkg/base/strings.h"
#include "pkg/mesh/endpoints.h"
#include "pkg/policy/inspect/inspect.h"
#include "pkg/policy/rules/engine.h"

namespace kuma::api {
namespace {

constexpr const char* kDataplaneMissing = "Could not retrieve Dataplane";

void Compute(const ApiDeps& deps, const Reply& reply, std::function<Answer()> make) {
  // Snapshots come on the mesh loop, which has better things to do.
  auto work = std::make_shared<std::function<Answer()>>(std::move(make));
  if (deps.workers != nullptr && deps.workers->TrySubmit([work, reply] { reply((*work)()); })) return;
  reply((*work)());
}

using DataplaneBody = std::function<Answer(const mesh::Snapshot& snapshot, const mesh::Dataplane& dataplane, const ApiRequest& request)>;

void WithDataplane(const ApiDeps& deps, const RequestPtr& request, const Reply& reply, const DataplaneBody& body) {
  if (std::optional<Answer> missing = CheckMesh(deps, *request); missing.has_value()) return reply(std::move(*missing));
  const Result<ResourcePtr> found = deps.store.Get({"Dataplane", request->Param("mesh"), request->Param("name")});
  if (!found.ok()) return reply(Fail(found.error(), kDataplaneMissing));
  deps.snapshots.WithSnapshot(request->Param("mesh"), [&deps, request, reply, body](mesh::SnapshotPtr snapshot) {
    Compute(deps, reply, [request, body, snapshot] {
      const auto dataplane = snapshot == nullptr ? nullptr : snapshot->FindDataplane(request->Param("name"));
      if (dataplane == nullptr) return NotFoundAnswer(kDataplaneMissing);
      return body(*snapshot, **dataplane, *request);
    });
  });
}

Answer BodyOr(const Result<Json>& body) { return body.ok() ? Answer::Document(body.value()) : Fail(body.error(), "Failed building response"); }

// Bodies that need the proxy's rules.
using RulesBodyMaker = std::function<Result<Json>(const policy::InspectInput& input, const ApiRequest& request)>;

void AddRulesRoute(const RouteContext& context, const std::string& suffix, RulesBodyMaker make) {
  const ApiDeps& deps = context.deps;
  context.router.Add({"GET", "/meshes/{mesh}/dataplanes/{name}/" + suffix, [&deps, make = std::move(make)](const RequestPtr& request, const Reply& reply) {
                        WithDataplane(deps, request, reply, [&deps, make](const mesh::Snapshot& snapshot, const mesh::Dataplane& dataplane, const ApiRequest& asked) {
                          const policy::RuleSets rules = policy::BuildRuleSets(dataplane, snapshot, deps.types);
                          return BodyOr(make({snapshot, dataplane, rules, deps.types}, asked));
                        });
                      }});
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
  AddRulesRoute(context, "policies", [](const policy::InspectInput& input, const ApiRequest&) -> Result<Json> { return policy::LegacyPoliciesBody(input); });
  AddRulesRoute(context, "rules", [](const policy::InspectInput& input, const ApiRequest&) -> Result<Json> { return policy::LegacyRulesBody(input); });

  const ApiDeps& deps = context.deps;
  context.router.Add({"GET", "/meshes/{mesh}/dataplanes/{name}/_layout", [&deps](const RequestPtr& request, const Reply& reply) {
                        WithDataplane(deps, request, reply, [&deps](const mesh::Snapshot& snapshot, const mesh::Dataplane& dataplane, const ApiRequest&) {
                          const std::optional<std::string> spiffe_id = deps.spiffe_id ? deps.spiffe_id(snapshot, dataplane) : std::nullopt;
                          return BodyOr(policy::LayoutBody(snapshot, dataplane, deps.types, spiffe_id));
                        });
                      }});
}

// Proxies of a policy or MeshService.
using PageOfDataplanes = std::function<Json(const Resource& resource, const mesh::Snapshot& snapshot, const ApiRequest& request, const Page& page)>;

Handler DataplanesHandler(const ApiDeps& deps, const TypeDescriptor& type, PageOfDataplanes make) {
  return [&deps, &type, make = std::move(make)](const RequestPtr& request, const Reply& reply) {
    constexpr const char* kTitle = "Could not retrieve policy";
    if (std::optional<Answer> missing = CheckMesh(deps, *request); missing.has_value()) return reply(std::move(*missing));
    PageResult page = ReadPage(*request, kTitle);
    if (page.error.has_value()) return reply(std::move(*page.error));
    const Result<ResourcePtr> found = deps.store.Get({type.name, request->Param("mesh"), request->Param("name")});
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

// The older form, without pages.
Json LegacyPolicyPage(const Resource& policy, const mesh::Snapshot& snapshot, const ApiRequest&, const Page&) {
  Json items = Json::array();
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
      context.router.Add({"GET", item + "dataplanes", DataplanesHandler(context.deps, *type, &LegacyPolicyPage)});
    } else if (type->name == "MeshService") {
      context.router.Add({"GET", item + "_resources/dataplanes", DataplanesHandler(context.deps, *type, &ServicePage)});
      context.router.Add({"GET", item + "_dataplanes", DataplanesHandler(context.deps, *type, &ServicePage)});
    }
  }
}

// Go's strconv.ParseBool.
std::optional<bool> ReadBool(const std::string& text) {
  for (const char* yes : {"1", "t", "T", "TRUE", "true", "True"}) {
    if (text == yes) return true;
  }
  for (const char* no : {"0", "f", "F", "FALSE", "false", "False"}) {
    if (text == no) return false;
  }
  return std::nullopt;
}

void AnswerConfig(const ApiDeps& deps, const RequestPtr& request, const Reply& reply) {
  if (std::optional<Answer> missing = CheckMesh(deps, *request); missing.has_value()) return reply(std::move(*missing));
  bool shadow = false;
  if (const std::string text = request->Query("shadow"); !text.empty()) {
    const std::optional<bool> parsed = ReadBool(text);
    if (!parsed.has_value()) return reply(BadRequest("unsupported value for query parameter 'shadow'"));
    shadow = *parsed;
  }
  bool diff = false;
  for (const std::string& part : Split(request->Query("include"), ',')) {
    if (part != "diff") return reply(BadRequest("unsupported value for query parameter 'include'"));
    diff = true;
  }
  const std::string& mesh = request->Param("mesh");
  const std::string& name = request->Param("name");
  if (const Result<ResourcePtr> insight = deps.store.Get({"DataplaneInsight", mesh, name}); !insight.ok()) {
    return reply(Fail(insight.error(), "Failed to fetch dataplane insight"));
  }
  constexpr const char* kTitle = "Failed to inspect proxy config";
  deps.snapshots.WithView(mesh, name, shadow, [&deps, request, reply, shadow, diff](Result<xds::ViewPtr> view) {
    if (!view.ok()) return reply(Fail(view.error(), kTitle));
    const auto with_current = [reply, view, diff](const Result<xds::ViewPtr>& current) {
      if (!current.ok()) return reply(Fail(current.error(), "Failed to inspect current proxy config"));
      const Result<Json> config = ViewDocument(*view.value());
      if (!config.ok()) return reply(Fail(config.error(), kTitle));
      Json body = {{"xds", config.value()}};
      if (diff) {
        const Result<Json> before = ViewDocument(*current.value());
        if (!before.ok()) return reply(Fail(before.error(), "Failed to compute diff"));
        body["diff"] = Json::diff(before.value(), config.value());
      }
      reply(Answer::Document(std::move(body)));
    };
    if (diff && shadow) {
      deps.snapshots.WithView(request->Param("mesh"), request->Param("name"), false, with_current);
    } else {
      with_current(view);
    }
  });
}

}  // namespace

void AddInspectRoutes(const RouteContext& context) {
  const ApiDeps& deps = context.deps;
  AddDataplaneBodies(context);
  AddDataplanesOf(context);
  Handler config = [&deps](const RequestPtr& request, const Reply& reply) { AnswerConfig(deps, request, reply); };
  if (context.options.is_global) config = Sync([](const ApiRequest&) { return MethodNotAllowed("Not allowed on global CP"); });
  context.router.Add({"GET", "/meshes/{mesh}/dataplanes/{name}/_config", std::move(config)});
}

}  // namespace kuma::api
