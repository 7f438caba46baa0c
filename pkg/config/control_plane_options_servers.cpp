// Options of the control plane: servers that answer users and Prometheus, and what data planes are told. One row per key; see option.h.
#include "pkg/config/options.h"

namespace kuma::config {

std::vector<Option> ControlPlaneServersOptions() {
  return {
      Text("bootstrapServer.params.adminAddress", "KUMA_BOOTSTRAP_SERVER_PARAMS_ADMIN_ADDRESS", "127.0.0.1",
           "Address on which Envoy's admin interface listens."),
      Int("bootstrapServer.params.adminPort", "KUMA_BOOTSTRAP_SERVER_PARAMS_ADMIN_PORT", "9901", "Port of Envoy's admin interface.")
          .Range(0, 65535),
      Bool("bootstrapServer.params.envoyAdminUnixSocket", "KUMA_BOOTSTRAP_SERVER_PARAMS_ENVOY_ADMIN_UNIX_SOCKET", "true",
           "Serve Envoy's admin interface on a Unix socket instead of a port."),
      Int("bootstrapServer.params.readinessPort", "KUMA_BOOTSTRAP_SERVER_PARAMS_READINESS_PORT", "9902",
          "Port of the readiness reporter when the admin interface is a Unix socket.")
          .Range(0, 65535),
      Text("bootstrapServer.params.adminAccessLogPath", "KUMA_BOOTSTRAP_SERVER_PARAMS_ADMIN_ACCESS_LOG_PATH", "/dev/null",
           "File for the admin interface's access log."),
      Text("bootstrapServer.params.xdsHost", "KUMA_BOOTSTRAP_SERVER_PARAMS_XDS_HOST", "",
           "Host at which data planes reach the control plane. Empty: the one they used for bootstrap."),
      Int("bootstrapServer.params.xdsPort", "KUMA_BOOTSTRAP_SERVER_PARAMS_XDS_PORT", "0",
          "Port at which data planes reach the control plane. 0: dpServer.port.")
          .Range(0, 65535),
      Duration("bootstrapServer.params.xdsConnectTimeout", "KUMA_BOOTSTRAP_SERVER_PARAMS_XDS_CONNECT_TIMEOUT", "1s",
               "Time a data plane waits for that connection."),
      Int("bootstrapServer.params.xdsGrpcMaxReceiveMessageBytes", "KUMA_BOOTSTRAP_SERVER_PARAMS_XDS_GRPC_MAX_RECEIVE_MESSAGE_BYTES",
          "4194304", "Largest configuration message a data plane accepts when it uses Google gRPC.")
          .Range(0, 4294967295),
      Text("bootstrapServer.params.corefileTemplatePath", "KUMA_BOOTSTRAP_SERVER_PARAMS_COREFILE_TEMPLATE_PATH", "",
           "Template of the CoreDNS configuration for data planes.")
          .AcceptedOnly(),
      Duration("xdsServer.dataplaneConfigurationRefreshInterval", "KUMA_XDS_SERVER_DATAPLANE_CONFIGURATION_REFRESH_INTERVAL", "1s",
               "Shortest time between two computations of a data plane's configuration."),
      Duration("xdsServer.dataplaneStatusFlushInterval", "KUMA_XDS_SERVER_DATAPLANE_STATUS_FLUSH_INTERVAL", "10s",
               "How often the status of connected data planes is written."),
      Duration("xdsServer.dataplaneDeregistrationDelay", "KUMA_XDS_DATAPLANE_DEREGISTRATION_DELAY", "10s",
               "How long a data plane may be gone before its resource is removed, so that it can move to another instance. 0s: removed at "
               "once."),
      Duration("xdsServer.nackBackoff", "KUMA_XDS_SERVER_NACK_BACKOFF", "5s",
               "Pause before sending again a configuration that a data plane refused."),
      Bool("monitoringAssignmentServer.enabled", "KUMA_MONITORING_ASSIGNMENT_SERVER_ENABLED", "true",
           "Serve the Monitoring Assignment Discovery Service, with which Prometheus finds data planes."),
      Int("monitoringAssignmentServer.port", "KUMA_MONITORING_ASSIGNMENT_SERVER_PORT", "5676", "Its port.").Range(0, 65535),
      Duration("monitoringAssignmentServer.defaultFetchTimeout", "KUMA_MONITORING_ASSIGNMENT_SERVER_DEFAULT_FETCH_TIMEOUT", "30s",
               "Time limit of a single fetch that names none."),
      List("monitoringAssignmentServer.apiVersions", "KUMA_MONITORING_ASSIGNMENT_SERVER_API_VERSIONS", "v1",
           "Versions of the service to offer.")
          .Allow("v1"),
      Duration("monitoringAssignmentServer.assignmentRefreshInterval", "KUMA_MONITORING_ASSIGNMENT_SERVER_ASSIGNMENT_REFRESH_INTERVAL",
               "1s", "How often its answers are computed anew."),
      Bool("monitoringAssignmentServer.tlsEnabled", "KUMA_MONITORING_ASSIGNMENT_SERVER_TLS_ENABLED", "false", "Serve it with TLS."),
      Text("monitoringAssignmentServer.tlsCertFile", "KUMA_MONITORING_ASSIGNMENT_SERVER_TLS_CERT_FILE", "",
           "PEM certificate of this server. Empty: general.tlsCertFile."),
      Text("monitoringAssignmentServer.tlsKeyFile", "KUMA_MONITORING_ASSIGNMENT_SERVER_TLS_KEY_FILE", "",
           "PEM private key of this server. Empty: general.tlsKeyFile."),
      Text("monitoringAssignmentServer.tlsMinVersion", "KUMA_MONITORING_ASSIGNMENT_SERVER_TLS_MIN_VERSION", "TLSv1_2",
           "Oldest TLS version accepted.")
          .Allow("|TLSv1_2|TLSv1_3"),
      Text("monitoringAssignmentServer.tlsMaxVersion", "KUMA_MONITORING_ASSIGNMENT_SERVER_TLS_MAX_VERSION", "",
           "Newest TLS version accepted. Empty: the newest known.")
          .Allow("|TLSv1_2|TLSv1_3"),
      List("monitoringAssignmentServer.tlsCipherSuites", "KUMA_MONITORING_ASSIGNMENT_SERVER_TLS_CIPHER_SUITES", "",
           "Cipher suites accepted. None: the default set."),
      Bool("apiServer.readOnly", "KUMA_API_SERVER_READ_ONLY", "false", "Refuse every request that changes something."),
      List("apiServer.corsAllowedDomains", "KUMA_API_SERVER_CORS_ALLOWED_DOMAINS", "",
           "Origins, or patterns of origins, that browsers may call the API from."),
      Bool("apiServer.http.enabled", "KUMA_API_SERVER_HTTP_ENABLED", "true", "Serve the API with HTTP."),
      Text("apiServer.http.interface", "KUMA_API_SERVER_HTTP_INTERFACE", "0.0.0.0", "Address of the HTTP API."),
      Int("apiServer.http.port", "KUMA_API_SERVER_HTTP_PORT", "5681", "Port of the HTTP API.").Range(0, 65535),
      Bool("apiServer.https.enabled", "KUMA_API_SERVER_HTTPS_ENABLED", "true", "Serve the API with HTTPS."),
      Text("apiServer.https.interface", "KUMA_API_SERVER_HTTPS_INTERFACE", "0.0.0.0", "Address of the HTTPS API."),
      Int("apiServer.https.port", "KUMA_API_SERVER_HTTPS_PORT", "5682", "Port of the HTTPS API.").Range(0, 65535),
      Text("apiServer.https.tlsCertFile", "KUMA_API_SERVER_HTTPS_TLS_CERT_FILE", "",
           "PEM certificate of this server. Empty: general.tlsCertFile."),
      Text("apiServer.https.tlsKeyFile", "KUMA_API_SERVER_HTTPS_TLS_KEY_FILE", "",
           "PEM private key of this server. Empty: general.tlsKeyFile."),
      Text("apiServer.https.tlsMinVersion", "KUMA_API_SERVER_HTTPS_TLS_MIN_VERSION", "TLSv1_2", "Oldest TLS version accepted.")
          .Allow("|TLSv1_2|TLSv1_3"),
      Text("apiServer.https.tlsMaxVersion", "KUMA_API_SERVER_HTTPS_TLS_MAX_VERSION", "",
           "Newest TLS version accepted. Empty: the newest known.")
          .Allow("|TLSv1_2|TLSv1_3"),
      List("apiServer.https.tlsCipherSuites", "KUMA_API_SERVER_HTTPS_TLS_CIPHER_SUITES", "",
           "Cipher suites accepted. None: the default set."),
      Bool("apiServer.https.requireClientCert", "KUMA_API_SERVER_HTTPS_REQUIRE_CLIENT_CERT", "false",
           "Refuse HTTPS clients that show no certificate."),
      Text("apiServer.https.tlsCaFile", "KUMA_API_SERVER_HTTPS_TLS_CA_FILE", "", "Certificates that client certificates must come from.")
          .AlsoEnv("KUMA_API_SERVER_HTTPS_CLIENT_CERTS_CA_FILE"),
      Text("apiServer.auth.clientCertsDir", "KUMA_API_SERVER_AUTH_CLIENT_CERTS_DIR", "",
           "Directory of client certificates that make their owner an administrator."),
      Text("apiServer.authn.type", "KUMA_API_SERVER_AUTHN_TYPE", "tokens", "How API clients prove who they are.")
          .Allow("tokens|adminClientCerts"),
      Bool("apiServer.authn.localhostIsAdmin", "KUMA_API_SERVER_AUTHN_LOCALHOST_IS_ADMIN", "true",
           "Treat requests from the same machine as coming from the administrator."),
      Bool("apiServer.authn.tokens.bootstrapAdminToken", "KUMA_API_SERVER_AUTHN_TOKENS_BOOTSTRAP_ADMIN_TOKEN", "true",
           "Create an administrator's token at the first start and keep it as the secret admin-user-token."),
      Bool("apiServer.authn.tokens.enableIssuer", "KUMA_API_SERVER_AUTHN_TOKENS_ENABLE_ISSUER", "true",
           "Let the control plane issue user tokens."),
      Bool("apiServer.authn.tokens.validator.useSecrets", "KUMA_API_SERVER_AUTHN_TOKENS_VALIDATOR_USE_SECRETS", "true",
           "Trust the signing keys kept in secrets named user-token-signing-key-*."),
      JsonValue("apiServer.authn.tokens.validator.publicKeys", "", "[]", "Further trusted keys, each {kid, key} or {kid, keyFile}."),
      Text("apiServer.basePath", "KUMA_API_SERVER_BASE_PATH", "/", "Path below which the API is served."),
      Text("apiServer.rootUrl", "KUMA_API_SERVER_ROOT_URL", "", "Address of the API that users see when a proxy stands before it."),
      Bool("apiServer.gui.enabled", "KUMA_API_SERVER_GUI_ENABLED", "true", "Serve the web interface."),
      Text("apiServer.gui.rootUrl", "KUMA_API_SERVER_GUI_ROOT_URL", "",
           "Address of the web interface that users see when a proxy stands before it."),
      Text("apiServer.gui.basePath", "KUMA_API_SERVER_GUI_BASE_PATH", "/gui", "Path of the web interface."),
      Duration("apiServer.readHeaderTimeout", "KUMA_API_SERVER_READ_HEADER_TIMEOUT", "1s", "Time limit for the headers of a request."),
      Duration("apiServer.readTimeout", "KUMA_API_SERVER_READ_TIMEOUT", "10s", "Time limit for a whole request."),
      Duration("apiServer.writeTimeout", "KUMA_API_SERVER_WRITE_TIMEOUT", "30s", "Time limit for writing an answer."),
      Duration("apiServer.idleTimeout", "KUMA_API_SERVER_IDLE_TIMEOUT", "2m0s", "How long an idle connection is kept."),
      Int("diagnostics.serverPort", "KUMA_DIAGNOSTICS_SERVER_PORT", "5680", "Port of health, readiness and metrics.").Range(0, 65535),
      Bool("diagnostics.debugEndpoints", "KUMA_DIAGNOSTICS_DEBUG_ENDPOINTS", "false", "Offer debugging endpoints."),
      Bool("diagnostics.tlsEnabled", "KUMA_DIAGNOSTICS_TLS_ENABLED", "false", "Serve diagnostics with TLS."),
      Text("diagnostics.tlsCertFile", "KUMA_DIAGNOSTICS_TLS_CERT_FILE", "", "PEM certificate of this server. Empty: general.tlsCertFile."),
      Text("diagnostics.tlsKeyFile", "KUMA_DIAGNOSTICS_TLS_KEY_FILE", "", "PEM private key of this server. Empty: general.tlsKeyFile."),
      Text("diagnostics.tlsMinVersion", "KUMA_DIAGNOSTICS_TLS_MIN_VERSION", "TLSv1_2", "Oldest TLS version accepted.")
          .Allow("|TLSv1_2|TLSv1_3"),
      Text("diagnostics.tlsMaxVersion", "KUMA_DIAGNOSTICS_TLS_MAX_VERSION", "", "Newest TLS version accepted. Empty: the newest known.")
          .Allow("|TLSv1_2|TLSv1_3"),
      List("diagnostics.tlsCipherSuites", "KUMA_DIAGNOSTICS_TLS_CIPHER_SUITES", "", "Cipher suites accepted. None: the default set."),
      Text("interCp.catalog.instanceAddress", "KUMA_INTER_CP_CATALOG_INSTANCE_ADDRESS", "",
           "Address at which other instances reach this one. Empty: the first address of the machine that is not a loopback."),
      Text("interCp.catalog.instanceVersion", "KUMA_INTER_CP_CATALOG_INSTANCE_VERSION", "", "A label of this instance for the catalog."),
      Duration("interCp.catalog.heartbeatInterval", "KUMA_INTER_CP_CATALOG_HEARTBEAT_INTERVAL", "5s",
               "How often an instance reports to the leader."),
      Duration("interCp.catalog.writerInterval", "KUMA_INTER_CP_CATALOG_WRITER_INTERVAL", "15s",
               "How often the leader writes the list of instances."),
      Int("interCp.server.port", "KUMA_INTER_CP_SERVER_PORT", "5683", "Port for other instances.").Range(0, 65535),
      Text("interCp.server.tlsMinVersion", "KUMA_INTER_CP_SERVER_TLS_MIN_VERSION", "TLSv1_2", "Oldest TLS version accepted.")
          .Allow("|TLSv1_2|TLSv1_3"),
      Text("interCp.server.tlsMaxVersion", "KUMA_INTER_CP_SERVER_TLS_MAX_VERSION", "",
           "Newest TLS version accepted. Empty: the newest known.")
          .Allow("|TLSv1_2|TLSv1_3"),
      List("interCp.server.tlsCipherSuites", "KUMA_INTER_CP_SERVER_TLS_CIPHER_SUITES", "",
           "Cipher suites accepted. None: the default set."),
  };
}

}  // namespace kuma::config
