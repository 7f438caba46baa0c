#include <catch2/catch.hpp>

#include "pkg/envoy/cluster.h"

namespace kuma::envoy {

namespace {

Host At(std::string address, std::string zone = {}, uint32_t priority = 0) {
  Host host;
  host.address = std::move(address);
  host.port = 80;
  host.has_locality = !zone.empty();
  host.zone = std::move(zone);
  host.priority = priority;
  return host;
}

}  // namespace

TEST_CASE("hosts are grouped by locality in an order that does not depend on the input's") {
  const LoadAssignment one = MakeLoadAssignment("a", {At("10.0.0.3", "east"), At("10.0.0.2", "west", 1), At("10.0.0.1", "east")});
  const LoadAssignment other = MakeLoadAssignment("a", {At("10.0.0.1", "east"), At("10.0.0.3", "east"), At("10.0.0.2", "west", 1)});
  CHECK(SerializeDeterministic(one) == SerializeDeterministic(other));
  REQUIRE(one.endpoints_size() == 2);
  CHECK(one.endpoints(0).lb_endpoints_size() == 2);
  CHECK(one.endpoints(1).priority() == 1);
}

TEST_CASE("kuma.io/service is no metadata of an endpoint, for the cluster is named by it") {
  Host host = At("10.0.0.1");
  host.tags = {{"kuma.io/service", "a"}};
  CHECK_FALSE(MakeLoadAssignment("a", {host}).endpoints(0).lb_endpoints(0).has_metadata());
  host.tags["version"] = "v1";
  const auto assignment = MakeLoadAssignment("a", {host});
  const auto& metadata = assignment.endpoints(0).lb_endpoints(0).metadata().filter_metadata();
  CHECK(metadata.at("envoy.lb").fields().size() == 1);
}

TEST_CASE("a host name makes a cluster that asks DNS") {
  CHECK(FixedCluster("c", {At("10.0.0.1")}, false).cluster.type() == Cluster::STATIC);
  CHECK(FixedCluster("c", {At("example.com")}, false).cluster.type() == Cluster::STRICT_DNS);
}

TEST_CASE("the protocol of a cluster is set once") {
  ClusterDraft draft = EdsCluster("c");
  UseHttp2(draft);
  UseHttp1(draft);
  CHECK(draft.Http().explicit_http_config().has_http2_protocol_options());
}

TEST_CASE("the router stays the last HTTP filter") {
  HttpConnectionManager manager;
  AddHttpFilter(manager, kRouter, google::protobuf::Any());
  AddHttpFilter(manager, "b", google::protobuf::Any());
  PrependHttpFilter(manager, "a", google::protobuf::Any());
  REQUIRE(manager.http_filters_size() == 3);
  CHECK(manager.http_filters(0).name() == "a");
  CHECK(manager.http_filters(1).name() == "b");
  CHECK(manager.http_filters(2).name() == kRouter);
}

}  // namespace kuma::envoy
