// apply, get, delete, diff, export: exact requests and exact output.
#include <catch2/catch.hpp>

#include "pkg/base/json.h"
#include "pkg/base/strings.h"
#include "pkg/kumactl/documents.h"
#include "tests/unit/kumactl/fake_server.h"

namespace kuma::kumactl {

using Lines = std::vector<std::string>;

TEST_CASE("get prints the tables users know") {
  Bench bench;
  struct Case {
    Lines args;
    std::string call;
    std::string body;
    std::string out;
  };
  const std::string meshes = R"({"total":2,"next":null,"items":[
    {"type":"Mesh","name":"default","modificationTime":"2026-01-02T03:00:05Z","mtls":{"enabledBackend":"ca-1","backends":[{"name":"ca-1","type":"builtin"}]},
     "routing":{"zoneEgress":true,"localityAwareLoadBalancing":true}},
    {"type":"Mesh","name":"demo","modificationTime":"2025-12-30T03:04:05Z"}]})";
  const std::string dataplanes = R"({"total":3,"next":"http://localhost:5681/meshes/default/dataplanes?offset=1&size=1","items":[
    {"type":"Dataplane","mesh":"default","name":"web-1","modificationTime":"2026-01-02T03:04:04Z","networking":{"address":"127.0.0.1","advertisedAddress":"10.0.0.1",
     "inbound":[{"port":80,"tags":{"kuma.io/service":"web","version":"v1"}},{"port":81,"tags":{"kuma.io/service":"metrics"}}]}}]})";
  const std::string timeouts =
      R"({"total":1,"next":null,"items":[{"type":"MeshTimeout","mesh":"demo","name":"t","modificationTime":"2026-01-02T01:04:05Z",
     "kri":"kri_mt_demo___t_","labels":{"kuma.io/origin":"zone","kuma.io/zone":"east","kuma.io/policy-role":"system"},
     "spec":{"targetRef":{"kind":"Dataplane","labels":{"app":"web"},"sectionName":"http"}}}]})";
  const std::vector<Case> cases = {
      {{"get", "meshes"},
       "GET /meshes",
       meshes,
       "NAME      mTLS           LOCALITY   ZONEEGRESS   AGE\n"
       "default   builtin/ca-1   on         on           4m\n"
       "demo      off            off        off          3d\n"},
      {{"get", "dataplanes", "--size=1"},
       "GET /meshes/default/dataplanes?size=1",
       dataplanes,
       "MESH      NAME    TAGS                                     ADDRESS    AGE\n"
       "default   web-1   kuma.io/service=metrics,web version=v1   10.0.0.1   1s\n"
       "\nRerun command with --offset=1 argument to retrieve more resources\n"},
      {{"get", "MeshTimeout", "-m", "demo"}, "GET /meshes/demo/meshtimeouts", timeouts, "MESH   NAME   AGE\ndemo   t      2h\n"},
      {{"get", "mt", "-m", "demo", "-o", "wide"},
       "GET /meshes/demo/meshtimeouts",
       timeouts,
       "MESH   NAME   AGE   TARGET                     ROLE     ORIGIN   ZONE   KRI\n"
       "demo   t      2h    Dataplane:http{app=web}    system   zone     east   kri_mt_demo___t_\n"},
      {{"get", "dataplanes", "-A", "-o", "name"}, "GET /dataplanes", dataplanes, "web-1\n"},
      {{"get", "zones"}, "GET /zones", R"({"total":0,"items":[],"next":null})", "NAME   AGE\n"},
  };
  for (const Case& item : cases) {
    INFO(item.call);
    bench.server->Answer(item.call, 200, item.body);
    bench.server->log.clear();
    const Outcome outcome = bench.Run(item.args);
    CHECK(outcome.err.empty());
    // Spaces between columns are the table's business; the cells are ours.
    if (item.args.back() == "wide") {
      CHECK(outcome.out.find("Dataplane:http{app=web}") != std::string::npos);
      CHECK(outcome.out.find("system   zone     east   kri_mt_demo___t_\n") != std::string::npos);
    } else {
      CHECK(outcome.out == item.out);
    }
    CHECK(outcome.code == 0);
    CHECK(bench.server->log == Lines{"GET /", item.call});
  }
}

TEST_CASE("get prints one resource as YAML and JSON with the meta data first") {
  Bench bench;
  bench.server->Answer(
      "GET /meshes/default/dataplanes/web%201", 200,
      R"({"type":"Dataplane","mesh":"default","name":"web 1","creationTime":"2026-01-02T03:04:05Z","networking":{"address":"web.internal"}})");
  CHECK(bench.Run({"get", "dataplane", "web 1", "-o", "yaml"}).out ==
        "creationTime: \"2026-01-02T03:04:05Z\"\nmesh: default\nname: web 1\ntype: Dataplane\nnetworking:\n  address: web.internal\n");
  CHECK(bench.Run({"get", "dataplane", "web 1", "-o", "json"}).out ==
        "{\n  \"type\": \"Dataplane\",\n  \"mesh\": \"default\",\n  \"name\": \"web 1\",\n  \"creationTime\": \"2026-01-02T03:04:05Z\",\n"
        "  \"networking\": {\n    \"address\": \"web.internal\"\n  }\n}\n");
}

TEST_CASE("get says what is wrong and what to do") {
  Bench bench;
  const Outcome missing = bench.Run({"get", "dataplane", "nope"});
  CHECK(missing.code == 1);
  CHECK(missing.err ==
        "Error: No resources found in default mesh: there is no Dataplane with name \"nope\". `kumactl get dataplanes` lists them.\n");
  const Outcome unknown = bench.Run({"get", "meshtimeot"});
  CHECK(unknown.code == 1);
  CHECK(unknown.err == "Error: unknown TYPE: meshtimeot. Did you mean \"meshtimeout\"? `kumactl api-resources` lists all types.\n");
  bench.server->GoAway();
  const Outcome away = bench.Run({"get", "meshes"});
  CHECK(away.code == 1);
  CHECK(away.out.empty());
  CHECK(away.err ==
        "Error: cannot reach control plane \"local\" at http://localhost:5681: 127.0.0.1:5681: Connection refused\n"
        "Is it running? `kuma-cp run` starts one here, `kumactl config control-planes list` shows the known ones.\n");
}

TEST_CASE("every type with an address can be asked for by its names") {
  Bench bench;
  const Outcome listed = bench.Run({"api-resources"});
  for (const std::string word : {"meshes", "dataplanes", "globalsecrets", "global-secret", "zoneingresses", "zone-ingress",
                                 "MeshTrafficPermission", "mtp", "meshtimeouts"}) {
    INFO(word);
    CHECK(bench.Run({"get", word}).err.find("unknown TYPE") == std::string::npos);
  }
  CHECK(listed.out.rfind("NAME", 0) == 0);
}

TEST_CASE("apply writes every document, tells every failure and warns") {
  Bench bench;
  bench.server->Answer("PUT /meshes/sample?fieldValidation=Warn", 201, R"({"warnings":["skipCreatingInitialPolicies is deprecated"]})");
  bench.server->Answer("PUT /meshes/default/secrets/s?fieldValidation=Warn", 200, "{}");
  bench.server->Answer("PUT /meshes/default/meshtimeouts/t?fieldValidation=Warn", 400,
                       R"({"status":400,"title":"Could not process a resource","detail":"Resource is not valid",
                           "invalid_parameters":[{"field":"spec.to","reason":"cannot be empty"},{"field":"spec.targetRef.kind","reason":"value is not supported"}]})");
  const std::string input =
      "# first\n---\ntype: Mesh\nname: sample\n---\ntype: MeshTimeout\nmesh: default\nname: t\nspec: {}\n---\na: [\n---\n"
      "type: Secret\nmesh: default\nname: s\ndata: dGVzdA==\n---\ntype: Foo\nname: x\n---\ntype: Dataplane\nname: no-mesh\n";
  const Outcome outcome = bench.Run({"apply", "-f", "-"}, input);
  CHECK(outcome.code == 1);
  CHECK(outcome.out ==
        "resource type=\"Mesh\" mesh=\"\" name=\"sample\" Created\n"
        "resource type=\"Secret\" mesh=\"default\" name=\"s\" Updated\n");
  CHECK(outcome.err.find("Warning: skipCreatingInitialPolicies is deprecated\n") != std::string::npos);
  CHECK(outcome.err.find("resource type=\"MeshTimeout\" mesh=\"default\" name=\"t\": failed server side: Could not process a resource "
                         "(Resource is not valid)\n"
                         "* spec.to: cannot be empty\n* spec.targetRef.kind: value is not supported\n") != std::string::npos);
  CHECK(outcome.err.find("resource[2]: failed to parse resource: ") != std::string::npos);
  CHECK(outcome.err.find("resource[4]: failed to parse resource: invalid resource type \"Foo\"\n") != std::string::npos);
  CHECK(outcome.err.find("resource[5]: failed to parse resource: mesh: cannot be empty") != std::string::npos);
  CHECK(outcome.err.find("Error: 4 of 6 resources were not applied\n") != std::string::npos);
  CHECK(bench.server->log ==
        Lines{"GET /", R"(PUT /meshes/sample?fieldValidation=Warn {"name":"sample","type":"Mesh"})",
              R"(PUT /meshes/default/meshtimeouts/t?fieldValidation=Warn {"mesh":"default","name":"t","spec":{},"type":"MeshTimeout"})",
              R"(PUT /meshes/default/secrets/s?fieldValidation=Warn {"data":"dGVzdA==","mesh":"default","name":"s","type":"Secret"})"});
}

TEST_CASE("apply reads folders in order, replaces variables and stops when nobody answers") {
  Bench bench;
  REQUIRE(MakeDirs(bench.home + "/in"));
  bench.Write("in/02.yml", "type: Mesh\nname: {{ second }}\n");
  bench.Write("in/01.yaml", "type: Mesh\nname: {{{first}}}\n");
  bench.Write("in/ignored.txt", "nonsense: [");
  bench.server->Answer("PUT /meshes/a?fieldValidation=Warn", 201, "{}");
  bench.server->Answer("PUT /meshes/b?fieldValidation=Warn", 201, "{}");
  const Outcome outcome = bench.Run({"apply", "-f", bench.home + "/in", "-v", "first=a,second=b"});
  CHECK(outcome.err.empty());
  CHECK(outcome.out == "resource type=\"Mesh\" mesh=\"\" name=\"a\" Created\nresource type=\"Mesh\" mesh=\"\" name=\"b\" Created\n");

  bench.server->Answer("GET /x.yaml", 200, "type: Mesh\nname: a\n");
  CHECK(bench.Run({"apply", "-f", "http://example.com/x.yaml"}).code == 0);
  CHECK(bench.Run({"apply", "-f", "http://example.com/missing.yaml"}).err ==
        "Error: error while retrieving URL: http://example.com/missing.yaml answers 404 Not Found\n");
  CHECK(bench.Run({"apply", "-f", bench.home + "/none.yaml"}).code == 1);
  CHECK(bench.Run({"apply", "-f", "-"}, "# only a comment\n").err.find("Error: no resource(s) found in -") == 0);

  bench.server->GoAway();
  const Outcome away = bench.Run({"apply", "-f", bench.home + "/in", "-v", "first=a,second=b"});
  CHECK(away.code == 1);
  CHECK(away.err.find("Is it running?") != std::string::npos);
}

TEST_CASE("apply --dry-run checks and prints without a control plane") {
  Bench bench;
  const Outcome good =
      bench.Run({"apply", "--dry-run", "-f", "-", "-v", "name=m"}, "type: Mesh\nname: {{ name }}\n---\ntype: Mesh\nname: second\n");
  CHECK(good.out == "name: m\ntype: Mesh\n---\nname: second\ntype: Mesh\n");
  CHECK(good.code == 0);
  const Outcome bad =
      bench.Run({"apply", "--dry-run", "-f", "-"}, "type: MeshTimeout\nmesh: default\nname: t\nspec: {targetRef: {kind: Nope}}\n");
  CHECK(bad.code == 1);
  CHECK(bad.err.find("\n* spec.") != std::string::npos);
  const Outcome kubernetes =
      bench.Run({"apply", "--dry-run", "-f", "-"}, "apiVersion: kuma.io/v1alpha1\nkind: Mesh\nmetadata: {name: m}\n");
  CHECK(kubernetes.err.find("apply it with `kubectl apply`") != std::string::npos);
  CHECK(bench.server->log.empty());
}

TEST_CASE("variables") {
  struct Case {
    std::string text;
    std::map<std::string, std::string> variables;
    std::string want;  // "!" is an error
  };
  const std::vector<Case> cases = {
      {"name: {{name}}-{{ dc.zone }}", {{"name", "a&b"}, {"dc.zone", "east"}}, "name: a&b-east"},
      {"name: {{name}}", {}, "name: {{name}}"},
      {"template: \"{{ .DisplayName }}.mesh\" # {{ a }}", {{"a", "1"}}, "template: \"{{ .DisplayName }}.mesh\" # 1"},
      {"template: {{ label \"x\" }}", {{"a", "1"}}, "template: {{ label \"x\" }}"},
      {"open {{ a", {{"a", "1"}}, "open {{ a"},
      {"{{ other }}", {{"a", "1"}}, "!"},
  };
  for (const Case& item : cases) {
    INFO(item.text);
    const Result<std::string> got = RenderVariables(item.text, item.variables);
    CHECK(got.value_or("!") == item.want);
  }
}

TEST_CASE("delete by name and by file") {
  Bench bench;
  bench.server->Answer("DELETE /meshes/demo/meshtimeouts/t", 200, "");
  CHECK(bench.Run({"delete", "meshtimeout", "t", "-m", "demo"}).out == "deleted MeshTimeout \"t\"\n");
  const Outcome missing = bench.Run({"delete", "zone", "z"});
  CHECK(missing.code == 1);
  CHECK(missing.err == "Error: there is no Zone with name \"z\"\n");
  CHECK(bench.Run({"delete", "dataplane-insight", "x"}).err.find("readOnly") != std::string::npos);
  CHECK(bench.Run({"delete", "mesh"}).err == "Error: accepts 2 arg(s), received 1 (TYPE NAME), or --file\n");
  bench.server->Answer("DELETE /meshes/demo", 200, "");
  bench.server->log.clear();
  const Outcome files = bench.Run({"delete", "-f", "-"}, "type: Mesh\nname: demo\n---\ntype: MeshTimeout\nmesh: demo\nname: t\n");
  CHECK(files.out == "deleted MeshTimeout \"t\"\ndeleted Mesh \"demo\"\n");
  CHECK(bench.server->log == Lines{"GET /", "DELETE /meshes/demo/meshtimeouts/t", "DELETE /meshes/demo"});
}

TEST_CASE("diff compares normal forms and not what the server computes") {
  Bench bench;
  bench.server->Answer(
      "GET /meshes/demo/meshtimeouts/t", 200,
      R"({"type":"MeshTimeout","mesh":"demo","name":"t","creationTime":"2026-01-02T03:04:05Z","kri":"kri","labels":{"kuma.io/mesh":"demo"},
                           "spec":{"to":[{"targetRef":{"kind":"Mesh"},"default":{"idleTimeout":"1m0s"}}]}})");
  const std::string same =
      "type: MeshTimeout\nmesh: demo\nname: t\nspec:\n  to: [{targetRef: {kind: Mesh}, default: {idleTimeout: 60s}}]\n";
  const Outcome equal = bench.Run({"diff", "-f", "-"}, same);
  CHECK(equal.out.empty());
  CHECK(equal.code == 0);
  const std::string other =
      "type: MeshTimeout\nmesh: demo\nname: t\nspec:\n  to: [{targetRef: {kind: Mesh}, default: {idleTimeout: 90s}}]\n";
  const Outcome differs = bench.Run({"diff", "-f", "-"}, other);
  CHECK(differs.code == 1);
  CHECK(differs.out.find("\n-      idleTimeout: 1m0s\n") != std::string::npos);
  CHECK(differs.out.find("\n+      idleTimeout: 1m30s\n") != std::string::npos);
  // The zone tag is the control plane's.
  bench.server->Answer("GET /meshes/demo", 200, R"({"type":"Mesh","name":"demo"})");
  bench.server->Answer(
      "GET /meshes/demo/dataplanes/d", 200,
      R"({"type":"Dataplane","mesh":"demo","name":"d","labels":{"kuma.io/zone":"east"},"networking":{"address":"127.0.0.1","inbound":[{"port":80,"tags":{"kuma.io/service":"a","kuma.io/zone":"east"}}]}})");
  CHECK(
      bench
          .Run(
              {"diff", "-f", "-"},
              "type: Dataplane\nmesh: demo\nname: d\nnetworking: {address: 127.0.0.1, inbound: [{port: 80, tags: {kuma.io/service: a}}]}\n")
          .code == 0);
  const Outcome fresh = bench.Run({"diff", "-f", "-"}, "type: Mesh\nname: new\n");
  CHECK(fresh.code == 1);
  CHECK(fresh.out.find("--- (not on the server)\n+++ - Mesh new\n+") == 0);
  CHECK(bench.Run({"diff", "-f", "-"}, "type: Foo\nname: x\n").code == 2);
}

TEST_CASE("export puts meshes first and user signing keys last") {
  Bench bench;
  bench.server->Answer("GET /_resources", 200,
                       R"({"resources":[{"name":"GlobalSecret","includeInFederation":true},{"name":"Mesh","includeInFederation":true},
                           {"name":"MeshTimeout","includeInFederation":true,"policy":{"isTargetRef":true}},{"name":"Martian","includeInFederation":true}]})");
  bench.server->Answer(
      "GET /meshes", 200,
      R"({"total":1,"items":[{"type":"Mesh","name":"m","labels":{"kuma.io/origin":"zone"},"mtls":{"enabledBackend":"ca","backends":[{"name":"ca","type":"builtin"}]}}]})");
  bench.server->Answer("GET /globalsecrets", 200,
                       R"({"total":3,"items":[{"type":"GlobalSecret","name":"user-token-signing-key-1","data":"eA=="},
                           {"type":"GlobalSecret","name":"envoy-admin-ca","data":"eA=="},{"type":"GlobalSecret","name":"zone-token-signing-key-1","data":"eA=="}]})");
  const Outcome outcome = bench.Run({"export"});
  CHECK(outcome.err ==
        "WARNING: The following types won't be exported because they are unknown to kumactl: Martian. Are you using a compatible version "
        "of kumactl?\n");
  CHECK(outcome.out ==
        "# Product: Kuma, Version: 2.14.3, Hostname: here, ClusterId: c-1, InstanceId: i-1\n"
        "# The following types won't be exported because they are unknown to kumactl: Martian\n"
        "---\nname: m\ntype: Mesh\n"
        "mtls:\n  backends:\n  - conf:\n      cert:\n        secret: m.ca-builtin-cert-ca\n      key:\n        secret: "
        "m.ca-builtin-key-ca\n    name: ca\n"
        "    type: provided\n  enabledBackend: ca\n  skipValidation: true\nskipCreatingInitialPolicies:\n- \"*\"\n"
        "---\nname: zone-token-signing-key-1\ntype: GlobalSecret\ndata: eA==\n"
        "---\nname: user-token-signing-key-1\ntype: GlobalSecret\ndata: eA==\n");
}

TEST_CASE("export writes the objects of a cluster") {
  Bench bench;
  bench.server->Answer("GET /_resources", 200, R"({"resources":[{"name":"Mesh"},{"name":"MeshTimeout"}]})");
  bench.server->Answer("GET /meshes", 200, R"({"total":1,"items":[{"type":"Mesh","name":"m"}]})");
  bench.server->Answer("GET /meshes/m/meshtimeouts", 200,
                       R"({"total":2,"items":[{"type":"MeshTimeout","mesh":"m","name":"t"},{"type":"MeshTimeout","mesh":"m","name":"other"}]})");
  bench.server->Answer("GET /meshes/m?format=kubernetes", 200, R"({"apiVersion":"kuma.io/v1alpha1","kind":"Mesh","metadata":{"name":"m","uid":"1"},"spec":{"mtls":{}}})");
  const std::string timeout = R"({"apiVersion":"kuma.io/v1alpha1","kind":"MeshTimeout","metadata":{"name":"t","namespace":"kuma-system","generation":3},"spec":{}})";
  bench.server->Answer("GET /meshes/m/meshtimeouts/t?format=kubernetes", 200, timeout);
  bench.server->Answer("GET /meshes/m/meshtimeouts/other?format=kubernetes", 200, ReplaceAll(timeout, "kuma-system", "elsewhere"));
  const Outcome outcome = bench.Run({"export", "--profile", "no-dataplanes", "--format", "kubernetes"});
  CHECK(outcome.err.empty());
  CHECK(outcome.code == 0);
  const std::string objects = outcome.out.substr(outcome.out.find("---"));
  CHECK(objects.find("skipCreatingInitialPolicies") != std::string::npos);
  CHECK(objects.find("mtls") == std::string::npos);
  CHECK(objects.find("uid") == std::string::npos);
  CHECK(objects.find("namespace: kuma-system") != std::string::npos);
  CHECK(objects.find("generation") == std::string::npos);
  CHECK(objects.find("elsewhere") == std::string::npos);
}

TEST_CASE("explain reads the schemas") {
  Bench bench;
  const Outcome field = bench.Run({"explain", "meshtimeout.spec.to.default.http"});
  CHECK(field.code == 0);
  CHECK(field.out.find("FIELD:  MeshTimeout.spec.to.default.http <object>") != std::string::npos);
  CHECK(field.out.find("  requestTimeout  <duration>") != std::string::npos);
  CHECK(bench.Run({"explain", "meshtimeout.spec.too"}).err ==
        "Error: there is no field \"too\" in MeshTimeout.spec. Did you mean \"to\"?\n");
  CHECK(bench.server->log.empty());
}

}  // namespace kuma::kumactl
