#include "pkg/api/openapi.h"

#include <algorithm>
#include <map>
#include <set>

#include "pkg/api/overview.h"
#include "pkg/base/strings.h"
#include "pkg/base/version.h"
#include "pkg/model/json_schema.h"

namespace kuma::api {
namespace {

constexpr const char* kJson = "application/json";

Json Ref(const std::string& kind, const std::string& name) { return {{"$ref", "#/components/" + kind + "/" + name}}; }

Json Query(const char* name, const char* doc, Json schema) { return {{"name", name}, {"in", "query"}, {"required", false}, {"description", doc}, {"schema", std::move(schema)}}; }
Json Text() { return {{"type", "string"}}; }
Json Bool() { return {{"type", "boolean"}}; }
Json OneOf(std::vector<std::string> values) { return {{"type", "string"}, {"enum", std::move(values)}}; }

Json Page() {
  return Json::array({Query("size", "Items of a page.", {{"type", "integer"}, {"minimum", 1}, {"maximum", 1000}, {"default", 100}}), Query("offset", "Where the page begins; taken from `next`.", Text())});
}

Json ListParameters(const TypeDescriptor& type) {
  Json parameters = Page();
  parameters.push_back(Query("name", "Only names that contain it.", Text()));
  Json filter = Query("filter", "filter[labels.KEY]=VALUE: only resources with that label.", {{"type", "object"}, {"additionalProperties", Text()}});
  filter["style"] = "deepObject";
  filter["explode"] = true;
  parameters.push_back(std::move(filter));
  if (type.name == "Dataplane") {
    parameters.push_back(Query("gateway", "Only gateways of a kind, or none.", OneOf({"true", "false", "builtin", "delegated"})));
    parameters.push_back(Query("tag", "key:value; only proxies with these tags.", {{"type", "array"}, {"items", Text()}}));
  }
  return parameters;
}

// What is not about one type in the same way for all. Patterns are those of the router.
struct OperationRow {
  const char* method;
  const char* pattern;  // "*/x": every pattern that ends so
  const char* tag;
  const char* summary;
};
constexpr OperationRow kOperations[] = {
    {"GET", "/", "System", "About this control plane"},
    {"GET", "/config", "System", "Configuration in use, without secrets"},
    {"GET", "/who-am-i", "System", "The user that sends the request"},
    {"GET", "/policies", "System", "Policies that exist"},
    {"GET", "/_resources", "System", "Types of resources that exist"},
    {"GET", "/openapi.yaml", "System", "This document"},
    {"GET", "/openapi.json", "System", "This document as JSON"},
    {"GET", "/_kri/{kri}", "KRI", "A resource by its identifier"},
    {"POST", "/tokens/dataplane", "Tokens", "Issue a token of a data plane proxy"},
    {"POST", "/tokens/zone", "Tokens", "Issue a token of a zone"},
    {"POST", "/tokens/user", "Tokens", "Issue a token of a user"},
    {"GET", "/global-insight", "Insights", "Counters of everything"},
    {"GET", "/global-insights", "Insights", "Numbers of global resources"},
    {"GET", "*/service-insights", "Insights", "Services with their counters"},
    {"GET", "/service-insights", "Insights", "Services of all meshes with their counters"},
    {"GET", "*/service-insights/{service}", "Insights", "One service with its counters"},
    {"GET", "/mesh-insights", "Insights", "Meshes with their counters"},
    {"GET", "/mesh-insights/{name}", "Insights", "One mesh with its counters"},
    {"GET", "*/_rules", "Inspect", "Rules that reach the proxy"},
    {"GET", "*/_config", "Inspect", "Envoy configuration of the proxy"},
    {"GET", "*/_layout", "Inspect", "Inbounds and outbounds of the proxy"},
    {"GET", "*/{name}/_policies", "Inspect", "Policies of the whole proxy"},
    {"GET", "*/_inbounds/{inbound}/_policies", "Inspect", "Policies of an inbound"},
    {"GET", "*/_outbounds/{outbound}/_policies", "Inspect", "Policies of an outbound"},
    {"GET", "*/_outbounds/{outbound}/_routes", "Inspect", "Routes of an outbound"},
    {"GET", "*/_routes/{route}/_policies", "Inspect", "Policies of a route"},
    {"GET", "*/dataplanes/{name}/policies", "Inspect", "Policies of the proxy, older form"},
    {"GET", "*/dataplanes/{name}/rules", "Inspect", "Rules of the proxy, older form"},
    {"GET", "*/_resources/dataplanes", "Inspect", "Proxies that the resource selects"},
    {"GET", "*/_dataplanes", "Inspect", "Proxies of the service"},
    {"GET", "*/{name}/dataplanes", "Inspect", "Proxies that the policy selects, older form"},
    {"GET", "*/_hostnames", "Inspect", "Hostnames of the service"},
    {"GET", "*/xds", "Envoy", "Configuration dump of the proxy's Envoy"},
    {"GET", "*/stats", "Envoy", "Statistics of the proxy's Envoy"},
    {"GET", "*/clusters", "Envoy", "Clusters of the proxy's Envoy"},
    {"GET", "*/{name}/{what}", "Envoy", "Whatever else is asked about the proxy's Envoy: there is none"},
    {"GET", "*/_explain", "Inspect", "Where the settings of the proxy come from"},
    {"POST", "/_dry-run", "Inspect", "What changes of resources would do"},
};

Json ParametersOf(const std::string& pattern) {
  Json parameters = Json::array();
  for (const std::string& segment : Split(pattern, '/')) {
    if (segment.size() <= 2 || segment.front() != '{') continue;
    parameters.push_back({{"name", segment.substr(1, segment.size() - 2)}, {"in", "path"}, {"required", true}, {"schema", Text()}});
  }
  return parameters;
}

Json MoreParametersOf(const std::string& pattern) {
  if (pattern.ends_with("/xds")) return Json::array({Query("include_eds", "With endpoints.", Bool())});
  if (pattern.ends_with("/stats")) return Json::array({Query("format", "Form of the answer.", OneOf({"text", "json"})), Query("usedonly", "Only what changed since Envoy started.", Bool())});
  if (pattern.ends_with("/clusters")) return Json::array({Query("format", "Form of the answer.", OneOf({"text", "json"}))});
  if (pattern.ends_with("/_config")) return Json::array({Query("shadow", "With policies in shadow mode.", Bool()), Query("include", "diff: with a JSON patch.", OneOf({"diff"}))});
  if (pattern.ends_with("/service-insights")) {
    Json parameters = Page();
    parameters.push_back(Query("name", "Only names that contain it.", Text()));
    parameters.push_back(Query("type", "internal, external or gateway_delegated; several with commas.", Text()));
    return parameters;
  }
  if (pattern.ends_with("dataplanes") || pattern == "/mesh-insights") {
    Json parameters = Page();
    parameters.push_back(Query("name", "Only names that contain it.", Text()));
    return parameters;
  }
  return Json::array();
}

Json Content(Json schema, const char* media = kJson) { return {{media, {{"schema", std::move(schema)}}}}; }
Json Answered(const char* doc, Json schema, const char* media = kJson) { return {{"description", doc}, {"content", Content(std::move(schema), media)}}; }
Json Object() { return {{"type", "object"}}; }

std::string OperationId(const Route& route) {
  std::string id = ToLower(route.method);
  for (const std::string& segment : Split(route.pattern, '/')) {
    std::string word;
    for (const char c : segment) word += c == '{' || c == '}' ? '_' : (c == '+' || c == '.') ? '-' : c;
    if (!word.empty()) id += "-" + word;
  }
  return id;
}

const OperationRow* FindRow(const Route& route) {
  const auto* row = std::find_if(std::begin(kOperations), std::end(kOperations), [&](const OperationRow& candidate) {
    const std::string_view pattern = candidate.pattern;
    if (route.method != candidate.method) return false;
    return pattern.starts_with('*') ? route.pattern.ends_with(pattern.substr(1)) : route.pattern == pattern;
  });
  return row == std::end(kOperations) ? nullptr : row;
}

bool IsEnvoyText(const std::string& pattern) { return pattern.ends_with("/stats") || pattern.ends_with("/clusters"); }

Json SuccessOf(const Route& route) {
  if (route.pattern.starts_with("/tokens/")) return Answered("A token.", Text(), "text/plain");
  if (route.pattern == "/openapi.yaml") return Answered("This document.", Text(), "application/yaml");
  Json answer = Answered("The answer.", Object());
  if (IsEnvoyText(route.pattern)) answer["content"]["text/plain"] = {{"schema", Text()}};
  return answer;
}

Json BaseOperation(const Route& route, const std::string& tag, const std::string& summary) {
  Json operation = {{"operationId", OperationId(route)}, {"summary", summary}, {"tags", {tag}}};
  if (Json parameters = ParametersOf(route.pattern); !parameters.empty()) operation["parameters"] = std::move(parameters);
  operation["responses"] = {{"400", Ref("responses", "Error")}, {"401", Ref("responses", "Error")}, {"403", Ref("responses", "Error")},
                            {"404", Ref("responses", "Error")}, {"500", Ref("responses", "Error")}, {"503", Ref("responses", "Error")}};
  return operation;
}

void AddParameters(Json& operation, const Json& parameters) {
  for (const Json& parameter : parameters) operation["parameters"].push_back(parameter);
}

// The routes of one type, by what they do.
class TypeOperations {
 public:
  explicit TypeOperations(const TypeRegistry& types) : types_(types) {
    for (const TypeDescriptor* type : types.All()) {
      if (type->path.empty() || !type->stored) continue;
      for (const std::string& path : {type->path, type->alternative_path}) {
        if (path.empty()) continue;
        const std::string prefix = (type->scope == Scope::kGlobal ? "/" : "/meshes/{mesh}/") + path;
        items_.emplace(prefix + "/{name}", type);
        lists_.emplace(prefix, type);
        lists_.emplace("/" + path, type);
        overviews_.emplace(prefix + "/{name}/_overview", type);
        overview_lists_.emplace(prefix + "/_overview", type);
        overview_lists_.emplace("/" + path + "/_overview", type);
      }
      if (const std::string legacy = LegacyOverviewPath(*type); !legacy.empty()) {
        const std::string prefix = (type->scope == Scope::kGlobal ? "/" : "/meshes/{mesh}/") + legacy;
        overviews_.emplace(prefix + "/{name}", type);
        overview_lists_.emplace(prefix, type);
        overview_lists_.emplace("/" + legacy, type);
      }
    }
  }

  // Null: the route is not about one type.
  Json Make(const Route& route) const {
    if (const auto item = items_.find(route.pattern); item != items_.end()) return Item(route, *item->second);
    if (const auto list = lists_.find(route.pattern); list != lists_.end() && route.method == "GET") return List(route, *list->second, false);
    if (const auto one = overviews_.find(route.pattern); one != overviews_.end()) {
      Json operation = BaseOperation(route, one->second->name, "A " + one->second->name + " with its insight");
      operation["responses"]["200"] = Answered("The overview.", Ref("schemas", one->second->name + "OverviewItem"));
      return operation;
    }
    if (const auto list = overview_lists_.find(route.pattern); list != overview_lists_.end()) return List(route, *list->second, true);
    return nullptr;
  }

 private:
  static Json Item(const Route& route, const TypeDescriptor& type) {
    const std::string verb = route.method == "GET" ? "Get" : route.method == "PUT" ? "Create or update" : "Delete";
    Json operation = BaseOperation(route, type.name, verb + " a " + type.name);
    Json responses = Get(operation, "responses");
    if (route.method == "GET") {
      AddParameters(operation, Json::array({Query("format", "Form of the answer.", OneOf({"universal", "k8s", "kubernetes"})), Query("namespace", "Of the Kubernetes form.", Text())}));
      responses["200"] = Answered("The resource.", Ref("schemas", type.name + "Item"));
    } else if (route.method == "PUT") {
      AddParameters(operation, Json::array({Query("fieldValidation", "What happens with unknown fields.", OneOf({"Ignore", "Warn", "Strict"}))}));
      operation["requestBody"] = {{"required", true}, {"content", Content(Ref("schemas", type.name + "Item"))}};
      responses["200"] = Answered("Updated.", Ref("schemas", "Written"));
      responses["201"] = Answered("Created.", Ref("schemas", "Written"));
      responses["405"] = Ref("responses", "Error");
      responses["409"] = Ref("responses", "Error");
    } else {
      responses["200"] = Answered("Deleted.", Object());
      responses["405"] = Ref("responses", "Error");
    }
    operation["responses"] = std::move(responses);
    return operation;
  }

  static Json List(const Route& route, const TypeDescriptor& type, bool overviews) {
    Json operation = BaseOperation(route, type.name, "List " + type.plural_display + (overviews ? " with their insights" : ""));
    AddParameters(operation, ListParameters(type));
    const Json items = {{"type", "array"}, {"items", Ref("schemas", type.name + (overviews ? "OverviewItem" : "Item"))}};
    const Json page = {{"allOf", Json::array({Ref("schemas", "Page"), {{"type", "object"}, {"properties", {{"items", items}}}}})}};
    operation["responses"]["200"] = Answered("A page.", page);
    return operation;
  }

  using ByPattern = std::map<std::string, const TypeDescriptor*>;
  const TypeRegistry& types_;
  ByPattern items_, lists_, overviews_, overview_lists_;
};

Json OtherOperation(const Route& route) {
  const OperationRow* row = FindRow(route);
  Json operation = row == nullptr ? BaseOperation(route, "Other", route.method + " " + route.pattern) : BaseOperation(route, row->tag, row->summary);
  AddParameters(operation, MoreParametersOf(route.pattern));
  if (route.method == "POST" || route.method == "PUT") operation["requestBody"] = {{"required", true}, {"content", Content(Object())}};
  operation["responses"]["200"] = SuccessOf(route);
  if (route.skip_authentication) operation["security"] = Json::array();
  return operation;
}

Json ErrorSchema() {
  const auto pairs = [](const char* text) { return Json{{"type", "array"}, {"items", {{"type", "object"}, {"properties", {{"field", Text()}, {text, Text()}}}}}}; };
  return {{"type", "object"},
          {"properties",
           {{"type", Text()}, {"status", {{"type", "integer"}}}, {"title", Text()}, {"detail", Text()}, {"details", Text()}, {"invalid_parameters", pairs("reason")}, {"causes", pairs("message")}}},
          {"required", {"type", "status", "title", "detail"}}};
}

Json Components(const TypeRegistry& types) {
  Json schemas = {{"Error", ErrorSchema()},
                  {"Written", {{"type", "object"}, {"properties", {{"warnings", {{"type", "array"}, {"items", Text()}, {"description", "Remarks about deprecated fields."}}}}}}},
                  {"Page",
                   {{"type", "object"},
                    {"properties", {{"total", {{"type", "integer"}}}, {"next", {{"type", {"string", "null"}}, {"description", "URL of the next page."}}}}},
                    {"required", {"total", "items", "next"}}}}};
  for (const TypeDescriptor* type : types.All()) {
    if (!type->stored) continue;
    schemas[type->name + "Item"] = DocumentSchemaOf(*type);
    const TypeDescriptor* insight = InsightTypeOf(*type, types);
    if (insight == nullptr) continue;
    Json overview = DocumentSchemaOf(*type);
    Json meta = Json::object();
    for (const char* name : {"name", "mesh", "labels", "creationTime", "modificationTime", "kri"}) {
      if (overview["properties"].contains(name)) meta[name] = overview["properties"][name];
    }
    meta["type"] = {{"type", "string"}, {"enum", {type->name + "Overview"}}};
    const std::string field = InsightField(*type);
    meta[field.substr(0, field.size() - std::string_view("Insight").size())] = JsonSchemaOf(type->schema.fields, SchemaDialect::kOpenApi);
    meta[field] = JsonSchemaOf(insight->schema.fields, SchemaDialect::kOpenApi);
    schemas[type->name + "OverviewItem"] = {{"type", "object"}, {"properties", std::move(meta)}, {"required", {"type", "name"}}};
  }
  return {{"schemas", std::move(schemas)},
          {"responses", {{"Error", Answered("What went wrong.", Ref("schemas", "Error"))}}},
          {"securitySchemes", {{"BearerAuth", {{"type", "http"}, {"scheme", "bearer"}}}}}};
}

}  // namespace

Json OpenApiDocument(const Router& router, const TypeRegistry& types, const std::string& base_path) {
  const TypeOperations of_types(types);
  Json paths = Json::object();
  for (const std::unique_ptr<Route>& route : router.routes()) {
    Json operation = FindRow(*route) == nullptr ? of_types.Make(*route) : Json();
    if (operation.is_null()) operation = OtherOperation(*route);
    paths[route->pattern][ToLower(route->method)] = std::move(operation);
  }
  const BuildInfo& build = GetBuildInfo();
  Json document = {{"openapi", "3.1.0"},
                   {"info", {{"title", build.product + " API"}, {"description", "REST API of the control plane."}, {"version", build.version}}},
                   {"security", Json::array({{{"BearerAuth", Json::array()}}, Json::object()})},
                   {"paths", std::move(paths)},
                   {"components", Components(types)}};
  if (!base_path.empty()) document["servers"] = Json::array({{{"url", base_path}}});
  return document;
}

}  // namespace kuma::api
