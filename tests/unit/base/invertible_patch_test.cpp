#include "pkg/base/invertible_patch.h"

#include <catch2/catch.hpp>

namespace kuma {
namespace {

TEST_CASE("invertible patches") {
  struct Case {
    const char* name;
    const char* before;
    const char* after;
    const char* patch;
  };
  const Case cases[] = {
      {"equal", R"({"a": [1, {"b": 2}]})", R"({"a": [1, {"b": 2}]})", "[]"},
      {"a new key", R"({})", R"({"a/b~": 1})", R"([{"op": "add", "path": "/a~1b~0", "value": 1}])"},
      {"a key that goes", R"({"a": {"x": 1}, "b": 1})", R"({"b": 1})",
       R"([{"op": "test", "path": "/a", "value": {"x": 1}}, {"op": "remove", "path": "/a", "value": {"x": 1}}])"},
      {"another value", R"({"a": {"b": "x"}})", R"({"a": {"b": "y"}})",
       R"([{"op": "test", "path": "/a/b", "value": "x"}, {"op": "remove", "path": "/a/b", "value": "x"}, {"op": "add", "path": "/a/b", "value": "y"}])"},
      {"another kind of value", R"({"a": [1]})", R"({"a": {}})",
       R"([{"op": "test", "path": "/a", "value": [1]}, {"op": "remove", "path": "/a", "value": [1]}, {"op": "add", "path": "/a", "value": {}}])"},
      {"items put in between", R"([1, 4])", R"([1, 2, 3, 4])",
       R"([{"op": "test", "path": "/0", "value": 1}, {"op": "test", "path": "/1", "value": 4}, {"op": "add", "path": "/1", "value": 3}, {"op": "add", "path": "/1", "value": 2}])"},
      {"an item that goes", R"([1, 2, 3])", R"([1, 3])",
       R"([{"op": "test", "path": "/0", "value": 1}, {"op": "test", "path": "/2", "value": 3}, {"op": "test", "path": "/1", "value": 2}, {"op": "remove", "path": "/1", "value": 2}])"},
      {"an item at the end", R"([1])", R"([1, 2])", R"([{"op": "test", "path": "/0", "value": 1}, {"op": "add", "path": "/1", "value": 2}])"},
      {"a list that fills", R"({"a": []})", R"({"a": [1]})", R"([{"op": "add", "path": "/a/0", "value": 1}])"},
      {"inside of items", R"([{"a": 1}, {"b": 1}])", R"([{"a": 2}, {"b": 1}])",
       R"([{"op": "test", "path": "/0/a", "value": 1}, {"op": "remove", "path": "/0/a", "value": 1}, {"op": "add", "path": "/0/a", "value": 2}])"},
      {"inside of an item, then a new one", R"([{"a": 1}])", R"([{"a": 2}, 5])",
       R"([{"op": "test", "path": "/0/a", "value": 1}, {"op": "remove", "path": "/0/a", "value": 1}, {"op": "add", "path": "/0/a", "value": 2}, {"op": "test", "path": "/0", "value": {"a": 2}}, {"op": "add", "path": "/1", "value": 5}])"},
  };
  for (const Case& each : cases) {
    INFO(each.name);
    const Json before = Json::parse(each.before);
    const Json after = Json::parse(each.after);
    const Json patch = InvertiblePatch(before, after);
    CHECK(patch == Json::parse(each.patch));
    CHECK(before.patch(patch) == after);
  }
}

// In long lists items are replaced as a whole, and the patch still leads from one document to the other.
TEST_CASE("invertible patches of long lists") {
  Json before = Json::array();
  Json after = Json::array();
  for (int i = 0; i < 40; ++i) {
    if (i % 7 != 0) before.push_back({{"name", i}, {"value", i % 5}});
    if (i % 5 != 0) after.push_back({{"name", i}, {"value", i % 6}});
  }
  const Json patch = InvertiblePatch(before, after);
  CHECK(before.patch(patch) == after);
  for (const Json& step : patch) CHECK(step["path"].get<std::string>().rfind('/') == 0);
}

}  // namespace
}  // namespace kuma
