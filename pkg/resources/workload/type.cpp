#include "pkg/resources/workload/type.h"

#include "pkg/resources/common_fields.h"

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
  type.status_schema = Schema{{DataplaneProxies(true)}};
  return type;
}

}  // namespace kuma::resources
