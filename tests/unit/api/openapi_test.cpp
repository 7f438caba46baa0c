// The API's description against the API itself.
#include "pkg/api/openapi.h"

#include <catch2/catch.hpp>

#include <set>

#include "pkg/policy/all.h"
#include "pkg/resources/all.h"
#include "tests/unit/api/world.h"

namespace kuma::api {
namespace {

// Every "$ref" of a document.
void CollectRefs(const Json& value, std::set<std::string>& refs) {
  if (value.is_object() && value.contains("$ref")) refs.insert(value["$ref"].get<std::string>());
  for (const Json& member : value) {
    if (member.is_structured()) CollectRefs(member, refs);
  }
}

}  // namespace

TEST_CASE("every route and every type is described") {
  World world;
  const Got reply = world.Get("/openapi.json");
  REQUIRE(reply.status == 200);
  const Json& document = reply.body;
  std::set<std::string> ids;
  for (const std::unique_ptr<Route>& route : world.api->router().routes()) {
    INFO(route->method << " " << route->pattern);
    const std::string method = route->method == "GET" ? "get" : route->method == "PUT" ? "put" : route->method == "POST" ? "post" : "delete";
    REQUIRE(document["paths"].contains(route->pattern));
    REQUIRE(document["paths"][route->pattern].contains(method));
    const Json& operation = document["paths"][route->pattern][method];
    CHECK(operation["tags"][0] != "Other");
    CHECK(ids.insert(operation["operationId"].get<std::string>()).second);
    const Json& responses = operation["responses"];
    CHECK((responses.contains("200") || responses.contains("201")));
  }
  for (const TypeDescriptor* type : world.types.All()) {
    INFO(type->name);
    if (type->stored) CHECK(document["components"]["schemas"].contains(type->name + "Item"));
  }
  std::set<std::string> refs;
  CollectRefs(document, refs);
  CHECK_FALSE(refs.empty());
  for (const std::string& ref : refs) CHECK(document.contains(Json::json_pointer(ref.substr(1))));
}

TEST_CASE("the description is served as YAML") {
  World world;
  io::HttpRequest request = World::Request("GET", "/openapi.yaml");
  request.headers.Add("Accept", "text/html");
  const Got reply = world.Call(request);
  CHECK(reply.status == 200);
  CHECK(reply.headers.Get("Content-Type") == "application/yaml");
  CHECK(reply.text.find("openapi: 3.1.0") != std::string::npos);
}

}  // namespace kuma::api
