#include "pkg/policy/rules/merge.h"

#include "tests/unit/policy/rules/fixture.h"

namespace kuma::policy::testing {
namespace {

std::vector<Json> Merged(const std::vector<Json>& confs, const PolicyTraits& traits) {
  std::vector<const Json*> pointers;
  for (const Json& conf : confs) pointers.push_back(&conf);
  return MergeConfs(pointers, traits);
}

}  // namespace

TEST_CASE("confs merge field by field, later ones win") {
  struct Case {
    const char* name;
    std::vector<const char*> confs;
    const char* expected;
  };
  const std::vector<Case> cases = {
      {"one", {"{a: 1}"}, "{a: 1}"},
      {"fields of both", {"{a: 1, b: {x: 1}}", "{b: {y: 2}}"}, "{a: 1, b: {x: 1, y: 2}}"},
      {"later scalar", {"{a: 1}", "{a: 2}", "{a: 3}"}, "{a: 3}"},
      {"lists replace", {"{l: [1, 2]}", "{l: [3]}"}, "{l: [3]}"},
      {"an empty list replaces", {"{l: [1]}", "{l: []}"}, "{l: []}"},
      {"empty conf changes nothing", {"{a: 1}", "{}"}, "{a: 1}"},
      {"append lists concatenate", {"{appendX: [1]}", "{appendX: [2]}", "{}", "{appendX: [1]}"}, "{appendX: [1, 2, 1]}"},
      {"empty append lists are none", {"{appendX: [], p: {appendX: []}, l: []}"}, "{appendX: null, p: {appendX: null}, l: []}"},
      {"nested append lists", {"{p: {appendX: [1], q: 1}}", "{p: {appendX: [2]}}"}, "{p: {appendX: [1, 2], q: 1}}"},
      {"append only in the first", {"{appendX: [1]}", "{a: 2}"}, "{appendX: [1], a: 2}"},
      {"append only in the last", {"{a: 2}", "{appendX: [1]}"}, "{appendX: [1], a: 2}"},
  };
  for (const Case& row : cases) {
    INFO(row.name);
    std::vector<Json> confs;
    for (const char* conf : row.confs) confs.push_back(Parsed(conf));
    CHECK(Merged(confs, {}) == std::vector<Json>{Parsed(row.expected)});
  }
  CHECK(Merged({}, {}).empty());
}

TEST_CASE("merging is associative and an equal conf changes nothing") {
  const Json a = Parsed("{x: {p: 1, q: 2}, appendX: [1]}");
  const Json b = Parsed("{x: {q: 3}, l: [1], appendX: [2]}");
  const Json c = Parsed("{x: {r: 4}, l: [2], appendX: [3]}");
  CHECK(Merged({Merged({a, b}, {}).front(), c}, {}) == Merged({a, b, c}, {}));
  CHECK(Merged({a, Merged({b, c}, {}).front()}, {}) == Merged({a, b, c}, {}));
  const Json plain = Parsed("{x: {p: 1}, l: [1, 2]}");
  CHECK(Merged({plain, plain, plain}, {}) == std::vector<Json>{plain});
}

TEST_CASE("keyed items merge by key and stand where the last of them stood") {
  const auto traits = RouteTraits();
  const auto conf = [&](const char* yaml) { return ConfOfEntry(Parsed(yaml), *traits); };
  const Json merged = Merged({conf("{rules: [{matches: [{path: /a}], default: {filters: [1]}}, {matches: [{path: /b}], default: {backendRefs: [b]}}]}"),
                              conf("{rules: [{matches: [{path: /c}], default: {}}, {matches: [{path: /a}], default: {backendRefs: [a]}}]}")},
                             *traits)
                          .front();
  // Rules of the more specific policy come first, in its order; then what only the other one has.
  CHECK(merged == Parsed("{rules: [{matches: [{path: /c}], default: {}}, {matches: [{path: /a}], default: {filters: [1], backendRefs: [a]}}, "
                         "{matches: [{path: /b}], default: {backendRefs: [b]}}]}"));
  CHECK(Merged({conf("{rules: []}")}, *traits) == std::vector<Json>{Json::object()});
}

TEST_CASE("a policy that splits by values gets a conf for each") {
  const auto traits = RouteTraits();
  const auto conf = [&](const char* yaml) { return ConfOfEntry(Parsed(yaml), *traits); };
  const std::vector<Json> merged = Merged({conf("{hostnames: [a.com, b.com], rules: [{matches: [1], default: {x: 1}}]}"), conf("{rules: [{matches: [2], default: {}}]}"),
                                           conf("{hostnames: [b.com], rules: [{matches: [1], default: {y: 2}}]}")},
                                          *traits);
  REQUIRE(merged.size() == 3);
  CHECK(merged[0] == Parsed("{hostnames: [a.com], rules: [{matches: [1], default: {x: 1}}]}"));
  CHECK(merged[1] == Parsed("{hostnames: [b.com], rules: [{matches: [1], default: {x: 1, y: 2}}]}"));
  CHECK(merged[2] == Parsed("{rules: [{matches: [2], default: {}}]}"));
}

TEST_CASE("the hash of matches is stable across the order of fields") {
  // Recorded values: the hash is visible in the API and in names.
  CHECK(HashMatches(Parsed("[{path: {type: PathPrefix, value: /}}]")) == "9Zuf5Tg79OuZcQITwBbQykxAk2u4fRKrwYn3//AL4Yo=");
  CHECK(HashMatches(Parsed("[{path: {value: /exact, type: Exact}}, {path: {type: RegularExpression, value: '/re/.*'}}]")) == "cnrwvt94qijp/CjrlwcugSj/YXf/kB+mi2u3F3LhhJ8=");
  CHECK(HashMatches(Parsed(R"([{"headers": [{"name": "x-version", "type": "Exact", "value": "v2"}, {"name": "x-re", "type": "RegularExpression", "value": "^a.+$"},
    {"name": "x-present", "type": "Present"}, {"name": "x-absent", "type": "Absent"}, {"name": "x-prefix", "type": "Prefix", "value": "pre"}], "method": "GET",
    "path": {"type": "PathPrefix", "value": "/v2"}, "queryParams": [{"name": "q", "type": "Exact", "value": "one"}, {"name": "r", "type": "RegularExpression", "value": "[0-9]+"}]}])")) ==
        "nxfVKdVoA4Igfu/3hAMnnDSbplBYvWv4SJZ/T939kSg=");
}

}  // namespace kuma::policy::testing
