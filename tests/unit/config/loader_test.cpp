#include <catch2/catch.hpp>
#include <sstream>

#include "pkg/config/loader.h"

namespace kuma::config {
namespace {

LoadInput Input(std::string file, Environment environment = {}, std::vector<FlagText> flags = {}) {
  LoadInput input;
  if (!file.empty()) input.file = FileText{"kuma.yaml", std::move(file)};
  input.environment = std::move(environment);
  input.flags = std::move(flags);
  return input;
}

std::string Mistake(const LoadInput& input) {
  const Result<Loaded> loaded = LoadControlPlane(input);
  return loaded ? "" : loaded.error().ToString();
}

constexpr const char* kHead = "configuration is not valid:\n  ";

}  // namespace

TEST_CASE("defaults of the control plane are the reference's") {
  const std::vector<std::pair<std::string, std::string>> defaults = {
      {"environment", "universal"},
      {"mode", "zone"},
      {"store.type", "sqlite"},
      {"store.kubernetes.systemNamespace", "kuma-system"},
      {"store.postgres.host", "127.0.0.1"},
      {"store.postgres.port", "15432"},
      {"store.postgres.password", "kuma"},
      {"store.postgres.maxConnectionIdleTime", "30m0s"},
      {"store.postgres.maxConnectionLifetimeJitter", "1m0s"},
      {"store.postgres.maxOpenConnections", "50"},
      {"store.postgres.tls.mode", "disable"},
      {"store.postgres.readReplica.port", "5432"},
      {"store.cache.expirationTime", "1s"},
      {"store.upsert.conflictRetryBaseBackoff", "200ms"},
      {"store.unsafeDelete", "false"},
      {"bootstrapServer.params.adminPort", "9901"},
      {"bootstrapServer.params.envoyAdminUnixSocket", "true"},
      {"bootstrapServer.params.adminAccessLogPath", "/dev/null"},
      {"bootstrapServer.params.xdsGrpcMaxReceiveMessageBytes", "4194304"},
      {"monitoringAssignmentServer.port", "5676"},
      {"monitoringAssignmentServer.apiVersions", "v1"},
      {"monitoringAssignmentServer.tlsMinVersion", "TLSv1_2"},
      {"xdsServer.dataplaneConfigurationRefreshInterval", "1s"},
      {"xdsServer.dataplaneDeregistrationDelay", "10s"},
      {"apiServer.http.interface", "0.0.0.0"},
      {"apiServer.http.port", "5681"},
      {"apiServer.https.port", "5682"},
      {"apiServer.authn.type", "tokens"},
      {"apiServer.authn.localhostIsAdmin", "true"},
      {"apiServer.basePath", "/"},
      {"apiServer.gui.basePath", "/gui"},
      {"apiServer.idleTimeout", "2m0s"},
      {"runtime.kubernetes.admissionServer.port", "5443"},
      {"runtime.kubernetes.injector.exceptions.labels", "openshift.io/build.name:*,openshift.io/deployer-pod-for.name:*"},
      {"runtime.kubernetes.injector.applicationProbeProxyPort", "9001"},
      {"runtime.kubernetes.injector.sidecarContainer.uid", "5678"},
      {"runtime.kubernetes.injector.sidecarContainer.livenessProbe.initialDelaySeconds", "60"},
      {"runtime.kubernetes.injector.sidecarContainer.resources.limits.memory", "512Mi"},
      {"runtime.kubernetes.injector.nodeLabelsToCopy", "topology.kubernetes.io/zone,topology.kubernetes.io/region,kubernetes.io/hostname"},
      {"runtime.universal.dataplaneCleanupAge", "72h0m0s"},
      {"runtime.universal.vipRefreshInterval", "500ms"},
      {"defaults.skipHostnameGenerators", "false"},
      {"metrics.zone.subscriptionLimit", "10"},
      {"metrics.mesh.fullResyncInterval", "20s"},
      {"reports.enabled", "false"},
      {"general.dnsCacheTTL", "10s"},
      {"general.certGenerationMaxBackoff", "5m0s"},
      {"general.certGenerationCircuitBreakerMinProxies", "10"},
      {"dnsServer.CIDR", "240.0.0.0/4"},
      {"dnsServer.serviceVipPort", "80"},
      {"multizone.global.kds.grpcPort", "5685"},
      {"multizone.global.kds.maxMsgSize", "10485760"},
      {"multizone.global.kds.zoneHealthCheck.timeout", "0s"},
      {"multizone.zone.name", "default"},
      {"multizone.zone.kds.msgSendTimeout", "1m0s"},
      {"diagnostics.serverPort", "5680"},
      {"dpServer.port", "5678"},
      {"dpServer.authn.dpProxy.type", ""},
      {"dpServer.authn.dpProxy.dpToken.enableIssuer", "true"},
      {"dpServer.hds.checkDefaults.timeout", "2s"},
      {"interCp.server.port", "5683"},
      {"access.static.adminResources.users", "mesh-system:admin"},
      {"access.static.viewStats.groups", "mesh-system:unauthenticated,mesh-system:authenticated"},
      {"experimental.kdsEventBasedWatchdog.fullResyncInterval", "1m0s"},
      {"proxy.gateway.globalDownstreamMaxConnections", "50000"},
      {"eventBus.bufferSize", "100"},
      {"ipam.knownInternalCIDRs", "10.0.0.0/8,192.168.0.0/16,172.16.0.0/12,fc00::/7,fd00::/8,127.0.0.1/32,::1/128"},
      {"meshService.deletionGracePeriod", "1h0m0s"},
  };
  const Result<Loaded> loaded = LoadControlPlane({});
  REQUIRE(loaded);
  CHECK(loaded->warnings.empty());
  for (const auto& [key, value] : defaults) {
    INFO(key);
    CHECK(ControlPlaneTable().Find(key) != OptionTable::npos);
    CHECK(loaded->config.GetString(key) == value);
    CHECK(!loaded->config.IsSet(key));
  }
  CHECK(loaded->config.GetList("policies.pluginPoliciesEnabled").size() == 16);
  CHECK(loaded->config.GetList("coreResources.enabled").size() == 9);
}

TEST_CASE("a flag wins over a variable, a variable over the file") {
  const std::string file = "dataplane:\n  name: from-file\n  mesh: from-file\n  drainTime: 5s\n";
  const Environment environment = {{"KUMA_DATAPLANE_NAME", "from-env"}, {"KUMA_DATAPLANE_MESH", "from-env"}};
  const Result<Loaded> loaded = LoadDataplane(Input(file, environment, {{"name", "from-flag"}, {"dataplane-var", "a=1,b=x:y"}}));
  REQUIRE(loaded);
  const Config& config = loaded->config;
  CHECK(config.GetString("dataplane.name") == "from-flag");
  CHECK(config.SourceOf("dataplane.name").ToString() == "flag --name");
  CHECK(config.GetString("dataplane.mesh") == "from-env");
  CHECK(config.SourceOf("dataplane.mesh").ToString() == "environment KUMA_DATAPLANE_MESH");
  CHECK(config.GetDuration("dataplane.drainTime") == std::chrono::seconds(5));
  CHECK(config.SourceOf("dataplane.drainTime").ToString() == "kuma.yaml:4");
  CHECK(config.SourceOf("dataplane.proxyType").ToString() == "default");
  CHECK(config.GetMap("dataplaneRuntime.resourceVars") == std::map<std::string, std::string>{{"a", "1"}, {"b", "x:y"}});
}

TEST_CASE("values are read from files and variables by their type") {
  struct Case {
    std::string file;
    Environment environment;
    std::string key;
    Json value;
  };
  const std::vector<Case> cases = {
      {"", {{"KUMA_API_SERVER_READ_ONLY", "T"}}, "apiServer.readOnly", true},
      {"", {{"KUMA_DP_SERVER_PORT", "0x10"}}, "dpServer.port", 16},
      {"", {{"KUMA_XDS_SERVER_NACK_BACKOFF", "90s"}}, "xdsServer.nackBackoff", "1m30s"},
      {"xdsServer:\n  nackBackoff: 1500000000\n", {}, "xdsServer.nackBackoff", "1.5s"},  // nanoseconds
      {"", {{"KUMA_ACCESS_STATIC_VIEW_STATS_USERS", "a, b"}}, "access.static.viewStats.users", {"a", "b"}},
      {"", {{"KUMA_ACCESS_STATIC_VIEW_STATS_GROUPS", ""}}, "access.static.viewStats.groups", Json::array()},
      {"access: {static: {viewStats: {users: [a, 1]}}}", {}, "access.static.viewStats.users", {"a", "1"}},
      {"",
       {{"KUMA_RUNTIME_KUBERNETES_SIDECAR_TRAFFIC_EXCLUDE_INBOUND_PORTS", "80,443"}},
       "runtime.kubernetes.injector.sidecarTraffic.excludeInboundPorts",
       {80, 443}},
      {"",
       {{"KUMA_RUNTIME_KUBERNETES_INJECTOR_SIDECAR_CONTAINER_ENV_VARS", "A:b:c,D:e"}},
       "runtime.kubernetes.injector.sidecarContainer.envVars",
       {{"A", "b:c"}, {"D", "e"}}},
      {"runtime: {kubernetes: {injector: {sidecarContainer: {resources: {limits: {cpu: 2}}}}}}",
       {},
       "runtime.kubernetes.injector.sidecarContainer.resources.limits.cpu",
       "2"},
      {"APISERVER:\n  readonly: true\n", {}, "apiServer.readOnly", true},  // any case, as in the reference
      {"dpServer:\n  port: \"1\"\n", {}, "dpServer.port", 1},
      {"dpServer:\n  port:\ngeneral:\n", {}, "dpServer.port", 5678},  // nothing keeps the default
      {"", {{"KUMA_STORE_POSTGRES_TLS_ROOT_CERT_PATH", "/ca"}}, "store.postgres.tls.caPath", "/ca"},
      {"",
       {{"KUMA_STORE_POSTGRES_TLS_ROOT_CERT_PATH", "/old"}, {"KUMA_STORE_POSTGRES_TLS_CA_PATH", "/ca"}},
       "store.postgres.tls.caPath",
       "/ca"},
      {"", {{"KUMA_XDS_DATAPLANE_DEREGISTRATION_DELAY", "0s"}}, "xdsServer.dataplaneDeregistrationDelay", "0s"},
      {"store: {type: sqlite, sqlite: {path: /tmp/x.db}}", {}, "store.sqlite.path", "/tmp/x.db"},
      {"store: {type: kubernetes}", {}, "dpServer.authn.enableReloadableTokens", true},
  };
  for (const Case& c : cases) {
    INFO(c.key);
    const Result<Loaded> loaded = LoadControlPlane(Input(c.file, c.environment));
    if (!loaded) FAIL_CHECK(loaded.error().message);
    if (loaded) CHECK(loaded->config.GetJson(c.key) == c.value);
  }
}

TEST_CASE("mistakes name the key, its source and what is allowed") {
  struct Case {
    std::string file;
    Environment environment;
    std::string message;
  };
  const std::vector<Case> cases = {
      {"",
       {{"KUMA_DP_SERVER_PORT", "abc"}},
       "dpServer.port: \"abc\" from environment KUMA_DP_SERVER_PORT is not a whole number (allowed: 0-65535)"},
      {"dpServer:\n  port: 70000\n", {}, "dpServer.port: \"70000\" from kuma.yaml:2 is out of range (allowed: 0-65535)"},
      {"mode: zome\n", {}, "mode: \"zome\" from kuma.yaml:1 is not one of the allowed values (allowed: zone, global, standalone)"},
      {"general:\n  workDri: x\n", {}, "general.workDri: from kuma.yaml:2 is not a known key, did you mean general.workDir?"},
      {"general: x\n",
       {},
       "general: from kuma.yaml:1 is a group of keys, not a value (its keys: dnsCacheTTL, tlsCertFile, tlsKeyFile, tlsMinVersion, "
       "tlsMaxVersion, "
       "tlsCipherSuites, workDir, resilientComponentBaseBackoff, resilientComponentMaxBackoff, certGenerationBaseBackoff, "
       "certGenerationMaxBackoff, "
       "certGenerationCircuitBreakerMinProxies)"},
      {"",
       {{"KUMA_STORE_CACHE_ENABLED", "yes"}},
       "store.cache.enabled: \"yes\" from environment KUMA_STORE_CACHE_ENABLED is not true or false"},
      {"",
       {{"KUMA_GENERAL_DNS_CACHE_TTL", "10"}},
       "general.dnsCacheTTL: \"10\" from environment KUMA_GENERAL_DNS_CACHE_TTL is not a duration such as 250ms, 30s or 1h30m"},
      {"store: {postgres: {password: [x]}}", {}, "store.postgres.password: \"*****\" from kuma.yaml:1 is not a plain value but a list"},
      {"a: b: c\n", {}, "kuma.yaml: line 1, column 5: illegal map value"},
      {"- a\n", {}, "kuma.yaml: is not one YAML document with keys and values"},
      // Checks between keys.
      {"dpServer: {tlsCertFile: /c}", {}, "dpServer.tlsKeyFile: must not be empty when dpServer.tlsCertFile is set"},
      {"multizone: {zone: {globalAddress: \"http://x\"}}",
       {},
       "multizone.zone.globalAddress: \"http://x\" from kuma.yaml:1 must begin with grpcs:// or grpc://"},
      {"multizone: {zone: {name: \"a b\"}}",
       {},
       "multizone.zone.name: \"a b\" from kuma.yaml:1 must be a DNS name: letters, digits, dashes and dots"},
      {"store: {type: postgres, postgres: {host: \"\", minOpenConnections: 60}}",
       {},
       "store.postgres.host: must not be empty\n  store.postgres.minOpenConnections: \"60\" from kuma.yaml:1 must not be above "
       "store.postgres.maxOpenConnections (50)"},
      {"store: {type: postgres, postgres: {tls: {mode: verifyCa}}}", {}, "store.postgres.tls.caPath: must not be empty"},
      {"dnsServer: {CIDR: x}", {}, "dnsServer.CIDR: \"x\" from kuma.yaml:1 is not a network such as 240.0.0.0/4"},
      {"apiServer: {https: {tlsCipherSuites: [TLS_AES_128_GCM_SHA25]}}",
       {},
       "apiServer.https.tlsCipherSuites: \"TLS_AES_128_GCM_SHA25\" from kuma.yaml:1 has an unknown cipher suite \"TLS_AES_128_GCM_SHA25\", "
       "did you mean TLS_AES_128_GCM_SHA256?"},
      {"apiServer: {authn: {tokens: {validator: {publicKeys: [{kid: \"1\"}]}}}}",
       {},
       "apiServer.authn.tokens.validator.publicKeys[0]: must have key or keyFile"},
      {"dpServer: {tlsKeyFile: /k}", {}, "dpServer.tlsCertFile: must not be empty when dpServer.tlsKeyFile is set"},
      {"multizone: {zone: {name: \"\"}}", {}, "multizone.zone.name: must not be empty"},
      {"multizone: {zone: {name: " + std::string(64, 'a') + "}}",
       {},
       "multizone.zone.name: \"" + std::string(64, 'a') + "\" from kuma.yaml:1 must not be longer than 63 characters"},
      {"store: {type: postgres, postgres: {minOpenConnections: -1, maxConnectionLifetime: 1s, maxConnectionLifetimeJitter: 2s, "
       "healthCheckInterval: -1s}}",
       {},
       "store.postgres.minOpenConnections: \"-1\" from kuma.yaml:1 must not be below 0\n  "
       "store.postgres.healthCheckInterval: \"-1s\" from kuma.yaml:1 must not be shorter than 0s\n  "
       "store.postgres.maxConnectionLifetimeJitter: \"2s\" from kuma.yaml:1 must not be longer than store.postgres.maxConnectionLifetime"},
      {"xdsServer: {dataplaneConfigurationRefreshInterval: 0s}",
       {},
       "xdsServer.dataplaneConfigurationRefreshInterval: \"0s\" from kuma.yaml:1 must be longer than 0s"},
      {"bootstrapServer: {params: {adminAddress: x, adminAccessLogPath: \"\", xdsGrpcMaxReceiveMessageBytes: 0}}",
       {},
       "bootstrapServer.params.adminAddress: \"x\" from kuma.yaml:1 must be an IP address\n  "
       "bootstrapServer.params.adminAccessLogPath: must not be empty\n  "
       "bootstrapServer.params.xdsGrpcMaxReceiveMessageBytes: \"0\" from kuma.yaml:1 must not be zero"},
      {"dnsServer: {domain: .x}", {}, "dnsServer.domain: \".x\" from kuma.yaml:1 must not begin with a dot"},
      {"ipam: {knownInternalCIDRs: [10.0.0.0/8, x]}",
       {},
       "ipam.knownInternalCIDRs: \"10.0.0.0/8,x\" from kuma.yaml:1 has an item that is not a network such as 10.0.0.0/8: \"x\""},
      {"interCp: {catalog: {instanceAddress: a b}}",
       {},
       "interCp.catalog.instanceAddress: \"a b\" from kuma.yaml:1 must be an IP address or a DNS name"},
      {"meshService: {labelPropagation: {allowedLabelKeys: [kuma.io/zone]}}",
       {},
       "meshService.labelPropagation.allowedLabelKeys: \"kuma.io/zone\" from kuma.yaml:1 has a reserved label: kuma.io/zone"},
      {"apiServer: {https: {tlsCipherSuites: [nothing]}}",
       {},
       "apiServer.https.tlsCipherSuites: \"nothing\" from kuma.yaml:1 has an unknown cipher suite \"nothing\""},
      {"apiServer: {authn: {tokens: {validator: {publicKeys: [{key: a, keyFile: b}]}}}}",
       {},
       "apiServer.authn.tokens.validator.publicKeys[0].kid: must not be empty\n  "
       "apiServer.authn.tokens.validator.publicKeys[0]: must have only one of key and keyFile"},
      // Shapes of lists, maps and documents.
      {"access: {static: {viewStats: {users: a}}}", {}, "access.static.viewStats.users: \"a\" from kuma.yaml:1 is not a list"},
      {"access: {static: {viewStats: {users: [[a]]}}}",
       {},
       "access.static.viewStats.users: \"[[\"a\"]]\" from kuma.yaml:1 has an item that is no plain value"},
      {"",
       {{"KUMA_RUNTIME_KUBERNETES_SIDECAR_TRAFFIC_EXCLUDE_INBOUND_PORTS", "80,x"}},
       "runtime.kubernetes.injector.sidecarTraffic.excludeInboundPorts: \"80,x\" from environment "
       "KUMA_RUNTIME_KUBERNETES_SIDECAR_TRAFFIC_EXCLUDE_INBOUND_PORTS is not a list of whole numbers: \"x\""},
      {"",
       {{"KUMA_RUNTIME_KUBERNETES_INJECTOR_SIDECAR_CONTAINER_ENV_VARS", "A"}},
       "runtime.kubernetes.injector.sidecarContainer.envVars: \"A\" from environment "
       "KUMA_RUNTIME_KUBERNETES_INJECTOR_SIDECAR_CONTAINER_ENV_VARS is not a list of key:value: \"A\""},
      {"runtime: {kubernetes: {injector: {sidecarContainer: {envVars: [a]}}}}",
       {},
       "runtime.kubernetes.injector.sidecarContainer.envVars: \"a\" from kuma.yaml:1 is not a map"},
      {"runtime: {kubernetes: {injector: {sidecarContainer: {envVars: {a: [b]}}}}}",
       {},
       "runtime.kubernetes.injector.sidecarContainer.envVars: \"{\"a\":[\"b\"]}\" from kuma.yaml:1 has a value that is no plain text: a"},
      {"apiServer: {authn: {tokens: {validator: {publicKeys: x}}}}",
       {},
       "apiServer.authn.tokens.validator.publicKeys: \"x\" from kuma.yaml:1 is not a list"},
      {"mode: global\nmultizone: {global: {kds: {zoneHealthCheck: {timeout: 5s}}}}",
       {},
       "multizone.global.kds.zoneHealthCheck.timeout: \"5s\" from kuma.yaml:2 and pollInterval must both be set or both be 0s"},
  };
  for (const Case& c : cases) CHECK(Mistake(Input(c.file, c.environment)) == kHead + c.message);
}

TEST_CASE("unknown variables warn, those of other roles do not") {
  const Environment environment = {
      {"KUMA_STORE_TYP", "memory"},
      {"KUMA_DATAPLANE_NAME", "x"},
      {"KUMA_READINESS_PORT", "1"},
      {"KUMA_CONTROL_PLANE_URL", "x"},
      {"KUMA_CONTROL_PLANE_PORT_5678_TCP", "tcp://10.0.0.1:5678"},
      {"KUMA_DNS_ENABLED", "true"},
      {"KUMA_INGRESS_SERVICE_HOST", "x"},
      {"OTHER", "x"},
      {"KUMA_METRICS_MESH_MIN_RESYNC_TIMEOUT", "2s"},
  };
  const Result<Loaded> loaded = LoadControlPlane(Input("mode: standalone\n", environment));
  REQUIRE(loaded);
  CHECK(loaded->warnings == std::vector<std::string>{
                                "metrics.mesh.minResyncTimeout from environment KUMA_METRICS_MESH_MIN_RESYNC_TIMEOUT is deprecated: use "
                                "metrics.mesh.minResyncInterval instead",
                                "environment variable KUMA_STORE_TYP is not known and has no effect, did you mean KUMA_STORE_TYPE?",
                                "mode standalone from kuma.yaml:1 is deprecated: use zone instead",
                            });
  CHECK(loaded->config.GetString("metrics.mesh.minResyncInterval") == "2s");
  CHECK(loaded->config.GetString("mode") == "zone");
}

TEST_CASE("a data plane needs a name and a mesh, or a resource that has them") {
  struct Case {
    Environment environment;
    std::string name;
    std::string message;
  };
  const std::vector<Case> cases = {
      {{}, "", "configuration is not valid:\n  dataplane.name: must not be empty\n  dataplane.mesh: must not be empty"},
      {{{"KUMA_DATAPLANE_MESH", "m"}, {"POD_NAME", "p"}, {"POD_NAMESPACE", "ns"}}, "p.ns", ""},
      {{{"KUMA_DATAPLANE_MESH", "m"}, {"KUMA_DATAPLANE_NAME", "$(POD_NAME)"}, {"POD_NAME", "p"}, {"POD_NAMESPACE", "ns"}}, "p.ns", ""},
      {{{"KUMA_DATAPLANE_PROXY_TYPE", "ingress"}, {"KUMA_DATAPLANE_NAME", "i"}}, "i", ""},
      {{{"KUMA_DATAPLANE_RUNTIME_RESOURCE_PATH", "dp.yaml"}}, "", ""},
  };
  for (const Case& c : cases) {
    const Result<Loaded> loaded = LoadDataplane(Input("", c.environment));
    CHECK((loaded ? "" : loaded.error().ToString()) == c.message);
    if (loaded) CHECK(loaded->config.GetString("dataplane.name") == c.name);
  }
}

TEST_CASE("old directories of a data plane become its work directory") {
  const Result<Loaded> loaded =
      LoadDataplane(Input("", {{"KUMA_DATAPLANE_NAME", "d"}, {"KUMA_DATAPLANE_MESH", "m"}, {"KUMA_DATAPLANE_RUNTIME_CONFIG_DIR", "/old"}}));
  REQUIRE(loaded);
  CHECK(loaded->config.GetString("dataplaneRuntime.workDir") == "/old");
  CHECK(loaded->warnings.size() == 1);
}

TEST_CASE("the file can come from standard input") {
  std::istringstream in("mode: global\n");
  const auto text = ReadConfigFile("-", in);
  REQUIRE(text);
  CHECK((*text)->text == "mode: global\n");
  CHECK(!ReadConfigFile(" ", in)->has_value());
  CHECK(ReadConfigFile("/nowhere/kuma.yaml", in).error().code == ErrorCode::kNotFound);
}

}  // namespace kuma::config
