#include "pkg/policy/mesh_proxy_patch/json_patch.h"

#include <catch2/catch.hpp>

namespace kuma::policy {
namespace {

struct Case {
  const char* name;
  const char* document;
  const char* patches;
  const char* expected;  // null: an error
};

const Case kCases[] = {
    {"add a member", R"({"a":1})", R"([{"op":"add","path":"/b","value":2}])", R"({"a":1,"b":2})"},
    {"add replaces", R"({"a":1})", R"([{"op":"add","path":"/a","value":2}])", R"({"a":2})"},
    {"add makes what is missing", R"({})", R"([{"op":"add","path":"/a/b/c","value":2}])", R"({"a":{"b":{"c":2}}})"},
    {"add makes lists for indices", R"({})", R"([{"op":"add","path":"/a/0/b","value":1},{"op":"add","path":"/c/-","value":2}])",
     R"({"a":[{"b":1}],"c":[2]})"},
    {"add into a list moves the rest", R"({"a":[1,3]})", R"([{"op":"add","path":"/a/1","value":2}])", R"({"a":[1,2,3]})"},
    {"add to the end", R"({"a":[1]})", R"([{"op":"add","path":"/a/-","value":2}])", R"({"a":[1,2]})"},
    {"negative index", R"({"a":[1,2]})", R"([{"op":"replace","path":"/a/-1","value":3}])", R"({"a":[1,3]})"},
    {"add behind the end", R"({"a":[1]})", R"([{"op":"add","path":"/a/5","value":2}])", nullptr},
    {"escaped names", R"({})", R"([{"op":"add","path":"/a~1b~0c","value":1}])", R"({"a/b~c":1})"},
    {"replace", R"({"a":{"b":1}})", R"([{"op":"replace","path":"/a/b","value":2}])", R"({"a":{"b":2}})"},
    {"replace what is missing", R"({"a":1})", R"([{"op":"replace","path":"/b","value":2}])", nullptr},
    {"remove", R"({"a":1,"b":[1,2]})", R"([{"op":"remove","path":"/a"},{"op":"remove","path":"/b/0"}])", R"({"b":[2]})"},
    {"remove what is missing", R"({"a":1})", R"([{"op":"remove","path":"/x/y"}])", R"({"a":1})"},
    {"move", R"({"a":1})", R"([{"op":"move","from":"/a","path":"/b"}])", R"({"b":1})"},
    {"move what is missing", R"({})", R"([{"op":"move","from":"/a","path":"/b"}])", nullptr},
    {"copy", R"({"a":[1]})", R"([{"op":"copy","from":"/a/0","path":"/b"}])", R"({"a":[1],"b":1})"},
    {"a later failure undoes all", R"({"a":1})", R"([{"op":"remove","path":"/a"},{"op":"replace","path":"/a","value":2}])", nullptr},
    {"no pointer", R"({})", R"([{"op":"add","path":"a","value":2}])", nullptr},
    {"a value has no members", R"({"a":1})", R"([{"op":"add","path":"/a/b","value":2}])", nullptr},
    {"padding has a limit", R"({})", R"([{"op":"add","path":"/a/999999999","value":2}])", nullptr},
};

TEST_CASE("JSON patches") {
  for (const Case& one : kCases) {
    INFO(one.name);
    Json document = Json::parse(one.document);
    const Json before = document;
    const Status status = ApplyJsonPatches(document, Json::parse(one.patches));
    CHECK(status.ok() == (one.expected != nullptr));
    CHECK(document == (one.expected == nullptr ? before : Json::parse(one.expected)));
  }
}

}  // namespace
}  // namespace kuma::policy
