#include "pkg/policy/mesh_tls/spec.h"

#include "pkg/policy/target_ref/checks.h"
#include "pkg/policy/target_ref/descriptor.h"
#include "pkg/policy/target_ref/fields.h"
#include "pkg/resources/common_fields.h"

namespace kuma::policy {
namespace {

Fields ConfFields() {
  return {
      resources::TlsVersions("tlsVersion"),
      Field::List("tlsCiphers",
                  Field::Enum("",
                              {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305",
                               "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-CHACHA20-POLY1305"},
                              ""),
                  "Ciphers that are allowed."),
      Field::Enum("mode", {"Permissive", "Strict"}, "Strict only takes mutual TLS; Permissive takes plain text as well."),
  };
}

}  // namespace

TypeDescriptor MakeMeshTLSType() {
  PolicyTraits traits;
  traits.order = 300;
  traits.has_from = true;
  traits.has_rules = true;
  traits.from_as_rules = true;
  traits.top_kinds = {"Mesh", "Dataplane", "MeshSubset"};
  traits.from_kinds = {"Mesh"};
  TypeDescriptor type = MakePolicyType({"MeshTLS", "meshtlses", "meshtls", "mtls", "Mesh TLS", "Mesh TLSes"}, std::move(traits),
                                       {TopTargetRef(), FromList(ConfFields()), RuleList(ConfFields(), false)});
  type.validate = [](const Resource& policy, const ValidationContext&, std::vector<Violation>& out) { ValidateMeshTLS(policy, out); };
  type.warnings = [](const Resource& policy) { return FromAndTopWarnings(policy.spec); };
  return type;
}

}  // namespace kuma::policy
