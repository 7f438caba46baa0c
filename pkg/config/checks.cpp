#include "pkg/config/checks.h"

#include "pkg/base/strings.h"
#include "pkg/config/check_context.h"

namespace kuma::config {
namespace {

void CheckTls(CheckContext& check, const std::string& group) {
  check.CertPair(group + ".tlsCertFile", group + ".tlsKeyFile");
  check.CipherSuites(group + ".tlsCipherSuites");
}

void CheckPostgres(CheckContext& check) {
  const Config& config = check.config();
  for (const std::string_view key : {"store.postgres.host", "store.postgres.user", "store.postgres.password", "store.postgres.dbName"})
    check.NotEmpty(key);
  const std::string mode = config.GetString("store.postgres.tls.mode");
  if (mode == "verifyCa" || mode == "verifyFull") check.NotEmpty("store.postgres.tls.caPath");
  check.CertPair("store.postgres.tls.certPath", "store.postgres.tls.keyPath");
  const int64_t least = config.GetInt("store.postgres.minOpenConnections");
  const int64_t most = config.GetInt("store.postgres.maxOpenConnections");
  if (least < 0) check.Add("store.postgres.minOpenConnections", "must not be below 0");
  if (least > most)
    check.Add("store.postgres.minOpenConnections", "must not be above store.postgres.maxOpenConnections (" + std::to_string(most) + ")");
  for (const std::string_view key :
       {"store.postgres.maxConnectionLifetime", "store.postgres.maxConnectionLifetimeJitter", "store.postgres.healthCheckInterval"})
    check.NotNegative(key);
  if (config.GetDuration("store.postgres.maxConnectionLifetimeJitter") > config.GetDuration("store.postgres.maxConnectionLifetime")) {
    check.Add("store.postgres.maxConnectionLifetimeJitter", "must not be longer than store.postgres.maxConnectionLifetime");
  }
}

void CheckGlobal(CheckContext& check) {
  check.Positive("multizone.global.kds.refreshInterval");
  check.Positive("multizone.global.kds.zoneInsightFlushInterval");
  CheckTls(check, "multizone.global.kds");
  const bool timeout = check.config().GetDuration("multizone.global.kds.zoneHealthCheck.timeout") > Nanos(0);
  const bool interval = check.config().GetDuration("multizone.global.kds.zoneHealthCheck.pollInterval") > Nanos(0);
  if (timeout != interval) check.Add("multizone.global.kds.zoneHealthCheck.timeout", "and pollInterval must both be set or both be 0s");
}

void CheckZone(CheckContext& check) {
  const Config& config = check.config();
  const std::string name = config.GetString("multizone.zone.name");
  if (name.empty()) {
    check.NotEmpty("multizone.zone.name");
  } else if (name.size() > 63) {
    check.Add("multizone.zone.name", "must not be longer than 63 characters");
  } else if (!IsDnsName(name)) {
    check.Add("multizone.zone.name", "must be a DNS name: letters, digits, dashes and dots");
  }
  const std::string address = config.GetString("multizone.zone.globalAddress");
  if (!address.empty() && address.rfind("grpc://", 0) != 0 && address.rfind("grpcs://", 0) != 0) {
    check.Add("multizone.zone.globalAddress", "must begin with grpcs:// or grpc://");
  }
  check.Positive("xdsServer.dataplaneConfigurationRefreshInterval");
  check.Positive("xdsServer.dataplaneStatusFlushInterval");
  if (!IsIpAddress(config.GetString("bootstrapServer.params.adminAddress")))
    check.Add("bootstrapServer.params.adminAddress", "must be an IP address");
  check.NotEmpty("bootstrapServer.params.adminAccessLogPath");
  check.NotNegative("bootstrapServer.params.xdsConnectTimeout");
  check.NotZero("bootstrapServer.params.xdsGrpcMaxReceiveMessageBytes");
  if (config.GetBool("monitoringAssignmentServer.enabled")) {
    check.NotEmpty("monitoringAssignmentServer.apiVersions");
    check.Positive("monitoringAssignmentServer.assignmentRefreshInterval");
    CheckTls(check, "monitoringAssignmentServer");
  }
  if (config.GetString("environment") == "kubernetes") check.NotEmpty("runtime.kubernetes.admissionServer.certDir");
}

void CheckNames(CheckContext& check) {
  const Config& config = check.config();
  if (config.GetString("dnsServer.domain").rfind('.', 0) == 0) check.Add("dnsServer.domain", "must not begin with a dot");
  check.Cidr("dnsServer.CIDR");
  check.NotZero("dnsServer.serviceVipPort");
  for (const std::string_view key : {"ipam.meshService.cidr", "ipam.meshExternalService.cidr", "ipam.meshMultiZoneService.cidr"})
    check.Cidr(key);
  check.CidrList("ipam.knownInternalCIDRs");
  const std::string instance = config.GetString("interCp.catalog.instanceAddress");
  if (!instance.empty() && !IsIpAddress(instance) && !IsDnsName(instance))
    check.Add("interCp.catalog.instanceAddress", "must be an IP address or a DNS name");
  for (const std::string& label : config.GetList("meshService.labelPropagation.allowedLabelKeys")) {
    if (label.rfind("kuma.io/", 0) == 0 || label.rfind("k8s.kuma.io/", 0) == 0) {
      check.Add("meshService.labelPropagation.allowedLabelKeys", "has a reserved label: " + label);
    }
  }
}

}  // namespace

Status CheckControlPlane(const Config& config) {
  CheckContext check(config);
  CheckTls(check, "general");
  if (config.GetString("mode") == "global") {
    CheckGlobal(check);
  } else {
    CheckZone(check);
  }
  if (config.GetString("store.type") == "postgres") CheckPostgres(check);
  check.NotNegative("store.upsert.conflictRetryBaseBackoff");
  CheckTls(check, "apiServer.https");
  for (const std::string_view key :
       {"apiServer.readHeaderTimeout", "apiServer.readTimeout", "apiServer.writeTimeout", "apiServer.idleTimeout"})
    check.NotNegative(key);
  CheckTls(check, "diagnostics");
  CheckTls(check, "dpServer");
  check.NotNegative("dpServer.readHeaderTimeout");
  check.Positive("dpServer.gracefulShutdownTimeout");
  check.Positive("dpServer.hds.interval");
  for (const std::string_view key : {"apiServer.authn.tokens.validator.publicKeys", "dpServer.authn.dpProxy.dpToken.validator.publicKeys",
                                     "dpServer.authn.zoneProxy.zoneToken.validator.publicKeys"}) {
    check.PublicKeys(key);
  }
  check.NotZero("interCp.server.port");
  check.CipherSuites("interCp.server.tlsCipherSuites");
  CheckNames(check);
  return std::move(check).Finish();
}

Status CheckDataplane(const Config& config) {
  CheckContext check(config);
  check.NotEmpty("controlPlane.url");
  check.Positive("controlPlane.retry.backoff");
  check.Positive("controlPlane.retry.maxDuration");
  // A Dataplane resource brings its own name and mesh.
  const bool own_resource =
      !config.GetString("dataplaneRuntime.resource").empty() || !config.GetString("dataplaneRuntime.resourcePath").empty();
  if (!own_resource) {
    check.NotEmpty("dataplane.name");
    if (config.GetString("dataplane.proxyType") == "dataplane") check.NotEmpty("dataplane.mesh");
    check.NotZero("dataplane.readinessPort");
  }
  check.Positive("dataplane.drainTime");
  check.NotEmpty("dataplaneRuntime.binaryPath");
  return std::move(check).Finish();
}

}  // namespace kuma::config
