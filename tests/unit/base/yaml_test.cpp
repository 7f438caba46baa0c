#include <catch2/catch.hpp>

#include <random>

#include "pkg/base/json.h"

using namespace kuma;

TEST_CASE("plain scalars get the types of YAML 1.2, quoted ones stay text") {
  const struct {
    const char* yaml;
    Json value;
  } cases[] = {
      {"1", 1},          {"-7", -7},       {"+3", 3},           {"0x1f", 31},      {"0o17", 15},     {"1.5", 1.5},       {"1e3", 1000.0},    {"true", true},
      {"False", false},  {"null", Json()}, {"~", Json()},       {"yes", "yes"},    {"on", "on"},     {"1.2.3", "1.2.3"}, {"10s", "10s"},     {"\"1\"", "1"},
      {"'true'", "true"}, {"!!str 5", "5"}, {"2026-01-02", "2026-01-02"}, {"0xzz", "0xzz"}, {".5", 0.5},       {"12345678901234567890123", 12345678901234567890123.0},
  };
  for (const auto& each : cases) {
    INFO(each.yaml);
    const Result<Json> parsed = ParseYaml(std::string("v: ") + each.yaml);
    REQUIRE(parsed.ok());
    CHECK(parsed->at("v") == each.value);
  }
}

TEST_CASE("streams, anchors and merge keys") {
  const Result<std::vector<Json>> stream = ParseYamlStream("a: 1\n---\n---\n# only a remark\n---\n{\"b\": [1, 2]}\n");
  REQUIRE(stream.ok());
  REQUIRE(stream->size() == 2);
  CHECK(stream->at(1) == Json{{"b", {1, 2}}});
  const Result<Json> merged = ParseYaml("base: &b {x: 1, y: 2}\nuse: {<<: *b, y: 3}\nagain: *b\n");
  REQUIRE(merged.ok());
  CHECK(merged->at("use") == Json{{"x", 1}, {"y", 3}});
  CHECK(merged->at("again") == Json{{"x", 1}, {"y", 2}});
  CHECK_FALSE(ParseYaml("a: 1\n---\nb: 2\n").ok());
  CHECK_FALSE(ParseYaml("").ok());
}

TEST_CASE("broken and hostile YAML is an error that says where") {
  const Result<Json> broken = ParseYaml("a: 1\nb: [1, 2\nc: 3\n");
  REQUIRE_FALSE(broken.ok());
  CHECK(broken.error().message.find("line ") != std::string::npos);
  CHECK_FALSE(ParseYaml("? [a, b]\n: c\n").ok());

  std::string blocks;
  for (int i = 0; i < 50000; ++i) blocks += "- ";
  CHECK_FALSE(ParseYaml(blocks + "x").ok());
  CHECK_FALSE(ParseYaml(std::string(50000, '[')).ok());
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    std::string list = before;
    for (int j = 0; j < 9; ++j) list += ", " + before;
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + list + "]\n";
  }
  CHECK_FALSE(ParseYaml(bomb).ok());
}

TEST_CASE("what is written as YAML reads back equal") {
  // Texts made of the pieces that have a meaning in YAML, in every position a text can have.
  static const char* const kPieces[] = {"a", "B1", " ", "  ", "\n", ":", ": ", "#", " #", "-", "- ", "\"", "'", "\\", "{", "}", "[", "]", ",", "&", "*", "!", "|", ">", "%", "@", "`", "~", "?", "=",
                                        "null", "true", "yes", "0", "12", ".5", "0x1", "1e3", "\t", "é", "漢", "...", "---", "<<"};
  std::mt19937 random(7);
  const auto text = [&] {
    std::string out;
    for (uint32_t i = 0, count = static_cast<uint32_t>(random() % 6); i < count; ++i) out += kPieces[random() % std::size(kPieces)];
    return out;
  };
  for (int i = 0; i < 3000; ++i) {
    const Json value = {{"plain", text()}, {"list", {text(), Json::array({text(), text()}), {{"in", text()}, {"next", text()}}}}, {text() + "k", {{"deep", {text()}}}}, {"n", 5}, {"e", Json::object()}};
    const std::string yaml = ToYaml(value);
    INFO(yaml);
    const Result<Json> back = ParseYaml(yaml);
    REQUIRE(back.ok());
    REQUIRE(*back == value);
  }
}
