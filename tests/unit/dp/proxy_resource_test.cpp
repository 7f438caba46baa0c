#include "pkg/dp/proxy_resource.h"

#include <sstream>

#include <catch2/catch.hpp>

#include "pkg/dp/access_log_pipe.h"
#include "pkg/dp/template.h"
#include "pkg/dp/transparent_proxy.h"
#include "pkg/dp/work_dir.h"

namespace kuma::dp {

TEST_CASE("template: variables, sections, comments, mistakes") {
  const std::map<std::string, std::string> variables = {
      {"name", "web"}, {"address", "\"10.0.0.1\" & more"}, {"a.b", "nested"}, {"off", "false"}};
  struct Case {
    std::string text;
    std::string expected;
    std::vector<std::string> missing;
  };
  for (const Case& c :
       std::vector<Case>{{"plain } {", "plain } {", {}},
                         {"x: {{ name }}-{{name}}", "x: web-web", {}},
                         {"{{{ address }}} {{& address }} {{address}}", "\"10.0.0.1\" & more \"10.0.0.1\" & more \"10.0.0.1\" & more", {}},
                         {"{{ a.b }}", "nested", {}},
                         {"a{{ gone }}b{{gone}}", "ab", {"gone"}},
                         {"a{{! note }}b", "ab", {}},
                         {"{{#name}}yes{{/name}}{{^name}}no{{/name}}{{#off}}{{gone}}{{/off}}", "yes", {}}}) {
    INFO(c.text);
    const auto rendered = RenderTemplate(c.text, variables);
    REQUIRE(rendered.ok());
    CHECK(rendered->text == c.expected);
    CHECK(rendered->missing == c.missing);
  }
  for (const std::string broken : {"a\n{{ name", "{{}}", "{{#name}}", "{{/name}}", "{{#name}}{{/off}}", "{{> file}}"}) {
    INFO(broken);
    CHECK_FALSE(RenderTemplate(broken, variables).ok());
  }
  CHECK_THAT(RenderTemplate("a\n{{ name", variables).error().message, Catch::Contains("line 2"));
}

TEST_CASE("resource: name and mesh come from it, mistakes are named") {
  const auto load = [](const std::string& text, const std::string& proxy_type = "dataplane") {
    Settings settings;
    settings.resource_path = "-";
    settings.proxy_type = proxy_type;
    settings.resource_vars = {{"name", "web-1"}};
    std::istringstream in(text);
    return LoadProxyResource(settings, in);
  };
  const auto good = load("type: Dataplane\nmesh: demo\nname: {{ name }}\nnetworking: {address: 10.0.0.1}\n");
  REQUIRE(good.ok());
  REQUIRE(good->has_value());
  CHECK((*good)->name == "web-1");
  CHECK((*good)->mesh == "demo");
  CHECK(load("type: Dataplane\nname: a")->value().document["mesh"] == "default");
  CHECK(load("type: ZoneIngress\nname: a", "ingress")->value().mesh.empty());

  for (const auto& [text, why] :
       std::vector<std::pair<std::string, std::string>>{{"", "empty"},
                                                        {"type: Dataplane\nname: {{", "{{ without }}"},
                                                        {"a: [", "not one YAML"},
                                                        {"- a", "no resource"},
                                                        {"mesh: a", "has no type"},
                                                        {"type: Mesh\nname: a", "expected Dataplane"},
                                                        {"type: Dataplane\nmesh: a", "name: cannot be empty"},
                                                        {"type: Dataplane\nname: A_b!", "invalid characters"},
                                                        {"type: Dataplane\nname: {{ gone }}", "--dataplane-var gone=VALUE"}}) {
    INFO(text);
    const auto loaded = load(text);
    REQUIRE_FALSE(loaded.ok());
    CHECK_THAT(loaded.error().ToString(), Catch::Contains(why));
  }

  Settings settings;
  REQUIRE(TakeIdentity(**good, settings).ok());
  CHECK(settings.name == "web-1");
  CHECK_FALSE(TakeIdentity(**good, settings).ok());
}

TEST_CASE("transparent proxy configuration: defaults, inline text, standard input, mistakes") {
  std::istringstream in("redirect: {inbound: {port: 1}, vnet: {networks: ['docker0:172.17.0.0/16']}}");
  const auto merged = LoadTransparentProxy({"-", "redirect: {outbound: {enabled: false}}\nipFamilyMode: ipv4"}, in);
  REQUIRE(merged.ok());
  CHECK((*merged)["redirect"]["inbound"] == Json({{"enabled", true}, {"port", 1}}));
  CHECK((*merged)["redirect"]["outbound"] == Json({{"enabled", false}, {"port", 15001}}));
  CHECK((*merged)["redirect"]["vnet"]["networks"] == Json({"docker0:172.17.0.0/16"}));
  CHECK((*merged)["ipFamilyMode"] == "ipv4");
  for (const std::string broken :
       {"/nonexistent/file", "redirect: {inbound: {port: 70000}}", "ipFamilyMode: v6", "redirect: {dns: 3}", "a: ["}) {
    INFO(broken);
    std::istringstream none;
    CHECK_FALSE(LoadTransparentProxy({broken}, none).ok());
  }
}

TEST_CASE("access log lines: both forms") {
  struct Case {
    std::string line, address, text;
  };
  for (const Case& c : std::vector<Case>{{R"({"address": "1.2.3.4:9", "message": "GET /\n"})", "1.2.3.4:9", "GET /\n"},
                                         {R"({"address": "h:9", "message": {"a": 1}})", "h:9", "{\"a\":1}\n"},
                                         {"h:9;text; more", "h:9", "text; more\n"},
                                         {"no separator", "", ""},
                                         {";text", "", ""},
                                         {R"({"message": "x"})", "", ""}}) {
    INFO(c.line);
    const auto entry = ParseAccessLogLine(c.line);
    REQUIRE(entry.has_value() == !c.address.empty());
    if (!entry) continue;
    CHECK(entry->address == c.address);
    CHECK(entry->text == c.text);
  }
}

TEST_CASE("socket names are cut to what an address holds") {
  CHECK(AccessLogSocketPath("/w", "web", "default") == "/w/kuma-al-web-default.sock");
  CHECK(AccessLogSocketPath("/w", std::string(200, 'n'), "default").size() == 103);
  CHECK(DynamicConfigSocketPath("/w") == "/w/kuma-mesh-metric-config.sock");
}

}  // namespace kuma::dp
