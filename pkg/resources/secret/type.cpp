#include "pkg/resources/secret/type.h"

#include "pkg/resources/common_fields.h"

namespace kuma::resources {
namespace {

TypeDescriptor Base(std::string name, std::string path, std::string singular, std::string plural, Scope scope) {
  TypeDescriptor type;
  type.name = std::move(name);
  type.path = std::move(path);
  type.singular_display = std::move(singular);
  type.plural_display = std::move(plural);
  type.scope = scope;
  type.inlined_spec = true;
  type.kds.global_to_zone = true;
  type.kds.writable_on_zone = true;
  return type;
}

Schema DataSchema() { return ProtoSchema({Field::Bytes("data", "The data in base64.").KeepZero()}); }

// A CA of the mesh must not lose its certificate or key.
void AdmitSecretDelete(const Resource& secret, const WriteContext& context, std::vector<Violation>& violations) {
  if (context.mesh == nullptr) return;
  const std::string& name = secret.meta.name();
  for (const Json& backend : GetPath(context.mesh->spec, {"mtls", "backends"})) {
    const std::string backend_name = GetString(backend, "name");
    bool used = false;
    if (GetString(backend, "type") == "builtin") {
      const std::string prefix = context.mesh->meta.name() + ".ca-builtin-";
      used = name == prefix + "cert-" + backend_name || name == prefix + "key-" + backend_name;
    } else {
      for (const char* part : {"cert", "key"}) used = used || GetString(GetPath(backend, {"conf", part}), "secret") == name;
    }
    if (used) {
      violations.push_back({"name", "The secret \"" + name + "\" that you are trying to remove is currently in use in Mesh \"" + context.mesh->meta.name() +
                                        "\" in mTLS backend \"" + backend_name + "\". Please remove the reference from the \"" + backend_name +
                                        "\" backend before removing the secret."});
    }
  }
}

}  // namespace

TypeDescriptor MakeSecretType() {
  TypeDescriptor type = Base("Secret", "secrets", "Secret", "Secrets", Scope::kMesh);
  type.kumactl_arg = "secret";
  type.admin_only = true;
  type.schema = DataSchema();
  type.admit_delete = AdmitSecretDelete;
  return type;
}

TypeDescriptor MakeGlobalSecretType() {
  TypeDescriptor type = Base("GlobalSecret", "globalsecrets", "Global Secret", "Global Secrets", Scope::kGlobal);
  type.alternative_path = "global-secrets";
  type.kumactl_arg = "global-secret";
  type.admin_only = true;
  type.schema = DataSchema();
  return type;
}

TypeDescriptor MakeConfigType() {
  TypeDescriptor type = Base("Config", "", "Config", "Configs", Scope::kGlobal);
  type.schema = ProtoSchema({Field::String("config", "The value.")});
  return type;
}

}  // namespace kuma::resources
