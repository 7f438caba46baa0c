#include "pkg/api/overview.h"

#include "pkg/model/document.h"

namespace kuma::api {
namespace {

std::string LowerFirst(std::string text) {
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

}  // namespace

const TypeDescriptor* InsightTypeOf(const TypeDescriptor& type, const TypeRegistry& types) {
  if (!type.is_proxy && type.name != "Zone") return nullptr;
  return types.Find(type.name + "Insight");
}

Json OverviewDocument(const Resource& resource, const ResourcePtr& insight, const TypeRegistry& types) {
  Json document = MetaDocument(resource.meta, types);
  const std::string field = LowerFirst(resource.meta.type());
  document["type"] = resource.meta.type() + "Overview";
  document[field] = resource.spec;
  if (insight == nullptr) return document;
  Json& status = document[InsightField(*types.Find(resource.meta.type()))] = insight->spec;
  // Clients with strict decoders read overviews; what the reference's insight does not have is told by the insight itself.
  status.erase("warnings");
  return document;
}

std::string InsightField(const TypeDescriptor& type) { return LowerFirst(type.name) + "Insight"; }

std::string LegacyOverviewPath(const TypeDescriptor& type) {
  if (type.name == "Dataplane") return "dataplanes+insights";
  if (type.name == "Zone") return "zones+insights";
  if (type.name == "ZoneIngress") return "zoneingresses+insights";
  if (type.name == "ZoneEgress") return "zoneegressoverviews";
  return {};
}

}  // namespace kuma::api
