#include "pkg/policy/mesh_load_balancing_strategy/spec.h"

#include "pkg/policy/target_ref/checks.h"
#include "pkg/policy/target_ref/descriptor.h"
#include "pkg/policy/target_ref/fields.h"

namespace kuma::policy {
namespace {

Field NameOf(std::string field, std::string doc) { return Field::String(std::move(field), std::move(doc)).Required().MinLength(1); }

Field HashPolicies(bool deprecated) {
  Fields cookie = {
      NameOf("name", "Name of the cookie."),
      Field::Duration("ttl", "Life of a cookie that the proxy makes when there is none."),
      Field::String("path", "Path of that cookie."),
  };
  Fields policy = {
      Field::Enum("type", {"Header", "Cookie", "Connection", "SourceIP", "QueryParameter", "FilterState"},
                  "What is hashed; the member of the same name configures it. Prefer Connection to SourceIP.")
          .Required(),
      Field::Bool("terminal", "Leaves out the policies that follow if this one gave a hash."),
      Field::Object("header", {NameOf("name", "Name of the header.")}, "Hashes a header of the request."),
      Field::Object("cookie", std::move(cookie), "Hashes a cookie."),
      Field::Object("connection", {Field::Bool("sourceIP", "Hashes the client's address.")}, "Hashes facts of the connection."),
      Field::Object("queryParameter", {NameOf("name", "Name of the parameter.")}, "Hashes a parameter in the URL."),
      Field::Object("filterState", {NameOf("key", "Name of the object.")}, "Hashes an object that a filter left in the request's state."),
  };
  Field list = Field::List("hashPolicies", Field::Object("", std::move(policy), ""), "What requests that belong together have in common.");
  list.deprecated = deprecated;
  return list;
}

Field LocalityAwareness() {
  Fields tag = {
      Field::String("key", "Name of a tag; endpoints with the proxy's own value are preferred.").Required(),
      Uint("weight", "Weight of such endpoints; all tags have one or none. Without weights each tag gets nine tenths of what is left."),
  };
  Fields target = {
      Field::Enum("type", {"None", "Only", "Any", "AnyExcept"}, "Which zones are meant.").Required(),
      Field::List("zones", Field::String("", ""), "Names of zones; of Only and AnyExcept."),
  };
  Fields failover = {
      Field::Object("from", {Field::List("zones", Field::String("", ""), "Names of zones.").Required()},
                    "Zones of clients; all when absent."),
      Field::Object("to", std::move(target), "Zones that are tried next.").Required(),
  };
  Fields cross = {
      Field::List("failover", Field::Object("", std::move(failover), ""), "Which zones take over, in this order; none without a rule."),
      Field::Object("failoverThreshold", {Field::IntOrString("percentage", "Percentage of healthy endpoints, more than 0.").Required()},
                    "When traffic leaves a zone: below this share of healthy endpoints; 50 when absent."),
  };
  Fields members = {
      Field::Bool("disabled", "Spreads traffic over all zones alike."),
      Field::Object("localZone", {Field::List("affinityTags", Field::Object("", std::move(tag), ""), "Tags in order of preference.")},
                    "Preferences within the zone."),
      Field::Object("crossZone", std::move(cross), "What happens when the zone has too few healthy endpoints."),
  };
  return Field::Object("localityAwareness", std::move(members), "Prefers endpoints that are near.");
}

Field LoadBalancer() {
  Fields least_request = {
      Uint("choiceCount", "Number of endpoints that are drawn; the one with the fewest requests gets the next. 2 when absent.").Min(2),
      Field::IntOrString("activeRequestBias", "Exponent of the number of requests where endpoints have weights; 1 when absent."),
  };
  Fields ring_hash = {
      Field::Enum("hashFunction", {"XXHash", "MurmurHash2"}, "Hash of the keys; XXHash when absent."),
      Uint("minRingSize", "Smallest size of the ring; 1024 when absent.").Min(1).Max(8000000),
      Uint("maxRingSize", "Largest size of the ring; 8M when absent.").Min(1).Max(8000000),
      HashPolicies(true),
  };
  Fields maglev = {
      Uint("tableSize", "Size of the table, a prime number; 65537 when absent.").Min(1).Max(5000011),
      HashPolicies(true),
  };
  Fields members = {
      Field::Enum("type", {"RoundRobin", "LeastRequest", "RingHash", "Random", "Maglev"},
                  "The algorithm; the member of the same name configures it.")
          .Required(),
      Field::Object("roundRobin", {}, "One endpoint after the other."),
      Field::Object("leastRequest", std::move(least_request), "The least busy of a few endpoints."),
      Field::Object("ringHash", std::move(ring_hash), "Equal hashes go to the same endpoint, by a ring."),
      Field::Object("random", {}, "Any endpoint."),
      Field::Object("maglev", std::move(maglev), "Equal hashes go to the same endpoint, by a table."),
  };
  return Field::Object("loadBalancer", std::move(members), "How an endpoint is chosen.");
}

std::vector<std::string> HashPolicyRemarks(const Json& spec) {
  std::vector<std::string> remarks;
  const Json& to = ListOf(spec, "to");
  for (size_t i = 0; i < to.size(); ++i) {
    const Json& balancer = Get(Get(to[i], "default"), "loadBalancer");
    const std::string type = GetString(balancer, "type");
    if (type != "RingHash" && type != "Maglev") continue;
    const std::string member = type == "RingHash" ? "ringHash" : "maglev";
    const Json& policies = Get(Get(balancer, member), "hashPolicies");
    if (policies.is_null()) continue;
    const std::string entry = "spec.to[" + std::to_string(i) + "].default.";
    const std::string path = entry + "loadBalancer." + member + ".hashPolicies";
    remarks.push_back("configuration '" + path + "' is deprecated, use '" + entry + "hashPolicies' instead");
    for (size_t k = 0; k < policies.size(); ++k) {
      if (GetString(policies[k], "type") != "SourceIP") continue;
      remarks.push_back("SourceIP type for '" + path + "[" + std::to_string(k) + "].type' is deprecated, use Connection instead");
    }
  }
  return remarks;
}

}  // namespace

TypeDescriptor MakeMeshLoadBalancingStrategyType() {
  PolicyTraits traits;
  traits.order = 400;
  traits.has_to = true;
  traits.top_kinds = ProxyAndGatewayKinds();
  traits.to_kinds = {"Mesh", "MeshService", "MeshMultiZoneService", "MeshHTTPRoute"};
  TypeDescriptor type =
      MakePolicyType({"MeshLoadBalancingStrategy", "meshloadbalancingstrategies", "meshloadbalancingstrategy", "mlbs",
                      "Mesh Load Balancing Strategy", "Mesh Load Balancing Strategies"},
                     std::move(traits), {TopTargetRef(), ToList({LocalityAwareness(), LoadBalancer(), HashPolicies(false)})});
  type.validate = [](const Resource& policy, const ValidationContext&, std::vector<Violation>& out) {
    ValidateMeshLoadBalancingStrategy(policy, out);
  };
  type.warnings = [](const Resource& policy) {
    std::vector<std::string> remarks = HashPolicyRemarks(policy.spec);
    for (std::string& remark : TopWarnings(policy.spec)) remarks.push_back(std::move(remark));
    return remarks;
  };
  return type;
}

}  // namespace kuma::policy
