#include "pkg/policy/mesh_http_route/faults.h"

#include <re2/re2.h>

#include "pkg/base/strings.h"

namespace kuma::policy {

namespace {

// Envoy keeps them to itself: routes are chosen by them.
bool IsProtectedHeader(const std::string& name) { return name.starts_with(':') || ToLower(name) == "host"; }

std::string At(const std::string& path, size_t index) { return path + '[' + std::to_string(index) + ']'; }

}  // namespace

bool IsRegex(const std::string& text) {
  re2::RE2::Options quiet;
  quiet.set_log_errors(false);
  return re2::RE2(text, quiet).ok();
}

std::string RuleFaults::RulePath() const {
  if (origin_.policy == nullptr) return {};
  const Json& to = Get(origin_.policy->spec, "to");
  const auto entry = static_cast<size_t>(origin_.rule_index);
  if (!to.is_array() || entry >= to.size()) return {};
  const std::string path = At("spec.to", entry);
  const Json& rules = Get(to[entry], "rules");
  for (size_t i = 0; rules.is_array() && i < rules.size(); ++i) {
    if (Get(rules[i], "matches") == matches_) return At(path + ".rules", i);
  }
  return path;
}

void RuleFaults::Add(const std::string& path, std::string message) {
  if (report_.warnings == nullptr) return;
  const std::string rule = RulePath();
  std::string resource = origin_.policy == nullptr || types_ == nullptr ? std::string() : ToString(KriOf(origin_.policy->meta), *types_);
  report_.warnings->push_back({std::move(resource), rule.empty() ? path : rule + (path.empty() ? "" : "." + path), std::move(message)});
}

Json RuleFaults::UsableFilters(const Json& filters) {
  Json usable = Json::array();
  if (!filters.is_array()) return usable;
  for (size_t i = 0; i < filters.size(); ++i) {
    Json filter = filters[i];
    for (const char* modifier : {"requestHeaderModifier", "responseHeaderModifier"}) {
      if (!Get(filter, modifier).is_object()) continue;
      const bool request = std::string_view(modifier) == "requestHeaderModifier";
      for (const char* list : {"set", "add", "remove"}) {
        if (!Get(filter[modifier], list).is_array()) continue;
        Json kept = Json::array();
        for (size_t k = 0; k < filter[modifier][list].size(); ++k) {
          const Json& header = filter[modifier][list][k];
          const std::string name = header.is_string() ? header.get<std::string>() : GetString(header, "name");
          if (request ? IsProtectedHeader(name) : name.starts_with(':')) {
            Add(At("default.filters", i) + "." + modifier + "." + At(list, k),
                "left out: Envoy does not let routes modify the header " + name + (request ? "; URLRewrite has a hostname for this" : ""));
          } else {
            kept.push_back(header);
          }
        }
        filter[modifier][list] = std::move(kept);
      }
    }
    usable.push_back(std::move(filter));
  }
  return usable;
}

bool RuleFaults::IsUsable(const Json& match) {
  bool usable = true;
  const auto check = [&](const Json& condition, const std::string& path) {
    if (GetString(condition, "type") != "RegularExpression" || IsRegex(GetString(condition, "value"))) return;
    size_t index = 0;
    while (index < matches_.size() && matches_[index] != match) ++index;
    Add(At("matches", index) + "." + path + ".value",
        "the match is left out: " + GetString(condition, "value") + " is no regular expression of RE2");
    usable = false;
  };
  check(Get(match, "path"), "path");
  for (const char* list : {"headers", "queryParams"}) {
    const Json& conditions = Get(match, list);
    for (size_t i = 0; conditions.is_array() && i < conditions.size(); ++i) check(conditions[i], At(list, i));
  }
  return usable;
}

void RuleFaults::CheckBackends(const Kri& origin, const Json& refs, const BackendResolver& resolve, bool all_missing) {
  if (report_.warnings == nullptr || !report_.diagnose) return;
  const std::string then = all_missing ? "; the rule is left out" : "; the other backends take its share";
  bool any = false;
  for (size_t i = 0; refs.is_array() && i < refs.size(); ++i) {
    if (resolve(origin, refs[i], true)) continue;
    if (GetInt(refs[i], "weight", 1) == 0) continue;
    const bool by_labels = !Get(refs[i], "labels").empty();
    Add(At("default.backendRefs", i),
        report_.diagnose(origin, refs[i], true) + (by_labels && !all_missing ? "; it counts as not written" : then));
    any = true;
  }
  if (all_missing && !any) Add("default.backendRefs", "every backend has weight 0; the rule is left out");
}

void RuleFaults::NoMirror(const Kri& origin, const Json& ref) {
  if (report_.warnings == nullptr || !report_.diagnose) return;
  Add("default.filters", "a RequestMirror is left out: " + report_.diagnose(origin, ref, true));
}

void RuleFaults::NotHttp(const RouteDestination& to) {
  if (to.protocol == mesh::Protocol::kUnknown) return;  // nothing of it runs at the moment
  Add("", "the rule has no effect on " + to.service + ", which speaks " + std::string(mesh::ProtocolName(to.protocol)) + ", not HTTP");
}

std::vector<std::string> FaultsOf(const Resource& route) {
  std::vector<Warning> found;
  const RouteReport report{nullptr, &found};
  const ResourcePtr borrowed(ResourcePtr(), &route);
  const Json& to = Get(route.spec, "to");
  for (size_t i = 0; to.is_array() && i < to.size(); ++i) {
    for (const Json& rule : Get(to[i], "rules")) {
      const Json& matches = Get(rule, "matches");
      RuleFaults faults(report, nullptr, matches);
      faults.Blame({borrowed, static_cast<int>(i)});
      faults.UsableFilters(Get(Get(rule, "default"), "filters"));
      for (const Json& match : matches) faults.IsUsable(match);
    }
  }
  std::vector<std::string> texts;
  for (const Warning& warning : found) texts.push_back(warning.path + ": " + warning.message);
  return texts;
}

}  // namespace kuma::policy
