#include <catch2/catch.hpp>
#include <set>
#include <sstream>

#include "pkg/base/strings.h"
#include "pkg/config/command.h"
#include "pkg/config/display.h"

namespace kuma::config {
namespace {

Config Load(const std::string& file, const Environment& environment = {}) {
  LoadInput input;
  input.file = FileText{"kuma.yaml", file};
  input.environment = environment;
  return LoadControlPlane(input).value().config;
}

}  // namespace

TEST_CASE("every key, variable and flag stands once and has a meaning") {
  for (const OptionTable* table : {&ControlPlaneTable(), &DataplaneTable()}) {
    std::set<std::string> keys;
    std::set<std::string_view> names;
    for (const Option& option : table->options()) {
      INFO(option.key);
      CHECK(keys.insert(ToLower(option.key)).second);
      for (const std::string_view name : {option.env, option.also_env, option.flag}) {
        if (!name.empty()) CHECK(names.insert(name).second);
      }
      CHECK(option.doc.size() > 5);
      CHECK(!table->IsGroup(option.key));
    }
  }
  CHECK(ControlPlaneTable().options().size() > 320);
}

TEST_CASE("the printed defaults are a file that loads to the defaults") {
  const std::string file = PrintDefaults(ControlPlaneTable());
  CHECK(file.find("  # Port to which data planes connect. Allowed: 0-65535.\n  port: 5678  # KUMA_DP_SERVER_PORT\n") != std::string::npos);
  const Config config = Load(file);
  CHECK(config.ToJson(false) == Config(ControlPlaneTable()).ToJson(false));
  CHECK(config.SourceOf("dpServer.port").kind == Source::Kind::kFile);
}

TEST_CASE("the effective configuration hides secrets and tells sources") {
  const Config config = Load("store:\n  postgres:\n    password: hunter2\n", {{"KUMA_MULTIZONE_ZONE_NAME", "east"}});
  CHECK(PrintEffective(config, true) ==
        "store:\n  postgres:\n    password: \"*****\"  # from kuma.yaml:3\n"
        "multizone:\n  zone:\n    name: east  # from environment KUMA_MULTIZONE_ZONE_NAME\n");
  CHECK(PrintEffective(config).find("hunter2") == std::string::npos);
  CHECK(PrintEffective(Config(ControlPlaneTable()), true) == "# Everything is at its default.\n");
}

TEST_CASE("the configuration as JSON has the reference's shape") {
  const Json json = Load("store: {postgres: {password: hunter2}}").ToJson(true);
  CHECK(json["store"]["postgres"]["password"] == "*****");
  CHECK(json["general"]["dnsCacheTTL"] == "10s");
  CHECK(json["dpServer"]["port"] == 5678);
  CHECK(json["defaults"]["SkipHostnameGenerators"] == false);
  CHECK(json["apiServer"]["corsAllowedDomains"] == Json::array());
  CHECK(!json["multizone"]["zone"].contains("globalAddress"));  // omitted when empty
  CHECK(json["multizone"]["zone"]["kds"]["labels"] == Json::object());
  CHECK(json["environment"] == "universal");
  CHECK(Load("store: {postgres: {password: hunter2}}").ToJson(false)["store"]["postgres"]["password"] == "hunter2");
}

TEST_CASE("a key is explained by its name, variable or a near name") {
  const Config config = Load("", {{"KUMA_STORE_TYPE", "sqlite"}});
  const std::string text =
      "store.type (text)\n  Where resources are kept.\n\n"
      "  allowed:     memory, sqlite, postgres, kubernetes\n"
      "  default:     sqlite\n"
      "  environment: KUMA_STORE_TYPE\n"
      "  now:         sqlite, from environment KUMA_STORE_TYPE\n";
  CHECK(*ExplainKey(config, "store.type") == text);
  CHECK(*ExplainKey(config, "KUMA_STORE_TYPE") == text);
  CHECK(ExplainKey(config, "store.postgres.password")->find("now:         \"*****\", from default") != std::string::npos);
  CHECK(ExplainKey(config, "store.cache")->rfind("store.cache is a group of keys:\n  store.cache.enabled\n", 0) == 0);
  CHECK(ExplainKey(config, "store.tpye").error().message == "unknown key \"store.tpye\" of the control plane; near are: store.type");
  CHECK(ExplainKey(Config(DataplaneTable()), "--mesh")->find("flag:        --mesh\n") != std::string::npos);
}

TEST_CASE("the config commands load what was typed") {
  std::istringstream in("dpServer: {port: 1234}\n");
  std::ostringstream out;
  std::ostringstream err;
  cli::Command root{.name = "kuma-cp"};
  root.children = {MakeConfigCommand(ControlPlaneTable(), LoadControlPlane, [] {
    return Environment{{"KUMA_MODE", "global"}, {"KUMA_MOED", "x"}};
  })};
  CHECK(cli::Run(root, {"config", "show", "--changed", "-c", "-"}, {in, out, err}) == 0);
  CHECK(out.str() == "mode: global  # from environment KUMA_MODE\ndpServer:\n  port: 1234  # from stdin:1\n");
  CHECK(err.str() == "Warning: environment variable KUMA_MOED is not known and has no effect, did you mean KUMA_MODE?\n");
  CHECK(cli::Run(root, {"config", "explain", "nothing.like.it"}, {in, out, err}) == 1);
}

TEST_CASE("flags of the data plane come from the table") {
  cli::Command root{.name = "kuma-dp"};
  Config seen(DataplaneTable());
  root.flags = FlagsFor(DataplaneTable());
  root.run = [&seen](const cli::Invocation& invocation) {
    const Result<Loaded> loaded = LoadFor(invocation, DataplaneTable(), LoadDataplane, {});
    if (!loaded) return 1;
    seen = loaded->config;
    return 0;
  };
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  REQUIRE(cli::Run(root, {"--name=dp-1", "--mesh", "demo", "--skip-verify", "-v", "a=1", "-v", "b=2", "--drain-time", "10s"},
                   {in, out, err}) == 0);
  CHECK(seen.GetString("dataplane.name") == "dp-1");
  CHECK(seen.GetBool("controlPlane.tlsSkipVerify"));
  CHECK(seen.GetMap("dataplaneRuntime.resourceVars").size() == 2);
  CHECK(seen.GetDuration("dataplane.drainTime") == std::chrono::seconds(10));
  CHECK(seen.GetString("controlPlane.url") == "https://localhost:5678");
  CHECK(!seen.IsSet("controlPlane.url"));
}

}  // namespace kuma::config
