#include <algorithm>

#include "pkg/policy/mesh_http_route/apply.h"
#include "pkg/policy/mesh_http_route/faults.h"
#include "pkg/policy/rules/merge.h"

namespace kuma::policy {

namespace {

// Mirrored requests go to the service by its tag, as with the reference, even where the ref means a port of a resource.
Json ByServiceTag(Json backend_ref) {
  for (const char* field : {"port", "sectionName", "labels"}) backend_ref.erase(field);
  return backend_ref;
}

size_t Size(const Json& list) { return list.is_array() ? list.size() : 0; }

int PathRank(const Json& path) {
  const std::string type = GetString(path, "type");
  return type == "Exact" ? 0 : type == "PathPrefix" ? 1 : 2;
}

int Sign(size_t smaller, size_t larger) { return smaller < larger ? -1 : smaller > larger ? 1 : 0; }

int ComparePaths(const Json& a, const Json& b) {
  if (a.is_null() || b.is_null()) return static_cast<int>(a.is_null()) - static_cast<int>(b.is_null());
  if (PathRank(a) != PathRank(b)) return PathRank(a) - PathRank(b);
  if (PathRank(a) == 0) return 0;
  return Sign(GetString(b, "value").size(), GetString(a, "value").size());
}

void AddDefault(HttpRoutePlan& plan, const DefaultTarget& default_target) {
  if (const auto target = default_target(true)) plan.targets.push_back(*target);
}

Json CatchAllMatch() { return {{"path", {{"type", "PathPrefix"}, {"value", "/"}}}}; }

// Name of a route of a rule: what policies that target routes are looked up by.
std::string RouteName(const std::string& hash, const Kri& origin, const RouteDestination& to, const TypeRegistry& types) {
  return to.destination ? ToString(origin, types) : hash;
}

}  // namespace

int CompareHttpMatches(const Json& a, const Json& b) {
  if (const int order = ComparePaths(Get(a, "path"), Get(b, "path")); order != 0) return order;
  const bool a_method = !Get(a, "method").is_null();
  const bool b_method = !Get(b, "method").is_null();
  if (a_method != b_method) return a_method ? -1 : 1;
  if (const int order = Sign(Size(Get(b, "headers")), Size(Get(a, "headers"))); order != 0) return order;
  return Sign(Size(Get(b, "queryParams")), Size(Get(a, "queryParams")));
}

const Json* FindHttpRouteConf(const RuleSet* rules, const RouteDestination& to, const std::map<std::string, Origin>** origins) {
  if (rules == nullptr) return nullptr;
  if (to.destination) {
    const ResourceRule* rule = FindResourceRule(rules->to_resources, *to.destination, to.destination->mesh);
    if (rule != nullptr && !rule->confs.empty()) {
      if (origins != nullptr) *origins = &rule->origin_by_matches;
      return &rule->confs.front();
    }
  }
  const Json* conf = FindToConf(rules->to, {{std::string(kServiceTag), to.service}});
  if (conf == nullptr || origins == nullptr) return conf;
  for (const SubsetRule& rule : rules->to) {
    if (&rule.conf == conf) *origins = &rule.origin_by_matches;
  }
  return conf;
}

std::vector<HttpRoutePlan> PlanHttpRoutes(const RuleSet* rules, const RouteDestination& to, const DefaultTarget& default_target,
                                          const BackendResolver& resolve, const TypeRegistry& types, const RouteReport& report) {
  const std::map<std::string, Origin>* origins = nullptr;
  const Json* conf = FindHttpRouteConf(rules, to, &origins);
  const Json& api_rules = conf == nullptr ? Get(Json(), "rules") : Get(*conf, "rules");
  if (Size(api_rules) == 0 && !mesh::IsHttp(to.protocol)) return {};

  std::vector<HttpRoutePlan> routes;
  for (const Json& rule : api_rules) {
    const Json& matches = Get(rule, "matches");
    const std::string hash = HashMatches(matches);
    Kri origin;
    RuleFaults faults(report, &types, matches);
    if (origins != nullptr) {
      if (const auto it = origins->find(hash); it != origins->end() && it->second.policy != nullptr) {
        origin = KriOf(it->second.policy->meta, to.unified_naming ? "rule_" + std::to_string(it->second.rule_index) : "");
        faults.Blame(it->second);
      }
    }
    HttpRoutePlan plan;
    plan.name = RouteName(hash, origin, to, types);
    const Json& settings = Get(rule, "default");
    plan.filters = faults.UsableFilters(Get(settings, "filters"));
    bool has_refs = false;
    for (const Json& ref : Get(settings, "backendRefs")) {
      const auto target = resolve(origin, ref, true);
      if (target) plan.targets.push_back(*target);
      // Labels that no resource has count as no ref at all; a name that does not exist leaves the rule without a backend.
      has_refs |= target.has_value() || Get(ref, "labels").empty();
    }
    if (!has_refs) AddDefault(plan, default_target);
    // The destination itself does not speak HTTP, so the rule cannot be for it.
    if (!has_refs && plan.targets.empty()) {
      faults.NotHttp(to);
      continue;
    }
    faults.CheckBackends(origin, Get(settings, "backendRefs"), resolve, plan.targets.empty());
    for (const Json& filter : plan.filters) {
      if (GetString(filter, "type") != "RequestMirror") continue;
      const Json& ref = Get(Get(filter, "requestMirror"), "backendRef");
      auto target = resolve(origin, ByServiceTag(ref), true);
      if (!target) target = resolve(origin, ref, true);
      plan.mirror_clusters.push_back(target ? target->cluster : std::string());
      if (!target) faults.NoMirror(origin, ref);
    }
    for (const Json& match : matches) {
      if (!faults.IsUsable(match)) continue;
      plan.match = match;
      routes.push_back(plan);
    }
  }
  std::stable_sort(routes.begin(), routes.end(), [](const auto& a, const auto& b) { return CompareHttpMatches(a.match, b.match) < 0; });

  const Json catch_all = CatchAllMatch();
  if (std::none_of(routes.begin(), routes.end(), [&](const auto& route) { return route.match == catch_all; })) {
    HttpRoutePlan plan;
    plan.name = HashMatches(Json::array({catch_all}));
    plan.match = catch_all;
    AddDefault(plan, default_target);
    if (!plan.targets.empty()) routes.push_back(std::move(plan));
  }
  // After the catch-all: a rule for everything that has no backend still takes its place.
  std::erase_if(routes, [](const HttpRoutePlan& route) { return route.targets.empty(); });
  for (HttpRoutePlan& route : routes) {
    if (Get(route.match, "path").is_null()) route.match["path"] = catch_all["path"];
  }
  return routes;
}

}  // namespace kuma::policy
