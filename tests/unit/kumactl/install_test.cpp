// kumactl install crds: all definitions, or those that a cluster lacks.
#include <catch2/catch.hpp>

#include "pkg/base/strings.h"
#include "tests/unit/kumactl/fake_server.h"

namespace kuma::kumactl {
namespace {

const std::string kList = "GET /apis/apiextensions.k8s.io/v1/customresourcedefinitions?limit=500";

std::vector<std::string> NamesIn(const std::string& yaml) {
  std::vector<std::string> names;
  for (const Json& document : ParseYamlStream(yaml).value()) names.push_back(GetPath(document, {"metadata", "name"}).get<std::string>());
  return names;
}

std::string Page(const std::vector<std::string>& names, const std::string& more = "") {
  Json items = Json::array();
  for (const std::string& name : names) items.push_back({{"metadata", {{"name", name}}}});
  return ToJsonText({{"kind", "PartialObjectMetadataList"}, {"metadata", {{"continue", more}}}, {"items", items.empty() ? Json() : std::move(items)}});
}

struct Cluster : Bench {
  Cluster() {
    kubeconfig = Write("kubeconfig",
                       "current-context: c\ncontexts: [{name: c, context: {cluster: k, user: u}}]\nclusters: [{name: k, cluster: {server: 'https://k8s:6443'}}]\n"
                       "users: [{name: u, user: {token: secret}}]\n");
  }
};

}  // namespace

TEST_CASE("install crds prints every definition, ordered by name, and asks nobody") {
  Bench bench;
  bench.kubeconfig = "/nonexistent";
  const Outcome outcome = bench.Run({"install", "crds"});
  CHECK(outcome.code == 0);
  const std::vector<std::string> names = NamesIn(outcome.out);
  CHECK(std::is_sorted(names.begin(), names.end()));
  for (const char* name : {"meshes.kuma.io", "meshtimeouts.kuma.io", "containerpatches.kuma.io", "circuitbreakers.kuma.io"}) {
    CHECK(std::count(names.begin(), names.end(), name) == 1);
  }
  CHECK(bench.server->log.empty());
}

TEST_CASE("install crds --only-missing leaves out what the cluster has") {
  Cluster bench;
  const std::string everything = bench.Run({"install", "crds"}).out;
  const std::vector<std::string> all = NamesIn(everything);
  bench.server->Answer(kList, 200, Page({}));
  CHECK(bench.Run({"install", "crds", "--only-missing"}).out == everything);
  bench.server->Answer(kList, 200, Page({"meshes.kuma.io", "gateways.example.com"}, "a+b"));
  bench.server->Answer(kList + "&continue=a%2Bb", 200, Page({"meshtimeouts.kuma.io"}));
  const Outcome some = bench.Run({"install", "crds", "--only-missing"});
  CHECK(some.err.empty());
  std::vector<std::string> expected;
  std::copy_if(all.begin(), all.end(), std::back_inserter(expected), [](const std::string& name) { return name != "meshes.kuma.io" && name != "meshtimeouts.kuma.io"; });
  CHECK(NamesIn(some.out) == expected);
  const io::HttpClientRequest& request = bench.server->requests.front();
  CHECK(request.url.starts_with("https://k8s:6443/apis/"));
  CHECK(request.headers.Get("Authorization") == "Bearer secret");
  CHECK(Contains(request.headers.Get("Accept"), "PartialObjectMetadataList"));

  bench.server->Answer(kList, 200, Page(all));
  const Outcome none = bench.Run({"install", "crds", "--only-missing"});
  CHECK(none.code == 0);
  CHECK(none.out.empty());
}

TEST_CASE("install crds --only-missing says why it does not know what the cluster has") {
  Cluster bench;
  bench.server->Answer(kList, 403, R"({"kind":"Status","message":"customresourcedefinitions is forbidden: User \"x\" cannot list"})");
  const Outcome forbidden = bench.Run({"install", "crds", "--only-missing"});
  CHECK(forbidden.code == 1);
  CHECK(forbidden.out.empty());
  CHECK(forbidden.err ==
        "Error: Failed obtaining CRDs from Kubernetes cluster: https://k8s:6443 answers 403: customresourcedefinitions is forbidden: User \"x\" cannot list\n");

  bench.server->Answer(kList, 200, "<html>");
  CHECK(Contains(bench.Run({"install", "crds", "--only-missing"}).err, "is it the API server of Kubernetes?"));
  bench.server->Answer(kList, 200, R"({"items":[]})");
  CHECK(Contains(bench.Run({"install", "crds", "--only-missing"}).err, "does not answer with a list"));
  bench.server->GoAway();
  CHECK(Contains(bench.Run({"install", "crds", "--only-missing"}).err, "Connection refused"));

  bench.kubeconfig = "/nonexistent";
  CHECK(bench.Run({"install", "crds", "--only-missing"}).err ==
        "Error: Could not detect Kubernetes configuration: make sure you set KUBECONFIG environment variable to a valid Kubernetes config file\n");
}

}  // namespace kuma::kumactl
