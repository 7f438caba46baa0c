// Options of the control plane: everything else. One row per key; see option.h.
#include "pkg/config/options.h"

namespace kuma::config {

std::vector<Option> ControlPlaneGeneralOptions() {
  return {
      Duration("general.dnsCacheTTL", "KUMA_GENERAL_DNS_CACHE_TTL", "10s",
               "How long the address of a data plane that is given by a domain name is kept."),
      Text("general.tlsCertFile", "KUMA_GENERAL_TLS_CERT_FILE", "",
           "PEM certificate that every server of the control plane uses unless it has its own. Empty: one is generated in the work "
           "directory."),
      Text("general.tlsKeyFile", "KUMA_GENERAL_TLS_KEY_FILE", "", "PEM private key of general.tlsCertFile."),
      Text("general.tlsMinVersion", "KUMA_GENERAL_TLS_MIN_VERSION", "TLSv1_2", "Oldest TLS version accepted.").Allow("|TLSv1_2|TLSv1_3"),
      Text("general.tlsMaxVersion", "KUMA_GENERAL_TLS_MAX_VERSION", "", "Newest TLS version accepted. Empty: the newest known.")
          .Allow("|TLSv1_2|TLSv1_3"),
      List("general.tlsCipherSuites", "KUMA_GENERAL_TLS_CIPHER_SUITES", "", "Cipher suites accepted. None: the default set."),
      Text("general.workDir", "KUMA_GENERAL_WORK_DIR", "", "Directory for generated files such as certificates. Empty: $HOME/.kuma."),
      Duration("general.resilientComponentBaseBackoff", "KUMA_GENERAL_RESILIENT_COMPONENT_BASE_BACKOFF", "5s",
               "First pause before a failed component (zone sync, insights, database events) starts again."),
      Duration("general.resilientComponentMaxBackoff", "KUMA_GENERAL_RESILIENT_COMPONENT_MAX_BACKOFF", "1m",
               "Longest pause before a failed component starts again."),
      Duration("general.certGenerationBaseBackoff", "KUMA_GENERAL_CERT_GENERATION_BASE_BACKOFF", "5s",
               "First pause before the certificate of a proxy is requested again after a failure."),
      Duration("general.certGenerationMaxBackoff", "KUMA_GENERAL_CERT_GENERATION_MAX_BACKOFF", "5m",
               "Longest pause before the certificate of a proxy is requested again."),
      Int("general.certGenerationCircuitBreakerMinProxies", "KUMA_GENERAL_CERT_GENERATION_CIRCUIT_BREAKER_MIN_PROXIES", "10",
          "How many proxies must fail on one certificate backend before requests to it stop for a while. 0: never."),
      Text("environment", "KUMA_ENVIRONMENT", "universal",
           "Where the control plane runs: on Kubernetes, or on virtual or physical machines (universal).")
          .Allow("universal|kubernetes"),
      Text("mode", "KUMA_MODE", "zone",
           "Role of this control plane: zone serves data planes, global joins zones together. standalone is the old name of zone.")
          .Allow("zone|global|standalone"),
      Duration("runtime.universal.dataplaneCleanupAge", "KUMA_RUNTIME_UNIVERSAL_DATAPLANE_CLEANUP_AGE", "72h0m0s",
               "A data plane that is offline this long is removed."),
      Duration("runtime.universal.zoneResourceCleanupAge", "KUMA_RUNTIME_UNIVERSAL_ZONE_RESOURCE_CLEANUP_AGE", "72h0m0s",
               "A zone ingress or egress that is offline this long is removed."),
      Duration("runtime.universal.vipRefreshInterval", "KUMA_RUNTIME_UNIVERSAL_VIP_REFRESH_INTERVAL", "500ms",
               "How often virtual addresses are computed anew."),
      Text("runtime.universal.spire.socketPath", "KUMA_RUNTIME_UNIVERSAL_SPIRE_SOCKET_PATH", "/tmp/spire-agent/public/api.sock",
           "Socket of the SPIRE agent on the machine."),
      Duration("runtime.universal.workload.generationInterval", "KUMA_RUNTIME_UNIVERSAL_WORKLOAD_GENERATION_INTERVAL", "2s",
               "How often Workloads are made from data planes."),
      Bool("defaults.skipMeshCreation", "KUMA_DEFAULTS_SKIP_MESH_CREATION", "false", "Do not create the mesh named default."),
      Bool("defaults.skipTenantResources", "KUMA_DEFAULTS_SKIP_TENANT_RESOURCES", "false",
           "Do not create the resources each tenant starts with."),
      Bool("defaults.createMeshRoutingResources", "KUMA_DEFAULTS_CREATE_MESH_ROUTING_RESOURCES", "false",
           "Create TrafficPermission and TrafficRoute for new meshes.")
          .AcceptedOnly(),
      Bool("defaults.SkipHostnameGenerators", "KUMA_DEFAULTS_SKIP_HOSTNAME_GENERATORS", "false",
           "Do not create the default hostname generators."),
      Bool("reports.enabled", "KUMA_REPORTS_ENABLED", "false", "Send usage statistics to the project."),
      Text("dnsServer.domain", "KUMA_DNS_SERVER_DOMAIN", "mesh", "Domain under which services get names."),
      Text("dnsServer.CIDR", "KUMA_DNS_SERVER_CIDR", "240.0.0.0/4", "Addresses given to services."),
      Bool("dnsServer.serviceVipEnabled", "KUMA_DNS_SERVER_SERVICE_VIP_ENABLED", "true",
           "Give every service the name <kuma.io/service>.<domain>."),
      Int("dnsServer.serviceVipPort", "KUMA_DNS_SERVER_SERVICE_VIP_PORT", "80", "Port of these names.")
          .Range(0, 65535)
          .AlsoEnv("KUMA_DNS_SERVICE_SERVICE_VIP_PORT"),
      Bool("experimental.kubeOutboundsAsVIPs", "KUMA_EXPERIMENTAL_KUBE_OUTBOUNDS_AS_VIPS", "true",
           "Keep Kubernetes outbounds beside the virtual addresses.")
          .AcceptedOnly(),
      Bool("experimental.useTagFirstVirtualOutboundModel", "KUMA_EXPERIMENTAL_USE_TAG_FIRST_VIRTUAL_OUTBOUND_MODEL", "false",
           "Compact form of virtual outbounds.")
          .AcceptedOnly(),
      List("experimental.ingressTagFilters", "KUMA_EXPERIMENTAL_INGRESS_TAG_FILTERS", "",
           "Only tags with these prefixes are listed for the zone ingress. None: all."),
      Bool("experimental.kdsEventBasedWatchdog.enabled", "KUMA_EXPERIMENTAL_KDS_EVENT_BASED_WATCHDOG_ENABLED", "false",
           "Compute what is synchronized when something changes."),
      Duration("experimental.kdsEventBasedWatchdog.flushInterval", "KUMA_EXPERIMENTAL_KDS_EVENT_BASED_WATCHDOG_FLUSH_INTERVAL", "5s",
               "How often such changes are sent."),
      Duration("experimental.kdsEventBasedWatchdog.fullResyncInterval", "KUMA_EXPERIMENTAL_KDS_EVENT_BASED_WATCHDOG_FULL_RESYNC_INTERVAL",
               "60s", "How often everything is compared anyway."),
      Bool("experimental.kdsEventBasedWatchdog.delayFullResync", "KUMA_EXPERIMENTAL_KDS_EVENT_BASED_WATCHDOG_DELAY_FULL_RESYNC", "false",
           "Spread the first comparison over that interval."),
      Bool("experimental.autoReachableServices", "KUMA_EXPERIMENTAL_AUTO_REACHABLE_SERVICES", "false",
           "Send proxies only the services that MeshTrafficPermissions let them reach."),
      Bool("experimental.sidecarContainers", "KUMA_EXPERIMENTAL_SIDECAR_CONTAINERS", "true",
           "Use Kubernetes sidecar containers where they exist."),
      Bool("experimental.deltaXds", "KUMA_EXPERIMENTAL_DELTA_XDS", "false", "Send only changes to data planes."),
      Bool("experimental.inboundTagsDisabled", "KUMA_EXPERIMENTAL_INBOUND_TAGS_DISABLED", "false", "Do without tags of inbounds."),
      Bool("experimental.exposeZoneProxyMetrics", "KUMA_EXPERIMENTAL_EXPOSE_ZONE_PROXY_METRICS", "false",
           "Serve /stats/prometheus of zone proxies without mTLS on the admin port."),
      Int("proxy.gateway.globalDownstreamMaxConnections", "KUMA_PROXY_GATEWAY_GLOBAL_DOWNSTREAM_MAX_CONNECTIONS", "50000",
          "Most connections a built-in gateway accepts.")
          .AtLeast(0)
          .AcceptedOnly(),
      Bool("tracing.openTelemetry.enabled", "KUMA_TRACING_OPENTELEMETRY_ENABLED", "false", "Old switch for tracing.")
          .OmitZero()
          .AcceptedOnly(),
      Text("tracing.openTelemetry.endpoint", "KUMA_TRACING_OPENTELEMETRY_ENDPOINT", "",
           "Collector for the control plane's traces, host:port. Empty: no traces.")
          .OmitZero(),
      Int("eventBus.bufferSize", "KUMA_EVENT_BUS_BUFFER_SIZE", "100", "Events that may wait for one listener.").AtLeast(0),
      List("policies.pluginPoliciesEnabled", "KUMA_PLUGIN_POLICIES_ENABLED",
           "meshaccesslogs,meshcircuitbreakers,meshfaultinjections,meshhealthchecks,meshhttproutes,meshloadbalancingstrategies,meshmetrics,"
           "meshpassthroughs,meshproxypatches,meshratelimits,meshretries,meshtcproutes,meshtimeouts,meshtlses,meshtraces,"
           "meshtrafficpermissions",
           "Policies that are switched on."),
      List("coreResources.enabled", "KUMA_CORE_RESOURCES_ENABLED",
           "hostnamegenerators,meshexternalservices,meshidentities,meshmultizoneservices,meshopentelemetrybackends,meshservices,meshtrusts,"
           "meshzoneaddresses,workloads",
           "Core resource types that are switched on."),
      Duration("coreResources.status.meshMultiZoneServiceInterval", "KUMA_CORE_RESOURCES_STATUS_MESH_MULTI_ZONE_SERVICE_INTERVAL", "5s",
               "How often the status of MeshMultiZoneService is computed."),
      Duration("coreResources.status.meshServiceInterval", "KUMA_CORE_RESOURCES_STATUS_MESH_SERVICE_INTERVAL", "5s",
               "How often the status of MeshService is computed."),
      Duration("coreResources.status.meshIdentityInterval", "KUMA_CORE_RESOURCES_STATUS_MESH_IDENTITY_INTERVAL", "5s",
               "How often the status of MeshIdentity is computed."),
      Duration("coreResources.status.workloadInterval", "KUMA_CORE_RESOURCES_STATUS_WORKLOAD_INTERVAL", "5s",
               "How often the status of Workload is computed."),
      Duration("coreResources.status.meshOpenTelemetryBackendInterval", "KUMA_CORE_RESOURCES_STATUS_MESH_OPEN_TELEMETRY_BACKEND_INTERVAL",
               "5s", "How often the status of MeshOpenTelemetryBackend is computed."),
      Text("ipam.meshService.cidr", "KUMA_IPAM_MESH_SERVICE_CIDR", "241.0.0.0/8", "Addresses given to MeshService resources."),
      Text("ipam.meshExternalService.cidr", "KUMA_IPAM_MESH_EXTERNAL_SERVICE_CIDR", "242.0.0.0/8",
           "Addresses given to MeshExternalService resources."),
      Text("ipam.meshMultiZoneService.cidr", "KUMA_IPAM_MESH_MULTI_ZONE_SERVICE_CIDR", "243.0.0.0/8",
           "Addresses given to MeshMultiZoneService resources."),
      Duration("ipam.allocationInterval", "KUMA_IPAM_ALLOCATION_INTERVAL", "5s", "How often addresses are given out."),
      List("ipam.knownInternalCIDRs", "KUMA_IPAM_KNOWN_INTERNAL_CIDRS",
           "10.0.0.0/8,192.168.0.0/16,172.16.0.0/12,fc00::/7,fd00::/8,127.0.0.1/32,::1/128", "Networks whose requests count as internal."),
      Duration("meshService.generationInterval", "KUMA_MESH_SERVICE_GENERATION_INTERVAL", "2s",
               "How often MeshServices are made from data planes. 0s: never."),
      Duration("meshService.deletionGracePeriod", "KUMA_MESH_SERVICE_DELETION_GRACE_PERIOD", "1h",
               "A MeshService without data planes is removed after this long."),
      Bool("meshService.labelPropagation.enabled", "KUMA_MESH_SERVICE_LABEL_PROPAGATION_ENABLED", "false",
           "Copy labels of a MeshService to what is made from it."),
      List("meshService.labelPropagation.allowedLabelKeys", "KUMA_MESH_SERVICE_LABEL_PROPAGATION_ALLOWED_LABEL_KEYS", "",
           "Only these labels are copied. None: all that are not reserved."),
  };
}

}  // namespace kuma::config
