#include <catch2/catch.hpp>

#include "pkg/model/document.h"
#include "pkg/reconcile/defaults.h"
#include "pkg/reconcile/destinations.h"
#include "pkg/reconcile/service_vips.h"
#include "pkg/resources/all.h"
#include "pkg/store/memory/memory_store.h"
#include "tests/conformance/store/suite.h"

namespace kuma::reconcile {
namespace {

// A control plane of a standalone zone without servers.
struct World {
  World() : store(clock), admission(types, store, {.zone = "default", .system_namespace = "kuma-system"}), watch(store.StartWatch(nullptr)) {
    resources::RegisterCoreTypes(types);
    for (const char* name : {"MeshTimeout", "MeshRetry", "MeshCircuitBreaker"}) {
      TypeDescriptor type;
      type.name = name;
      type.is_policy = true;
      type.kds = {true, true, true};
      types.Add(std::move(type));
    }
    DestinationOptions options;
    options.zone = "default";
    destinations = Destinations::Make(admission, clock, options).value();
    destinations->Start(watch->Initial());
  }
  void Put(const std::string& yaml) {
    Resource resource = FromDocument(ParseYaml(yaml).value(), types).value();
    const ResourceKey key = resource.meta.key;
    const store::PutResult result = admission.Put(key, std::move(resource));
    INFO((result.ok() ? "" : result.error->ToString()));
    REQUIRE(result.ok());
  }
  std::optional<SystemTime> Settle() {
    std::optional<SystemTime> next;
    for (int i = 0; i < 10; ++i) {
      const std::vector<store::Event> events = watch->Take();
      destinations->Apply(events);
      next = destinations->Run();
      if (events.empty()) return next;
    }
    FAIL("does not settle");
    return next;
  }
  Json Document(const ResourceKey& key) {
    Json document = ToDocument(*store.Get(key).value(), types);
    document.erase("creationTime");
    document.erase("modificationTime");
    return document;
  }

  store::conformance::HandClock clock;
  TypeRegistry types;
  store::MemoryStore store;
  store::Admission admission;
  std::unique_ptr<store::Watch> watch;
  std::unique_ptr<Destinations> destinations;
};

std::string Proxy(const std::string& name, const std::string& service, int port, const std::string& more = {}) {
  return "{type: Dataplane, mesh: demo, name: " + name + ", networking: {address: 192.168.0.1, inbound: [{port: " + std::to_string(port) +
         ", tags: {kuma.io/service: " + service + ", kuma.io/protocol: http}}]}" + more + "}";
}

}  // namespace

TEST_CASE("defaults of a zone and of every new mesh") {
  World world;
  Defaults defaults(world.admission, {});
  defaults.Install();
  REQUIRE(defaults.EnsureAtStart().ok());
  REQUIRE(defaults.EnsureAtStart().ok());
  CHECK(world.store.Get({"Zone", "", "default"}).ok());
  CHECK(world.store.Get({"MeshRetry", "default", "mesh-retry-all-default"}).ok());
  CHECK(world.Document({"HostnameGenerator", "", "local-universal-mesh-service"}) ==
        Json{{"type", "HostnameGenerator"},
             {"name", "local-universal-mesh-service"},
             {"kri", "kri_hg____local-universal-mesh-service_"},
             {"labels", {{"kuma.io/origin", "zone"}}},
             {"spec",
              {{"selector", {{"meshService", {{"matchLabels", {{"kuma.io/origin", "zone"}}}}}}}, {"template", "{{ .DisplayName }}.svc.mesh.local"}}}});

  world.Put("{type: Mesh, name: demo}");
  const ResourcePtr timeout = world.store.Get({"MeshTimeout", "demo", "mesh-timeout-all-demo"}).value();
  CHECK(timeout->meta.labels ==
        Labels{{"kuma.io/env", "universal"}, {"kuma.io/mesh", "demo"}, {"kuma.io/origin", "zone"}, {"kuma.io/zone", "default"}});
  CHECK(timeout->spec["to"][0]["default"]["http"]["requestTimeout"] == "15s");
  CHECK(world.store.List("MeshTimeout", {.mesh = "demo"}).value().size() == 2);

  // What an operator deleted stays deleted, updates of a mesh do not bring it back.
  REQUIRE(world.admission.Delete(timeout->meta.key).ok());
  world.Put("{type: Mesh, name: demo, routing: {localityAwareLoadBalancing: true}}");
  CHECK_FALSE(world.store.Get(timeout->meta.key).ok());

  world.Put("{type: Mesh, name: bare, skipCreatingInitialPolicies: ['*']}");
  CHECK(world.store.List("MeshTimeout", {.mesh = "bare"}).value().empty());
  world.Put("{type: Mesh, name: some, skipCreatingInitialPolicies: [MeshRetry]}");
  CHECK(world.store.List("MeshRetry", {.mesh = "some"}).value().empty());
  CHECK(world.store.List("MeshTimeout", {.mesh = "some"}).value().size() == 2);

  int made = 0;
  const auto make_key = [&made]() -> Result<std::string> {
    ++made;
    return std::string("pem");
  };
  REQUIRE(defaults.EnsureSigningKeys(make_key).ok());
  REQUIRE(defaults.EnsureSigningKeys(make_key).ok());
  CHECK(made == 6);  // zone, user and four meshes
  CHECK(world.store.Get({"Secret", "demo", "dataplane-token-signing-key-demo-1"}).value()->spec == Json{{"data", "cGVt"}});
}

TEST_CASE("writes go through one path") {
  World world;
  world.Put("{type: Mesh, name: demo}");
  world.Put(Proxy("a", "backend", 80));
  const ResourcePtr dataplane = world.store.Get({"Dataplane", "demo", "a"}).value();
  CHECK(dataplane->Label("kuma.io/proxy-type") == "sidecar");
  CHECK(dataplane->spec["networking"]["inbound"][0]["tags"]["kuma.io/zone"] == "default");

  CHECK(world.admission.Delete({"Mesh", "", "demo"}).error().violations ==
        std::vector<Violation>{{"mesh", "unable to delete mesh, there are still some dataplanes attached"}});
  const auto put = [&](const std::string& yaml, ResourceKey key) {
    return world.admission.Put(key, FromDocument(ParseYaml(yaml).value(), world.types).value());
  };
  CHECK(put(Proxy("a", "backend", 80), {"Dataplane", "demo", "b"}).error->violations ==
        std::vector<Violation>{{"name", "name from the URL has to be the same as in body"}});
  CHECK(put("{type: Dataplane, mesh: no, name: a, networking: {address: 1.1.1.1}}", {"Dataplane", "no", "a"}).error->message ==
        "mesh of name no is not found");
  const store::PutResult unknown_ca = put("{type: Mesh, name: m, mtls: {backends: [{name: x, type: vault}]}}", {"Mesh", "", "m"});
  CHECK(unknown_ca.title == "Failed to create a resource");
  CHECK(put(Proxy("a", "backend", 80, ", labels: {kuma.io/zone: other}"), {"Dataplane", "demo", "a"}).title == "Could not process a resource");
  world.Put("{type: Mesh, name: demo, constraints: {dataplaneProxy: {restrictions: [{tags: {kuma.io/service: backend}}]}}}");
  CHECK(put(Proxy("a", "backend", 81), {"Dataplane", "demo", "a"}).error->message.find("matches restricted tags") != std::string::npos);
  REQUIRE(world.admission.Delete(dataplane->meta.key).ok());
  REQUIRE(world.admission.Delete({"Mesh", "", "demo"}).ok());
}

TEST_CASE("MeshServices come from Dataplanes") {
  World world;
  Defaults defaults(world.admission, {.skip_mesh_creation = true});
  REQUIRE(defaults.EnsureAtStart().ok());
  world.Put("{type: Mesh, name: demo, meshServices: {mode: Exclusive}}");
  world.Put(Proxy("backend-1", "backend", 8081));
  world.Put(Proxy("backend-2", "backend", 8081));
  world.Settle();
  const ResourceKey key{"MeshService", "demo", "backend"};
  const Json expected = ParseJson(R"({
    "type": "MeshService", "mesh": "demo", "name": "backend", "kri": "kri_msvc_demo_default__backend_",
    "labels": {"kuma.io/display-name": "backend", "kuma.io/env": "universal", "kuma.io/managed-by": "meshservice-generator",
               "kuma.io/mesh": "demo", "kuma.io/origin": "zone", "kuma.io/zone": "default"},
    "snis": [{"port": 8081, "sni": "sni.msvc.demo.default.backend.8081"}],
    "spec": {"identities": [{"type": "ServiceTag", "value": "backend"}],
             "ports": [{"appProtocol": "http", "name": "8081", "port": 8081, "targetPort": 8081}],
             "selector": {"dataplaneTags": {"kuma.io/service": "backend"}}, "state": "Available"},
    "status": {"addresses": [{"hostname": "backend.svc.mesh.local", "origin": "HostnameGenerator",
                              "hostnameGeneratorRef": {"coreName": "local-universal-mesh-service"}}],
               "dataplaneProxies": {"healthy": 2, "total": 2},
               "hostnameGenerators": [{"conditions": [{"message": "", "reason": "Generated", "status": "True", "type": "Generated"}],
                                       "hostnameGeneratorRef": {"coreName": "local-universal-mesh-service"}}],
               "tls": {"status": "NotReady"}, "vips": [{"ip": "241.0.0.0"}]}})")
                            .value();
  CHECK(world.Document(key) == expected);
  const uint64_t version = world.store.Get(key).value()->meta.version;
  world.Settle();
  CHECK(world.store.Get(key).value()->meta.version == version);  // nothing to do, nothing written

  SECTION("a grace period precedes deletion") {
    REQUIRE(world.admission.Delete({"Dataplane", "demo", "backend-1"}).ok());
    REQUIRE(world.admission.Delete({"Dataplane", "demo", "backend-2"}).ok());
    const auto next = world.Settle();
    REQUIRE(next.has_value());
    CHECK(world.store.Get(key).value()->meta.labels.contains("kuma.io/deletion-grace-period-started-at"));
    CHECK(world.store.Get(key).value()->spec["state"] == "Unavailable");
    world.Put(Proxy("backend-1", "backend", 8081));
    world.Settle();
    CHECK_FALSE(world.store.Get(key).value()->meta.labels.contains("kuma.io/deletion-grace-period-started-at"));
    REQUIRE(world.admission.Delete({"Dataplane", "demo", "backend-1"}).ok());
    world.Settle();
    world.clock.Advance(std::chrono::seconds(3602));
    world.Settle();
    CHECK_FALSE(world.store.Get(key).ok());
  }
  SECTION("ports stay while a Dataplane agrees with them") {
    world.Put(Proxy("backend-1", "backend", 9000));
    world.Settle();
    CHECK(world.store.Get(key).value()->spec["ports"][0]["port"] == 8081);
    CHECK(world.Document(key)["status"]["dataplaneProxies"] == Json{{"healthy", 1}, {"total", 2}});
    world.Put(Proxy("backend-2", "backend", 9000));
    world.Settle();
    CHECK(world.store.Get(key).value()->spec["ports"][0]["port"] == 9000);
  }
  SECTION("turning MeshServices off removes generated ones only") {
    world.Put("{type: MeshService, mesh: demo, name: own, spec: {ports: [{port: 1}]}}");
    world.Put("{type: Mesh, name: demo}");
    world.Settle();
    CHECK_FALSE(world.store.Get(key).ok());
    CHECK(world.store.Get({"MeshService", "demo", "own"}).ok());
  }
  SECTION("certificates make TLS ready, for good") {
    world.Put("{type: Mesh, name: demo, meshServices: {mode: Exclusive}, mtls: {enabledBackend: ca, backends: [{name: ca, type: builtin}]}}");
    for (const char* name : {"backend-1", "backend-2"}) {
      Resource insight;
      insight.meta.key = {"DataplaneInsight", "demo", name};
      insight.spec = {{"subscriptions", {{{"connectTime", "2024-01-01T00:00:00Z"}}}}, {"mTLS", {{"issuedBackend", "ca"}}}};
      REQUIRE(world.admission.Write(insight, false).ok());
    }
    world.Settle();
    CHECK(world.Document(key)["status"]["tls"]["status"] == "Ready");
    CHECK(world.Document(key)["status"]["dataplaneProxies"]["connected"] == 2);
    world.Put(Proxy("backend-3", "backend", 8081));
    world.Settle();
    CHECK(world.Document(key)["status"]["tls"]["status"] == "Ready");
  }
}

TEST_CASE("services of a mesh with MeshServices get their addresses as they appear, others in the order of names") {
  for (const bool mesh_services : {true, false}) {
    World world;
    world.Put(mesh_services ? "{type: Mesh, name: demo, meshServices: {mode: Everywhere}}" : "{type: Mesh, name: demo}");
    ServiceVips vips(world.store, {.zone = "default"});
    const auto put = [&](const std::string& service) {
      world.Put(Proxy(service, service, 80));
      vips.Apply(nullptr, world.store.Get({"Dataplane", "demo", service}).value());
      CHECK(vips.urgent() == mesh_services);
      REQUIRE(vips.Run(true).ok());
    };
    vips.Apply(nullptr, world.store.Get({"Mesh", "", "demo"}).value());
    put("web");
    put("backend");
    CHECK(vips.dirty() == !mesh_services);
    REQUIRE(vips.Run().ok());
    const Json view = ParseJson(GetString(world.store.Get({"Config", "", VipConfigName("demo")}).value()->spec, "config")).value();
    CHECK(view["0:web"]["address"] == (mesh_services ? "240.0.0.0" : "240.0.0.1"));
    CHECK(view["0:backend"]["address"] == (mesh_services ? "240.0.0.1" : "240.0.0.0"));
  }
}

TEST_CASE("hosts of external services have virtual addresses") {
  World world;
  world.Put("{type: Mesh, name: demo}");
  ServiceVips vips(world.store, {.zone = "default"});
  vips.Apply(nullptr, world.store.Get({"Mesh", "", "demo"}).value());
  const auto put = [&](const std::string& name, const std::string& address, const std::string& more = {}) {
    world.Put("{type: ExternalService, mesh: demo, name: " + name + ", tags: {kuma.io/service: ext}, networking: {address: '" + address + "'" + more + "}}");
    vips.Apply(nullptr, world.store.Get({"ExternalService", "demo", name}).value());
  };
  put("a", "a.example.com:443");
  put("b", "a.example.com:80");
  put("c", "10.1.1.1:90");
  put("d", "d.example.com:1", ", disableHostDNSEntry: true");
  REQUIRE(vips.Run().ok());
  const auto view = [&] { return ParseJson(GetString(world.store.Get({"Config", "", VipConfigName("demo")}).value()->spec, "config")).value(); };
  const auto ports = [&](const char* entry) {
    std::vector<int64_t> out;
    const Json stored = view();
    for (const Json& outbound : stored[entry]["outbounds"]) out.push_back(GetInt(outbound, "Port"));
    return out;
  };
  CHECK(ports("0:ext") == std::vector<int64_t>{1, 80, 90, 443});
  CHECK(ports("1:a.example.com") == std::vector<int64_t>{80, 443});
  CHECK(view()["1:a.example.com"]["address"] == "240.0.0.1");
  CHECK(view()["1:10.1.1.1"]["address"] == "10.1.1.1");
  CHECK_FALSE(view().contains("1:d.example.com"));
  vips.Apply(world.store.Get({"ExternalService", "demo", "c"}).value(), nullptr);
  REQUIRE(vips.Run().ok());
  CHECK_FALSE(view().contains("1:10.1.1.1"));
  CHECK(view()["1:a.example.com"]["address"] == "240.0.0.1");
}

TEST_CASE("external and multi-zone services, workloads, collisions") {
  World world;
  world.Put("{type: Mesh, name: demo, meshServices: {mode: Everywhere}}");
  world.Put("{type: HostnameGenerator, name: ext, spec: {selector: {meshExternalService: {}}, template: 'x.{{ label \"t\" }}.local'}}");
  world.Put("{type: MeshExternalService, mesh: demo, name: a, labels: {t: one}, spec: {match: {port: 80}}}");
  world.clock.Advance(std::chrono::seconds(1));
  world.Put("{type: MeshExternalService, mesh: demo, name: b, labels: {t: one}, spec: {match: {port: 80}}}");
  world.Put("{type: MeshExternalService, mesh: demo, name: c, spec: {match: {port: 80}}}");
  world.Put(Proxy("p", "backend", 80, ", labels: {kuma.io/workload: w}"));
  world.Put("{type: MeshMultiZoneService, mesh: demo, name: all, spec: {selector: {meshService: {matchLabels: {kuma.io/display-name: backend}}}, ports: [{port: 80}]}}");
  world.Settle();
  const Json a = world.Document({"MeshExternalService", "demo", "a"});
  CHECK(a["status"]["addresses"][0]["hostname"] == "x.one.local");
  CHECK(a["status"]["vip"]["ip"] == "242.0.0.0");
  const auto condition = [&](const char* name) { return world.Document({"MeshExternalService", "demo", name})["status"]["hostnameGenerators"][0]["conditions"][0]; };
  CHECK(condition("b")["reason"] == "Collision");
  CHECK(condition("c")["reason"] == "TemplateError");
  const Json all = world.Document({"MeshMultiZoneService", "demo", "all"});
  CHECK(all["status"]["meshServices"] == Json{{{"name", "backend"}, {"namespace", ""}, {"zone", "default"}, {"mesh", "demo"}}});
  CHECK(all["status"]["conditions"][0]["message"] == "Matched 1 MeshService(s)");
  CHECK(world.Document({"Workload", "demo", "w"})["status"]["dataplaneProxies"] == Json{{"connected", 0}, {"healthy", 1}, {"total", 1}});
  REQUIRE(world.admission.Delete({"Dataplane", "demo", "p"}).ok());
  world.Settle();
  CHECK_FALSE(world.store.Get({"Workload", "demo", "w"}).ok());
}

TEST_CASE("address allocation") {
  Ipam ipam = Ipam::FromCidr("10.0.0.0/30").value();
  ipam.Reserve("10.0.0.1");
  ipam.Reserve("11.0.0.0");
  CHECK(ipam.Allocate() == "10.0.0.0");
  CHECK(ipam.Allocate() == "10.0.0.2");
  CHECK(ipam.Allocate() == "10.0.0.3");
  CHECK_FALSE(ipam.Allocate());
  CHECK_FALSE(Ipam::FromCidr("10.0.0.0").ok());
  CHECK_FALSE(Ipam::FromCidr("10.0.0.0/33").ok());
}

}  // namespace kuma::reconcile
