// What the write path itself refuses: addresses that do not fit the body, labels, names, missing meshes.
#include "pkg/store/admission.h"

#include <catch2/catch.hpp>

#include "pkg/store/memory/memory_store.h"

namespace kuma::store {
namespace {

void Register(TypeRegistry& types) {
  TypeDescriptor mesh;
  mesh.name = "Mesh";
  mesh.path = "meshes";
  mesh.scope = Scope::kGlobal;
  mesh.inlined_spec = true;
  mesh.kds.global_to_zone = true;
  types.Add(std::move(mesh));

  TypeDescriptor dataplane;
  dataplane.name = "Dataplane";
  dataplane.path = "dataplanes";
  dataplane.inlined_spec = true;
  dataplane.kds.zone_to_global = true;
  types.Add(std::move(dataplane));

  TypeDescriptor timeout;
  timeout.name = "MeshTimeout";
  timeout.path = "meshtimeouts";
  timeout.kds.global_to_zone = true;
  timeout.kds.zone_to_global = true;
  timeout.validate = [](const Resource& resource, const ValidationContext&, std::vector<Violation>& violations) {
    if (resource.spec.empty()) violations.push_back({"spec", "must not be empty"});
  };
  types.Add(std::move(timeout));
}

Resource Timeout(const std::string& mesh, const std::string& name, Labels labels = {}) {
  Resource resource;
  resource.meta.key = {"MeshTimeout", mesh, name};
  resource.meta.labels = std::move(labels);
  resource.spec = {{"to", Json::array()}};
  return resource;
}

AdmissionOptions Of(const std::string& zone, bool is_federated_zone = false) {
  AdmissionOptions options;
  options.is_global = zone.empty();
  options.is_federated_zone = is_federated_zone;
  options.zone = zone;
  return options;
}

Resource Dataplane(Labels labels) {
  Resource resource = Timeout("demo", "d", std::move(labels));
  resource.meta.key.type = "Dataplane";
  return resource;
}

}  // namespace

TEST_CASE("writes that do not fit are refused in the words clients know") {
  TypeRegistry types;
  Register(types);
  const ResourceKey key{"MeshTimeout", "demo", "a"};
  const std::string could_not = "Could not process a resource";
  const std::string long_name(250, 'a');
  const std::string label_1035 =
      "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an "
      "alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
  const AdmissionOptions zone = Of("east");
  const AdmissionOptions global = Of("");
  const AdmissionOptions federated = Of("east", true);
  Resource other_type = Timeout("demo", "a");
  other_type.meta.key.type = "MeshRetry";
  Resource empty = Timeout("demo", "a");
  empty.spec = Json::object();
  struct Case {
    AdmissionOptions options;
    ResourceKey key;
    Resource incoming;
    std::string title;
    std::vector<Violation> violations;
    std::string message;  // without violations
  };
  const std::vector<Case> cases = {
      {zone, {"Nope", "demo", "a"}, Timeout("demo", "a"), could_not, {}, "invalid type \"Nope\""},
      {zone, key, empty, could_not, {{"spec", "must not be empty"}}, ""},
      {zone, key, Timeout("demo", "b"), could_not, {{"name", "name from the URL has to be the same as in body"}}, ""},
      {zone, key, other_type, could_not, {{"type", "type from the URL has to be the same as in body"}}, ""},
      {zone, key, Timeout("other", "a"), could_not, {{"mesh", "mesh from the URL has to be the same as in body"}}, ""},
      {zone, {"MeshTimeout", "demo", ""}, Timeout("demo", ""), could_not, {{"name", "cannot be empty"}}, ""},
      {federated,
       {"MeshTimeout", "demo", long_name},
       Timeout("demo", long_name, {{"kuma.io/origin", "zone"}}),
       could_not,
       {{"name", "the length of the name must be shorter"}},
       ""},
      {federated, key, Timeout("demo", "a"), could_not, {{"labels[\"kuma.io/origin\"]", "the origin label must be set to 'zone'"}}, ""},
      {global,
       key,
       Timeout("demo", "a", {{"kuma.io/origin", "zone"}}),
       could_not,
       {{"labels[\"kuma.io/origin\"]", "the origin label must be set to 'global'"}},
       ""},
      {zone, {"MeshTimeout", "nope", "a"}, Timeout("nope", "a"), "Failed to create a resource", {}, "mesh of name nope is not found"},
      {zone,
       {"MeshTimeout", "demo", "old"},
       Timeout("demo", "old", {{"kuma.io/display-name", "y"}}),
       "Could not update a resource",
       {{"labels[\"kuma.io/display-name\"]", "is immutable, cannot be changed from \"x\" to \"y\""}},
       ""},
      {global,
       {"Dataplane", "demo", "d"},
       Dataplane({{"kuma.io/workload", "w"}}),
       "Invalid workload label",
       {},
       "bad request: labels[\"kuma.io/workload\"]: not allowed on Global control plane"},
      {zone,
       {"Dataplane", "demo", "d"},
       Dataplane({{"kuma.io/workload", "1"}}),
       "Invalid workload label",
       {},
       "bad request: labels[\"kuma.io/workload\"]: must be a valid DNS-1035 label (at most 63 characters, matching regex "
       "[a-z]([-a-z0-9]*[a-z0-9])?): " +
           label_1035},
  };
  for (const Case& c : cases) {
    INFO(c.key.type << " " << c.key.mesh << " " << c.key.name << " " << c.message);
    MemoryStore store(RealClock());
    Resource mesh;
    mesh.meta.key = {"Mesh", "", "demo"};
    REQUIRE(store.Create(mesh, std::nullopt).ok());
    REQUIRE(store.Create(Timeout("demo", "old", {{"kuma.io/display-name", "x"}}), std::nullopt).ok());
    Admission admission(types, store, c.options);
    const PutResult result = admission.Put(c.key, c.incoming);
    REQUIRE(result.error.has_value());
    CHECK(result.title == c.title);
    CHECK(result.error->violations == c.violations);
    if (c.violations.empty()) CHECK(result.error->message == c.message);
  }
}

TEST_CASE("what another control plane wrote is not deleted here") {
  TypeRegistry types;
  Register(types);
  MemoryStore store(RealClock());
  REQUIRE(store.Create(Timeout("demo", "a", {{"kuma.io/origin", "zone"}}), std::nullopt).ok());
  Admission global(types, store, Of(""));
  CHECK(global.Delete({"MeshTimeout", "demo", "a"}).error().violations ==
        std::vector<Violation>{{"labels[\"kuma.io/origin\"]", "the origin label must be set to 'global'"}});
  Admission federated(types, store, Of("east", true));
  CHECK(federated.Delete({"MeshTimeout", "demo", "a"}).ok());
  CHECK(federated.Delete({"Nope", "demo", "a"}).error().message == "invalid type \"Nope\"");
}

}  // namespace kuma::store
