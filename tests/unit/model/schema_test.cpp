#include "pkg/model/schema.h"

#include <catch2/catch.hpp>

namespace kuma {
namespace {

Field Pattern() {
  Field field = Field::String("lower", "").MinLength(1).MaxLength(3);
  field.pattern = "^[a-z]+$";
  field.matches_pattern = [](std::string_view text) { return text.find_first_not_of("abcdefghijklmnopqrstuvwxyz") == std::string_view::npos; };
  return field;
}

Field Status() {
  Field field = Field::Int("status", "");
  field.allowed_numbers = {301, 302};
  return field;
}

Schema PolicySchema() {
  return Schema{{Field::Enum("kind", {"A", "B"}, ""), Field::Duration("timeout", ""), Field::IntOrString("percent", ""),
                 Field::Int("port", "").Min(1).Max(8000000), Field::String("path", "").MinLength(1),
                 Field::List("items", Field::Object("", {Field::String("name", "").Required(), Field::Bool("on", "").Default(true)}, ""), "").MaxItems(2),
                 Field::Map("tags", Field::String("", ""), ""),
                 Field::Bytes("data", ""), Field::Double("factor", ""), Field::String("short", "").MaxLength(3), Pattern(), Status(),
                 Field::Int("big", "", FieldKind::kInt64), Field::Int("count", "", FieldKind::kUint32),
                 Field::Int("weight", "", FieldKind::kUint64),
                 Field::Object("abort", {Field::IntOrString("percentage", "").Required()}, ""), Field::List("some", Field::Int("", ""), "").MinItems(1)}};
}

Schema ProtoSchema() {
  return Schema{{Field::Enum("mode", {"Disabled", "Everywhere"}, "").ProtoEnum("kuma.Mode"), Field::ProtoDuration("interval", ""),
                 Field::Int("port", "", FieldKind::kUint32), Field::Int("threshold", "", FieldKind::kUint32).KeepZero(), Field::Bool("on", ""),
                 Field::List("items", Field::Object("", {Field::String("name", "")}, ""), ""), Field::Object("tcp", {}, ""),
                 Field::Double("sampling", "").KeepZero(), Field::Int("redirectPort", "", FieldKind::kUint32),
                 Field::Object("conf", {}, "").PreserveUnknown(), Field::Bytes("data", "")},
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
      {R"({"items":[{"on":"yes","name":"a"}]})", "", {{"spec.items[0].on", "in body must be of type boolean: \"string\""}}, ""},
      {R"({"items":[1]})", "", {{"spec.items[0]", "in body must be of type object: \"number\""}}, ""},
      {R"({"items":[null]})", "", {{"spec.items[0]", "in body must be of type object: \"null\""}}, ""},
      {R"({"tags":[]})", "{}", {{"spec.tags", "in body must be of type object: \"array\""}}, ""},
      {R"({"timeout":5})", "{}", {{"spec.timeout", "in body must be of type string: \"number\""}}, ""},
      {R"({"factor":"5"})", "{}", {{"spec.factor", "in body must be of type number: \"string\""}}, ""},
      {R"({"data":"!"})", "{}", {{"spec.data", "in body must be of type byte: \"!\""}}, ""},
      {R"({"data":""})", "{}", {{"spec.data", "in body must be of type byte: \"\""}}, ""},
      {R"({"data":1})", "{}", {{"spec.data", "in body must be of type byte: \"float64\""}}, ""},
      {R"({"data":{}})", "{}", {{"spec.data", "in body must be of type byte: \"\""}}, ""},
      {R"({"data":null})", "{}", {{"spec.data", "in body must be of type string: \"null\""}}, ""},
      {R"({"data":[1]})", "{}", {}, ""},
      {R"({"short":"abcd"})", "", {{"spec.short", "in body should be at most 3 chars long"}}, ""},
      {R"({"short":"äöü"})", R"({"short":"äöü"})", {}, ""},
      {R"({"lower":"A"})", "", {{"spec.lower", "in body should match '^[a-z]+$'"}}, ""},
      {R"({"lower":"ABCD"})", "", {{"spec.lower", "in body should be at most 3 chars long"}}, ""},
      {R"({"lower":""})", "", {{"spec.lower", "in body should be at least 1 chars long"}}, ""},
      {R"({"status":303})", "", {{"spec.status", "in body should be one of [301 302]"}}, ""},
      {R"({"status":"x"})", "{}", {{"spec.status", "in body must be of type integer: \"string\""}, {"spec.status", "in body should be one of [301 302]"}}, ""},
      {R"({"some":[]})", "", {{"spec.some", "in body should have at least 1 items"}}, ""},
      {R"({"big":{}})", "{}", {{"spec.big", "in body must be of type int64: \"\""}}, ""},
      {R"({"big":1e300})",
       "{}",
       {{"spec.big", "in body must be of type int64: \"float64\""}, {"", "Checked value must be of type integer with format int64 in spec.big"}},
       ""},
      {R"({"weight":1e300})",
       "{}",
       {{"spec.weight", "in body must be of type integer: \"number\""}, {"", "Checked value must be of type integer (default format) in spec.weight"}},
       ""},
      {R"({"count":3000000000})", "{}", {{"", "Checked value must be of type integer with format int32 in spec.count"}}, ""},
      {R"({"count":-1})", "", {}, "json: cannot unmarshal number -1 into field spec.count of type uint32"},
      {R"({"weight":-1})", "", {}, "json: cannot unmarshal number -1 into field spec.weight of type uint64"},
      {R"({"percent":3000000000})", "", {}, "json: cannot unmarshal number 3000000000 into field spec.percent of type int32"},
      {R"({"percent":null,"abort":{"percentage":null}})", R"({"abort":{"percentage":0}})", {}, ""},
      {R"({"abort":{}})", "", {{"spec.abort.percentage", "in body is required"}}, ""},
      {R"({"percent":1.5})",
       "{}",
       {{"", "\"spec.percent\" must validate at least one schema (anyOf)"},
        {"spec.percent", "in body must be of type integer: \"number\""},
        {"", "Checked value must be of type integer (default format) in spec.percent"}},
       ""},
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
      {R"({"interval":5})", "", {}, "json: cannot unmarshal number into Go value of type string"},
      {R"({"mode":7})", "", {}, R"(unknown value "7" for enum kuma.Mode)"},
      {R"({"mode":1.5})", "", {}, "json: cannot unmarshal number 1.5 into Go value of type protoreflect.EnumNumber"},
      {R"({"mode":18446744073709551616})", "", {}, "json: cannot unmarshal number 18446744073709551616 into Go value of type protoreflect.EnumNumber"},
      {R"({"mode":{}})", "", {}, "json: cannot unmarshal object into Go value of type protoreflect.EnumNumber"},
      {R"({"port":"Ü"})", "", {}, "invalid character 'Ã' looking for beginning of value"},
      {R"({"port":"-"})", "", {}, "unexpected end of JSON input"},
      {R"({"port":"-x"})", "", {}, "invalid character 'x' in numeric literal"},
      {R"({"port":"1.5"})", "", {}, "json: cannot unmarshal number 1.5 into Go value of type uint32"},
      {R"({"port":true})", "", {}, "json: cannot unmarshal bool into Go value of type uint32"},
      {R"({"sampling":"x"})", "", {}, "invalid character 'x' looking for beginning of value"},
      {R"({"items":{}})", "", {}, "json: cannot unmarshal object into Go value of type []json.RawMessage"},
      {R"({"items":[1]})", "", {}, "json: cannot unmarshal number into Go value of type map[string]json.RawMessage"},
      {R"({"conf":[]})", "", {}, "bad StructValue: json: cannot unmarshal array into Go value of type map[string]json.RawMessage"},
      {R"({"data":"a!"})", "", {}, "illegal base64 data at input byte 1"},
      {R"({"data":1})", "", {}, "json: cannot unmarshal number into Go value of type []uint8"},
      {R"({"data":[97,null]})", R"({"data":"YQA="})", {}, ""},
      {R"({"data":[256]})", "", {}, "json: cannot unmarshal number 256 into Go value of type uint8"},
      {R"({"data":["a"]})", "", {}, "json: cannot unmarshal string into Go value of type uint8"},
      {R"([])", "", {}, "json: cannot unmarshal array into Go value of type map[string]json.RawMessage"},
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
  CHECK(result.unknown[0].message == "unknown field");
  CHECK(result.unknown[1].message == "unknown field, did you mean \"timeout\"?");
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
