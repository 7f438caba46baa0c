// The description of this API, made when it is first asked for: it is large and few ask.
#include <mutex>

#include "pkg/api/openapi.h"
#include "pkg/api/routes.h"

namespace kuma::api {

void AddOpenApiRoutes(const RouteContext& context) {
  struct Texts {
    std::once_flag once;
    std::string yaml;
    std::string json;
  };
  auto texts = std::make_shared<Texts>();
  const auto make = [texts, &router = context.router, &types = context.deps.types, base = context.options.base_path]() -> const Texts& {
    std::call_once(texts->once, [&] {
      const Json document = OpenApiDocument(router, types, base);
      texts->yaml = ToYaml(document);
      texts->json = ToJsonText(document);
    });
    return *texts;
  };
  Route yaml{"GET", "/openapi.yaml", Sync([make](const ApiRequest&) { return Answer::Text(make().yaml, "application/yaml"); })};
  Route json{"GET", "/openapi.json", Sync([make](const ApiRequest&) { return Answer::Text(make().json, "application/json"); })};
  for (Route* route : {&yaml, &json}) {
    route->any_media = true;
    context.router.Add(std::move(*route));
  }
}

}  // namespace kuma::api
