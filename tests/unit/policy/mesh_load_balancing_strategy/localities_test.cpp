#include "pkg/policy/mesh_load_balancing_strategy/localities.h"

#include <catch2/catch.hpp>

#include "pkg/envoy/cluster.h"

namespace kuma::policy {
namespace {

using Tags = std::map<std::string, std::vector<std::string>, std::less<>>;

envoy::Host HostAt(const char* address, const char* zone, LabelMap tags = {}) {
  envoy::Host host;
  host.address = address;
  host.port = 80;
  host.tags = std::move(tags);
  host.tags["kuma.io/zone"] = zone;
  host.weight = 1;
  host.has_locality = true;
  host.zone = zone;
  return host;
}

// "zone/sub_zone priority*weight: addresses"
std::vector<std::string> Places(const envoy::LoadAssignment& assignment) {
  std::vector<std::string> places;
  for (const auto& group : assignment.endpoints()) {
    std::string text = group.locality().zone() + "/" + group.locality().sub_zone() + " " + std::to_string(group.priority()) + "*" +
                       std::to_string(group.load_balancing_weight().value()) + ":";
    for (const auto& endpoint : group.lb_endpoints()) text += " " + endpoint.endpoint().address().socket_address().address();
    places.push_back(text);
  }
  return places;
}

std::vector<std::string> Arrange(const std::vector<envoy::Host>& hosts, const Json& awareness, const Tags& tags = {}, bool egress = false,
                                 const Labels& labels = {}) {
  envoy::LoadAssignment assignment = envoy::MakeLoadAssignment("c", hosts);
  ArrangeLocalities(assignment, awareness, {"here", tags, labels, egress});
  return Places(assignment);
}

using List = std::vector<std::string>;

TEST_CASE("localities: without groups only priorities change") {
  const std::vector<envoy::Host> hosts = {HostAt("10.0.0.1", "here"), HostAt("10.0.0.2", "far")};
  CHECK(Arrange(hosts, Json()) == List{"far/ 1*0: 10.0.0.2", "here/ 0*0: 10.0.0.1"});
  CHECK(Arrange(hosts, Json::parse(R"({"disabled": true})")) == List{"far/ 0*0: 10.0.0.2", "here/ 0*0: 10.0.0.1"});
}

TEST_CASE("localities: affinity within the zone") {
  const Json two = Json::parse(R"({"localZone": {"affinityTags": [{"key": "node"}, {"key": "rack"}]}})");
  const std::vector<envoy::Host> hosts = {HostAt("10.0.0.1", "here", {{"node", "n1"}, {"rack", "r1"}}),
                                          HostAt("10.0.0.2", "here", {{"rack", "r1"}}), HostAt("10.0.0.3", "here"),
                                          HostAt("10.0.0.4", "far", {{"node", "n1"}})};
  // 90 and 9 of 100; other zones need a rule.
  CHECK(Arrange(hosts, two, {{"node", {"n1"}}, {"rack", {"r1"}}}) ==
        List{"here/ 0*1: 10.0.0.3", "here/node=n1 0*90: 10.0.0.1", "here/rack=r1 0*9: 10.0.0.2"});
  // A tag that the proxy does not have takes its weight with it.
  CHECK(Arrange(hosts, two, {{"rack", {"r1"}}}) == List{"here/ 0*1: 10.0.0.3", "here/rack=r1 0*9: 10.0.0.1 10.0.0.2"});
  // Labels stand in for tags.
  CHECK(Arrange(hosts, two, {}, false, {{"rack", "r1"}}) == List{"here/ 0*1: 10.0.0.3", "here/rack=r1 0*9: 10.0.0.1 10.0.0.2"});
  const Json weighted = Json::parse(R"({"localZone": {"affinityTags": [{"key": "node", "weight": 7}]}})");
  CHECK(Arrange(hosts, weighted, {{"node", {"n1"}}}) == List{"here/ 0*1: 10.0.0.2 10.0.0.3", "here/node=n1 0*7: 10.0.0.1"});
  CHECK(HasAffinity(two));
  CHECK_FALSE(HasAffinity(Json::parse(R"({"localZone": {}})")));
}

TEST_CASE("localities: failover to other zones") {
  const std::vector<envoy::Host> hosts = {HostAt("10.0.0.1", "here"), HostAt("10.0.0.2", "b"), HostAt("10.0.0.3", "c"),
                                          HostAt("10.0.0.4", "d")};
  const auto awareness = [](const std::string& failover) { return Json::parse("{\"crossZone\": {\"failover\": [" + failover + "]}}"); };
  const std::string only_b = R"({"to": {"type": "Only", "zones": ["b"]}})";
  const std::string for_others = R"({"from": {"zones": ["elsewhere"]}, "to": {"type": "Any"}})";
  const std::string for_here = R"({"from": {"zones": ["here"]}, "to": {"type": "AnyExcept", "zones": ["d"]}})";
  const std::string any = R"({"to": {"type": "Any"}})";
  const std::string none = R"({"to": {"type": "None"}})";
  const std::string own = "here/ 0*1: 10.0.0.1";
  CHECK(Arrange(hosts, awareness(only_b + "," + for_others + "," + for_here)) == List{"b/ 1*0: 10.0.0.2", "c/ 3*0: 10.0.0.3", own});
  CHECK(Arrange(hosts, awareness(none)) == List{own});
  CHECK(Arrange(hosts, awareness("")) == List{own});
  CHECK(Arrange(hosts, awareness(only_b + "," + any)) == List{"b/ 1*0: 10.0.0.2", "c/ 2*0: 10.0.0.3", "d/ 2*0: 10.0.0.4", own});
  // Behind the egress: one locality, named after the rules.
  const List behind = Arrange(hosts, awareness(any), {}, true);
  REQUIRE(behind.size() == 2);
  CHECK(behind[0].starts_with("egress_"));
  CHECK(Arrange(hosts, awareness(none), {}, true)[0].starts_with("egress_47DEQpj8/"));  // the known hash of no text
  CHECK(behind[0].ends_with(" 1*0: 10.0.0.2 10.0.0.3 10.0.0.4"));
  CHECK(behind[0] != Arrange(hosts, awareness(only_b), {}, true)[0]);
}

TEST_CASE("localities: when traffic leaves the zone") {
  struct Case {
    Json percentage;
    uint32_t factor;
  };
  for (const Case& one : {Case{nullptr, 200}, Case{50, 200}, Case{25, 400}, Case{70, 100}, Case{"33.3", 300}, Case{100, 100}}) {
    Json awareness = Json::parse(R"({"crossZone": {}})");
    if (!one.percentage.is_null()) awareness["crossZone"]["failoverThreshold"]["percentage"] = one.percentage;
    envoy::LoadAssignment assignment;
    const Tags tags;
    const Labels labels;
    ArrangeLocalities(assignment, awareness, {"here", tags, labels, false});
    CHECK(assignment.policy().overprovisioning_factor().value() == one.factor);
  }
}

}  // namespace
}  // namespace kuma::policy
