#include "pkg/resources/zone_egress/type.h"

#include "pkg/resources/common_fields.h"
#include "pkg/resources/validate.h"

namespace kuma::resources {

TypeDescriptor MakeZoneEgressType() {
  TypeDescriptor type;
  type.name = "ZoneEgress";
  type.path = "zoneegresses";
  type.short_name = "ze";
  type.singular_display = "Zone Egress";
  type.plural_display = "Zone Egresses";
  type.kumactl_arg = "zoneegress";
  type.scope = Scope::kGlobal;
  type.inlined_spec = true;
  type.is_proxy = true;
  type.kds.zone_to_global = true;
  type.schema = ProtoSchema(
      {Field::String("zone", "Zone it belongs to."),
       Field::Object("networking",
                     {Field::String("address", "Address in the zone."), Field::Int("port", "Port.", FieldKind::kUint32),
                      Field::Object("admin", {Field::Int("port", "Port.", FieldKind::kUint32)}, "Envoy's admin listener.")},
                     "Addresses and ports.")});
  type.validate = [](const Resource& egress, const ValidationContext&, std::vector<Violation>& violations) {
    Checker checker(violations);
    const Path path("networking");
    const Json& networking = Get(egress.spec, "networking");
    const std::string address = GetString(networking, "address");
    const Json& admin = Get(networking, "admin");
    if (!admin.is_null() && GetInt(admin, "port") == GetInt(networking, "port") && address == "127.0.0.1") {
      checker.Add(path.Field("admin").Field("port"), "must differ from port");
    }
    if (!address.empty()) CheckAddress(checker, path.Field("address"), address);
    CheckProtoPort(checker, path.Field("port"), GetInt(networking, "port"));
  };
  type.proxy_type = [](const Json&) -> std::string { return "zoneegress"; };
  return type;
}

}  // namespace kuma::resources
