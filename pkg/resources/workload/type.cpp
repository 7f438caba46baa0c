#include "pkg/resources/workload/type.h"

#include "pkg/resources/common_fields.h"
#include "pkg/resources/validate.h"

namespace kuma::resources {

TypeDescriptor MakeWorkloadType() {
  TypeDescriptor type;
  type.name = "Workload";
  type.path = "workloads";
  type.short_name = "wl";
  type.singular_display = "Workload";
  type.plural_display = "Workloads";
  type.kumactl_arg = "workload";
  type.has_status = true;
  type.kds.zone_to_global = true;
  type.status_schema = Schema{{DataplaneProxies()}};
  type.validate = [](const Resource& workload, const ValidationContext&, std::vector<Violation>& violations) {
    Checker checker(violations);
    CheckLength(checker, Path("name"), 253, DisplayName(workload.meta));
  };
  return type;
}

}  // namespace kuma::resources
