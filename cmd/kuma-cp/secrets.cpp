#include "cmd/kuma-cp/secrets.h"

#include "pkg/base/strings.h"

namespace kuma::cp {
namespace {

ResourceKey KeyOf(const std::string& mesh, const std::string& name) { return {mesh.empty() ? "GlobalSecret" : "Secret", mesh, name}; }

}  // namespace

Result<std::optional<std::string>> Secrets::Find(const std::string& mesh, const std::string& name) const {
  const Result<ResourcePtr> found = store_.Get(KeyOf(mesh, name));
  if (!found.ok()) {
    if (found.error().code == ErrorCode::kNotFound) return std::optional<std::string>();
    return found.error();
  }
  KUMA_TRY_ASSIGN(std::string bytes, Base64Decode(GetString((*found)->spec, "data")));
  return std::optional<std::string>(std::move(bytes));
}

Result<std::string> Secrets::FindOrCreate(const std::string& mesh, const std::string& name, const std::function<Result<std::string>()>& make,
                                          std::optional<ResourceKey> owner) {
  KUMA_TRY_ASSIGN(std::optional<std::string> known, Find(mesh, name));
  if (known) return *std::move(known);
  KUMA_TRY_ASSIGN(std::string bytes, make());
  Resource resource;
  resource.meta.key = KeyOf(mesh, name);
  resource.spec = Json{{"data", Base64Encode(bytes)}};
  if (!owner && !mesh.empty()) owner = ResourceKey{"Mesh", "", mesh};
  const Result<ResourcePtr> created = store_.Create(std::move(resource), owner);
  if (created.ok()) return bytes;
  if (created.error().code != ErrorCode::kConflict) return created.error();
  KUMA_TRY_ASSIGN(known, Find(mesh, name));  // another writer was first
  if (!known) return Unavailable("secret " + name + " was created and deleted at the same time; try again");
  return *std::move(known);
}

}  // namespace kuma::cp
