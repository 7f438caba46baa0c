// Options of the data plane: the proxy process. One row per key; see option.h.
#include "pkg/config/options.h"

namespace kuma::config {

std::vector<Option> DataplaneOptionRows() {
  return {
      Text("controlPlane.url", "KUMA_CONTROL_PLANE_URL", "https://localhost:5678", "Address of the control plane's data plane server.")
          .Flag("cp-address")
          .OmitZero(),
      Duration("controlPlane.retry.backoff", "KUMA_CONTROL_PLANE_RETRY_BACKOFF", "3s",
               "Pause between attempts to reach the control plane."),
      Duration("controlPlane.retry.maxDuration", "KUMA_CONTROL_PLANE_RETRY_MAX_DURATION", "5m0s", "How long the control plane is tried."),
      Text("controlPlane.caCert", "KUMA_CONTROL_PLANE_CA_CERT", "",
           "PEM certificates that the control plane's certificate must come from. It wins over controlPlane.caCertFile."),
      Text("controlPlane.caCertFile", "KUMA_CONTROL_PLANE_CA_CERT_FILE", "",
           "File with PEM certificates that the control plane's certificate must come from.")
          .Flag("ca-cert-file"),
      Bool("controlPlane.tlsSkipVerify", "KUMA_CONTROL_PLANE_TLS_SKIP_VERIFY", "false",
           "Do not check the control plane's certificate. For tests only.")
          .Flag("skip-verify"),
      Text("dataplane.mesh", "KUMA_DATAPLANE_MESH", "", "Mesh of the data plane.").Flag("mesh").OmitZero(),
      Text("dataplane.name", "KUMA_DATAPLANE_NAME", "", "Name of the data plane.").Flag("name").OmitZero(),
      Text("dataplane.proxyType", "KUMA_DATAPLANE_PROXY_TYPE", "dataplane", "Kind of proxy.")
          .Allow("dataplane|ingress|egress")
          .Flag("proxy-type")
          .OmitZero(),
      Duration("dataplane.drainTime", "KUMA_DATAPLANE_DRAIN_TIME", "30s", "Time given to open connections when kuma-dp stops.")
          .Flag("drain-time"),
      Int("dataplane.readinessPort", "KUMA_READINESS_PORT", "9902", "Port of the readiness report on localhost.")
          .Range(0, 65535)
          .OmitZero(),
      Duration("dataplane.resilientComponentBaseBackoff", "KUMA_DATAPLANE_RESILIENT_COMPONENT_BASE_BACKOFF", "5s",
               "First pause before a failed component starts again."),
      Duration("dataplane.resilientComponentMaxBackoff", "KUMA_DATAPLANE_RESILIENT_COMPONENT_MAX_BACKOFF", "1m0s",
               "Longest pause before a failed component starts again."),
      Text("dataplaneRuntime.binaryPath", "KUMA_DATAPLANE_RUNTIME_BINARY_PATH", "envoy", "The Envoy program.")
          .Flag("binary-path")
          .OmitZero(),
      Text("dataplaneRuntime.configDir", "KUMA_DATAPLANE_RUNTIME_CONFIG_DIR", "", "Old name of dataplaneRuntime.workDir.")
          .Flag("config-dir")
          .OmitZero()
          .Deprecated("use dataplaneRuntime.workDir instead"),
      Text("dataplaneRuntime.workDir", "KUMA_DATAPLANE_RUNTIME_WORK_DIR", "",
           "Directory for generated files and sockets. Empty: a temporary one.")
          .Flag("work-dir")
          .OmitZero(),
      Int("dataplaneRuntime.concurrency", "KUMA_DATAPLANE_RUNTIME_CONCURRENCY", "0",
          "Worker threads of Envoy. 0: chosen from the processors and limits of the container.")
          .Range(0, 4294967295)
          .Flag("concurrency")
          .OmitZero(),
      Text("dataplaneRuntime.dataplaneTokenPath", "KUMA_DATAPLANE_RUNTIME_TOKEN_PATH", "", "File with the data plane token.")
          .Flag("dataplane-token-file")
          .OmitZero(),
      Text("dataplaneRuntime.dataplaneToken", "KUMA_DATAPLANE_RUNTIME_TOKEN", "", "The data plane token itself.")
          .Flag("dataplane-token")
          .Secret()
          .OmitZero(),
      Text("dataplaneRuntime.resource", "KUMA_DATAPLANE_RUNTIME_RESOURCE", "",
           "Dataplane resource to send, YAML or JSON; may be a template.")
          .Flag("dataplane")
          .OmitZero(),
      Text("dataplaneRuntime.resourcePath", "KUMA_DATAPLANE_RUNTIME_RESOURCE_PATH", "", "File with the Dataplane resource to send.")
          .Flag("dataplane-file", "d")
          .OmitZero(),
      Map("dataplaneRuntime.resourceVars", "", "", "Variables of the Dataplane template.").Flag("dataplane-var", "v").OmitZero(),
      Text("dataplaneRuntime.envoyLogLevel", "KUMA_DATAPLANE_RUNTIME_ENVOY_LOG_LEVEL", "", "Envoy's log level. Empty: as kuma-dp's.")
          .Flag("envoy-log-level")
          .OmitZero(),
      Text("dataplaneRuntime.envoyComponentLogLevel", "KUMA_DATAPLANE_RUNTIME_ENVOY_COMPONENT_LOG_LEVEL", "",
           "Log levels of Envoy's components, in Envoy's syntax.")
          .Flag("envoy-component-log-level")
          .OmitZero(),
      Int("dataplaneRuntime.resources.maxMemoryBytes", "KUMA_DATAPLANE_RESOURCES_MAX_MEMORY_BYTES", "0",
          "Memory Envoy may use, in bytes. 0: found from the container's limit.")
          .AtLeast(0)
          .OmitZero(),
      Text("dataplaneRuntime.socketDir", "KUMA_DATAPLANE_RUNTIME_SOCKET_DIR", "", "Old name of dataplaneRuntime.workDir.")
          .OmitZero()
          .Deprecated("use dataplaneRuntime.workDir instead"),
      Text("dataplaneRuntime.metrics.metricsCertPath", "KUMA_DATAPLANE_RUNTIME_METRICS_CERT_PATH", "",
           "Certificate of the metrics listener.")
          .Flag("metrics-cert-path")
          .OmitZero(),
      Text("dataplaneRuntime.metrics.metricsKeyPath", "KUMA_DATAPLANE_RUNTIME_METRICS_KEY_PATH", "", "Private key of the metrics listener.")
          .Flag("metrics-key-path")
          .OmitZero(),
      Duration("dataplaneRuntime.dynamicConfiguration.refreshInterval", "KUMA_DATAPLANE_RUNTIME_DYNAMIC_CONFIGURATION_REFRESH_INTERVAL",
               "1s", "How often kuma-dp fetches its own configuration."),
      Text("dataplaneRuntime.systemCaPath", "KUMA_DATAPLANE_RUNTIME_DYNAMIC_SYSTEM_CA_PATH", "",
           "Certificates of the system. Empty: found by itself.")
          .OmitZero(),
      JsonValue("dataplaneRuntime.transparentProxy", "KUMA_DATAPLANE_RUNTIME_TRANSPARENT_PROXY", "null",
                "Configuration of traffic redirection.")
          .OmitZero(),
      Bool("dataplaneRuntime.bindOutbounds", "KUMA_DATAPLANE_RUNTIME_BIND_OUTBOUNDS", "false",
           "Listen on real loopback addresses for outbound traffic.")
          .Flag("bind-outbounds")
          .OmitZero(),
      Text("dataplaneRuntime.envoyXdsTransportProtocolVariant", "KUMA_DATAPLANE_RUNTIME_ENVOY_XDS_TRANSPORT_PROTOCOL_VARIANT", "",
           "How Envoy receives configuration. Empty: as the control plane decides.")
          .Allow("|DELTA_GRPC|GRPC")
          .OmitZero(),
      Bool("dataplaneRuntime.unifiedResourceNamingEnabled", "KUMA_DATAPLANE_RUNTIME_UNIFIED_RESOURCE_NAMING_ENABLED", "false",
           "Name Envoy resources and statistics in the unified form.")
          .OmitZero(),
      Bool("dataplaneRuntime.IPv6Enabled", "KUMA_DATAPLANE_RUNTIME_IPV6_ENABLED", "true", "Use IPv6 where the machine has it."),
      Bool("dataplaneRuntime.spire.supported", "KUMA_DATAPLANE_RUNTIME_SPIRE_SUPPORTED", "false", "A SPIRE agent's socket is mounted.")
          .OmitZero(),
      Text("dataplaneRuntime.spire.socketPath", "KUMA_DATAPLANE_RUNTIME_SPIRE_SOCKET_PATH", "", "The SPIRE agent's socket.").OmitZero(),
      Bool("dataplaneRuntime.strictInboundPortsEnabled", "KUMA_DATAPLANE_RUNTIME_STRICT_INBOUND_PORTS_ENABLED", "true",
           "Refuse inbound traffic on ports that the Dataplane does not name."),
      Bool("dataplaneRuntime.otelPipeEnabled", "KUMA_DATAPLANE_RUNTIME_OTEL_PIPE_ENABLED", "true", "Send telemetry through kuma-dp."),
      Bool("dataplaneRuntime.reusePortEnabled", "KUMA_DATAPLANE_RUNTIME_REUSE_PORT_ENABLED", "true",
           "Give each Envoy worker its own listening socket."),
      Bool("dns.enabled", "KUMA_DNS_ENABLED", "true", "Answer DNS queries for the mesh.").Flag("dns-enabled").OmitZero(),
      Int("dns.proxyPort", "KUMA_DNS_PROXY_PORT", "0", "Port of kuma-dp's own DNS server; 15053 is usual. 0: off.")
          .Range(0, 65535)
          .Flag("dns-proxy-port")
          .OmitZero(),
      Int("dns.coreDnsPort", "KUMA_DNS_CORE_DNS_PORT", "15053", "Port of CoreDNS.")
          .Range(0, 65535)
          .Flag("dns-coredns-port")
          .OmitZero()
          .AcceptedOnly(),
      Int("dns.envoyDnsPort", "KUMA_DNS_ENVOY_DNS_PORT", "15054", "Port of Envoy's DNS filter.")
          .Range(0, 65535)
          .Flag("dns-envoy-port")
          .OmitZero()
          .AcceptedOnly(),
      Text("dns.coreDnsBinaryPath", "KUMA_DNS_CORE_DNS_BINARY_PATH", "coredns", "The CoreDNS program.")
          .Flag("dns-coredns-path")
          .OmitZero()
          .AcceptedOnly(),
      Text("dns.coreDnsConfigTemplatePath", "KUMA_DNS_CORE_DNS_CONFIG_TEMPLATE_PATH", "", "Template of CoreDNS' configuration.")
          .Flag("dns-coredns-config-template-path")
          .OmitZero()
          .AcceptedOnly(),
      Text("dns.configDir", "KUMA_DNS_CONFIG_DIR", "", "Directory for CoreDNS' configuration.")
          .Flag("dns-server-config-dir")
          .OmitZero()
          .AcceptedOnly(),
      Int("dns.prometheusPort", "KUMA_DNS_PROMETHEUS_PORT", "19153", "Port of CoreDNS' metrics.")
          .Range(0, 65535)
          .Flag("dns-prometheus-port")
          .OmitZero()
          .AcceptedOnly(),
      Bool("dns.coreDNSLogging", "KUMA_DNS_ENABLE_LOGGING", "false", "Log DNS queries.").Flag("dns-enable-logging").OmitZero(),
      Int("applicationProbeProxyServer.port", "KUMA_APPLICATION_PROBE_PROXY_PORT", "0",
          "Port that answers an application's probes without mTLS. 0: off.")
          .Range(0, 65535)
          .OmitZero(),
  };
}

}  // namespace kuma::config
