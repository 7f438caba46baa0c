#include "pkg/model/document.h"

#include <catch2/catch.hpp>

namespace kuma {
namespace {

void Register(TypeRegistry& types) {
  TypeDescriptor mesh;
  mesh.name = "Mesh";
  mesh.path = "meshes";
  mesh.short_name = "m";
  mesh.scope = Scope::kGlobal;
  mesh.inlined_spec = true;
  mesh.schema = {{Field::Object("mtls", {Field::String("enabledBackend", "")}, "")}, true};
  types.Add(std::move(mesh));

  TypeDescriptor service;
  service.name = "MeshService";
  service.path = "meshservices";
  service.short_name = "msvc";
  service.is_destination = true;
  service.has_status = true;
  service.schema = {{Field::List("ports", Field::Object("", {Field::Int("port", ""), Field::String("name", ""), Field::String("appProtocol", "").Default("tcp")}, ""), "")}};
  types.Add(std::move(service));
}

}  // namespace

TEST_CASE("documents of proto-based types are flat") {
  TypeRegistry types;
  Register(types);
  const Json document = {{"type", "Mesh"}, {"name", "demo"}, {"mtls", {{"enabledBackend", "ca"}}}, {"bogus", 1}, {"creationTime", "2024-01-02T03:04:05Z"}};
  const Result<Resource> resource = FromDocument(document, types);
  REQUIRE(resource.ok());
  CHECK(resource.value().meta.key == ResourceKey{"Mesh", "", "demo"});
  CHECK(resource.value().spec == Json{{"mtls", {{"enabledBackend", "ca"}}}});
  const Json out = ToDocument(resource.value(), types);
  CHECK(out.at("creationTime") == "2024-01-02T03:04:05Z");
  CHECK(out.at("kri") == "kri_m____demo_");
  CHECK(out.at("mtls").at("enabledBackend") == "ca");
  CHECK_FALSE(out.contains("labels"));
  CHECK_FALSE(out.contains("spec"));
}

TEST_CASE("documents of other types have spec, status and SNIs of destinations") {
  TypeRegistry types;
  Register(types);
  const Json document = {{"type", "MeshService"},
                         {"mesh", "demo"},
                         {"name", "backend"},
                         {"labels", {{"kuma.io/zone", "east"}}},
                         {"spec", {{"ports", {{{"port", 90}, {"name", "http"}}, {{"port", 80}}}}}}};
  const Result<Resource> resource = FromDocument(document, types);
  REQUIRE(resource.ok());
  CHECK(resource.value().spec["ports"][1]["appProtocol"] == "tcp");
  const Json out = ToDocument(resource.value(), types);
  CHECK(out.at("kri") == "kri_msvc_demo_east__backend_");
  CHECK(out.at("status") == Json::object());
  CHECK(out.at("snis") == Json{{{"port", 80}, {"sni", "sni.msvc.demo.east.backend.80"}}, {{"port", 90}, {"sni", "sni.msvc.demo.east.backend.http"}}});
  Result<Resource> again = FromDocument(out, types);
  REQUIRE(again.ok());
  CHECK(again.value().spec == resource.value().spec);
  CHECK(again.value().meta.labels == resource.value().meta.labels);
}

TEST_CASE("document errors") {
  TypeRegistry types;
  Register(types);
  struct Case {
    Json document;
    std::string message;
    size_t violations;
  };
  const std::vector<Case> cases = {
      {Json::array(), "a resource must be an object", 0},
      {{{"name", "x"}}, "the resource has no type", 0},
      {{{"type", "Nope"}}, "invalid type \"Nope\"", 0},
      {{{"type", "MeshService"}, {"name", "x"}, {"spec", {{"ports", 1}}}}, "spec.ports: in body must be of type array: \"number\"", 1},
      // Only places below "spec." are named as fields.
      {{{"type", "MeshService"}, {"spec", {{"ports", Json::array()}}}}, ": .name in body is required", 1},
      {{{"type", "MeshService"}, {"name", "x"}, {"spec", nullptr}}, ": spec in body must be of type object: \"null\"", 1},
      {{{"type", "MeshService"}, {"name", 1}, {"labels", {{"a", true}}}, {"spec", Json::object()}},
       ": name in body must be of type string: \"number\"; : labels.a in body must be of type string: \"boolean\"",
       2},
      {{{"type", "MeshService"}, {"name", nullptr}, {"mesh", 1}, {"kri", true}, {"labels", Json::array()}},
       ": .spec in body is required; : mesh in body must be of type string: \"number\"; : name in body must be of type string: \"null\"; "
       ": kri in body must be of type string: \"boolean\"; : labels in body must be of type object: \"array\"",
       5},
      {{{"type", "MeshService"}, {"name", "x"}, {"spec", Json::array()}}, ": spec in body must be of type object: \"array\"", 1},
      {{{"type", "MeshService"}, {"name", "x"}, {"spec", Json::object()}, {"creationTime", "2024-02-30T00:00:00Z"}, {"modificationTime", 1}},
       ": creationTime in body must be of type date-time: \"2024-02-30T00:00:00Z\"; : modificationTime in body must be of type date-time: \"float64\"",
       2},
      {{{"type", "MeshService"}, {"name", "x"}, {"spec", Json::object()}, {"creationTime", nullptr}, {"modificationTime", Json::object()}},
       ": creationTime in body must be of type string: \"null\"; : modificationTime in body must be of type date-time: \"\"",
       2},
      {{{"type", "Mesh"}, {"mtls", 1}}, "invalid Mesh object: \"json: cannot unmarshal number into Go value of type map[string]json.RawMessage\"", 0},
      {{{"type", "MeshService"}, {"name", "x"}, {"spec", Json::object()}, {"status", nullptr}}, ": status in body must be of type object: \"null\"", 1},
      {{{"type", "Mesh"}, {"mesh", true}}, "invalid Mesh object: \"json: cannot unmarshal bool into Go struct field ResourceMeta.mesh of type string\"", 0},
      {{{"type", "Mesh"}, {"labels", "x"}},
       "invalid Mesh object: \"json: cannot unmarshal string into Go struct field ResourceMeta.labels of type map[string]string\"",
       0},
      {{{"type", "Mesh"}, {"labels", {{"a", {1}}}}},
       "invalid Mesh object: \"json: cannot unmarshal array into Go struct field ResourceMeta.labels of type string\"",
       0},
      {{{"type", "Mesh"}, {"creationTime", 1}}, "invalid Mesh object: \"Time.UnmarshalJSON: input is not a JSON string\"", 0},
      {{{"type", "Mesh"}, {"modificationTime", "2024-01-02"}},
       R"(invalid Mesh object: "parsing time \"2024-01-02\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"\" as \"T\"")",
       0},
      {{{"type", "Mesh"}, {"name", 1}}, "invalid Mesh object: \"json: cannot unmarshal number into Go struct field ResourceMeta.name of type string\"", 0},
  };
  for (const Case& c : cases) {
    const Result<Resource> resource = FromDocument(c.document, types);
    REQUIRE_FALSE(resource.ok());
    CHECK(resource.error().message == c.message);
    CHECK(resource.error().violations.size() == c.violations);
    CHECK(resource.error().code == ErrorCode::kInvalid);
  }
  CHECK(FromDocument(Json::array(), *types.Find("Mesh")).error().message ==
        "invalid Mesh object: \"json: cannot unmarshal array into Go value of type v1alpha1.ResourceMeta\"");
  CHECK(FromDocument("text", *types.Find("MeshService")).error().message ==
        "invalid MeshService object: \"json: cannot unmarshal string into Go value of type map[string]interface {}\"");
  CHECK(FromDocument({{"type", "Mesh"}}, *types.Find("MeshService")).error().message ==
        ": .name in body is required; : .spec in body is required; : type in body should be one of [MeshService]");
}

TEST_CASE("KRIs") {
  TypeRegistry types;
  Register(types);
  const Kri kri{"MeshService", "demo", "east", "shop", "backend", "http"};
  CHECK(ToString(kri, types) == "kri_msvc_demo_east_shop_backend_http");
  CHECK(ParseKri("kri_msvc_demo_east_shop_backend_http", types).value() == kri);
  CHECK(ParseKri("kri_m____demo_", types).value() == Kri{"Mesh", "", "", "", "demo", ""});
  CHECK(kri.WithoutSection().section.empty());
  CHECK(ToString(Kri{}, types).empty());
  CHECK(ParseKri("kri_msvc_a", types).error().message == "invalid identifier string: \"kri_msvc_a\"");
  CHECK(ParseKri("krx_msvc_a_b_c_d_", types).error().message == "identifier must start with 'kri': \"krx_msvc_a_b_c_d_\"");
  CHECK(ParseKri("kri_zzz_a_b_c_d_", types).error().message == "unknown short name of resource type: \"zzz\"");
  ResourceMeta meta;
  meta.key = {"MeshService", "demo", "backend-hash"};
  meta.labels = {{"kuma.io/display-name", "backend"}, {"kuma.io/zone", "east"}};
  CHECK(ToString(KriOf(meta), types) == "kri_msvc_demo_east__backend_");
}

}  // namespace kuma
