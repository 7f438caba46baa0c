#include "pkg/resources/mesh_service/type.h"

#include "pkg/resources/common_fields.h"
#include "pkg/resources/destination.h"
#include "pkg/resources/validate.h"

namespace kuma::resources {

TypeDescriptor MakeMeshServiceType() {
  TypeDescriptor type = DestinationType("MeshService", "meshservices", "msvc", "Mesh Service", "Mesh Services", "meshservice");
  type.kds.zone_to_global = true;
  type.kds.relayed_to_other_zones = true;
  type.schema = Schema{
      {Field::Enum("state", {"Available", "Unavailable"}, "Whether a healthy endpoint exists; looked at by other zones.").Default("Unavailable"),
       Field::Object("selector",
                     {StringMap("dataplaneTags", "Tags of the selected inbounds."),
                      Field::Object("dataplaneRef", {Field::String("name", "Name of the Dataplane.")}, "One proxy."),
                      LabelSelector("dataplaneLabels", "Labels of the selected proxies.")},
                     "Which proxies make up the service."),
       Field::List("ports",
                   Field::Object("",
                                 {Field::String("name", "Name of the port."), Field::Int("port", "Port of the service.").Required(),
                                  Field::IntOrString("targetPort", "Inbound port or inbound name."),
                                  Field::String("appProtocol", "Protocol.").Default("tcp")},
                                 ""),
                   "Ports of the service.")
           .MapKeys({"port", "appProtocol"}),
       Field::List("identities",
                   Field::Object("",
                                 {Field::Enum("type", {"ServiceTag", "SpiffeID"}, "Kind of identity.").Required(), Field::String("value", "The identity.").Required()},
                                 ""),
                   "Identities of the endpoints; written by the control plane.")}};
  type.status_schema = Schema{{Addresses(), Field::List("vips", Field::Object("", {Field::String("ip", "The address.")}, ""), "Virtual addresses."),
                               Field::Object("tls", {Field::Enum("status", {"Ready", "NotReady"}, "Whether all endpoints have certificates.")}, "mTLS."),
                               HostnameGenerators(), DataplaneProxies()}};
  type.normalize = [](Json& spec) {
    if (!spec.contains("selector")) spec["selector"] = Json::object();
  };
  type.validate = [](const Resource& service, const ValidationContext&, std::vector<Violation>& violations) {
    Checker checker(violations);
    if (Get(service.spec, "selector").size() > 1) {
      checker.Add(Path("spec.selector"), "must specify only one of: dataplaneTags, dataplaneRef, or dataplaneLabels");
    }
  };
  type.admit = [](const Resource& service, const WriteContext&, std::vector<Violation>& violations) {
    Checker checker(violations);
    CheckLength(checker, Path("name"), 63, DisplayName(service.meta));
  };
  return type;
}

}  // namespace kuma::resources
