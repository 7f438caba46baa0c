#include "pkg/resources/zone/type.h"

#include "pkg/resources/common_fields.h"
#include "pkg/resources/validate.h"

namespace kuma::resources {

TypeDescriptor MakeZoneType() {
  TypeDescriptor type;
  type.name = "Zone";
  type.path = "zones";
  type.short_name = "z";
  type.singular_display = "Zone";
  type.plural_display = "Zones";
  type.kumactl_arg = "zone";
  type.scope = Scope::kGlobal;
  type.inlined_spec = true;
  type.kds.writable_on_global = true;
  type.kds.writable_on_zone = true;
  type.schema = ProtoSchema({Field::Bool("enabled", "Whether the zone may connect and take part; absent: yes.").KeepZero()});
  type.warnings = [](const Resource& zone) {
    std::vector<std::string> remarks;
    if (std::string remark = Rfc1035Remark("Zone", DisplayName(zone.meta)); !remark.empty()) remarks.push_back(std::move(remark));
    return remarks;
  };
  type.admit_delete = [](const Resource& zone, const WriteContext& context, std::vector<Violation>& violations) {
    if (!context.find) return;
    const ResourcePtr insight = context.find({"ZoneInsight", "", zone.meta.name()});
    if (insight == nullptr) return;
    const Json& subscriptions = Get(insight->spec, "subscriptions");
    if (!subscriptions.empty() && Get(subscriptions.back(), "disconnectTime").is_null()) {
      violations.push_back({"zone", "unable to delete Zone, Zone CP is still connected, please shut it down first"});
    }
  };
  return type;
}

}  // namespace kuma::resources
