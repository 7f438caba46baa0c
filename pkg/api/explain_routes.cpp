// _explain: where every setting of a proxy comes from. ?policy=TYPE, ?outbound=SERVICE or KRI and ?inbound=PORT narrow it.
#include "pkg/api/error.h"
#include "pkg/api/proxy_facts.h"
#include "pkg/xds/explain_proxy.h"
#include "pkg/xds/preview.h"

namespace kuma::api {
namespace {

// What Envoy said; the other warnings of an insight are those of the configuration itself.
Json Rejections(const Json& insight) {
  Json out = Json::array();
  for (const Json& warning : Get(insight, "warnings")) {
    if (GetString(warning, "message").starts_with("Envoy rejected")) out.push_back(warning);
  }
  return out;
}

Answer ExplainAnswer(const ApiDeps& deps, const std::string& zone, const mesh::SnapshotPtr& snapshot, const mesh::DataplanePtr& dataplane,
                     const ApiRequest& request) {
  const std::string& mesh = request.Param("mesh");
  const std::string& name = request.Param("name");
  const ResourcePtr insight = deps.store.Get({"DataplaneInsight", mesh, name}).value_or(nullptr);
  const xds::ProxyNode node = xds::AnnouncedNode(mesh, name, insight == nullptr ? Json() : Get(insight->spec, "metadata"));
  const xds::PreviewRequest preview{.node = node, .dataplane = dataplane, .snapshot = snapshot, .types = deps.types, .zone = zone};
  Result<Json> body = xds::ExplainProxy(preview, {request.Query("policy"), request.Query("outbound"), request.Query("inbound")});
  if (!body.ok()) return BadRequest(body.error().message);
  Json& document = body.value();
  document["dataplane"]["connected"] = insight != nullptr && IsConnected(insight->spec);
  if (Json rejections = insight == nullptr ? Json::array() : Rejections(insight->spec); !rejections.empty())
    document["rejected"] = std::move(rejections);
  return Answer::Document(std::move(document));
}

}  // namespace

void AddExplainRoutes(const RouteContext& context) {
  Handler explain = [&deps = context.deps, zone = context.options.zone](const RequestPtr& request, const Reply& reply) {
    WithDataplane(deps, request, reply,
                  [&deps, zone](const mesh::SnapshotPtr& snapshot, const mesh::DataplanePtr& dataplane, const ApiRequest& asked) {
                    return ExplainAnswer(deps, zone, snapshot, dataplane, asked);
                  });
  };
  context.router.Add({"GET", "/meshes/{mesh}/dataplanes/{name}/_explain", std::move(explain)});
}

}  // namespace kuma::api
