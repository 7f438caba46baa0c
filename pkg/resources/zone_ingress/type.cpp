#include "pkg/resources/zone_ingress/type.h"

#include "pkg/resources/common_fields.h"
#include "pkg/resources/validate.h"

namespace kuma::resources {
namespace {

void ValidateZoneIngress(const Resource& ingress, const ValidationContext&, std::vector<Violation>& violations) {
  Checker checker(violations);
  const Path path("networking");
  const Json& networking = Get(ingress.spec, "networking");
  const std::string address = GetString(networking, "address");
  const std::string advertised = GetString(networking, "advertisedAddress");
  const int64_t port = GetInt(networking, "port");
  const int64_t advertised_port = GetInt(networking, "advertisedPort");
  if (const Json& admin = Get(networking, "admin"); !admin.is_null()) {
    const int64_t admin_port = GetInt(admin, "port");
    if ((admin_port == port && address == "127.0.0.1") || (admin_port == advertised_port && advertised == "127.0.0.1")) {
      checker.Add(path.Field("admin").Field("port"), "must differ from port");
    }
  }
  if (advertised.empty() && advertised_port != 0) checker.Add(path.Field("advertisedAddress"), "has to be defined with advertisedPort");
  if (advertised_port == 0 && !advertised.empty()) checker.Add(path.Field("advertisedPort"), "has to be defined with advertisedAddress");
  if (!address.empty()) CheckAddress(checker, path.Field("address"), address);
  if (!advertised.empty()) CheckAddress(checker, path.Field("advertisedAddress"), advertised);
  CheckProtoPort(checker, path.Field("port"), port);
  if (advertised_port != 0) CheckProtoPort(checker, path.Field("advertisedPort"), advertised_port);
  const Json& services = Get(ingress.spec, "availableServices");
  for (size_t i = 0; i < services.size(); ++i) {
    CheckTags(checker, Path("availableService").Index(i).Field("tags"), Get(services[i], "tags"), {.require_service = true});
  }
}

}  // namespace

TypeDescriptor MakeZoneIngressType() {
  TypeDescriptor type;
  type.name = "ZoneIngress";
  type.path = "zoneingresses";
  type.alternative_path = "zone-ingresses";
  type.short_name = "zi";
  type.singular_display = "Zone Ingress";
  type.plural_display = "Zone Ingresses";
  type.kumactl_arg = "zoneingress";
  type.scope = Scope::kGlobal;
  type.inlined_spec = true;
  type.is_proxy = true;
  type.kds.zone_to_global = true;
  type.kds.relayed_to_other_zones = true;
  type.schema = ProtoSchema(
      {Field::String("zone", "Zone it belongs to."),
       Field::Object("networking",
                     {Field::String("address", "Address in the zone."), Field::String("advertisedAddress", "Address for other zones."),
                      Field::Int("port", "Port in the zone.", FieldKind::kUint32), Field::Int("advertisedPort", "Port for other zones.", FieldKind::kUint32),
                      Field::Object("admin", {Field::Int("port", "Port.", FieldKind::kUint32)}, "Envoy's admin listener.")},
                     "Addresses and ports."),
       Field::List("availableServices",
                   Field::Object("",
                                 {StringMap("tags", "Tags of the service."), Field::Int("instances", "How many.", FieldKind::kUint32),
                                  Field::String("mesh", "Mesh."), Field::Bool("externalService", "Whether it is an ExternalService.")},
                                 ""),
                   "What is reachable through it; written by the control plane.")});
  type.validate = ValidateZoneIngress;
  type.proxy_type = [](const Json&) -> std::string { return "zoneingress"; };
  return type;
}

}  // namespace kuma::resources
