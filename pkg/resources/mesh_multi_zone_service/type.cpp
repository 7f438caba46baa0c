#include "pkg/resources/mesh_multi_zone_service/type.h"

#include <algorithm>

#include "pkg/resources/common_fields.h"
#include "pkg/resources/destination.h"
#include "pkg/resources/validate.h"

namespace kuma::resources {

TypeDescriptor MakeMeshMultiZoneServiceType() {
  TypeDescriptor type = DestinationType("MeshMultiZoneService", "meshmultizoneservices", "mzsvc", "Mesh Multi Zone Service", "Mesh Multi Zone Services",
                                        "meshmultizoneservice");
  type.kds.global_to_zone = true;
  Field selector = LabelSelector("meshService", "Labels of the MeshServices.");
  selector.required = true;
  type.schema = Schema{{Field::Object("selector", {std::move(selector)}, "Which MeshServices are joined.").Required(),
                        Field::List("ports",
                                    Field::Object("",
                                                  {Field::String("name", "Name of the port."), Field::Int("port", "Port of the service.").Required(),
                                                   Field::String("appProtocol", "Protocol.").Default("tcp")},
                                                  ""),
                                    "Ports of the service.")
                            .Required()
                            .MinItems(1)}};
  type.status_schema = Schema{
      {Addresses(), Field::List("vips", Field::Object("", {Field::String("ip", "The address.")}, ""), "Virtual addresses."),
       Field::List("meshServices",
                   Field::Object("",
                                 {Field::String("name", "Name.").Required(), Field::String("namespace", "Namespace.").Required(),
                                  Field::String("zone", "Zone.").Required(), Field::String("mesh", "Mesh.").Required()},
                                 ""),
                   "What is joined."),
       HostnameGenerators(), Conditions("conditions")}};
  type.validate = [](const Resource& service, const ValidationContext&, std::vector<Violation>& violations) {
    Checker checker(violations);
    const Path path("spec");
    if (GetPath(service.spec, {"selector", "meshService", "matchLabels"}).empty()) {
      checker.Add(path.Field("selector").Field("meshService").Field("matchLabels"), "cannot be empty");
    }
    const Json& ports = Get(service.spec, "ports");
    for (size_t i = 0; i < ports.size(); ++i) {
      const Json& name = Get(ports[i], "name");
      if (name.is_string() && name.get_ref<const std::string&>().empty()) {
        checker.Add(path.Field("ports").Index(i).Field("name"), std::string(kMustNotBeEmpty));
      }
      const std::vector<std::string>& known = SupportedProtocols();
      if (std::find(known.begin(), known.end(), GetString(ports[i], "appProtocol")) == known.end()) {
        checker.Add(path.Field("ports").Index(i).Field("appProtocol"), MustBeOneOf("appProtocol", known));
      }
    }
  };
  return type;
}

}  // namespace kuma::resources
