#include "pkg/base/json.h"

#include <catch2/catch.hpp>

using namespace kuma;

TEST_CASE("JSON reads into sorted objects, the last of equal keys counts") {
  const struct {
    const char* text;
    const char* written;
  } cases[] = {
      {R"({"b":1,"a":[1,{"z":null,"b":2.5}],"b":{}})", R"({"a":[1,{"b":2.5,"z":null}],"b":{}})"},
      {R"( [ [[1], []], {}, "x", true, -5, 18446744073709551615 ] )", R"([[[1],[]],{},"x",true,-5,18446744073709551615])"},
      {R"({"a":1,"a":2,"b":3,"a":4})", R"({"a":4,"b":3})"},
      {R"("é\n")", R"("é\n")"},
  };
  for (const auto& [text, written] : cases) {
    INFO(text);
    const Result<Json> parsed = ParseJson(text);
    REQUIRE(parsed.ok());
    CHECK(ToJsonText(*parsed) == written);
  }
}

TEST_CASE("what is wrong with JSON is told with its place") {
  const struct {
    std::string text;
    const char* message;
  } cases[] = {
      {"[", "parse error at line 1, column 2"},  {"{\"a\":1}\nx", "parse error at line 2, column 1"}, {"{\"a\" 1}", "expected ':'"},
      {"1e999", "number overflow"},              {"\"\\ud800\"", "surrogate"},                        {"", "unexpected end of input"},
      {std::string(201, '['), "is nested deeper than 200 levels"},
  };
  for (const auto& [text, message] : cases) {
    INFO(text);
    const Result<Json> parsed = ParseJson(text);
    REQUIRE_FALSE(parsed.ok());
    CHECK_THAT(parsed.error().message, Catch::Contains(message));
  }
  CHECK(ParseJson(std::string(200, '[') + std::string(200, ']')).ok());
}

TEST_CASE("an object of very many unsorted members is no burden") {
  std::string text = "{";
  for (int i = 0; i < 200000; ++i) text += (i > 0 ? ",\"" : "\"") + std::to_string(static_cast<unsigned>(i) * 2654435761u) + "\":" + std::to_string(i);
  text += "}";
  const Result<Json> parsed = ParseJson(text);  // minutes, if each member moved those behind it
  REQUIRE(parsed.ok());
  CHECK(parsed->size() == 200000);
  CHECK(parsed->at("0") == 0);
}

TEST_CASE("texts of an object are labels; other members are no labels") {
  CHECK(TextMembers(Json{{"a", "1"}, {"b", 2}, {"c", nullptr}, {"d", "4"}}) == LabelMap{{"a", "1"}, {"d", "4"}});
  CHECK(TextMembers(Json::array({"a"})).empty());
  CHECK(Json(LabelMap{{"a", "1"}}) == Json{{"a", "1"}});
}
