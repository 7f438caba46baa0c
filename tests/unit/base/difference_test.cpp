#include "pkg/base/difference.h"

#include <catch2/catch.hpp>

namespace kuma {
namespace {

// "path: before -> after", "+ path: after", "- path: before"
std::vector<std::string> Text(const std::string& before, const std::string& after) {
  std::vector<std::string> out;
  for (const FieldDifference& one : Differences(ParseYaml(before).value(), ParseYaml(after).value())) {
    if (one.before && one.after) {
      out.push_back(one.path + ": " + ToJsonText(*one.before) + " -> " + ToJsonText(*one.after));
    } else {
      out.push_back((one.after ? "+ " : "- ") + one.path + ": " + ToJsonText(one.after ? *one.after : *one.before));
    }
  }
  return out;
}

}  // namespace

TEST_CASE("documents differ field by field") {
  struct Row {
    const char* about;
    const char* before;
    const char* after;
    std::vector<std::string> expected;
  };
  const std::vector<Row> rows = {
      {"equal", "{a: 1, b: [1, 2]}", "{a: 1, b: [1, 2]}", {}},
      {"a member", "{a: {b: 1, c: 2}}", "{a: {b: 3, c: 2}}", {"a.b: 1 -> 3"}},
      {"new and gone", "{a: {b: 1}}", "{a: {c: [1]}}", {"- a.b: 1", "+ a.c: [1]"}},
      {"keys with dots", "{a: {x.y/z: 1}}", "{a: {x.y/z: 2}}", {"a[x.y/z]: 1 -> 2"}},
      {"another type", "{a: [1]}", "{a: {b: 1}}", {"a: [1] -> {\"b\":1}"}},
      {"named items are found by name", "{l: [{name: a, v: 1}, {name: b, v: 2}]}", "{l: [{name: b, v: 3}]}", {"- l[a]: {\"name\":\"a\",\"v\":1}", "l[b].v: 2 -> 3"}},
      {"named items that moved", "{l: [{name: a}, {name: b}]}", "{l: [{name: b}, {name: a}]}", {"l (order): [\"a\",\"b\"] -> [\"b\",\"a\"]"}},
      {"an item put in between", "{l: [1, 2, 3]}", "{l: [1, 9, 2, 3]}", {"+ l[1]: 9"}},
      {"an item changed in its place", "{l: [{x: 1}, {x: 2}]}", "{l: [{x: 1}, {x: 5}]}", {"l[1].x: 2 -> 5"}},
      {"items of one name are told by place", "{l: [{name: a, v: 1}, {name: a, v: 2}]}", "{l: [{name: a, v: 1}, {name: a, v: 3}]}", {"l[1].v: 2 -> 3"}},
      {"the whole", "1", "2", {": 1 -> 2"}},
  };
  for (const Row& row : rows) {
    INFO(row.about);
    CHECK(Text(row.before, row.after) == row.expected);
  }
}

TEST_CASE("alignment without a table still keeps equal ends") {
  const size_t many = 3000;  // 3000 x 3000 is more than the table may have
  const std::vector<Aligned> rows = Align(many, many, [&](size_t i, size_t j) { return i == j && (i == 0 || i + 1 == many); });
  REQUIRE(rows.size() == 2 + 2 * (many - 2));
  CHECK((rows.front().before == 0u && rows.front().after == 0u));
  CHECK((rows.back().before == many - 1 && rows.back().after == many - 1));
}

}  // namespace kuma
