#include <catch2/catch.hpp>

#include "pkg/base/json.h"
#include "tests/unit/kumactl/fake_server.h"

using namespace kuma;
using namespace kuma::kumactl;

namespace {

const std::string kTwo =
    "# two documents\n"
    "type: MeshRetry\n"
    "mesh: default\n"
    "name: fine\n"
    "spec:\n"
    "  targetRef: {kind: Mesh}\n"
    "  to:\n"
    "  - targetRef: {kind: Mesh}\n"
    "    default: {http: {numRetries: 1}}\n"
    "---\n"
    "type: MeshTimeout\n"
    "mesh: default\n"
    "name: odd\n"
    "spec:\n"
    "  targetRef: {kind: Mesh}\n"
    "  to:\n"
    "  - targetRef: {kind: Mesh}\n"
    "    default:\n"
    "      idleTimeot: 1s\n"
    "      idleTimeout: 5s\n"
    "      http: {requestTimeout: 15s}\n";

bool Has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("lint points into files and needs no control plane") {
  Bench bench;
  const std::string path = bench.Write("two.yaml", kTwo);
  const Outcome table = bench.Run({"lint", "-f", path});
  INFO(table.out << table.err);
  CHECK(table.code == 1);
  CHECK(Has(table.out, "unknown-field"));
  CHECK(Has(table.out, path + ":19"));
  CHECK(Has(table.out, "idle-before-request"));
  CHECK(Has(table.out, path + ":20"));
  CHECK(Has(table.out, "did you mean"));
  CHECK_FALSE(Has(table.out, "MeshRetry/fine"));
  CHECK(bench.server->log.empty());

  const Outcome json = bench.Run({"lint", "-f", path, "-o", "json"});
  const Result<Json> document = ParseJson(json.out);
  REQUIRE(document.ok());
  REQUIRE(Get(*document, "findings").size() == 2);
  CHECK(GetPath((*document)["findings"][0], {"location", "line"}) == 19);
  CHECK(Has(bench.Run({"lint", "-f", path, "-o", "github"}).out,
            "::warning file=" + path + ",line=19,title=unknown-field::MeshTimeout/odd: "));
  const Result<Json> sarif = ParseJson(bench.Run({"lint", "-f", path, "-o", "sarif"}).out);
  REQUIRE(sarif.ok());
  CHECK((*sarif)["runs"][0]["results"].size() == 2);
}

TEST_CASE("the exit code of lint follows --fail-on, --strict and --ignore") {
  Bench bench;
  const std::string path = bench.Write("two.yaml", kTwo);
  CHECK(bench.Run({"lint", "-f", path, "--fail-on", "error"}).code == 0);
  CHECK(bench.Run({"lint", "-f", path, "--fail-on", "error", "--strict"}).code == 1);
  CHECK(bench.Run({"lint", "-f", path, "--fail-on", "never", "--strict"}).code == 0);
  const Outcome ignored = bench.Run({"lint", "-f", path, "--ignore", "unknown-field,idle-before-request"});
  CHECK(ignored.code == 0);
  CHECK(ignored.out == "No findings\n");
  const Outcome broken = bench.Run({"lint", "-f", "-"}, "type: [Mesh\n");
  CHECK(broken.code == 1);
  CHECK(Has(broken.out, "invalid-resource"));
  CHECK(bench.Run({"lint"}).code == 2);
}

TEST_CASE("lint tells about its rules") {
  Bench bench;
  CHECK(Has(bench.Run({"lint", "--list-rules"}).out, "shadowed-policy"));
  const Outcome explained = bench.Run({"lint", "--explain", "open-permission"});
  CHECK(explained.code == 0);
  CHECK(Has(explained.out, "    type: MeshTrafficPermission"));
  const Outcome unknown = bench.Run({"lint", "--explain", "open-permision"});
  CHECK(unknown.code == 2);
  CHECK(Has(unknown.err, "open-permission"));
}

TEST_CASE("analyze reads a control plane") {
  Bench bench;
  bench.server->Answer("GET /meshes/default", 200, R"({"type":"Mesh","name":"default"})");
  bench.server->Answer("GET /meshes?size=1000", 200, R"({"total":1,"items":[{"type":"Mesh","name":"default"}],"next":null})");
  bench.server->Answer("GET /meshes", 200, R"({"total":1,"items":[{"type":"Mesh","name":"default"}],"next":null})");
  const std::string list =
      R"({"total":1,"items":[{"type":"MeshRetry","mesh":"default","name":"r","spec":{"targetRef":{"kind":"Mesh"},"to":[{"targetRef":{"kind":"MeshService","name":"gone"},"default":{"http":{"numRetries":1}}}]}}],"next":null})";
  bench.server->Answer("GET /meshes/default/meshretries?size=1000", 200, list);
  bench.server->Answer("GET /meshes/default/meshretries", 200, list);
  const Outcome found = bench.Run({"analyze", "--mesh", "default", "-o", "json"});
  INFO(found.out << found.err << "\n" << (bench.server->log.empty() ? "" : bench.server->log.back()));
  CHECK(found.code == 1);
  CHECK(Has(found.out, "dangling-target"));
  CHECK(Has(found.out, "there is no MeshService gone"));
  bench.server->GoAway();
  CHECK(bench.Run({"analyze"}).code == 2);
}

TEST_CASE("apply tells of unknown fields, and refuses them with --strict") {
  Bench bench;
  const std::string text =
      "type: MeshRetry\nmesh: default\nname: r\nspec: {targetRef: {kind: Mesh, nmae: x}, to: [{targetRef: {kind: Mesh}, default: {http: "
      "{numRetries: 1}}}]}\n";
  const Outcome lenient = bench.Run({"apply", "--dry-run", "-f", "-"}, text);
  CHECK(lenient.code == 0);
  CHECK(Has(lenient.err, "Warning: spec.targetRef.nmae: "));
  const Outcome strict = bench.Run({"apply", "--dry-run", "--strict", "-f", "-"}, text);
  CHECK(strict.code == 1);
  CHECK(Has(strict.err, "* spec.targetRef.nmae: "));
  bench.server->Answer("PUT /meshes/default/meshretries/r?fieldValidation=Strict", 200, "{}");
  CHECK(bench.Run({"apply", "--strict", "-f", "-"}, text).code == 0);
}
