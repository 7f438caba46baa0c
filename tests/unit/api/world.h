// The REST API without sockets, for its tests: requests in, responses out, on a memory store with the real types.
#pragma once

#include <catch2/catch.hpp>

#include "pkg/api/rest_api.h"
#include "pkg/mesh/snapshot.h"
#include "pkg/policy/all.h"
#include "pkg/resources/all.h"
#include "pkg/store/memory/memory_store.h"

namespace kuma::api {

class FixedClock final : public Clock {
 public:
  SystemTime Now() const override { return SystemTime(std::chrono::seconds(1'700'000'000)); }
  MonotonicTime Monotonic() const override { return {}; }
};

// Builds snapshots from what the store holds now.
class StoreSnapshots final : public SnapshotSource {
 public:
  StoreSnapshots(store::Store& store, const TypeRegistry& types) : store_(store), types_(types) {}
  void WithSnapshot(const std::string& mesh, std::function<void(mesh::SnapshotPtr)> done) override {
    mesh::SnapshotBuilder builder("default");
    for (const TypeDescriptor* type : types_.All()) {
      for (const ResourcePtr& resource : store_.List(type->name).value_or(std::vector<ResourcePtr>{})) builder.Apply(nullptr, resource);
    }
    builder.Build();
    done(builder.Find(mesh));
  }

 private:
  store::Store& store_;
  const TypeRegistry& types_;
};

struct Got {
  int status = 0;
  Json body;
  std::string text;
  io::HttpHeaders headers;
};

struct World {
  explicit World(ApiOptions options = {}, bool is_global = false) : store(clock), insights(types, clock) {
    resources::RegisterCoreTypes(types);
    policy::RegisterPolicyTypes(types);
    store::AdmissionOptions admission_options;
    admission_options.zone = is_global ? "" : "default";
    admission_options.is_global = is_global;
    admission = std::make_unique<store::Admission>(types, store, admission_options);
    snapshots = std::make_unique<StoreSnapshots>(store, types);
    options.is_global = is_global;
    ApiDeps deps{.types = types,
                 .store = store,
                 .admission = *admission,
                 .snapshots = *snapshots,
                 .insights = insights,
                 .issuers = {.dataplane = [](const tokens::DataplaneIdentity& identity, Nanos) -> Result<std::string> { return "dp:" + identity.mesh + ":" + identity.name; },
                             .zone = {},
                             .user = [](const tokens::UserIdentity&, Nanos) -> Result<std::string> { return NotFound("there is no Signing Key in the Control Plane"); }},
                 .config = [] { return Json{{"mode", "zone"}}; },
                 .instance_id = [] { return std::string("cp-1"); },
                 .cluster_id = [] { return std::string("cluster-1"); },
                 .clock = clock,
                 .metrics = metrics};
    api = std::make_unique<RestApi>(std::move(deps), std::move(options));
    watch = store.StartWatch([] {});
  }

  Got Call(io::HttpRequest request) {
    Got reply;
    api->Handle(std::move(request), [&](io::HttpResponse response) {
      reply.status = response.status;
      reply.text = response.body;
      reply.headers = response.headers;
      reply.body = ParseJson(response.body).value_or(nullptr);
    });
    for (const store::Event& event : watch->Take()) insights.Apply(event);
    return reply;
  }

  static io::HttpRequest Request(std::string method, const std::string& target, std::string body = {}) {
    io::HttpRequest request;
    const io::HttpTarget parsed = io::ParseHttpTarget(target).value();
    request.method = std::move(method);
    request.target = target;
    request.path = parsed.path;
    request.segments = parsed.segments;
    request.query = parsed.query;
    if (!body.empty()) request.headers.Add("Content-Type", "application/json");
    request.body = std::move(body);
    request.host = "localhost:5681";
    request.peer.address = "127.0.0.1:40000";
    return request;
  }
  Got Get(const std::string& target) { return Call(Request("GET", target)); }
  Got Put(const std::string& target, const Json& body) { return Call(Request("PUT", target, ToJsonText(body))); }
  Got Delete(const std::string& target) { return Call(Request("DELETE", target)); }
  Got Post(const std::string& target, const Json& body) { return Call(Request("POST", target, ToJsonText(body))); }

  void AddMesh(const std::string& name) { REQUIRE(Put("/meshes/" + name, {{"type", "Mesh"}, {"name", name}}).status == 201); }
  void AddDataplane(const std::string& mesh, const std::string& name, const std::string& service, const std::string& version = "v1") {
    const Json document = {{"type", "Dataplane"},
                           {"mesh", mesh},
                           {"name", name},
                           {"labels", {{"app", service}}},
                           {"networking",
                            {{"address", "192.168.0.1"},
                             {"inbound", Json::array({{{"port", 8080}, {"tags", {{"kuma.io/service", service}, {"kuma.io/protocol", "http"}, {"version", version}}}}})}}}};
    const Got reply = Put("/meshes/" + mesh + "/dataplanes/" + name, document);
    INFO(reply.text);
    REQUIRE(reply.status == 201);
  }

  FixedClock clock;
  TypeRegistry types;
  store::MemoryStore store;
  MetricRegistry metrics;
  insights::MeshInsights insights;
  std::unique_ptr<store::Admission> admission;
  std::unique_ptr<StoreSnapshots> snapshots;
  std::unique_ptr<RestApi> api;
  std::unique_ptr<store::Watch> watch;
};

}  // namespace kuma::api
