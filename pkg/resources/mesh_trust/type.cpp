#include "pkg/resources/mesh_trust/type.h"

#include "pkg/base/strings.h"
#include "pkg/resources/common_fields.h"
#include "pkg/resources/validate.h"

namespace kuma::resources {
namespace {

// A PEM block that is no private key. It begins at the start of a line.
bool IsPemCertificate(const std::string& text) {
  const std::string begin = "-----BEGIN ";
  size_t start = text.find(begin);
  while (start != std::string::npos && start != 0 && text[start - 1] != '\n') start = text.find(begin, start + 1);
  if (start == std::string::npos) return false;
  const size_t label = start + begin.size();
  const size_t end = text.find("-----", label);
  if (end == std::string::npos) return false;
  const std::string type = text.substr(label, end - label);
  return !type.ends_with("PRIVATE KEY") && text.find("-----END " + type + "-----", end) != std::string::npos;
}

Field Origin() { return Field::Object("origin", {Field::String("kri", "Identifier of the MeshIdentity.")}, "Where it comes from."); }

void ValidateTrust(const Resource& trust, const ValidationContext&, std::vector<Violation>& violations) {
  Checker checker(violations);
  const Path path = Path("spec").Field("caBundles");
  const Json& bundles = Get(trust.spec, "caBundles");
  for (size_t i = 0; i < bundles.size(); ++i) {
    const Json& pem = Get(bundles[i], "pem");
    if (pem.is_null()) {
      checker.Add(path.Index(i).Field("pem"), std::string(kMustBeDefined));
    } else if (!IsPemCertificate(GetString(pem, "value"))) {
      checker.Add(path.Index(i).Field("pem").Field("value"), "provided certificate has incorrect format");
    }
  }
  const std::string domain = GetString(trust.spec, "trustDomain");
  if (domain.empty()) checker.Add(Path("spec.trustDomain"), "trustDomain needs to be defined");
  CheckLength(checker, Path("spec.trustDomain"), 253, domain);
}

}  // namespace

TypeDescriptor MakeMeshTrustType() {
  TypeDescriptor type;
  type.name = "MeshTrust";
  type.path = "meshtrusts";
  type.short_name = "mtrust";
  type.singular_display = "Mesh Trust";
  type.plural_display = "Mesh Trusts";
  type.kumactl_arg = "meshtrust";
  type.has_status = true;
  type.system_namespace_only = true;
  type.kds.global_to_zone = true;
  type.kds.zone_to_global = true;
  type.schema = Schema{{Origin(), Field::String("trustDomain", "The trust domain.").Required().MaxLength(253),
                        Field::List("caBundles",
                                    Field::Object("",
                                                  {Field::Enum("type", {"Pem"}, "Format.").Required(),
                                                   Field::Object("pem", {Field::String("value", "Certificates in PEM.").Required()}, "PEM text.")},
                                                  ""),
                                    "CAs of the trust domain.")
                            .Required()
                            .MinItems(1)}};
  type.status_schema = Schema{{Origin()}};
  type.validate = ValidateTrust;
  type.warnings = [](const Resource& trust) {
    return trust.spec.contains("origin") ? std::vector<std::string>{"setting spec.origin field is deprecated"} : std::vector<std::string>{};
  };
  return type;
}

}  // namespace kuma::resources
