#include "pkg/model/schema.h"

#include <catch2/catch.hpp>

namespace kuma {
namespace {

Schema PolicySchema() {
  return Schema{{Field::Enum("kind", {"A", "B"}, ""), Field::Duration("timeout", ""), Field::IntOrString("percent", ""),
                 Field::Int("port", "").Min(1).Max(8000000), Field::String("path", "").MinLength(1),
                 Field::List("items", Field::Object("", {Field::String("name", "").Required(), Field::Bool("on", "").Default(true)}, ""), "").MaxItems(2),
                 Field::Map("tags", Field::String("", ""), "")}};
}

Schema ProtoSchema() {
  return Schema{{Field::Enum("mode", {"Disabled", "Everywhere"}, "").ProtoEnum("kuma.Mode"), Field::ProtoDuration("interval", ""),
                 Field::Int("port", "", FieldKind::kUint32), Field::Int("threshold", "", FieldKind::kUint32).KeepZero(), Field::Bool("on", ""),
                 Field::List("items", Field::Object("", {Field::String("name", "")}, ""), ""), Field::Object("tcp", {}, ""),
                 Field::Double("sampling", "").KeepZero(), Field::Int("redirectPort", "", FieldKind::kUint32)},
                true};
}

struct Case {
  std::string input;
  std::string value;
  std::vector<Violation> violations;
  std::string fatal;
};

}  // namespace

TEST_CASE("schema-checked decoding") {
  const std::vector<Case> cases = {
      {R"({"timeout":"90m","percent":"5.5","port":80})", R"({"timeout":"1h30m0s","percent":"5.5","port":80})", {}, ""},
      {R"({"timeout":null,"percent":50})", R"({"percent":50})", {{"spec.timeout", "in body must be of type string: \"null\""}}, ""},
      {R"({"kind":7})", "{}", {{"spec.kind", "in body must be of type string: \"number\""}, {"spec.kind", "in body should be one of [A B]"}}, ""},
      {R"({"port":true})", "{}", {{"spec.port", "in body must be of type int32: \"\""}}, ""},
      {R"({"percent":true})",
       "{}",
       {{"", "\"spec.percent\" must validate at least one schema (anyOf)"}, {"spec.percent", "in body must be of type integer: \"boolean\""}},
       ""},
      {R"({"tags":{"a":null}})", "", {{"spec.tags.a", "in body must be of type string: \"null\""}}, ""},
      {R"({"kind":"C"})", R"({"kind":"C"})", {{"spec.kind", "in body should be one of [A B]"}}, ""},
      {R"({"port":0})", "", {{"spec.port", "in body should be greater than or equal to 1"}}, ""},
      {R"({"port":99999999})", "", {{"spec.port", "in body should be less than or equal to 8e+06"}}, ""},
      {R"({"port":"80"})", "{}", {{"spec.port", "in body must be of type integer: \"string\""}}, ""},
      {R"({"port":1.5})", "{}", {{"spec.port", "in body must be of type int32: \"float64\""}, {"", "Checked value must be of type integer with format int32 in spec.port"}}, ""},
      {R"({"path":""})", "", {{"spec.path", "in body should be at least 1 chars long"}}, ""},
      {R"({"items":[{"name":"a"},{}]})", "", {{"spec.items[1].name", "in body is required"}}, ""},
      {R"({"items":[{"name":"a"},{"name":"b"},{"name":"c"}]})", "", {{"spec.items", "in body should have at most 2 items"}}, ""},
      {R"({"items":{}})", "{}", {{"spec.items", "in body must be of type array: \"object\""}}, ""},
      {R"({"tags":{"a":1}})", "", {{"spec.tags.a", "in body must be of type string: \"number\""}}, ""},
      {R"({"timeout":"abc"})", "", {}, "time: invalid duration \"abc\""},
      {R"({"port":99999999999})",
       "",
       {{"", "Checked value must be of type integer with format int32 in spec.port"}, {"spec.port", "in body should be less than or equal to 8e+06"}},
       ""},
      {R"([1])", "{}", {{"spec", "in body must be of type object: \"array\""}}, ""},
  };
  for (const Case& c : cases) {
    INFO(c.input);
    const DecodeResult result = Decode(PolicySchema(), ParseJson(c.input).value(), "spec");
    CHECK(result.fatal == c.fatal);
    REQUIRE(result.violations.size() == c.violations.size());
    for (size_t i = 0; i < c.violations.size(); ++i) {
      CHECK(result.violations[i].field == c.violations[i].field);
      CHECK(result.violations[i].message == c.violations[i].message);
    }
    if (!c.value.empty()) CHECK(result.value == ParseJson(c.value).value());
  }
}

TEST_CASE("proto-based decoding drops zero values and keeps wrappers") {
  const std::vector<Case> cases = {
      {R"({"mode":"Everywhere","interval":"90s","port":80})", R"({"mode":"Everywhere","interval":"90s","port":80})", {}, ""},
      {R"({"mode":1,"interval":"1.5ms","on":false,"port":0,"items":[]})", R"({"mode":"Everywhere","interval":"0.001500s"})", {}, ""},
      {R"({"mode":"Disabled","interval":"1h","threshold":0,"sampling":0,"tcp":{}})", R"({"interval":"3600s","threshold":0,"sampling":0,"tcp":{}})", {}, ""},
      {R"({"port":"8080","redirect_port":15006,"bogus":3,"items":[{"name":""},{"name":"b"}]})",
       R"({"port":8080,"redirectPort":15006,"items":[{},{"name":"b"}]})",
       {},
       ""},
      {R"({"items":[null],"sampling":80.0})", R"({"items":[{}],"sampling":80})", {}, ""},
      {R"({"port":""})", "", {}, "unexpected end of JSON input"},
      {R"({"port":"10s"})", "", {}, "invalid character 's' after top-level value"},
      {R"({"port":"ten"})", "", {}, "invalid character 't' looking for beginning of value"},
      {R"({"mode":"Sometimes"})", "", {}, R"(unknown value "\"Sometimes\"" for enum kuma.Mode)"},
      {R"({"port":-1})", "", {}, "json: cannot unmarshal number -1 into Go value of type uint32"},
      {R"({"on":"yes"})", "", {}, "json: cannot unmarshal string into Go value of type bool"},
      {R"({"interval":"x"})", "", {}, "bad Duration: time: invalid duration \"x\""},
  };
  for (const Case& c : cases) {
    INFO(c.input);
    const DecodeResult result = Decode(ProtoSchema(), ParseJson(c.input).value(), "");
    CHECK(result.fatal == c.fatal);
    CHECK(result.violations.empty());
    if (!c.value.empty()) CHECK(result.value == ParseJson(c.value).value());
  }
}

TEST_CASE("unknown fields name their nearest neighbour") {
  const DecodeResult result = Decode(PolicySchema(), {{"timeuot", "1s"}, {"items", {{{"name", "a"}, {"zzz", 1}}}}}, "spec");
  REQUIRE(result.unknown.size() == 2);
  CHECK(result.unknown[0].field == "spec.items[0].zzz");
  CHECK(result.unknown[1].field == "spec.timeuot");
  CHECK(result.unknown[1].message.find("timeout") != std::string::npos);
  CHECK(result.value == Json{{"items", {{{"name", "a"}}}}});
}

TEST_CASE("defaults are filled in where the parent is present") {
  Json value = {{"items", {{{"name", "a"}}, {{"name", "b"}, {"on", false}}}}};
  ApplyDefaults(PolicySchema(), value);
  CHECK(value == Json{{"items", {{{"name", "a"}, {"on", true}}, {{"name", "b"}, {"on", false}}}}});
}

TEST_CASE("numbers and quoting as in Go") {
  for (const auto& [number, text] : std::vector<std::pair<double, std::string>>{
           {1, "1"}, {0.5, "0.5"}, {100000, "100000"}, {8000000, "8e+06"}, {5000011, "5.000011e+06"}, {0, "0"}, {-2, "-2"}}) {
    CHECK(FormatGoFloat(number) == text);
  }
  CHECK(QuoteGo("a\"b\\\n") == R"("a\"b\\\n")");
}

}  // namespace kuma
