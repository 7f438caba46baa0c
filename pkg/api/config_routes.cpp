// _config: the Envoy configuration of a proxy, as it is or as it would be with the policies that are in shadow mode.
#include "pkg/api/error.h"
#include "pkg/api/proxy_facts.h"
#include "pkg/api/xds_json.h"
#include "pkg/base/invertible_patch.h"
#include "pkg/base/strings.h"
#include "pkg/xds/preview.h"

namespace kuma::api {
namespace {

struct ConfigQuery {
  bool shadow = false;
  bool diff = false;
};

Result<ConfigQuery> ReadQuery(const ApiRequest& request) {
  ConfigQuery query;
  if (const std::string text = request.Query("shadow"); !text.empty()) {
    const std::optional<bool> parsed = ReadBool(text);
    if (!parsed.has_value()) return Invalid("unsupported value for query parameter 'shadow'");
    query.shadow = *parsed;
  }
  for (const std::string& part : Split(request.Query("include"), ',')) {
    if (part != "diff") return Invalid("unsupported value for query parameter 'include'");
    query.diff = true;
  }
  return query;
}

Answer ConfigAnswer(const xds::PreviewRequest& preview, bool diff) {
  const Result<Json> config = ViewDocument(*xds::Preview(preview));
  if (!config.ok()) return Fail(config.error(), "Failed to inspect proxy config");
  Json body = {{"xds", config.value()}};
  if (diff) {
    xds::PreviewRequest current = preview;
    current.include_shadow = false;
    const Result<Json> before = ViewDocument(*xds::Preview(current));
    if (!before.ok()) return Fail(before.error(), "Failed to compute diff");
    body["diff"] = InvertiblePatch(before.value(), config.value());
  }
  return Answer::Document(std::move(body));
}

void AnswerConfig(const ApiDeps& deps, const std::string& zone, const RequestPtr& request, const Reply& reply) {
  if (std::optional<Answer> missing = CheckMesh(deps, *request); missing.has_value()) return reply(std::move(*missing));
  const Result<ConfigQuery> query = ReadQuery(*request);
  if (!query.ok()) return reply(BadRequest(query.error().message));
  const Result<ResourcePtr> insight = deps.store.Get({"DataplaneInsight", request->Param("mesh"), request->Param("name")});
  if (!insight.ok()) return reply(Fail(insight.error(), "Failed to fetch dataplane insight"));
  WithDataplane(
      deps, request, reply,
      [&deps, zone, query, insight](const mesh::SnapshotPtr& snapshot, const mesh::DataplanePtr& dataplane, const ApiRequest& asked) {
        const xds::ProxyNode node = xds::AnnouncedNode(asked.Param("mesh"), asked.Param("name"), Get(insight.value()->spec, "metadata"));
        return ConfigAnswer({.node = node,
                             .dataplane = dataplane,
                             .snapshot = snapshot,
                             .types = deps.types,
                             .zone = zone,
                             .include_shadow = query->shadow},
                            query->diff);
      });
}

}  // namespace

void AddConfigRoutes(const RouteContext& context) {
  const ApiDeps& deps = context.deps;
  Handler config = [&deps, zone = context.options.zone](const RequestPtr& request, const Reply& reply) {
    AnswerConfig(deps, zone, request, reply);
  };
  if (context.options.is_global) config = Sync([](const ApiRequest&) { return MethodNotAllowed("Not allowed on global CP"); });
  context.router.Add({"GET", "/meshes/{mesh}/dataplanes/{name}/_config", std::move(config)});
}

}  // namespace kuma::api
