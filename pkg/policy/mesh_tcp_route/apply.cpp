#include "pkg/policy/mesh_tcp_route/apply.h"

#include <algorithm>

namespace kuma::policy {

namespace {

// Origin of the conf: the policy that was applied last.
Kri LastOrigin(const std::vector<Origin>& origins) {
  if (origins.empty() || origins.back().policy == nullptr) return {};
  return KriOf(origins.back().policy->meta, "rule_" + std::to_string(origins.back().rule_index));
}

std::string PathOfRef(const Kri& origin, size_t index) {
  const std::string entry = origin.section.substr(std::min(origin.section.size(), std::string_view("rule_").size()));
  return "spec.to[" + entry + "].rules[0].default.backendRefs[" + std::to_string(index) + "]";
}

}  // namespace

std::vector<envoy::WeightedTarget> PlanTcpTargets(const RuleSet* rules, bool has_http_route, const RouteDestination& to,
                                                  const DefaultTarget& default_target, const BackendResolver& resolve, const TypeRegistry& types,
                                                  const RouteReport& report) {
  const Json* conf = nullptr;
  Kri origin;
  if (rules != nullptr) {
    conf = FindToConf(rules->to, {{std::string(kServiceTag), to.service}});
    for (const SubsetRule& rule : rules->to) {
      if (&rule.conf == conf) origin = LastOrigin(rule.origins);
    }
    if (to.destination) {
      const ResourceRule* rule = FindResourceRule(rules->to_resources, *to.destination, to.destination->mesh);
      if (rule != nullptr && !rule->confs.empty()) {
        conf = &rule->confs.front();
        origin = LastOrigin(rule->origins);
      }
    }
  }
  if (mesh::IsHttp(to.protocol) && (conf == nullptr || has_http_route)) return {};
  std::vector<envoy::WeightedTarget> targets;
  if (conf == nullptr) {
    if (const auto target = default_target(false)) targets.push_back(*target);
    return targets;
  }
  std::vector<Warning> missing;
  size_t index = 0;
  for (const Json& ref : Get(Get(*conf, "default").is_object() ? Get(*conf, "default") : *conf, "backendRefs")) {
    if (const auto target = resolve(origin, ref, false)) {
      targets.push_back(*target);
    } else if (report.warnings != nullptr && GetInt(ref, "weight", 1) != 0) {
      missing.push_back({ToString(origin.WithoutSection(), types), PathOfRef(origin, index), report.diagnose(origin, ref, false)});
    }
    ++index;
  }
  for (Warning& warning : missing) {
    warning.message += targets.empty() ? "; connections to " + to.service + " are refused" : "; the other backends take its share";
    report.warnings->push_back(std::move(warning));
  }
  return targets;
}

}  // namespace kuma::policy
