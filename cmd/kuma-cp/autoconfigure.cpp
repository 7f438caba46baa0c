#include "cmd/kuma-cp/autoconfigure.h"

#include "pkg/base/files.h"
#include "pkg/base/strings.h"

namespace kuma::cp {
namespace {

config::Config Derive(config::Config config, std::string_view key, Json value, std::string why) {
  return config.With(key, std::move(value), config::Source{config::Source::Kind::kDerived, std::move(why)});
}

}  // namespace

Result<config::Config> Autoconfigure(config::Config config) {
  std::string work_dir = config.GetString("general.workDir");
  if (work_dir.empty()) {
    work_dir = JoinPath(HomeFolder(), ".kuma");
    config = Derive(std::move(config), "general.workDir", work_dir, "the default folder of this user");
  } else if (work_dir.starts_with("~/")) {
    work_dir = JoinPath(HomeFolder(), work_dir.substr(2));
    config = Derive(std::move(config), "general.workDir", work_dir, "~ is this user's home");
  }
  KUMA_TRY(MakeDirs(work_dir, 0700));
  if (config.GetString("store.type") == "sqlite" && config.GetString("store.sqlite.path").empty()) {
    config = Derive(std::move(config), "store.sqlite.path", JoinPath(work_dir, "kuma.db"), "in general.workDir");
  }
  const bool kubernetes = config.GetString("environment") == "kubernetes";
  const std::string why = kubernetes ? "the environment is kubernetes" : "the environment is universal";
  if (config.GetString("dpServer.authn.dpProxy.type").empty()) {
    config = Derive(std::move(config), "dpServer.authn.dpProxy.type", kubernetes ? "serviceAccountToken" : "dpToken", why);
  }
  if (config.GetString("dpServer.authn.zoneProxy.type").empty()) {
    config = Derive(std::move(config), "dpServer.authn.zoneProxy.type", kubernetes ? "serviceAccountToken" : "zoneToken", why);
  }
  if (config.GetString("general.tlsCertFile").empty()) {
    config = Derive(std::move(config), "general.tlsCertFile", JoinPath(work_dir, "kuma-cp.crt"), "self-signed, kept in general.workDir");
    config = Derive(std::move(config), "general.tlsKeyFile", JoinPath(work_dir, "kuma-cp.key"), "self-signed, kept in general.workDir");
  }
  if (config.GetInt("bootstrapServer.params.xdsPort") == 0) {
    config = Derive(std::move(config), "bootstrapServer.params.xdsPort", config.GetInt("dpServer.port"), "dpServer.port");
  }
  for (const std::string_view server : {"dpServer", "apiServer.https"}) {
    const std::string cert_key = std::string(server) + ".tlsCertFile";
    if (!config.GetString(cert_key).empty()) continue;
    config = Derive(std::move(config), cert_key, config.GetString("general.tlsCertFile"), "general.tlsCertFile");
    config = Derive(std::move(config), std::string(server) + ".tlsKeyFile", config.GetString("general.tlsKeyFile"), "general.tlsKeyFile");
  }
  return config;
}

}  // namespace kuma::cp
