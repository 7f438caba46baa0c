#include <catch2/catch.hpp>

#include <unistd.h>

#include <array>
#include <string>
#include <vector>

#include "pkg/base/clock.h"
#include "pkg/base/digest.h"
#include "pkg/base/duration.h"
#include "pkg/base/files.h"
#include "pkg/base/json.h"
#include "pkg/base/strings.h"

using namespace kuma;

TEST_CASE("durations read and print as Go does") {
  const struct {
    const char* text;
    int64_t nanos;
    const char* printed;
  } good[] = {
      {"0", 0, "0s"},           {"0s", 0, "0s"},         {"5s", 5'000'000'000, "5s"},     {"1h", 3'600'000'000'000, "1h0m0s"}, {"90m", 5'400'000'000'000, "1h30m0s"},
      {"1.5s", 1'500'000'000, "1.5s"}, {"250ms", 250'000'000, "250ms"}, {"1500us", 1'500'000, "1.5ms"}, {"-2m", -120'000'000'000, "-2m0s"},   {"1h2m3.004s", 3'723'004'000'000, "1h2m3.004s"},
      {"7ns", 7, "7ns"},        {".5s", 500'000'000, "500ms"}, {"+3s", 3'000'000'000, "3s"}, {"3µs", 3000, "3µs"},
      {"-2562047h47m16.854775808s", INT64_MIN, "-2562047h47m16.854775808s"},
  };
  for (const auto& each : good) {
    INFO(each.text);
    const Result<Nanos> parsed = ParseDuration(each.text);
    REQUIRE(parsed.ok());
    CHECK(parsed->count() == each.nanos);
    CHECK(FormatDuration(*parsed) == each.printed);
  }
  const struct {
    const char* text;
    const char* message;
  } bad[] = {
      {"", "time: invalid duration \"\""},
      {"-", "time: invalid duration \"-\""},
      {"abc", "time: invalid duration \"abc\""},
      {"µs", "time: invalid duration \"\\xc2\\xb5s\""},
      {"2562048h", "time: invalid duration \"2562048h\""},
      {"2562047h47m16.854775808s", "time: invalid duration \"2562047h47m16.854775808s\""},
      {"5", "time: missing unit in duration \"5\""},
      {"5x", "time: unknown unit \"x\" in duration \"5x\""},
      {".s", "time: invalid duration \".s\""},
      {"99999999999999h", "time: invalid duration \"99999999999999h\""},
      {"9999999999999999999999s", "time: invalid duration \"9999999999999999999999s\""},
  };
  for (const auto& each : bad) {
    INFO(each.text);
    const Result<Nanos> parsed = ParseDuration(each.text);
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().message == each.message);
  }
  CHECK(FormatDuration(Nanos(INT64_MIN)) == "-2562047h47m16.854775808s");
}

TEST_CASE("times read and print as RFC 3339") {
  for (const char* text : {"2026-01-02T03:04:05Z", "2026-01-02T03:04:05.123456789Z", "1969-12-31T23:59:59.5Z"}) {
    INFO(text);
    const Result<SystemTime> parsed = ParseRfc3339(text);
    REQUIRE(parsed.ok());
    CHECK(FormatRfc3339(*parsed) == text);
  }
  CHECK(FormatRfc3339(*ParseRfc3339("2026-01-02T05:04:05+02:00")) == "2026-01-02T03:04:05Z");
  // Outside of what nanoseconds in 64 bits reach: far past and far future, in order.
  REQUIRE(ParseRfc3339("0001-01-01T00:00:00Z").ok());
  REQUIRE(ParseRfc3339("9999-12-31T23:59:59Z").ok());
  CHECK(*ParseRfc3339("0001-01-01T00:00:00Z") < *ParseRfc3339("1700-01-01T00:00:00Z"));
  CHECK(*ParseRfc3339("2200-01-01T00:00:00Z") < *ParseRfc3339("9999-12-31T23:59:59Z"));
  const auto cannot = [](const std::string& text, const std::string& rest, const std::string& element) {
    return "parsing time \"" + text + R"(" as "2006-01-02T15:04:05Z07:00": cannot parse ")" + rest + "\" as \"" + element + "\"";
  };
  for (const auto& [text, rest, element] : std::vector<std::array<const char*, 3>>{{"", "", "2006"},
                                                                                   {"yesterday", "yesterday", "2006"},
                                                                                   {"2026-1-02T03:04:05Z", "1-02T03:04:05Z", "01"},
                                                                                   {"2026-01-02", "", "T"},
                                                                                   {"2026-01-02 03:04:05Z", " 03:04:05Z", "T"},
                                                                                   {"2026-01-02T03:04:05", "", "Z07:00"},
                                                                                   {"2026-01-02T03:04:05+0100", "+0100", "Z07:00"}}) {
    CHECK(ParseRfc3339(text).error().message == cannot(text, rest, element));
  }
  for (const auto& [text, fault] : std::vector<std::pair<std::string, std::string>>{{"2026-13-02T03:04:05Z", "month out of range"},
                                                                                    {"2026-02-30T03:04:05Z", "day out of range"},
                                                                                    {"2026-02-03T24:04:05Z", "hour out of range"},
                                                                                    {"2026-02-03T03:60:05Z", "minute out of range"},
                                                                                    {"2026-02-03T03:04:60Z", "second out of range"},
                                                                                    {"2026-01-02T03:04:05Zz", "extra text: \"z\""}}) {
    CHECK(ParseRfc3339(text).error().message == "parsing time \"" + text + "\": " + fault);
  }
}

TEST_CASE("JSON that hurts is refused, access never fails") {
  CHECK_FALSE(ParseJson(std::string(100000, '[')).ok());
  CHECK_FALSE(ParseJson("{\"a\": }").ok());
  CHECK_FALSE(ParseJson("").ok());
  CHECK(ParseJson("{\"a\":\"[[[[\",\"a\":2}")->at("a") == 2);
  const Json value = {{"a", {{"b", "text"}}}, {"n", 3}, {"f", 2.9}, {"big", 1e300}, {"yes", true}, {"list", {1}}};
  CHECK(GetPath(value, {"a", "b"}) == "text");
  CHECK(GetPath(value, {"a", "b", "c"}).is_null());
  CHECK(GetPath(value, {"list", "b"}).is_null());
  CHECK(GetString(value, "n", "none") == "none");
  CHECK(GetInt(value, "f") == 2);
  CHECK(GetInt(value, "big", 7) == 7);
  CHECK(GetInt(value, "a", 7) == 7);
  CHECK(GetBool(value, "yes"));
  CHECK_FALSE(GetBool(value, "n"));
  CHECK(ToJsonText(Json("bad \xff byte")).find("\xff") == std::string::npos);
  Json target = {{"a", 1}, {"b", {{"c", 1}, {"d", 2}}}};
  MergePatch(target, {{"a", nullptr}, {"b", {{"c", 5}}}});
  CHECK(target == Json{{"b", {{"c", 5}, {"d", 2}}}});
}

TEST_CASE("texts") {
  CHECK(Split("", ',').empty());
  CHECK(Split("a,b,,c,", ',') == std::vector<std::string>{"a", "b", "", "c", ""});
  CHECK(Join({"a", "", "b"}, "--") == "a----b");
  CHECK(Trim(" \t a b \n") == "a b");
  CHECK(ReplaceAll("aaa", "a", "aa") == "aaaaaa");
  CHECK(ReplaceAll("abc", "", "x") == "abc");
  for (const char* text : {"", "+", "-", "1 ", " 1", "1.0", "99999999999999999999"}) {
    INFO(text);
    CHECK_FALSE(ParseInt(text).has_value());
  }
  CHECK(ParseInt("-9223372036854775808") == INT64_MIN);
  CHECK(ParseDouble("1e-3") == 0.001);
  CHECK(UrlDecode(UrlEncode("a b/ü%+")) == "a b/ü%+");
  CHECK(UrlDecode("%4") == "%4");
  CHECK(UrlDecode("%zz%41") == "%zzA");
  CHECK(Fnv1a64("kuma") != Fnv1a64("kumb"));
  CHECK(Fnv1a32("") == 2166136261u);
  CHECK(Fnv1a64("a") == 0xaf63dc4c8601ec8cull);
  CHECK(EditDistance("kumactl", "kumaclt") == 1);
  CHECK(NearestName("meshs", {"mesh", "dataplane"}) == "mesh");
  CHECK(NearestName("xyz", {"mesh", "dataplane"}).empty());
}

TEST_CASE("base64 of any length") {
  std::string bytes;
  for (int i = 0; i < 300; ++i) {
    INFO(i);
    CHECK(Base64Decode(Base64Encode(bytes)).value_or("?") == bytes);
    CHECK(Base64UrlDecode(Base64UrlEncode(bytes)).value_or("?") == bytes);
    bytes.push_back(static_cast<char>(i * 7));
  }
  CHECK(Base64Encode("fo") == "Zm8=");
  CHECK(Base64UrlEncode("\xff\xfe") == "__4");
  CHECK(Base64Decode("Zm9v\nYmFy").value_or("?") == "foobar");
  CHECK_FALSE(Base64Decode("Zm9v!").ok());
  CHECK_FALSE(Base64Decode("Z").ok());
}

TEST_CASE("digests tell sequences apart") {
  CHECK(DigestBuilder().Add("a").Add("bc").Finish() != DigestBuilder().Add("ab").Add("c").Finish());
  CHECK(DigestBuilder().Add("a").Finish() == DigestBuilder().Add("a").Finish());
  CHECK(DigestOf("a").ToHex().size() == 32);
}

TEST_CASE("files are written whole or not at all") {
  char folder[] = "/tmp/kuma-files-XXXXXX";
  REQUIRE(mkdtemp(folder) != nullptr);
  const std::string path = JoinPath(folder, "f");
  CHECK(ReadFile(path).error().code == ErrorCode::kNotFound);
  REQUIRE(WriteFileAtomic(path, "one").ok());
  REQUIRE(WriteFileAtomic(path, "two", 0600).ok());
  CHECK(ReadFile(path).value_or("?") == "two");
  CHECK(ReadFile(path, 2).error().code == ErrorCode::kTooLarge);
  CHECK_FALSE(WriteFileAtomic(JoinPath(folder, "missing/f"), "x").ok());
  CHECK(ListFolder(folder).value_or(std::vector<std::string>{}) == std::vector<std::string>{"f"});
  unlink(path.c_str());
  rmdir(folder);
}
