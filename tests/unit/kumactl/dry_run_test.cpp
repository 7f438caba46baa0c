// kumactl apply and delete --dry-run=server, and what is told of the answer.
#include <catch2/catch.hpp>

#include "tests/unit/kumactl/fake_server.h"

namespace kuma::kumactl {
namespace {

constexpr const char* kPolicy = "type: MeshTimeout\nmesh: default\nname: t\nspec: {to: [{targetRef: {kind: Mesh}, default: {connectionTimeout: 1s}}]}\n";
constexpr const char* kAnswer = R"({"valid": true,
  "changes": [{"op": "put", "type": "MeshTimeout", "mesh": "default", "name": "t", "result": "updated", "warnings": ["beware"]}],
  "differences": [
    {"proxies": [{"mesh": "default", "name": "web-1", "connected": true, "change": "changed"}, {"mesh": "default", "name": "web-2", "connected": false, "change": "changed"}],
     "resources": [
       {"kind": "cluster", "name": "api", "change": "changed", "fields": [
         {"path": "connect_timeout", "before": "5s", "after": "1s"},
         {"path": "common_lb_config", "after": {"healthy_panic_threshold": {"value": 50}}},
         {"path": "filters[envoy.filters.network.http_connection_manager].typed_config.drain_timeout", "before": "5s"}]},
       {"kind": "route", "name": "r", "change": "added", "after": {"name": "r"}}]}],
  "proxies": {"examined": 3, "changed": 2, "left": 0}})";

}  // namespace

TEST_CASE("apply --dry-run=server --diff tells which proxies would change") {
  Bench bench;
  bench.server->Answer("POST /_dry-run?fieldValidation=Warn&diff=true", 200, kAnswer);
  const Outcome outcome = bench.Run({"apply", "-f", "-", "--dry-run=server", "--diff"}, kPolicy);
  CHECK(outcome.err == "");
  CHECK(outcome.out == R"(MeshTimeout default/t updated (server dry run)
  Warning: beware

web-1, web-2  (mesh default, 1 not connected)

  ~ cluster api
    connect_timeout: 5s -> 1s
    common_lb_config:
  +   healthy_panic_threshold:
  +     value: 50
  - filters[http_connection_manager].drain_timeout: 5s

  + route r  (added)
  +   name: r

1 change accepted, 0 refused. 2 of 3 proxies would change. Nothing was stored.
)");
  CHECK(outcome.code == 1);
  const std::string& asked = bench.server->requests.back().body;
  CHECK(asked.find(R"("op":"put")") != std::string::npos);
  CHECK(asked.find(R"("connectionTimeout":"1s")") != std::string::npos);
}

TEST_CASE("without --diff only acceptance counts") {
  Bench bench;
  bench.server->Answer("POST /_dry-run?fieldValidation=Warn&diff=false", 200, kAnswer);
  const Outcome outcome = bench.Run({"apply", "-f", "-", "--dry-run=server"}, kPolicy);
  CHECK(outcome.out == "MeshTimeout default/t updated (server dry run)\n  Warning: beware\n");
  CHECK(outcome.code == 0);
  CHECK(bench.Run({"apply", "-f", "-", "--dry-run=server", "-o", "json"}, kPolicy).out.find("\"examined\": 3") != std::string::npos);
}

TEST_CASE("what is refused is an error") {
  Bench bench;
  const char* refused = R"({"valid": false, "changes": [{"op": "delete", "type": "MeshTimeout", "mesh": "default", "name": "t", "result": "refused",
      "error": {"status": 404, "title": "Could not delete a resource", "detail": "Not found", "invalid_parameters": [{"field": "name", "reason": "unknown"}]}}],
      "differences": [], "proxies": {"examined": 3, "changed": 0, "left": 0}})";
  bench.server->Answer("POST /_dry-run?fieldValidation=Warn&diff=true", 200, refused);
  bench.server->Answer("POST /_dry-run?fieldValidation=Warn&diff=false", 200, refused);
  const Outcome outcome = bench.Run({"delete", "meshtimeout", "t", "--dry-run=server", "--diff"});
  CHECK(outcome.err == "MeshTimeout default/t: Could not delete a resource (Not found)\n* name: unknown\n");
  CHECK(outcome.code == 2);
  CHECK(bench.Run({"delete", "meshtimeout", "t", "--dry-run"}).code == 1);
  CHECK(bench.Run({"delete", "-f", "-", "--dry-run"}, kPolicy).code == 1);
}

TEST_CASE("flags of dry runs that do not fit are refused") {
  Bench bench;
  CHECK(bench.Run({"apply", "-f", "-", "--diff"}, kPolicy).err == "Error: flag '--diff' can be used only with '--dry-run=server'\n");
  CHECK(bench.Run({"apply", "-f", "-", "-o", "json"}, kPolicy).code == 1);
  CHECK(bench.Run({"apply", "-f", "-", "--dry-run=maybe"}, kPolicy).code == 2);
  // As before: without a value, or with true, nothing is asked.
  for (const char* flag : {"--dry-run", "--dry-run=true", "--dry-run=client"}) {
    const Outcome outcome = bench.Run({"apply", flag, "-f", "-"}, kPolicy);
    CHECK(outcome.code == 0);
    CHECK(outcome.out.find("connectionTimeout: 1s") != std::string::npos);
  }
  CHECK(bench.server->log.empty());
  CHECK(bench.Run({"apply", "-f", "-", "--dry-run=server"}, kPolicy).err.find("it has no /_dry-run") != std::string::npos);
}

TEST_CASE("explain dataplane asks for what its flags name") {
  Bench bench;
  bench.server->Answer("GET /meshes/demo/dataplanes/web-1/_explain?outbound=api&policy=MeshTimeout", 200, R"json({
    "dataplane": {"mesh": "demo", "name": "web-1", "type": "sidecar", "connected": true}, "rejected": [{"message": "Envoy rejected Listener, the last good configuration stays: port in use"}], "warnings": [{"resource": "kri_x", "path": "spec.to[0]", "message": "left out"}],
    "outbounds": [{"service": "api", "address": "127.0.0.1", "port": 10001, "protocol": "http", "policies": [{"type": "MeshTimeout", "rules": [
      {"appliesTo": "all destinations", "fields": [
        {"path": "connectionTimeout", "value": "1s", "setBy": {"name": "t", "entry": "to[0]", "targetRef": "Dataplane app=web", "origin": "zone"},
         "overrides": [{"value": "5s", "setBy": {"name": "all", "entry": "to[0]", "targetRef": "Mesh"}, "why": "its targetRef is less specific (Mesh, not Dataplane)"}]},
        {"path": "idleTimeout", "value": "1h0m0s", "builtIn": true}]}]}]}],
    "withoutEffect": [],
    "unmatched": [{"type": "MeshTimeout", "name": "canary", "targetRef": "Dataplane version=v2", "distance": 1, "reason": "label version: wants \"v2\", the proxy has \"v1\""}]})json");
  CHECK(bench.Run({"explain", "dataplane", "web-1", "-m", "demo", "--outbound", "api", "--policy", "MeshTimeout"}).out == R"(web-1, a sidecar of mesh demo, connected

Envoy does not take its newest configuration:
  Envoy rejected Listener, the last good configuration stays: port in use

Left out of its configuration:
  kri_x spec.to[0]
      left out

  Outbound api at 127.0.0.1:10001, http
    MeshTimeout, all destinations
      connectionTimeout  1s      t to[0]  (Dataplane app=web)
                         5s      x all to[0]: its targetRef is less specific (Mesh, not Dataplane)
      idleTimeout        1h0m0s  built in

Policies that do not select this proxy, the nearest first:
  MeshTimeout canary  (Dataplane version=v2)
      label version: wants "v2", the proxy has "v1"
)");
  // Types are explained as before.
  CHECK(bench.Run({"explain", "dataplane"}).out.find("TYPE:   Dataplane") == 0);
  CHECK(bench.Run({"explain", "meshtimeout", "web-1"}).code == 1);
  CHECK(bench.Run({"explain", "meshtimeout", "--outbound", "x"}).err == "Error: flag '--outbound' is for kumactl explain dataplane NAME\n");
}

}  // namespace kuma::kumactl
