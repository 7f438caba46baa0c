// Reading and writing resources: the same rows for every type of the registry.
#include "pkg/api/error.h"
#include "pkg/api/k8s_format.h"
#include "pkg/api/overview.h"
#include "pkg/api/paging.h"
#include "pkg/api/resource_body.h"
#include "pkg/api/routes.h"
#include "pkg/model/document.h"

namespace kuma::api {
namespace {

constexpr const char* kGlobalReadOnly =
    "On global control plane you can not modify dataplane resources with 'kumactl apply' or via the HTTP API."
    " You can still use 'kumactl' or the HTTP API to modify them on the zone control plane.\n";
constexpr const char* kZoneReadOnly =
    "On zone control plane you can only modify zone resources with 'kumactl apply' or via the HTTP API."
    " You can still use 'kumactl' or the HTTP API to modify the rest of the resource on the global control plane.\n";

// Handlers of one type. Copied into its routes; what it refers to outlives them.
class TypeEndpoints {
 public:
  TypeEndpoints(const RouteContext& context, const TypeDescriptor& type)
      : deps_(context.deps), options_(context.options), router_(context.router), page_marks_(context.page_marks), type_(type), insight_(InsightTypeOf(type, context.deps.types)) {}

  void AddRoutes(const std::string& path) const {
    if (type_.scope == Scope::kGlobal) {
      AddItemRoutes("/" + path);
      AddListRoutes("/" + path);
    } else {
      AddItemRoutes("/meshes/{mesh}/" + path);
      AddListRoutes("/meshes/{mesh}/" + path);
      AddListRoutes("/" + path);
    }
  }

  void AddLegacyOverviews(const std::string& path) const {
    const std::string prefix = (type_.scope == Scope::kGlobal ? "/" : "/meshes/{mesh}/") + path;
    Add("GET", prefix + "/{name}", &TypeEndpoints::GetOverview);
    Add("GET", prefix, &TypeEndpoints::ListOverviews);
    if (type_.scope == Scope::kMesh) Add("GET", "/" + path, &TypeEndpoints::ListOverviews);
  }

 private:
  using Method = Answer (TypeEndpoints::*)(const ApiRequest&) const;

  void Add(const std::string& method, const std::string& pattern, Method handler) const {
    Route route{method, pattern, Sync([self = *this, handler](const ApiRequest& request) { return (self.*handler)(request); })};
    router_.Add(WithAccess(std::move(route), type_, options_));
  }

  void AddItemRoutes(const std::string& prefix) const {
    Add("GET", prefix + "/{name}", &TypeEndpoints::GetOne);
    if (insight_ != nullptr) Add("GET", prefix + "/{name}/_overview", &TypeEndpoints::GetOverview);
    const bool read_only = IsReadOnly(type_, options_);
    Add("PUT", prefix + "/{name}", read_only ? &TypeEndpoints::RefuseWrite : &TypeEndpoints::Put);
    Add("DELETE", prefix + "/{name}", read_only ? &TypeEndpoints::RefuseWrite : &TypeEndpoints::Delete);
  }

  void AddListRoutes(const std::string& prefix) const {
    Add("GET", prefix, &TypeEndpoints::ListAll);
    if (insight_ != nullptr) Add("GET", prefix + "/_overview", &TypeEndpoints::ListOverviews);
  }

  ResourceKey KeyOf(const ApiRequest& request) const {
    return {type_.name, type_.scope == Scope::kMesh ? request.Param("mesh") : std::string{}, request.Param("name")};
  }

  Answer GetOne(const ApiRequest& request) const {
    if (std::optional<Answer> missing = CheckMesh(deps_, request); missing.has_value()) return std::move(*missing);
    const Result<ResourcePtr> found = deps_.store.Get(KeyOf(request));
    if (!found.ok()) return Fail(found.error(), "Could not retrieve a resource");
    return FormattedResource(*found.value(), type_, request, request.Query("namespace"), deps_.types, options_, "Could not retrieve a resource");
  }

  Answer GetOverview(const ApiRequest& request) const {
    if (std::optional<Answer> missing = CheckMesh(deps_, request); missing.has_value()) return std::move(*missing);
    ResourceKey key = KeyOf(request);
    const Result<ResourcePtr> found = deps_.store.Get(key);
    if (!found.ok()) return Fail(found.error(), "Could not retrieve a resource");
    key.type = insight_->name;
    const Result<ResourcePtr> insight = deps_.store.Get(key);
    if (!insight.ok() && insight.error().code != ErrorCode::kNotFound) return Fail(insight.error(), "Could not retrieve insights");
    Json document = OverviewDocument(*found.value(), insight.value_or(nullptr), deps_.types);
    // A proxy that never connected has an empty insight here and none in lists, as clients know it.
    if (!insight.ok()) document[InsightField(type_)] = Json::object();
    return Answer::Document(std::move(document));
  }

  Answer ListAll(const ApiRequest& request) const { return List(request, false); }
  Answer ListOverviews(const ApiRequest& request) const { return List(request, true); }

  Answer List(const ApiRequest& request, bool with_insight) const {
    constexpr const char* kTitle = "Could not retrieve resources";
    PageResult page = ReadPage(request, kTitle);
    if (page.error.has_value()) return std::move(*page.error);
    Result<ResourceFilter> filter = ReadFilter(request, type_);
    if (!filter.ok()) return Fail(filter.error(), kTitle);
    if (std::optional<Answer> missing = CheckMesh(deps_, request); missing.has_value()) return std::move(*missing);
    store::ListOptions options;
    if (type_.scope == Scope::kMesh) options.mesh = request.Param("mesh");
    options.name_contains = request.Query("name");
    Result<std::vector<ResourcePtr>> listed = deps_.store.List(type_.name, options);
    if (!listed.ok()) return Fail(listed.error(), kTitle);
    std::vector<ResourcePtr> items = std::move(listed).value();
    if (filter.value()) std::erase_if(items, [&](const ResourcePtr& item) { return !filter.value()(*item); });
    return Answer::Document(ResourceListDocument(request, page.page, items, page_marks_, [&](size_t i) {
      const Resource& item = *items[i];
      if (!with_insight) return ToDocument(item, deps_.types);
      ResourceKey key = item.meta.key;
      key.type = insight_->name;
      return OverviewDocument(item, deps_.store.Get(key).value_or(nullptr), deps_.types);
    }));
  }

  Answer Put(const ApiRequest& request) const {
    constexpr const char* kTitle = "Could not process a resource";
    if (std::optional<Answer> missing = CheckMesh(deps_, request); missing.has_value()) return std::move(*missing);
    Result<IncomingResource> incoming = ReadResource(request, type_);
    if (!incoming.ok()) return Fail(incoming.error(), kTitle);
    store::PutResult result = deps_.admission.Put(KeyOf(request), std::move(incoming.value().resource));
    if (!result.ok()) return Fail(*result.error, result.title);
    std::vector<std::string> warnings = std::move(result.warnings);
    warnings.insert(warnings.end(), incoming.value().warnings.begin(), incoming.value().warnings.end());
    Json document = Json::object();
    if (!warnings.empty()) document["warnings"] = warnings;
    return Answer::Document(std::move(document), result.created ? 201 : 200);
  }

  Answer Delete(const ApiRequest& request) const {
    if (std::optional<Answer> missing = CheckMesh(deps_, request); missing.has_value()) return std::move(*missing);
    if (const Status deleted = deps_.admission.Delete(KeyOf(request)); !deleted.ok()) return Fail(deleted.error(), "Could not delete a resource");
    return Answer::Document(Json::object());
  }

  Answer RefuseWrite(const ApiRequest&) const { return MethodNotAllowed(options_.is_global ? kGlobalReadOnly : kZoneReadOnly); }

  const ApiDeps& deps_;
  const ApiOptions& options_;
  Router& router_;
  PageMarks& page_marks_;
  const TypeDescriptor& type_;
  const TypeDescriptor* insight_;
};

}  // namespace

bool IsReadOnly(const TypeDescriptor& type, const ApiOptions& options) {
  return options.read_only || type.read_only || (options.is_global && !type.kds.ProvidedByGlobal()) || (options.is_federated_zone && !type.kds.ProvidedByZone());
}

Route WithAccess(Route route, const TypeDescriptor& type, const ApiOptions& options) {
  if (type.admin_only) {
    route.access = &options.access.admin_resources;
    route.action = "the resource of type " + QuoteGo(type.name);
  }
  return route;
}

std::optional<Answer> CheckMesh(const ApiDeps& deps, const ApiRequest& request, const char* title) {
  const std::string& mesh = request.Param("mesh");
  if (mesh.empty()) return std::nullopt;
  const Result<ResourcePtr> found = deps.store.Get({"Mesh", "", mesh});
  if (found.ok()) return std::nullopt;
  return Fail(found.error(), title);
}

void AddResourceRoutes(const RouteContext& context) {
  for (const TypeDescriptor* type : context.deps.types.All()) {
    if (type->path.empty() || !type->stored) continue;
    const TypeEndpoints endpoints(context, *type);
    endpoints.AddRoutes(type->path);
    if (!type->alternative_path.empty()) endpoints.AddRoutes(type->alternative_path);
    if (InsightTypeOf(*type, context.deps.types) == nullptr) continue;
    if (const std::string path = LegacyOverviewPath(*type); !path.empty()) endpoints.AddLegacyOverviews(path);
  }
}

}  // namespace kuma::api
