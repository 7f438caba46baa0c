// The tables of `kumactl inspect`.
#include <catch2/catch.hpp>

#include "tests/unit/kumactl/fake_server.h"

namespace kuma::kumactl {

TEST_CASE("inspect dataplanes") {
  Bench bench;
  bench.server->Answer("GET /meshes/default/dataplanes/_overview?tag=kuma.io%2Fservice%3Aweb", 200,
                       R"({"total":2,"next":"http://x/meshes/default/dataplanes/_overview?offset=1","items":[
    {"mesh":"default","name":"web-1","dataplane":{"networking":{"inbound":[
        {"port":80,"tags":{"kuma.io/service":"web"}},{"port":81,"state":"NotReady","tags":{"kuma.io/service":"adm"}}]}},
     "dataplaneInsight":{"mTLS":{"certificateExpirationTime":"2026-01-03T00:00:00.5Z","lastCertificateRegeneration":"2026-01-02T01:04:05Z",
        "certificateRegenerations":3,"issuedBackend":"ca-1","supportedBackends":["ca-1","ca-2"]},
       "subscriptions":[{"connectTime":"2026-01-01T03:04:05Z","disconnectTime":"2026-01-01T04:04:05Z","status":{"total":{"responsesSent":"10","responsesRejected":"1"}}},
         {"connectTime":"2026-01-02T02:04:05Z","status":{"lastUpdateTime":"2026-01-02T03:03:05Z","total":{"responsesSent":"5"}},
          "version":{"kumaDp":{"version":"2.14.3"},"envoy":{"version":"1.37.0"},"dependencies":{"coredns":"1.8.3"}}}]}}]})");
  bench.server->Answer(
      "GET /meshes/default/dataplanes/_overview?tag=kuma.io%2Fservice%3Aweb&offset=1", 200,
      R"({"total":2,"next":null,"items":[{"mesh":"default","name":"web-2","dataplane":{"networking":{"inbound":[{"port":80}]}}}]})");
  const Outcome outcome = bench.Run({"inspect", "dataplanes", "--tag", "kuma.io/service=web"});
  CHECK(outcome.err.empty());
  CHECK(outcome.out ==
        "MESH      NAME    TAGS                      STATUS               LAST CONNECTED AGO   LAST UPDATED AGO   TOTAL UPDATES   TOTAL "
        "ERRORS   CERT REGENERATED AGO"
        "   CERT EXPIRATION       CERT REGENERATIONS   CERT BACKEND   SUPPORTED CERT BACKENDS   KUMA-DP VERSION   ENVOY VERSION   "
        "DEPENDENCIES VERSIONS   NOTES\n"
        "default   web-1   kuma.io/service=adm,web   Partially degraded   1h                   1m                 15              1        "
        "      2h                  "
        "   2026-01-03 00:00:00   3                    ca-1           ca-1,ca-2                 2.14.3            1.37.0          coredns: "
        "1.8.3          "
        "inbound[port=81,svc=adm] is not ready\n"
        "default   web-2                             Offline              never                never              0               0        "
        "      never               "
        "   -                     0                    -                                                                          -\n");
}

TEST_CASE("inspect zones, meshes and services") {
  Bench bench;
  bench.server->Answer(
      "GET /zones/_overview", 200,
      R"({"total":2,"items":[{"name":"east","zone":{"enabled":true},"zoneInsight":{"subscriptions":[{"connectTime":"2026-01-02T01:04:05Z","config":
                           "{\"store\":{\"type\":\"memory\"}}","version":{"kumaCp":{"version":"1.0.0"}},"status":{"total":{"responsesSent":"42"}}}]}},
                           {"name":"west","zone":{"enabled":false}}]})");
  CHECK(bench.Run({"inspect", "zones"}).out ==
        "NAME   STATUS    LAST CONNECTED AGO   LAST UPDATED AGO   TOTAL UPDATES   TOTAL ERRORS   ZONE-CP VERSION   BACKEND\n"
        "east   Online    2h                   never              42              0              1.0.0             memory\n"
        "west   Offline   never                never              0               0\n");
  bench.server->Answer("GET /mesh-insights", 200,
                       R"({"items":[{"name":"default","dataplanes":{"total":5,"online":2},"policies":{"RateLimit":{"total":4}}}]})");
  const std::string meshes = bench.Run({"inspect", "meshes"}).out;
  CHECK(meshes.find("default   2/5          0 ") != std::string::npos);
  CHECK(meshes.substr(meshes.size() - 2) == "4\n");
  bench.server->Answer(
      "GET /meshes/demo/service-insights", 200,
      R"({"items":[{"name":"a","status":"partially_degraded","dataplanes":{"total":10,"online":5}},{"name":"b","dataplanes":{"total":2,"online":2}}]})");
  CHECK(bench.Run({"inspect", "services", "-m", "demo"}).out ==
        "SERVICE   STATUS               DATAPLANES\na         Partially degraded   5/10\nb         Online               2/2\n");
}

TEST_CASE("inspect dataplane shows rules and passes Envoy's answers through") {
  Bench bench;
  bench.server->Answer("GET /meshes/default/dataplanes/d/_rules", 200,
                       R"({"rules":[{"type":"MeshTimeout","inboundRules":[{"inbound":{"port":8081,"tags":{"kuma.io/service":"backend"}},
                           "rules":[{"origin":[{"resourceMeta":{"name":"inbound"}}]}]}],"fromRules":[{"inbound":{"port":1},"rules":[{"origin":[{"name":"ignored"}]}]}],
                           "toResourceRules":[{"resourceMeta":{"type":"MeshService","name":"api"},"resourceSectionName":"http",
                            "origin":[{"resourceMeta":{"name":"a"}},{"resourceMeta":{"name":"b"}}]}],
                           "toRules":[{"matchers":[{"key":"kuma.io/service","value":"redis","not":true}],"origin":[{"name":"c"}]}]}]})");
  CHECK(bench.Run({"inspect", "dataplane", "d"}).out ==
        "POLICY        DIRECTION   APPLIES TO               FROM POLICIES\n"
        "MeshTimeout   inbound     port 8081(backend)       inbound\n"
        "MeshTimeout   outbound    MeshService/api:http     a,b\n"
        "MeshTimeout   outbound    kuma.io/service!=redis   c\n");
  bench.server->Answer("GET /meshes/default/dataplanes/d/xds?include_eds=true", 200, "DUMP");
  CHECK(bench.Run({"inspect", "dataplane", "d", "--type=config-dump", "--include-eds"}).out == "DUMP");
  bench.server->Answer("GET /meshes/default/dataplanes/d/_config?shadow=true&include=diff", 200, "DIFF");
  CHECK(bench.Run({"inspect", "dataplane", "d", "--type=config", "--shadow", "--include=diff"}).out == "DIFF");
  CHECK(bench.Run({"inspect", "dataplane", "d", "--shadow"}).err == "Error: flag '--shadow' can be used only when '--type=config'\n");
}

TEST_CASE("inspect a policy") {
  Bench bench;
  bench.server->Answer("GET /meshes/default/meshtimeouts/t/_resources/dataplanes", 200,
                       R"({"total":1,"items":[{"type":"Dataplane","mesh":"default","name":"web-1"}]})");
  CHECK(bench.Run({"inspect", "meshtimeout", "t"}).out == "Type        Mesh      Name\nDataplane   default   web-1\n\nTotal: 1\n");
  bench.server->Answer(
      "GET /meshes/default/traffic-permissions/p/dataplanes", 200,
      R"({"total":2,"items":[{"kind":"SidecarDataplane","dataplane":{"name":"web-1"},"attachments":[{"type":"inbound","name":"127.0.0.1:80:8080","service":"web"}]},
                           {"kind":"SidecarDataplane","dataplane":{"name":"web-2"},"attachments":[{"type":"dataplane"}]}]})");
  CHECK(bench.Run({"inspect", "traffic-permission", "p"}).out ==
        "Affected data plane proxies:\n\n  web-1:\n    inbound 127.0.0.1:80:8080(web)\n\n  web-2\n");
  CHECK(bench.Run({"inspect", "dataplnes"}).err == "Error: unknown command \"dataplnes\". Did you mean \"dataplanes\"?\n");
  CHECK(bench.Run({"inspect", "zone", "z"}).err.find("Error: Zone is no policy; `kumactl get zones` shows it") == 0);
}

}  // namespace kuma::kumactl
