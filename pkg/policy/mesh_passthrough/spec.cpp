#include "pkg/policy/mesh_passthrough/spec.h"

#include "pkg/policy/target_ref/descriptor.h"
#include "pkg/policy/target_ref/fields.h"

namespace kuma::policy {
namespace {

Fields ConfFields() {
  Fields match = {
      Field::Enum("type", {"Domain", "IP", "CIDR"}, "What the value is.").Required(),
      Field::String("value", "Domain, which may begin with *., address or range of addresses.").Required(),
      Uint("port", "Port of the destination; all when absent."),
      Field::Enum("protocol", {"tcp", "tls", "grpc", "http", "http2", "mysql"}, "Protocol of the traffic.").Default("tcp"),
  };
  return {
      Field::Enum("passthroughMode", {"All", "Matched", "None"}, "Which traffic to unknown destinations passes."),
      Field::List("appendMatch", Field::Object("", std::move(match), ""), "Destinations that traffic may go to; of Matched.").Append(),
  };
}

}  // namespace

TypeDescriptor MakeMeshPassthroughType() {
  PolicyTraits traits;
  traits.order = 500;
  traits.single_default = true;
  traits.top_kinds = {"Mesh", "Dataplane", "MeshSubset"};
  TypeDescriptor type =
      MakePolicyType({"MeshPassthrough", "meshpassthroughs", "meshpassthrough", "mp", "Mesh Passthrough", "Mesh Passthroughs"},
                     std::move(traits), {TopTargetRef(), Field::Object("default", ConfFields(), "What applies to the selected proxies.")});
  type.validate = [](const Resource& policy, const ValidationContext&, std::vector<Violation>& out) {
    ValidateMeshPassthrough(policy, out);
  };
  return type;
}

}  // namespace kuma::policy
