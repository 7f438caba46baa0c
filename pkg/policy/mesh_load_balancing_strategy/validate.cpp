#include "pkg/policy/mesh_load_balancing_strategy/spec.h"
#include "pkg/policy/target_ref/checks.h"
#include "pkg/policy/target_ref/descriptor.h"

namespace kuma::policy {
namespace {

const std::string kNotEmpty(resources::kMustNotBeEmpty);

void CheckHashPolicies(Checker& checker, const Path& path, const Json& policies) {
  for (size_t i = 0; i < policies.size(); ++i) {
    const Json& policy = policies[i];
    const std::string type = GetString(policy, "type");
    const std::string_view member = type == "Header"           ? "header"
                                    : type == "Cookie"         ? "cookie"
                                    : type == "QueryParameter" ? "queryParameter"
                                    : type == "FilterState"    ? "filterState"
                                                               : "connection";
    const Json& conf = Get(policy, member);
    if (conf.is_null()) {
      checker.Add(path.Index(i).Field(member), std::string(resources::kMustBeDefined));
    } else if (type == "Cookie" && !Get(conf, "path").is_null() && !GetString(conf, "path").starts_with("/")) {
      checker.Add(path.Index(i).Field(member).Field("path"), "must be an absolute path");
    }
  }
}

void CheckAffinityTags(Checker& checker, const Path& path, const Json& tags) {
  size_t weights = 0;
  for (size_t i = 0; i < tags.size(); ++i) {
    if (GetString(tags[i], "key").empty()) checker.Add(path.Index(i).Field("key"), kNotEmpty);
    const Json& weight = Get(tags[i], "weight");
    resources::CheckIntegerGreaterThanOrNil(checker, path.Index(i).Field("weight"), weight, 0);
    if (!weight.is_null()) ++weights;
  }
  if (weights > 0 && weights != tags.size()) checker.Add(path, "all or none affinity tags should have weight");
}

void CheckFailover(Checker& checker, const Path& path, const Json& failover) {
  if (const Json& from = Get(failover, "from"); !from.is_null()) {
    const Json& zones = ListOf(from, "zones");
    const Path at = path.Field("from").Field("zones");
    if (zones.empty()) checker.Add(at, kNotEmpty);
    for (size_t i = 0; i < zones.size(); ++i) {
      if (zones[i] == "") checker.Add(at.Index(i), kNotEmpty);
    }
  }
  const Json& to = Get(failover, "to");
  const std::string type = GetString(to, "type");
  const bool lists_zones = type == "AnyExcept" || type == "Only";
  const bool empty = ListOf(to, "zones").empty();
  if (lists_zones && empty) checker.Add(path.Field("to").Field("zones"), "must not be empty when type is " + type);
  if (!lists_zones && !empty) checker.Add(path.Field("to").Field("zones"), "must be empty when type is " + type);
}

void CheckCrossZone(Checker& checker, const Path& path, const Json& cross, const Json& target) {
  if (cross.is_null()) return;
  const bool one_zone = !GetString(target, "sectionName").empty() || !Get(target, "labels").empty();
  if (GetString(target, "kind") == "MeshService" && one_zone) checker.Add(path, "must not be set: MeshService traffic is local");
  const Json& failovers = ListOf(cross, "failover");
  for (size_t i = 0; i < failovers.size(); ++i) CheckFailover(checker, path.Field("failover").Index(i), failovers[i]);
  if (const Json& threshold = Get(cross, "failoverThreshold"); !threshold.is_null()) {
    resources::CheckPercentage(checker, path.Field("failoverThreshold").Field("percentage"), Get(threshold, "percentage"), false);
  }
}

void CheckLoadBalancer(Checker& checker, const Path& path, const Json& balancer) {
  const std::string type = GetString(balancer, "type");
  if (type == "RingHash")
    CheckHashPolicies(checker, path.Field("ringHash").Field("hashPolicies"), ListOf(Get(balancer, "ringHash"), "hashPolicies"));
  if (type == "Maglev")
    CheckHashPolicies(checker, path.Field("maglev").Field("hashPolicies"), ListOf(Get(balancer, "maglev"), "hashPolicies"));
  if (type == "LeastRequest") {
    resources::CheckIntOrStringAtLeast(checker, path.Field("leastRequest").Field("activeRequestBias"),
                                       Get(Get(balancer, "leastRequest"), "activeRequestBias"), 0);
  }
}

void CheckConf(Checker& checker, const Path& path, const Json& conf, const Json& target) {
  const Json& balancer = Get(conf, "loadBalancer");
  const Json& locality = Get(conf, "localityAwareness");
  const Json& policies = Get(conf, "hashPolicies");
  CheckHashPolicies(checker, path.Field("hashPolicies"), policies);
  if (GetString(target, "kind") == "MeshHTTPRoute") {
    constexpr std::string_view kMessage = "field is not allowed when targetRef.kind is MeshHTTPRoute, only hashPolicies is supported";
    CheckAbsent(checker, path.Field("loadBalancer"), balancer, kMessage);
    CheckAbsent(checker, path.Field("localityAwareness"), locality, kMessage);
    return;
  }
  CheckLoadBalancer(checker, path.Field("loadBalancer"), balancer);
  const Path of_locality = path.Field("localityAwareness");
  CheckAffinityTags(checker, of_locality.Field("localZone").Field("affinityTags"), ListOf(Get(locality, "localZone"), "affinityTags"));
  CheckCrossZone(checker, of_locality.Field("crossZone"), Get(locality, "crossZone"), target);
  if (policies.is_null()) return;
  for (const std::string_view member : {"ringHash", "maglev"}) {
    CheckAbsent(checker, path.Field("loadBalancer").Field(member).Field("hashPolicies"), Get(Get(balancer, member), "hashPolicies"),
                "hashPolicies already specified in the root level");
  }
}

TargetRefRules TargetsOf(const std::string& top_kind, const Json& conf) {
  if (top_kind != "MeshGateway") return {.kinds = {"Mesh", "MeshService", "MeshMultiZoneService", "MeshHTTPRoute"}};
  if (Get(conf, "loadBalancer").is_null()) return {.kinds = {"Mesh", "MeshService", "MeshMultiZoneService"}};
  return {.kinds = {"Mesh"}, .unsupported = "value '" + top_kind + "' is not supported, only Mesh is allowed if loadBalancer is set"};
}

}  // namespace

void ValidateMeshLoadBalancingStrategy(const Resource& policy, std::vector<Violation>& violations) {
  Checker checker(violations);
  CheckTop(checker, policy, {.kinds = ProxyAndGatewayKinds(), .gateway_tags = true});
  const std::string top_kind = TopKind(policy.spec);
  const Json& to = ListOf(policy.spec, "to");
  for (size_t i = 0; i < to.size(); ++i) {
    const Path at = Path("spec").Field("to").Index(i);
    const Json& target = Get(to[i], "targetRef");
    const Json& conf = Get(to[i], "default");
    CheckTargetRef(checker, at.Field("targetRef"), target, TargetsOf(top_kind, conf));
    if (GetString(target, "kind") == "MeshExternalService" && top_kind != "Mesh") {
      checker.Add(at.Field("targetRef").Field("kind"),
                  "kind MeshExternalService is only allowed with targetRef.kind: Mesh as it is configured on the Zone Egress and shared by "
                  "all clients in the mesh");
    }
    CheckConf(checker, at.Field("default"), conf, target);
  }
}

}  // namespace kuma::policy
