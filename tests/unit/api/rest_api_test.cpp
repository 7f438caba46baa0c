// The REST API without sockets: requests in, responses out, on a memory store with the real types.
#include "pkg/api/rest_api.h"

#include <catch2/catch.hpp>

#include "pkg/api/diagnostics.h"
#include "pkg/tokens/issuer.h"
#include "tests/unit/api/world.h"

namespace kuma::api {
namespace {

Json Timeout(const std::string& name, const std::string& value = "1s") {
  return {{"type", "MeshTimeout"},
          {"mesh", "demo"},
          {"name", name},
          {"spec", {{"targetRef", {{"kind", "Mesh"}}}, {"to", Json::array({{{"targetRef", {{"kind", "Mesh"}}}, {"default", {{"connectionTimeout", value}}}}})}}}};
}

std::vector<std::string> Names(const Got& reply) {
  std::vector<std::string> names;
  for (const Json& item : kuma::Get(reply.body, "items")) names.push_back(GetString(item, "name"));
  return names;
}

}  // namespace

TEST_CASE("resources are created, updated, read and deleted") {
  World world;
  world.AddMesh("demo");
  Got reply = world.Put("/meshes/demo/meshtimeouts/t1", Timeout("t1"));
  CHECK(reply.status == 201);
  CHECK(reply.body == Json::object());
  CHECK(world.Put("/meshes/demo/meshtimeouts/t1", Timeout("t1", "2s")).status == 200);

  reply = world.Get("/meshes/demo/meshtimeouts/t1");
  CHECK(reply.status == 200);
  CHECK(reply.headers.Get("Content-Type") == "application/json");
  CHECK(reply.body["kri"] == "kri_mt_demo_default__t1_");
  CHECK(reply.body["labels"]["kuma.io/origin"] == "zone");
  CHECK(reply.body["spec"]["to"][0]["default"]["connectionTimeout"] == "2s");
  CHECK(world.Get("/_kri/kri_mt_demo_default__t1_").body == reply.body);

  reply = world.Delete("/meshes/demo/meshtimeouts/t1");
  CHECK(reply.status == 200);
  CHECK(reply.body == Json::object());
  CHECK(world.Get("/meshes/demo/meshtimeouts/t1").status == 404);
}

TEST_CASE("bodies come and go as YAML too") {
  World world;
  world.AddMesh("demo");
  CHECK(world.Call(World::Request("PUT", "/meshes/other", "type: Mesh\nname: other\n")).status == 201);
  Got reply = world.Get("/meshes/other.yaml");
  CHECK(reply.status == 200);
  CHECK(reply.headers.Get("Content-Type") == "application/yaml");
  CHECK(ParseYaml(reply.text).value()["name"] == "other");
  io::HttpRequest request = World::Request("GET", "/meshes");
  request.headers.Add("Accept", "application/yaml");
  CHECK(ParseYaml(world.Call(request).text).value()["total"] == 2);
  // A name that ends so is found by itself.
  REQUIRE(world.Put("/meshes/a.yaml", {{"type", "Mesh"}, {"name", "a.yaml"}}).status == 201);
  CHECK(world.Get("/meshes/a.yaml").body["name"] == "a.yaml");
}

TEST_CASE("errors have the form clients expect") {
  World world;
  world.AddMesh("demo");
  struct Case {
    std::string method, target;
    std::string body;
    int status;
    std::string title, detail;
    std::string field;  // of the first invalid parameter
    std::string reason = {};
  };
  const std::vector<Case> cases = {
      {"GET", "/meshes/nope", "", 404, "Could not retrieve a resource", "Not found", ""},
      {"GET", "/meshes/nope/dataplanes", "", 404, "Failed to retrieve Mesh", "Not found", ""},
      {"GET", "/meshes/demo/dataplanes/nope/_overview", "", 404, "Could not retrieve a resource", "Not found", ""},
      {"GET", "/meshes/demo/dataplanes/nope/anything", "", 404, "Could not execute admin operation", "Not found", ""},
      {"GET", "/zoneegresses/nope/_rules", "", 404, "Could not execute admin operation", "Not found", ""},
      {"DELETE", "/meshes/demo/meshtimeouts/nope", "", 404, "Could not delete a resource", "Not found", ""},
      {"GET", "/meshes/demo/meshtimeouts?size=0", "", 400, "Could not retrieve resources", "Invalid page size", "size", "must be greater than 0"},
      {"GET", "/meshes?size=x", "", 400, "Could not retrieve resources", "Invalid page size", "size", "invalid format"},
      {"GET", "/meshes?size=2000", "", 400, "Could not retrieve resources", "Invalid page size", "size", "invalid page size of 2000. Maximum page size is 1000"},
      {"GET", "/meshes?offset=invalid", "", 400, "Could not retrieve resources", "invalid: invalid offset: strconv.Atoi: parsing \"invalid\": invalid syntax", ""},
      {"GET", "/meshes?offset=99999999999999999999", "", 400, "Could not retrieve resources", "invalid: invalid offset: strconv.Atoi: parsing \"99999999999999999999\": value out of range", ""},
      {"GET", "/meshes?offset=-1", "", 400, "Could not retrieve resources", "invalid: invalid offset: must be non-negative", ""},
      {"GET", "/meshes/demo/dataplanes?filter[labels.a][eq]=x", "", 400, "Could not retrieve resources", "Resource is not valid", "/meshes/{mesh}/dataplanes.filter[labels.a][eq]", "advanced filters are not supported"},
      {"GET", "/meshes/demo/dataplanes?filter[name]=x", "", 400, "Could not retrieve resources", "Resource is not valid", "/meshes/{mesh}/dataplanes.filter[name]", "filters are only supported on labels"},
      {"GET", "/meshes/demo/dataplanes?gateway=maybe", "", 400, "Could not retrieve resources", "Resource is not valid", "/meshes/{mesh}/dataplanes.gateway", "shoud use `true`, `false`, 'builtin' or 'delegated' instead of maybe"},
      {"GET", "/meshes/demo?format=xml", "", 400, "Could not retrieve a resource", "Resource is not valid", ""},
      {"GET", "/_kri/kri_bad", "", 400, "Bad Request", "bad request: invalid identifier string: \"kri_bad\"", ""},
      {"PUT", "/meshes/nope/meshtimeouts/t", R"({"type":"MeshTimeout","mesh":"nope","name":"t"})", 404, "Failed to retrieve Mesh", "Not found", ""},
      {"PUT", "/meshes/a", R"({"type":"Mesh","name":"b"})", 400, "Could not process a resource", "Resource is not valid", "name"},
      {"PUT", "/meshes/demo/meshtimeouts/t", R"({"type":"MeshTimeout","mesh":"demo","name":"t","spec":{}})", 400, "Could not process a resource", "Resource is not valid", "spec"},
      {"PUT", "/meshes/Bad_Mesh", R"({"type":"Mesh","name":"Bad_Mesh"})", 400, "Could not process a resource", "Resource is not valid", "name"},
      {"PUT", "/meshes/demo/dataplane-insights/x", R"({"type":"DataplaneInsight","mesh":"demo","name":"x"})", 405, "Method not allowed", "*", ""},
      {"GET", "/meshes/demo/meshtimeouts/nope/_resources/dataplanes", "", 404, "Could not retrieve policy", "Not found", ""},
  };
  for (const Case& c : cases) {
    INFO(c.method << " " << c.target);
    const Got reply = world.Call(World::Request(c.method, c.target, c.body));
    INFO(reply.text);
    CHECK(reply.status == c.status);
    CHECK(reply.body["type"] == "/std-errors");
    CHECK(reply.body["status"] == c.status);
    CHECK(reply.body["title"] == c.title);
    if (c.detail != "*") CHECK(reply.body["detail"] == c.detail);
    CHECK(reply.body["details"] == reply.body["detail"]);
    if (!c.field.empty()) {
      CHECK(reply.body["invalid_parameters"][0]["field"] == c.field);
      CHECK(reply.body["causes"][0]["message"] == reply.body["invalid_parameters"][0]["reason"]);
      if (!c.reason.empty()) CHECK(reply.body["causes"][0]["message"] == c.reason);
    }
  }
  Got reply = world.Call(World::Request("PUT", "/meshes/demo/meshtimeouts/t", "{,}"));
  CHECK(reply.status == 400);
  CHECK(reply.body["title"] == "Bad Request");
  CHECK(reply.body["detail"].get<std::string>().starts_with("invalid MeshTimeout object: \""));
  reply = world.Get("/meshes/demo/bogus");
  CHECK(reply.status == 404);
  CHECK(reply.text == "404: Page Not Found");
  reply = world.Call(World::Request("POST", "/meshes"));
  CHECK(reply.status == 405);
  CHECK(reply.headers.Get("Allow") == "GET");
}

TEST_CASE("lists are paged and filtered") {
  World world;
  world.AddMesh("demo");
  world.AddMesh("other");
  world.AddDataplane("demo", "backend-1", "backend");
  world.AddDataplane("demo", "backend-2", "backend", "v2");
  world.AddDataplane("demo", "frontend-1", "frontend");
  world.AddDataplane("other", "lonely", "backend");

  Got reply = world.Get("/meshes/demo/dataplanes?size=2");
  CHECK(reply.body["total"] == 3);
  CHECK(Names(reply) == std::vector<std::string>{"backend-1", "backend-2"});
  CHECK(reply.body["next"] == "http://localhost:5681/meshes/demo/dataplanes?offset=2&size=2");
  reply = world.Get("/meshes/demo/dataplanes?size=2&offset=2");
  CHECK(Names(reply) == std::vector<std::string>{"frontend-1"});
  CHECK(reply.body["next"].is_null());
  CHECK(world.Get("/dataplanes").body["total"] == 4);
  CHECK(Names(world.Get("/meshes/demo/dataplanes?offset=18446744073709551615")).empty());

  struct Case {
    std::string query;
    std::vector<std::string> names;
  };
  for (const Case& c : std::vector<Case>{{"name=front", {"frontend-1"}},
                                         {"tag=version:v1", {"backend-1", "frontend-1"}},
                                         {"tag=version:v&tag=kuma.io/service:back", {"backend-1", "backend-2"}},
                                         {"filter[labels.app]=frontend", {"frontend-1"}},
                                         {"filter[labels.app]=front", {}},
                                         {"gateway=true", {}},
                                         {"gateway=false", {"backend-1", "backend-2", "frontend-1"}}}) {
    INFO(c.query);
    CHECK(Names(world.Get("/meshes/demo/dataplanes?" + c.query)) == c.names);
    CHECK(Names(world.Get("/meshes/demo/dataplanes/_overview?" + c.query)) == c.names);
    CHECK(Names(world.Get("/meshes/demo/dataplanes+insights?" + c.query)) == c.names);
  }
  reply = world.Get("/meshes/demo/dataplanes/frontend-1/_overview");
  CHECK(reply.body["type"] == "DataplaneOverview");
  CHECK(reply.body["dataplane"]["networking"]["address"] == "192.168.0.1");
  CHECK(reply.body["dataplaneInsight"] == Json::object());  // never connected; lists leave it out
  CHECK_FALSE(world.Get("/meshes/demo/dataplanes/_overview").body["items"][0].contains("dataplaneInsight"));
}

TEST_CASE("a resource can be shown as a Kubernetes object") {
  World world;
  world.AddMesh("demo");
  world.AddDataplane("demo", "dp", "backend");
  REQUIRE(world.Put("/meshes/demo/meshtimeouts/t1", Timeout("t1")).status == 201);
  Json object = world.Get("/meshes/demo/meshtimeouts/t1?format=kubernetes").body;
  CHECK(object["apiVersion"] == "kuma.io/v1alpha1");
  CHECK(object["kind"] == "MeshTimeout");
  CHECK(object["metadata"]["labels"] == Json{{"kuma.io/mesh", "demo"}});
  CHECK(object["metadata"]["namespace"] == "kuma-system");
  CHECK(object["metadata"]["creationTimestamp"] == "2023-11-14T22:13:20Z");
  CHECK(object["spec"]["to"].size() == 1);
  object = world.Get("/meshes/demo/dataplanes/dp?format=k8s&namespace=apps").body;
  CHECK(object["mesh"] == "demo");
  CHECK(object["metadata"]["namespace"] == "apps");
  object = world.Get("/meshes/demo?format=k8s").body;
  CHECK_FALSE(object["metadata"].contains("namespace"));
}

TEST_CASE("administration needs an administrator") {
  ApiOptions options;
  options.authentication.validate_token = [](std::string_view token) -> Result<tokens::UserIdentity> {
    if (token == "admin") return tokens::AdminUser();
    if (token == "john") return tokens::UserIdentity{"john", {"team"}};
    return MakeError(ErrorCode::kUnauthorized, "bad");
  };
  World world(options);
  world.AddMesh("demo");
  struct Case {
    std::string peer, host, header, value, target;
    int status;
  };
  for (const Case& c : std::vector<Case>{
           {"127.0.0.1:1", "localhost:5681", "", "", "/meshes/demo/secrets", 200},
           {"[::1]:1", "[::1]:5681", "", "", "/meshes/demo/secrets", 200},
           {"127.0.0.1:1", "localhost:5681", "X-Forwarded-For", "1.2.3.4", "/meshes/demo/secrets", 403},
           {"127.0.0.1:1", "evil.example:5681", "", "", "/meshes/demo/secrets", 403},
           {"127.0.0.1:1", "localhost:5681", "Origin", "http://localhost:5681", "/meshes/demo/secrets", 200},
           {"127.0.0.1:1", "localhost:5681", "Origin", "http://localhost:3000", "/meshes", 403},
           {"127.0.0.1:1", "localhost:5681", "Origin", "https://evil.example", "/meshes", 403},
           {"127.0.0.1:1", "evil.example", "Origin", "http://evil.example", "/meshes", 403},
           {"127.0.0.1:1", "localhost:5681", "Sec-Fetch-Site", "cross-site", "/meshes", 403},
           {"127.0.0.1:1", "localhost:5681", "Origin", "null", "/meshes", 403},
           {"10.0.0.1:1", "cp:5681", "", "", "/meshes/demo/secrets", 403},
           {"10.0.0.1:1", "cp:5681", "", "", "/global-secrets", 403},
           {"10.0.0.1:1", "cp:5681", "", "", "/meshes", 200},
           {"10.0.0.1:1", "cp:5681", "", "", "/config", 200},
           {"10.0.0.1:1", "cp:5681", "Authorization", "Bearer admin", "/meshes/demo/secrets", 200},
           {"10.0.0.1:1", "cp:5681", "Authorization", "Bearer john", "/meshes/demo/secrets", 403},
           {"10.0.0.1:1", "cp:5681", "Authorization", "Bearer wrong", "/meshes", 401},
           {"10.0.0.1:1", "cp:5681", "Authorization", "Bearer wrong", "/", 200},
       }) {
    INFO(c.peer << " " << c.host << " " << c.header << ": " << c.value << " " << c.target);
    io::HttpRequest request = World::Request("GET", c.target);
    request.peer.address = c.peer;
    request.host = c.host;
    if (!c.header.empty()) request.headers.Add(c.header, c.value);
    const Got reply = world.Call(request);
    INFO(reply.text);
    CHECK(reply.status == c.status);
    CHECK_FALSE(reply.headers.Has("Access-Control-Allow-Origin"));
  }
  io::HttpRequest request = World::Request("GET", "/meshes/demo/secrets");
  request.peer.address = "10.0.0.1:1";
  CHECK(world.Call(request).body["detail"] == R"(user "mesh-system:anonymous/mesh-system:unauthenticated" cannot access the resource of type "Secret")");
  CHECK(world.Get("/who-am-i").body == Json{{"name", "mesh-system:admin"}, {"groups", {"mesh-system:admin", "mesh-system:authenticated"}}});
}

TEST_CASE("pages of configured origins are let in") {
  ApiOptions options;
  options.cors_allowed_domains = {"ui.example"};
  World world(options);
  io::HttpRequest request = World::Request("GET", "/meshes");
  request.headers.Add("Origin", "https://ui.example");
  Got reply = world.Call(request);
  CHECK(reply.status == 200);
  CHECK(reply.headers.Get("Access-Control-Allow-Origin") == "https://ui.example");
  request.method = "OPTIONS";
  request.headers.Add("Access-Control-Request-Method", "PUT");
  CHECK(world.Call(request).status == 200);
}

TEST_CASE("tokens are issued to those who may") {
  World world;
  Got reply = world.Post("/tokens/dataplane", {{"name", "dp"}, {"mesh", "demo"}, {"tags", {{"kuma.io/service", {"a", "b"}}}}});
  CHECK(reply.status == 200);
  CHECK(reply.text == "dp:demo:dp");
  CHECK(reply.headers.Get("Content-Type") == "text/plain");
  reply = world.Post("/tokens/dataplane", {{"type", "car"}, {"validFor", "x"}});
  CHECK(reply.status == 400);
  CHECK(reply.body["title"] == "Invalid request");
  CHECK(reply.body["invalid_parameters"].size() == 3);
  CHECK(world.Call(World::Request("POST", "/tokens/dataplane", "[]")).status == 400);
  struct Row {
    std::string path;
    Json body;
    std::vector<std::pair<std::string, std::string>> causes;
  };
  const std::vector<Row> rows = {
      {"/tokens/dataplane", Json::object(), {{"mesh", "cannot be empty"}}},
      {"/tokens/dataplane", nullptr, {{"mesh", "cannot be empty"}}},
      {"/tokens/dataplane",
       {{"mesh", "demo"}, {"type", "car"}, {"validFor", "x"}},
       {{"validFor", "is invalid: time: invalid duration \"x\""}, {"type", "car is not a valid proxy type"}}},
      {"/tokens/zone", {{"zone", "z"}, {"validFor", "x"}}, {{"scope", "cannot be empty"}, {"validFor", "is invalid: time: invalid duration \"x\""}}},
      {"/tokens/user", Json::object(), {{"name", "cannot be empty"}, {"validFor", "cannot be empty"}}},
      {"/tokens/user", {{"name", "a"}, {"validFor", "0s"}}, {{"validFor", "cannot be empty or nil"}}},
  };
  for (const Row& row : rows) {
    INFO(row.path << " " << row.body.dump());
    const Got refused = world.Post(row.path, row.body);
    CHECK(refused.status == 400);
    std::vector<std::pair<std::string, std::string>> causes;
    for (const Json& cause : refused.body["causes"]) causes.emplace_back(GetString(cause, "field"), GetString(cause, "message"));
    CHECK(causes == row.causes);
  }
  reply = world.Post("/tokens/user", {{"name", "john"}, {"validFor", "24h"}});
  CHECK(reply.status == 404);
  CHECK(reply.body["title"] == "Signing Key not found");
  CHECK(world.Post("/tokens/user", {{"name", "john"}}).body["invalid_parameters"][0]["field"] == "validFor");
  reply = world.Post("/tokens/zone", {{"zone", "z"}, {"scope", {"egress"}}});
  CHECK(reply.status == 400);
  CHECK(reply.body["detail"] == tokens::IssuerDisabled().message);
  io::HttpRequest request = World::Request("POST", "/tokens/user", "{}");
  request.peer.address = "10.0.0.1:1";
  reply = world.Call(request);
  CHECK(reply.status == 403);
  CHECK(reply.body["detail"] == "action not allowed");
}

TEST_CASE("bodies and answers have media types") {
  World world;
  world.AddMesh("demo");
  struct Row {
    const char* method;
    const char* content_type;  // null: none
    const char* accept;
    int status;
  };
  const Row rows[] = {
      {"PUT", "application/json", nullptr, 200},
      {"PUT", "application/json; charset=utf-8", nullptr, 200},
      {"PUT", "application/yaml", nullptr, 200},
      {"PUT", nullptr, nullptr, 415},
      {"PUT", "text/plain", nullptr, 415},
      {"PUT", "application/x-www-form-urlencoded", nullptr, 415},
      {"GET", nullptr, "application/json", 200},
      {"GET", nullptr, "text/html,application/xhtml+xml,*/*;q=0.8", 200},
      {"GET", nullptr, "application/yaml", 200},
      {"GET", nullptr, "text/html", 406},
      {"GET", nullptr, "image/png", 406},
  };
  for (const Row& row : rows) {
    io::HttpRequest request = World::Request(row.method, "/meshes/demo");
    if (std::string_view(row.method) == "PUT") request.body = R"({"type": "Mesh", "name": "demo"})";
    if (row.content_type != nullptr) request.headers.Add("Content-Type", row.content_type);
    if (row.accept != nullptr) request.headers.Add("Accept", row.accept);
    INFO(row.method << " " << (row.content_type == nullptr ? "" : row.content_type) << " " << (row.accept == nullptr ? "" : row.accept));
    const Got reply = world.Call(request);
    CHECK(reply.status == row.status);
    if (row.status > 400) CHECK(reply.headers.Get("Content-Type") == "text/plain; charset=utf-8");
  }
  io::HttpRequest token = World::Request("POST", "/tokens/dataplane", R"({"mesh": "demo"})");
  token.headers.Add("Accept", "text/plain");
  CHECK(world.Call(token).status == 200);
}

TEST_CASE("a bad token gets no answer, not even that a path does not exist") {
  ApiOptions options;
  options.authentication.localhost_is_admin = false;
  options.authentication.validate_token = [](std::string_view) -> Result<tokens::UserIdentity> { return Invalid("bad"); };
  World world(std::move(options));
  io::HttpRequest request = World::Request("GET", "/none");
  CHECK(world.Call(request).status == 404);
  request.headers.Add("Authorization", "Bearer x");
  CHECK(world.Call(request).status == 401);
}

TEST_CASE("requests are measured by route") {
  World world;
  world.AddMesh("demo");
  world.Get("/meshes/demo");
  world.Get("/meshes/demo.yaml");
  world.Call(World::Request("FANCY", "/nowhere"));
  const std::string text = world.metrics.Expose();
  INFO(text);
  for (const char* line : {R"(api_server_http_request_duration_seconds_count{code="200",handler="/meshes/{name}",method="GET",service=""} 2)",
                           R"(api_server_http_response_size_bytes_count{code="201",handler="/meshes/{name}",method="PUT",service=""} 1)",
                           R"(api_server_http_requests_inflight{handler="/meshes/{name}",service=""} 0)",
                           R"(api_server_http_request_duration_seconds_count{code="404",handler="",method="other",service=""} 1)"}) {
    CHECK(text.find(line) != std::string::npos);
  }
}

TEST_CASE("read-only control planes refuse writes") {
  ApiOptions options;
  options.read_only = true;
  World world(options);
  CHECK(world.Put("/meshes/demo", {{"type", "Mesh"}, {"name", "demo"}}).status == 405);
  CHECK(world.Delete("/meshes/demo").status == 405);
  World global({}, true);
  global.AddMesh("demo");
  const Got reply = global.Put("/meshes/demo/dataplanes/dp", {{"type", "Dataplane"}, {"mesh", "demo"}, {"name", "dp"}});
  CHECK(reply.status == 405);
  CHECK(reply.body["detail"].get<std::string>().starts_with("On global control plane"));
  CHECK(global.Get("/meshes/demo/dataplanes/dp/_config").status == 405);
}

TEST_CASE("types describe themselves") {
  World world;
  const Json resources = world.Get("/_resources").body["resources"];
  const auto find = [](const Json& list, const char* name) {
    for (const Json& item : list) {
      if (item["name"] == name) return item;
    }
    return Json();
  };
  CHECK(find(resources, "MeshTimeout") == Json{{"name", "MeshTimeout"},
                                               {"readOnly", false},
                                               {"path", "meshtimeouts"},
                                               {"singularDisplayName", "Mesh Timeout"},
                                               {"pluralDisplayName", "Mesh Timeouts"},
                                               {"scope", "Mesh"},
                                               {"shortName", "mt"},
                                               {"includeInFederation", true},
                                               {"policy", {{"hasToTargetRef", true}, {"hasFromTargetRef", true}, {"hasRulesTargetRef", true}, {"isTargetRef", true}, {"isFromAsRules", true}}}});
  CHECK(find(resources, "DataplaneInsight")["readOnly"] == true);
  CHECK(find(world.Get("/policies").body["policies"], "MeshTimeout")["isTargetRefBased"] == true);
  CHECK(world.Get("/").body["instanceId"] == "cp-1");
  CHECK(world.Get("/config").body["mode"] == "zone");
}

TEST_CASE("insights are answered from counters") {
  World world;
  world.AddMesh("demo");
  world.AddDataplane("demo", "b1", "backend");
  world.AddDataplane("demo", "b2", "backend");
  Resource insight;
  insight.meta.key = {"DataplaneInsight", "demo", "b1"};
  insight.spec = {{"subscriptions", Json::array({{{"id", "1"}, {"connectTime", "2026-01-01T00:00:00Z"}, {"version", {{"kumaDp", {{"version", "2.14.3"}}}}}}})},
                  {"mTLS", {{"issuedBackend", "ca-1"}, {"supportedBackends", {"ca-1"}}}}};
  REQUIRE(world.store.Create(insight, ResourceKey{"Dataplane", "demo", "b1"}).ok());
  world.Get("/");

  Json service = world.Get("/meshes/demo/service-insights/backend").body;
  CHECK(service["status"] == "partially_degraded");
  CHECK(service["dataplanes"] == Json{{"total", 2}, {"online", 1}, {"offline", 1}});
  CHECK(service["issuedBackends"] == Json{{"ca-1", 1}});
  CHECK(service["addressPort"] == "backend.mesh:80");
  CHECK(world.Get("/service-insights").body["total"] == 1);
  CHECK(world.Get("/meshes/demo/service-insights?type=external").body["total"] == 0);
  CHECK(world.Get("/meshes/demo/service-insights?type=x").status == 400);
  CHECK(world.Get("/meshes/demo/service-insights/unknown").body["dataplanes"] == Json::object());
  CHECK(world.Put("/meshes/demo/service-insights/backend", Json::object()).status == 405);

  Json mesh = world.Get("/mesh-insights/demo").body;
  CHECK(mesh["dataplanes"] == Json{{"total", 2}, {"online", 1}, {"offline", 1}});
  CHECK(mesh["mTLS"]["issuedBackends"]["ca-1"] == Json{{"total", 1}, {"online", 1}});
  CHECK(mesh["resources"]["Dataplane"]["total"] == 2);
  CHECK(mesh["services"] == Json{{"total", 1}, {"internal", 1}});
  CHECK(mesh["dpVersions"]["kumaDp"]["2.14.3"]["online"] == 1);

  const Json global = world.Get("/global-insight").body;
  CHECK(global["meshes"]["total"] == 1);
  CHECK(global["dataplanes"]["standard"]["offline"] == 1);
  CHECK(global["services"]["internal"]["partiallyDegraded"] == 1);
  CHECK(world.Get("/global-insights").body["resources"]["Mesh"]["total"] == 1);

  // Everything that was counted is taken back.
  REQUIRE(world.Delete("/meshes/demo/dataplanes/b1").status == 200);
  REQUIRE(world.Delete("/meshes/demo/dataplanes/b2").status == 200);
  CHECK(world.Get("/service-insights").body["total"] == 0);
  CHECK(world.Get("/meshes/demo/service-insights/backend").status == 404);
  mesh = world.Get("/mesh-insights/demo").body;
  CHECK(mesh["dataplanes"] == Json::object());
  CHECK(mesh["mTLS"] == Json::object());
  CHECK_FALSE(mesh.contains("resources"));
}

TEST_CASE("what applies to a proxy is explained") {
  World world;
  world.AddMesh("demo");
  world.AddDataplane("demo", "b1", "backend");
  REQUIRE(world.Put("/meshes/demo/meshtimeouts/t1", Timeout("t1")).status == 201);
  Got reply = world.Get("/meshes/demo/dataplanes/b1/_rules");
  CHECK(reply.status == 200);
  CHECK(reply.body["rules"][0]["type"] == "MeshTimeout");
  reply = world.Get("/meshes/demo/dataplanes/b1/_policies");
  CHECK(reply.status == 400);
  CHECK(reply.body["detail"] == "bad request: can't use _policies endpoint without meshService enabled");
  CHECK(world.Get("/meshes/demo/dataplanes/b1/_layout").body["detail"] == "bad request: can't use _layout endpoint without meshService enabled");
  CHECK(world.Get("/meshes/demo/dataplanes/nope/_rules").status == 404);
  reply = world.Get("/meshes/demo/meshtimeouts/t1/_resources/dataplanes");
  CHECK(reply.body["total"] == 1);
  CHECK(reply.body["items"][0]["name"] == "b1");
  CHECK_FALSE(reply.body.contains("next"));
  CHECK(world.Get("/meshes/demo/dataplanes/b1/_config?shadow=maybe").body["detail"] == "bad request: unsupported value for query parameter 'shadow'");
  CHECK(world.Get("/meshes/demo/dataplanes/b1/_config").status == 404);
  CHECK(world.Get("/meshes/demo/dataplanes/b1/stats").status == 503);
}

TEST_CASE("the older inspect API leaves out what it never had") {
  World world;
  world.AddMesh("demo");
  world.AddDataplane("demo", "b1", "backend");
  Json shadow = Timeout("shadow");
  shadow["labels"] = {{"kuma.io/effect", "shadow"}};
  REQUIRE(world.Put("/meshes/demo/meshtimeouts/shadow", shadow).status == 201);
  REQUIRE(world.Put("/meshes/demo/meshtimeouts/real", Timeout("real")).status == 201);
  CHECK(world.Get("/meshes/demo/meshtimeouts/real/dataplanes").body["total"] == 1);
  CHECK(world.Get("/meshes/demo/meshtimeouts/shadow/dataplanes").body == Json{{"total", 0}, {"items", Json::array()}});
  CHECK(world.Get("/meshes/demo/meshtimeouts/shadow/_resources/dataplanes").body["total"] == 1);

  const Json trace = ParseYaml("{type: MeshTrace, mesh: demo, name: t, spec: {default: {backends: [{type: Zipkin, zipkin: {url: 'http://z:9411/api'}}]}}}").value();
  REQUIRE(world.Put("/meshes/demo/meshtraces/t", trace).status == 201);
  bool found = false;
  const Json rules = world.Get("/meshes/demo/dataplanes/b1/rules").body;
  for (const Json& item : rules["items"]) {
    if (item["type"] != "SingleItem") continue;
    found = true;
    CHECK(item["policyType"] == "MeshTrace");
    for (const char* member : {"name", "service", "tags", "addresses"}) CHECK_FALSE(item.contains(member));
  }
  CHECK(found);
}

TEST_CASE("a layout is refused by the mode of the mesh before its proxy is looked for") {
  World world;
  world.AddMesh("demo");
  CHECK(world.Get("/meshes/demo/dataplanes/nope/_layout").status == 400);
  REQUIRE(world.Put("/meshes/demo", {{"type", "Mesh"}, {"name", "demo"}, {"meshServices", {{"mode", "Exclusive"}}}}).status == 200);
  CHECK(world.Get("/meshes/demo/dataplanes/nope/_layout").status == 404);
  CHECK(world.Get("/meshes/nope/meshservices/x/_dataplanes").body["title"] == "Could not retrieve policy");
}

TEST_CASE("overviews hold what clients of the reference know of an insight") {
  World world;
  world.AddMesh("demo");
  world.AddDataplane("demo", "b1", "backend");
  Resource insight;
  insight.meta.key = {"DataplaneInsight", "demo", "b1"};
  insight.spec = {{"metadata", {{"a", "b"}}}, {"warnings", {{{"resource", "r"}, {"message", "left out"}}}}};
  REQUIRE(world.store.Create(insight, std::nullopt).ok());
  CHECK(world.Get("/meshes/demo/dataplane-insights/b1").body["warnings"].size() == 1);
  CHECK(world.Get("/meshes/demo/dataplanes/b1/_overview").body["dataplaneInsight"] == Json{{"metadata", {{"a", "b"}}}});
  CHECK(world.Get("/meshes/demo/dataplanes/_overview").body["items"][0]["dataplaneInsight"] == Json{{"metadata", {{"a", "b"}}}});
}

TEST_CASE("identifiers with the own zone name local resources") {
  World world;
  world.AddMesh("demo");
  const Json service = ParseYaml("{type: MeshMultiZoneService, mesh: demo, name: mz, spec: {selector: {meshService: {matchLabels: {a: b}}}, ports: [{port: 80}]}}").value();
  REQUIRE(world.Put("/meshes/demo/meshmultizoneservices/mz", service).status == 201);
  CHECK(world.Get("/_kri/kri_mzsvc_demo_default__mz_").body["kri"] == "kri_mzsvc_demo___mz_");
  CHECK(world.Get("/_kri/kri_mzsvc_demo_other__mz_").status == 404);
}

TEST_CASE("hostnames of a service come from generators") {
  World world;
  world.AddMesh("demo");
  REQUIRE(world.Put("/hostnamegenerators/g", {{"type", "HostnameGenerator"},
                                              {"name", "g"},
                                              {"spec", {{"template", "{{ .DisplayName }}.{{ .Zone }}.mesh"}, {"selector", {{"meshService", {{"matchLabels", {{"kuma.io/origin", "zone"}}}}}}}}}})
              .status == 201);
  REQUIRE(world.Put("/meshes/demo/meshservices/backend", {{"type", "MeshService"},
                                                          {"mesh", "demo"},
                                                          {"name", "backend"},
                                                          {"spec", {{"selector", {{"dataplaneTags", {{"kuma.io/service", "backend"}}}}}, {"ports", Json::array({{{"port", 80}, {"targetPort", 8080}}})}}}})
              .status == 201);
  world.AddDataplane("demo", "b1", "backend");
  CHECK(world.Get("/meshes/demo/meshservices/backend/_hostnames").body ==
        Json{{"total", 1}, {"items", Json::array({{{"hostname", "backend.default.mesh"}, {"zones", Json::array({{{"name", "default"}}})}}})}});
  CHECK(world.Get("/meshes/demo/meshservices/backend/_dataplanes").body["items"][0]["name"] == "b1");
  CHECK(world.Get("/meshes/demo/dataplanes/b1/_hostnames").status == 400);
}

TEST_CASE("a base path moves the whole API") {
  ApiOptions options;
  options.base_path = "/kuma/api";
  World world(options);
  CHECK(world.Get("/kuma/api").body["instanceId"] == "cp-1");
  CHECK(world.Get("/kuma/api/meshes").status == 200);
  CHECK(world.Get("/meshes").status == 404);
}

TEST_CASE("diagnostics answer health, metrics and log levels") {
  MetricRegistry metrics;
  metrics.GetCounter("requests_total", "Requests.").Add(3);
  bool ready = false;
  const Diagnostics diagnostics({.metrics = metrics, .is_ready = [&] { return ready; }});
  const auto call = [&](const std::string& method, const std::string& target, const std::string& body = {}) { return diagnostics.Handle(World::Request(method, target, body)); };
  CHECK(call("GET", "/healthy").status == 200);
  CHECK(call("GET", "/ready").status == 503);
  ready = true;
  CHECK(call("GET", "/ready").status == 200);
  CHECK(call("GET", "/metrics").body.find("requests_total 3") != std::string::npos);
  CHECK(call("PUT", "/logging", R"({"component":"xds","level":"debug"})").status == 200);
  CHECK(ParseJson(call("GET", "/logging").body).value() == Json{{"components", {{"xds", "debug"}}}});
  CHECK(call("PUT", "/logging", R"({"component":"../x","level":"debug"})").status == 400);
  CHECK(call("PUT", "/logging", R"({"component":"xds","level":"loud"})").status == 400);
  CHECK(call("DELETE", "/logging/xds").status == 200);
  CHECK(ParseJson(call("DELETE", "/logging").body).value() == Json{{"components", Json::object()}});
  CHECK(call("GET", "/other").status == 404);
}

}  // namespace kuma::api
