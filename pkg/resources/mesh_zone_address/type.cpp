#include "pkg/resources/mesh_zone_address/type.h"

#include "pkg/resources/common_fields.h"

namespace kuma::resources {

TypeDescriptor MakeMeshZoneAddressType() {
  TypeDescriptor type;
  type.name = "MeshZoneAddress";
  type.path = "meshzoneaddresses";
  type.short_name = "mza";
  type.singular_display = "Mesh Zone Address";
  type.plural_display = "Mesh Zone Addresses";
  type.kumactl_arg = "meshzoneaddress";
  type.kds.zone_to_global = true;
  type.kds.relayed_to_other_zones = true;
  type.schema = Schema{{Field::String("address", "Public IP address or host name.").Required().MinLength(1),
                        Field::Int("port", "Public port.").Required().Min(1).Max(65535)}};
  return type;
}

}  // namespace kuma::resources
