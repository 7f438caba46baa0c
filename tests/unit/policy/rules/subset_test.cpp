#include "pkg/policy/rules/subset.h"

#include "tests/unit/policy/rules/fixture.h"

namespace kuma::policy::testing {
namespace {

// "a=1,b=2" -> subset; "" -> everything.
Subset Part(std::string_view text) {
  Subset out;
  for (size_t at = 0; at < text.size();) {
    size_t end = text.find(',', at);
    if (end == std::string_view::npos) end = text.size();
    std::string_view tag = text.substr(at, end - at);
    const bool negated = tag.starts_with('!');
    if (negated) tag.remove_prefix(1);
    const size_t equals = tag.find('=');
    out.push_back({std::string(tag.substr(0, equals)), std::string(tag.substr(equals + 1)), negated});
    at = end + 1;
  }
  return out;
}

ResourcePtr Policy(const std::string& name) {
  auto policy = std::make_shared<Resource>();
  policy->meta.key = {"Clients", "default", name};
  return policy;
}

// Each entry sets {"<its number>": true}; "{part} 02" means that entries 0 and 2 were merged for the part.
std::vector<std::string> Rules(const std::vector<std::string>& entries, bool with_negations) {
  std::vector<Json> confs;
  for (size_t i = 0; i < entries.size(); ++i) confs.push_back({{std::to_string(i), true}});
  std::vector<SubsetEntry> list;
  for (size_t i = 0; i < entries.size(); ++i) list.push_back({Part(entries[i]), &confs[i], {Policy("p" + std::to_string(i)), 0}});
  std::vector<std::string> out;
  for (const SubsetRule& rule : BuildSubsetRules(list, with_negations, {})) {
    std::string text = PartText(rule.subset) + ' ';
    for (const auto& [name, value] : rule.conf.items()) text += name;
    CHECK(rule.origins.size() == rule.conf.size());
    out.push_back(text);
  }
  return out;
}

}  // namespace

TEST_CASE("clients are cut into parts, most positive tags first") {
  struct Case {
    const char* name;
    std::vector<std::string> entries;
    std::vector<std::string> rules;
  };
  const std::vector<Case> cases = {
      {"nothing", {}, {}},
      {"everyone", {""}, {"{} 0"}},
      {"everyone twice", {"", ""}, {"{} 01"}},
      {"one tag", {"a=1"}, {"{a=1} 0"}},
      {"everyone and one tag", {"", "a=1"}, {"{a=1} 01", "{!a=1} 0"}},
      {"two values never overlap", {"a=1", "a=2"}, {"{a=2} 1", "{a=1} 0"}},
      {"everyone and two values", {"", "a=1", "a=2"}, {"{a=2} 02", "{a=1} 01", "{!a=2} 0", "{!a=1} 0"}},
      {"two keys overlap", {"a=1", "b=1"}, {"{a=1,b=1} 01", "{!a=1,b=1} 1", "{a=1,!b=1} 0"}},
      {"everyone and two keys", {"", "a=1", "b=1"}, {"{a=1,b=1} 012", "{!a=1,b=1} 02", "{a=1,!b=1} 01", "{!a=1,!b=1} 0"}},
      {"subset with two tags", {"a=1", "a=1,b=1"}, {"{a=1,b=1} 01", "{a=1,!b=1} 0"}},
  };
  for (const Case& row : cases) {
    INFO(row.name);
    CHECK(Rules(row.entries, true) == row.rules);
  }
}

TEST_CASE("destinations by one tag need no negations") {
  CHECK(Rules({"", "s=a", "s=b", "s=a"}, false) == std::vector<std::string>{"{s=a} 013", "{s=b} 02", "{} 0"});
  CHECK(Rules({"s=a", ""}, false) == std::vector<std::string>{"{s=a} 01", "{} 1"});
  // Two keys: the space is cut as for clients.
  CHECK(Rules({"s=a", "s=a,h=x"}, false) == std::vector<std::string>{"{h=x,s=a} 01", "{!h=x,s=a} 0"});
}

TEST_CASE("an element falls into the first part that contains it") {
  struct Case {
    const char* part;
    LabelMap element;
    bool contained;
  };
  const std::vector<Case> cases = {
      {"", {}, true},
      {"", {{"a", "1"}}, true},
      {"a=1", {}, false},
      {"a=1", {{"a", "1"}, {"b", "2"}}, true},
      {"a=1", {{"a", "2"}}, false},
      {"!a=1", {{"a", "2"}}, true},
      {"!a=1", {{"a", "1"}}, false},
      {"!a=1", {{"b", "1"}}, true},
      {"a=1,!b=1", {{"a", "1"}}, true},
      {"a=1,b=1", {{"a", "1"}}, false},
      {"!a=1,b=1", {{"c", "1"}}, false},
  };
  for (const Case& row : cases) {
    INFO(row.part);
    CHECK(ContainsElement(Part(row.part), row.element) == row.contained);
  }
}

TEST_CASE("parts of a group of entries are disjoint and cover what the entries cover") {
  const std::vector<std::string> entries = {"a=1", "b=1", "c=1", "a=1,b=1"};
  std::vector<Json> confs(entries.size(), Json::object());
  std::vector<SubsetEntry> list;
  for (size_t i = 0; i < entries.size(); ++i) list.push_back({Part(entries[i]), &confs[i], {Policy("p" + std::to_string(i)), 0}});
  const std::vector<SubsetRule> rules = BuildSubsetRules(list, true, {});
  for (const char* a : {"1", "2"}) {
    for (const char* b : {"1", "2"}) {
      for (const char* c : {"1", "2"}) {
        const LabelMap element = {{"a", a}, {"b", b}, {"c", c}};
        const auto containing = std::count_if(rules.begin(), rules.end(), [&](const SubsetRule& rule) { return ContainsElement(rule.subset, element); });
        const bool covered = std::any_of(list.begin(), list.end(), [&](const SubsetEntry& entry) { return ContainsElement(entry.subset, element); });
        CHECK(containing == (covered ? 1 : 0));
      }
    }
  }
}

TEST_CASE("overlap and inclusion of subsets") {
  CHECK(Intersects(Part("a=1"), Part("b=1")));
  CHECK(Intersects(Part(""), Part("b=1")));
  CHECK_FALSE(Intersects(Part("a=1,c=1"), Part("a=2")));
  CHECK(Includes(Part(""), Part("a=1")));
  CHECK(Includes(Part("a=1"), Part("a=1,b=2")));
  CHECK_FALSE(Includes(Part("a=1"), Part("b=2")));
  CHECK(Includes(Part("!a=1"), Part("a=2")));
  CHECK(Includes(Part("!a=1"), Part("!a=1")));
  CHECK_FALSE(Includes(Part("!a=1"), Part("!a=2")));
  CHECK_FALSE(Includes(Part("a=1"), Part("!a=2")));
}

}  // namespace kuma::policy::testing
