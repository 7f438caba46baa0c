// POST /_dry-run and _explain without sockets, on a memory store with the real types.
#include <catch2/catch.hpp>

#include "pkg/api/rest_api.h"
#include "pkg/model/document.h"
#include "pkg/policy/all.h"
#include "pkg/resources/all.h"
#include "pkg/store/memory/memory_store.h"

namespace kuma::api {
namespace {

class StoreSnapshots final : public SnapshotSource {
 public:
  explicit StoreSnapshots(store::Store& store) : store_(store) {}
  void WithSnapshot(const std::string& mesh, std::function<void(mesh::SnapshotPtr)> done) override {
    mesh::SnapshotBuilder builder("default");
    for (const ResourcePtr& resource : store_.StartWatch([] {})->Initial()) builder.Apply(nullptr, resource);
    builder.Build();
    done(builder.Find(mesh));
  }

 private:
  store::Store& store_;
};

struct World {
  explicit World(ApiOptions options = {}) : store(RealClock()), insights(types, RealClock()), snapshots(store) {
    resources::RegisterCoreTypes(types);
    policy::RegisterPolicyTypes(types);
    store::AdmissionOptions admission_options;
    admission_options.zone = options.is_global ? "" : "default";
    admission_options.is_global = options.is_global;
    admission = std::make_unique<store::Admission>(types, store, admission_options);
    api = std::make_unique<RestApi>(ApiDeps{.types = types,
                                            .store = store,
                                            .admission = *admission,
                                            .snapshots = snapshots,
                                            .insights = insights,
                                            .issuers = {},
                                            .config = [] { return Json(); },
                                            .instance_id = [] { return std::string(); },
                                            .cluster_id = [] { return std::string(); },
                                            .clock = RealClock(),
                                            .metrics = metrics},
                                    std::move(options));
  }

  std::pair<int, Json> Call(const std::string& method, const std::string& target, const Json& body = nullptr) {
    io::HttpRequest request;
    const io::HttpTarget parsed = io::ParseHttpTarget(target).value();
    request.method = method;
    request.target = target;
    request.path = parsed.path;
    request.segments = parsed.segments;
    request.query = parsed.query;
    if (!body.is_null()) {
      request.headers.Add("Content-Type", "application/json");
      request.body = ToJsonText(body);
    }
    request.host = "localhost:5681";
    request.peer.address = "127.0.0.1:40000";
    std::pair<int, Json> got;
    api->Handle(std::move(request), [&](io::HttpResponse response) { got = {response.status, ParseJson(response.body).value_or(nullptr)}; });
    return got;
  }
  Json DryRun(const Json& changes) {
    const auto [status, body] = Call("POST", "/_dry-run", {{"changes", changes}});
    CHECK(status == 200);
    return body;
  }
  void Put(const Json& resource) {
    const Result<Resource> decoded = FromDocument(resource, types);
    REQUIRE(decoded.ok());
    const store::PutResult put = admission->Put(decoded->meta.key, *decoded);
    INFO((put.ok() ? "" : put.error->ToString()));
    REQUIRE(put.ok());
  }

  TypeRegistry types;
  MetricRegistry metrics;
  store::MemoryStore store;
  insights::MeshInsights insights;
  StoreSnapshots snapshots;
  std::unique_ptr<store::Admission> admission;
  std::unique_ptr<RestApi> api;
};

Json Timeout(const std::string& mesh, const std::string& value) {
  return {{"type", "MeshTimeout"}, {"mesh", mesh}, {"name", "t"}, {"spec", {{"to", Json::array({{{"targetRef", {{"kind", "Mesh"}}}, {"default", {{"connectionTimeout", value}}}}})}}}};
}

Json Dataplane(const std::string& name) {
  return {{"type", "Dataplane"},
          {"mesh", "demo"},
          {"name", name},
          {"networking",
           {{"address", "10.0.0.1"},
            {"inbound", Json::array({{{"port", 80}, {"tags", {{"kuma.io/service", name}}}}})},
            {"outbound", Json::array({{{"port", 10001}, {"tags", {{"kuma.io/service", name}}}}})}}}};
}

}  // namespace

TEST_CASE("a dry run accepts what a write would accept, and stores nothing") {
  World world;
  world.Put({{"type", "Mesh"}, {"name", "demo"}});
  world.Put(Dataplane("web"));
  const Json answer = world.DryRun(Json::array({{{"resource", Timeout("demo", "1s")}},
                                                {{"op", "put"}, {"resource", Timeout("demo", "soon")}},
                                                {{"op", "put"}, {"resource", Timeout("nowhere", "1s")}},
                                                {{"op", "put"}, {"resource", {{"type", "Mesh"}, {"name", "nowhere"}}}},
                                                {{"op", "put"}, {"resource", Timeout("nowhere", "1s")}},
                                                {{"op", "put"}, {"resource", {{"type", "DataplaneInsight"}, {"mesh", "demo"}, {"name", "web"}}}},
                                                {{"op", "delete"}, {"type", "Dataplane"}, {"mesh", "demo"}, {"name", "api"}}}));
  std::vector<std::string> results;
  for (const Json& change : answer["changes"]) results.push_back(GetString(change, "result") + (change.contains("error") ? " " + std::to_string(GetInt(change["error"], "status")) : ""));
  CHECK(results == std::vector<std::string>{"created", "refused 400", "refused 404", "created", "created", "refused 405", "refused 404"});
  CHECK(answer["valid"] == false);
  CHECK(answer["proxies"] == Json{{"examined", 1}, {"changed", 1}, {"left", 0}});
  CHECK(answer["differences"][0]["proxies"][0] == Json{{"mesh", "demo"}, {"name", "web"}, {"connected", false}, {"change", "changed"}});
  CHECK(world.store.List("MeshTimeout", {})->empty());
  CHECK_FALSE(world.store.Get({"Mesh", "", "nowhere"}).ok());
}

TEST_CASE("proxies that change alike share one difference") {
  World world;
  world.Put({{"type", "Mesh"}, {"name", "demo"}});
  for (const char* name : {"a", "b", "c"}) {
    Json dataplane = Dataplane("web");
    dataplane["name"] = name;
    world.Put(dataplane);
  }
  const Json answer = world.DryRun(Json::array({{{"resource", Timeout("demo", "1s")}}}));
  CHECK(answer["proxies"]["changed"] == 3);
  REQUIRE(answer["differences"].size() == 1);
  CHECK(answer["differences"][0]["proxies"].size() == 3);
}

TEST_CASE("a dry run asks for the rights of the write") {
  ApiOptions options;
  options.authentication.localhost_is_admin = false;
  World world(std::move(options));
  world.Put({{"type", "Mesh"}, {"name", "demo"}});
  const Json secret = {{"type", "Secret"}, {"mesh", "demo"}, {"name", "s"}, {"data", "eA=="}};
  const Json answer = world.DryRun(Json::array({{{"resource", secret}}, {{"resource", Timeout("demo", "1s")}}}));
  CHECK(answer["changes"][0]["error"]["status"] == 403);
  CHECK(answer["changes"][1]["result"] == "created");
}

TEST_CASE("bad questions are told so") {
  World world;
  CHECK(world.Call("POST", "/_dry-run", {{"changes", "all"}}).first == 400);
  CHECK(world.Call("POST", "/_dry-run", Json::array()).first == 400);
  const Json answer = world.DryRun(Json::array({{{"op", "steal"}, {"resource", Timeout("demo", "1s")}}, {{"resource", {{"type", "Nothing"}}}}, 5}));
  for (const Json& change : answer["changes"]) CHECK(change["error"]["status"] == 400);
}

TEST_CASE("a global control plane validates and has no proxies") {
  ApiOptions options;
  options.is_global = true;
  World world(std::move(options));
  world.Put({{"type", "Mesh"}, {"name", "demo"}});
  const Json answer = world.DryRun(Json::array({{{"resource", Timeout("demo", "1s")}}, {{"resource", Dataplane("web")}}}));
  CHECK(answer["changes"][0]["result"] == "created");
  CHECK(answer["changes"][1]["error"]["status"] == 405);
  CHECK_FALSE(answer.contains("proxies"));
}

TEST_CASE("explain answers for a proxy that never connected, and names what is there") {
  World world;
  world.Put({{"type", "Mesh"}, {"name", "demo"}});
  world.Put(Dataplane("web"));
  world.Put(Timeout("demo", "1s"));
  const auto [status, body] = world.Call("GET", "/meshes/demo/dataplanes/web/_explain?outbound=web&policy=MeshTimeout");
  REQUIRE(status == 200);
  CHECK_FALSE(body.contains("inbounds"));
  const Json& field = body["outbounds"][0]["policies"][0]["rules"][0]["fields"][0];
  CHECK(field["path"] == "connectionTimeout");
  CHECK(field["value"] == "1s");
  CHECK(field["setBy"]["name"] == "t");
  CHECK(body["dataplane"]["connected"] == false);
  CHECK(world.Call("GET", "/meshes/demo/dataplanes/web/_explain?inbound=81").second["detail"] == "bad request: the proxy has no inbound \"81\"; it has 80");
  CHECK(world.Call("GET", "/meshes/demo/dataplanes/web/_explain?policy=MeshTimeot").second["detail"] ==
        "bad request: there is no policy of type \"MeshTimeot\". Did you mean \"MeshTimeout\"?");
  CHECK(world.Call("GET", "/meshes/demo/dataplanes/none/_explain").first == 404);
}

}  // namespace kuma::api
