// Options of the control plane: behaviour on Kubernetes. One row per key; see option.h.
#include "pkg/config/options.h"

namespace kuma::config {

std::vector<Option> ControlPlaneKubernetesOptions() {
  return {
      Text("runtime.kubernetes.admissionServer.address", "KUMA_RUNTIME_KUBERNETES_ADMISSION_SERVER_ADDRESS", "",
           "Address of the admission webhooks."),
      Int("runtime.kubernetes.admissionServer.port", "KUMA_RUNTIME_KUBERNETES_ADMISSION_SERVER_PORT", "5443",
          "Port of the admission webhooks.")
          .Range(0, 65535),
      Text("runtime.kubernetes.admissionServer.certDir", "KUMA_RUNTIME_KUBERNETES_ADMISSION_SERVER_CERT_DIR", "",
           "Directory with tls.crt and tls.key for the admission webhooks."),
      Text("runtime.kubernetes.injector.sidecarContainer.image", "KUMA_RUNTIME_KUBERNETES_INJECTOR_SIDECAR_CONTAINER_IMAGE",
           "kuma/kuma-dp:latest", "Image of the sidecar.")
          .OmitZero(),
      Int("runtime.kubernetes.injector.sidecarContainer.uid", "KUMA_RUNTIME_KUBERNETES_INJECTOR_SIDECAR_CONTAINER_UID", "5678",
          "User id of the sidecar.")
          .OmitZero(),
      Int("runtime.kubernetes.injector.sidecarContainer.gid", "KUMA_RUNTIME_KUBERNETES_INJECTOR_SIDECAR_CONTAINER_GUI", "5678",
          "Group id of the sidecar.")
          .OmitZero(),
      Int("runtime.kubernetes.injector.sidecarContainer.adminPort", "KUMA_RUNTIME_KUBERNETES_INJECTOR_SIDECAR_CONTAINER_ADMIN_PORT", "0",
          "Old place of bootstrapServer.params.adminPort.")
          .Range(0, 65535)
          .OmitZero()
          .AcceptedOnly()
          .Deprecated("use bootstrapServer.params.adminPort instead"),
      Duration("runtime.kubernetes.injector.sidecarContainer.drainTime", "KUMA_RUNTIME_KUBERNETES_INJECTOR_SIDECAR_CONTAINER_DRAIN_TIME",
               "30s", "Time given to open connections when the sidecar stops."),
      Int("runtime.kubernetes.injector.sidecarContainer.readinessProbe.initialDelaySeconds",
          "KUMA_RUNTIME_KUBERNETES_INJECTOR_SIDECAR_CONTAINER_READINESS_PROBE_INITIAL_DELAY_SECONDS", "1",
          "Seconds before the first readiness probe.")
          .Range(-2147483648, 2147483647)
          .OmitZero(),
      Int("runtime.kubernetes.injector.sidecarContainer.readinessProbe.timeoutSeconds",
          "KUMA_RUNTIME_KUBERNETES_INJECTOR_SIDECAR_CONTAINER_READINESS_PROBE_TIMEOUT_SECONDS", "3",
          "Seconds after which a readiness probe counts as failed.")
          .Range(-2147483648, 2147483647)
          .OmitZero(),
      Int("runtime.kubernetes.injector.sidecarContainer.readinessProbe.periodSeconds",
          "KUMA_RUNTIME_KUBERNETES_INJECTOR_SIDECAR_CONTAINER_READINESS_PROBE_PERIOD_SECONDS", "5", "Seconds between readiness probes.")
          .Range(-2147483648, 2147483647)
          .OmitZero(),
      Int("runtime.kubernetes.injector.sidecarContainer.readinessProbe.successThreshold",
          "KUMA_RUNTIME_KUBERNETES_INJECTOR_SIDECAR_CONTAINER_READINESS_PROBE_SUCCESS_THRESHOLD", "1",
          "Successes in a row that end a failed readiness state.")
          .Range(-2147483648, 2147483647)
          .OmitZero(),
      Int("runtime.kubernetes.injector.sidecarContainer.readinessProbe.failureThreshold",
          "KUMA_RUNTIME_KUBERNETES_INJECTOR_SIDECAR_CONTAINER_READINESS_PROBE_FAILURE_THRESHOLD", "12",
          "Failures in a row that count as a failed readiness state.")
          .Range(-2147483648, 2147483647)
          .OmitZero(),
      Int("runtime.kubernetes.injector.sidecarContainer.livenessProbe.initialDelaySeconds",
          "KUMA_RUNTIME_KUBERNETES_INJECTOR_SIDECAR_CONTAINER_LIVENESS_PROBE_INITIAL_DELAY_SECONDS", "60",
          "Seconds before the first liveness probe.")
          .Range(-2147483648, 2147483647)
          .OmitZero(),
      Int("runtime.kubernetes.injector.sidecarContainer.livenessProbe.timeoutSeconds",
          "KUMA_RUNTIME_KUBERNETES_INJECTOR_SIDECAR_CONTAINER_LIVENESS_PROBE_TIMEOUT_SECONDS", "3",
          "Seconds after which a liveness probe counts as failed.")
          .Range(-2147483648, 2147483647)
          .OmitZero(),
      Int("runtime.kubernetes.injector.sidecarContainer.livenessProbe.periodSeconds",
          "KUMA_RUNTIME_KUBERNETES_INJECTOR_SIDECAR_CONTAINER_LIVENESS_PROBE_PERIOD_SECONDS", "5", "Seconds between liveness probes.")
          .Range(-2147483648, 2147483647)
          .OmitZero(),
      Int("runtime.kubernetes.injector.sidecarContainer.livenessProbe.failureThreshold",
          "KUMA_RUNTIME_KUBERNETES_INJECTOR_SIDECAR_CONTAINER_LIVENESS_PROBE_FAILURE_THRESHOLD", "12",
          "Failures in a row that count as a failed liveness state.")
          .Range(-2147483648, 2147483647)
          .OmitZero(),
      Int("runtime.kubernetes.injector.sidecarContainer.startupProbe.initialDelaySeconds",
          "KUMA_RUNTIME_KUBERNETES_INJECTOR_SIDECAR_CONTAINER_STARTUP_PROBE_INITIAL_DELAY_SECONDS", "1",
          "Seconds before the first startup probe.")
          .Range(-2147483648, 2147483647)
          .OmitZero(),
      Int("runtime.kubernetes.injector.sidecarContainer.startupProbe.timeoutSeconds",
          "KUMA_RUNTIME_KUBERNETES_INJECTOR_SIDECAR_CONTAINER_STARTUP_PROBE_TIMEOUT_SECONDS", "3",
          "Seconds after which a startup probe counts as failed.")
          .Range(-2147483648, 2147483647)
          .OmitZero(),
      Int("runtime.kubernetes.injector.sidecarContainer.startupProbe.periodSeconds",
          "KUMA_RUNTIME_KUBERNETES_INJECTOR_SIDECAR_CONTAINER_STARTUP_PROBE_PERIOD_SECONDS", "5", "Seconds between startup probes.")
          .Range(-2147483648, 2147483647)
          .OmitZero(),
      Int("runtime.kubernetes.injector.sidecarContainer.startupProbe.failureThreshold",
          "KUMA_RUNTIME_KUBERNETES_INJECTOR_SIDECAR_CONTAINER_STARTUP_PROBE_FAILURE_THRESHOLD", "12",
          "Failures in a row that count as a failed startup state.")
          .Range(-2147483648, 2147483647)
          .OmitZero(),
      Text("runtime.kubernetes.injector.sidecarContainer.resources.requests.cpu", "KUMA_INJECTOR_SIDECAR_CONTAINER_RESOURCES_REQUESTS_CPU",
           "50m", "CPU requested for the sidecar.")
          .OmitZero(),
      Text("runtime.kubernetes.injector.sidecarContainer.resources.requests.memory",
           "KUMA_INJECTOR_SIDECAR_CONTAINER_RESOURCES_REQUESTS_MEMORY", "64Mi", "Memory requested for the sidecar.")
          .OmitZero(),
      Text("runtime.kubernetes.injector.sidecarContainer.resources.limits.cpu", "KUMA_INJECTOR_SIDECAR_CONTAINER_RESOURCES_LIMITS_CPU", "0",
           "CPU limit of the sidecar. 0: none.")
          .OmitZero(),
      Text("runtime.kubernetes.injector.sidecarContainer.resources.limits.memory",
           "KUMA_INJECTOR_SIDECAR_CONTAINER_RESOURCES_LIMITS_MEMORY", "512Mi", "Memory limit of the sidecar.")
          .OmitZero(),
      Map("runtime.kubernetes.injector.sidecarContainer.envVars", "KUMA_RUNTIME_KUBERNETES_INJECTOR_SIDECAR_CONTAINER_ENV_VARS", "",
          "Further environment variables of the sidecar."),
      Int("runtime.kubernetes.injector.sidecarContainer.redirectPortInbound",
          "KUMA_RUNTIME_KUBERNETES_INJECTOR_SIDECAR_CONTAINER_REDIRECT_PORT_INBOUND", "15006",
          "Port that inbound traffic is redirected to.")
          .Range(0, 65535)
          .OmitZero(),
      Text("runtime.kubernetes.injector.sidecarContainer.ipFamilyMode", "KUMA_RUNTIME_KUBERNETES_INJECTOR_SIDECAR_CONTAINER_IP_FAMILY_MODE",
           "dualstack", "IP versions that are redirected.")
          .Allow("dualstack|ipv4|ipv6")
          .OmitZero(),
      Int("runtime.kubernetes.injector.sidecarContainer.redirectPortOutbound",
          "KUMA_RUNTIME_KUBERNETES_INJECTOR_SIDECAR_CONTAINER_REDIRECT_PORT_OUTBOUND", "15001",
          "Port that outbound traffic is redirected to.")
          .Range(0, 65535)
          .OmitZero(),
      Bool("runtime.kubernetes.injector.sidecarContainer.waitForDataplaneReady",
           "KUMA_RUNTIME_KUBERNETES_INJECTOR_SIDECAR_CONTAINER_WAIT_FOR_DATAPLANE_READY", "false",
           "Hold back the pod's other containers until Envoy is ready."),
      Text("runtime.kubernetes.injector.initContainer.image", "KUMA_INJECTOR_INIT_CONTAINER_IMAGE", "kuma/kuma-init:latest",
           "Image of the init container.")
          .OmitZero(),
      Text("runtime.kubernetes.injector.initContainer.resources.requests.cpu", "KUMA_INJECTOR_INIT_CONTAINER_RESOURCES_REQUESTS_CPU", "20m",
           "CPU requested for the init container.")
          .OmitZero(),
      Text("runtime.kubernetes.injector.initContainer.resources.requests.memory", "KUMA_INJECTOR_INIT_CONTAINER_RESOURCES_REQUESTS_MEMORY",
           "20M", "Memory requested for the init container.")
          .OmitZero(),
      Text("runtime.kubernetes.injector.initContainer.resources.limits.cpu", "KUMA_INJECTOR_INIT_CONTAINER_RESOURCES_LIMITS_CPU", "0",
           "CPU limit of the init container. 0: none.")
          .OmitZero(),
      Text("runtime.kubernetes.injector.initContainer.resources.limits.memory", "KUMA_INJECTOR_INIT_CONTAINER_RESOURCES_LIMITS_MEMORY",
           "50M", "Memory limit of the init container.")
          .OmitZero(),
      Text("runtime.kubernetes.injector.validationContainer.resources.requests.cpu",
           "KUMA_INJECTOR_VALIDATION_CONTAINER_RESOURCES_REQUESTS_CPU", "20m", "CPU requested for the validation container.")
          .OmitZero(),
      Text("runtime.kubernetes.injector.validationContainer.resources.requests.memory",
           "KUMA_INJECTOR_VALIDATION_CONTAINER_RESOURCES_REQUESTS_MEMORY", "20M", "Memory requested for the validation container.")
          .OmitZero(),
      Text("runtime.kubernetes.injector.validationContainer.resources.limits.cpu",
           "KUMA_INJECTOR_VALIDATION_CONTAINER_RESOURCES_LIMITS_CPU", "0", "CPU limit of the validation container. 0: none.")
          .OmitZero(),
      Text("runtime.kubernetes.injector.validationContainer.resources.limits.memory",
           "KUMA_INJECTOR_VALIDATION_CONTAINER_RESOURCES_LIMITS_MEMORY", "50M", "Memory limit of the validation container.")
          .OmitZero(),
      List("runtime.kubernetes.injector.containerPatches", "KUMA_RUNTIME_KUBERNETES_INJECTOR_CONTAINER_PATCHES", "",
           "ContainerPatch resources for workloads that name none."),
      Bool("runtime.kubernetes.injector.cniEnabled", "KUMA_RUNTIME_KUBERNETES_INJECTOR_CNI_ENABLED", "false",
           "Traffic redirection is set up by the CNI plugin, not by an init container."),
      Bool("runtime.kubernetes.injector.virtualProbesEnabled", "KUMA_RUNTIME_KUBERNETES_VIRTUAL_PROBES_ENABLED", "false",
           "Old form of probe redirection.")
          .AcceptedOnly()
          .Deprecated("set runtime.kubernetes.injector.applicationProbeProxyPort to 0 to switch probe redirection off"),
      Int("runtime.kubernetes.injector.virtualProbesPort", "KUMA_RUNTIME_KUBERNETES_VIRTUAL_PROBES_PORT", "9000",
          "Port of the old form of probe redirection.")
          .Range(0, 65535)
          .AcceptedOnly()
          .Deprecated("use runtime.kubernetes.injector.applicationProbeProxyPort instead"),
      Int("runtime.kubernetes.injector.applicationProbeProxyPort", "KUMA_RUNTIME_KUBERNETES_APPLICATION_PROBE_PROXY_PORT", "9001",
          "Port that answers an application's probes without mTLS. 0: probes are not redirected.")
          .Range(0, 65535),
      IntList("runtime.kubernetes.injector.sidecarTraffic.excludeInboundPorts",
              "KUMA_RUNTIME_KUBERNETES_SIDECAR_TRAFFIC_EXCLUDE_INBOUND_PORTS", "", "Inbound ports that are not redirected."),
      IntList("runtime.kubernetes.injector.sidecarTraffic.excludeOutboundPorts",
              "KUMA_RUNTIME_KUBERNETES_SIDECAR_TRAFFIC_EXCLUDE_OUTBOUND_PORTS", "", "Outbound ports that are not redirected."),
      List("runtime.kubernetes.injector.sidecarTraffic.excludeInboundIPs", "KUMA_RUNTIME_KUBERNETES_SIDECAR_TRAFFIC_EXCLUDE_INBOUND_IPS",
           "", "Sources, addresses or CIDRs, that are not redirected."),
      List("runtime.kubernetes.injector.sidecarTraffic.excludeOutboundIPs", "KUMA_RUNTIME_KUBERNETES_SIDECAR_TRAFFIC_EXCLUDE_OUTBOUND_IPS",
           "", "Destinations, addresses or CIDRs, that are not redirected."),
      Map("runtime.kubernetes.injector.exceptions.labels", "KUMA_RUNTIME_KUBERNETES_EXCEPTIONS_LABELS",
          "openshift.io/build.name:*,openshift.io/deployer-pod-for.name:*",
          "Pods with one of these labels get no sidecar; * stands for any value."),
      Text("runtime.kubernetes.injector.caCertFile", "KUMA_RUNTIME_KUBERNETES_INJECTOR_CA_CERT_FILE", "",
           "Certificate with which sidecars check the control plane."),
      Bool("runtime.kubernetes.injector.builtinDNS.enabled", "KUMA_RUNTIME_KUBERNETES_INJECTOR_BUILTIN_DNS_ENABLED", "true",
           "Redirect DNS to the sidecar.")
          .OmitZero(),
      Int("runtime.kubernetes.injector.builtinDNS.port", "KUMA_RUNTIME_KUBERNETES_INJECTOR_BUILTIN_DNS_PORT", "15053",
          "Port that DNS is redirected to.")
          .Range(0, 65535)
          .OmitZero(),
      Bool("runtime.kubernetes.injector.builtinDNS.logging", "KUMA_RUNTIME_KUBERNETES_INJECTOR_BUILTIN_DNS_LOGGING", "false",
           "Log DNS queries.")
          .OmitZero(),
      Bool("runtime.kubernetes.injector.builtinDNS.experimentalProxy", "KUMA_RUNTIME_KUBERNETES_INJECTOR_BUILTIN_DNS_EXPERIMENTAL_PROXY",
           "true", "Use kuma-dp's own DNS server instead of CoreDNS.")
          .OmitZero(),
      Bool("runtime.kubernetes.injector.ebpf.enabled", "KUMA_RUNTIME_KUBERNETES_INJECTOR_EBPF_ENABLED", "false",
           "Redirect traffic with eBPF.")
          .AcceptedOnly(),
      Text("runtime.kubernetes.injector.ebpf.instanceIPEnvVarName", "KUMA_RUNTIME_KUBERNETES_INJECTOR_EBPF_INSTANCE_IP_ENV_VAR_NAME",
           "INSTANCE_IP", "Variable with the pod's address.")
          .OmitZero()
          .AcceptedOnly(),
      Text("runtime.kubernetes.injector.ebpf.bpffsPath", "KUMA_RUNTIME_KUBERNETES_INJECTOR_EBPF_BPFFS_PATH", "/sys/fs/bpf",
           "Mount of the BPF file system.")
          .OmitZero()
          .AcceptedOnly(),
      Text("runtime.kubernetes.injector.ebpf.cgroupPath", "KUMA_RUNTIME_KUBERNETES_INJECTOR_EBPF_CGROUP_PATH", "/sys/fs/cgroup",
           "Mount of cgroup2.")
          .OmitZero()
          .AcceptedOnly(),
      Text("runtime.kubernetes.injector.ebpf.tcAttachIface", "KUMA_RUNTIME_KUBERNETES_INJECTOR_EBPF_TC_ATTACH_IFACE", "",
           "Network interface for TC programs.")
          .OmitZero()
          .AcceptedOnly(),
      Text("runtime.kubernetes.injector.ebpf.programsSourcePath", "KUMA_RUNTIME_KUBERNETES_INJECTOR_EBPF_PROGRAMS_SOURCE_PATH",
           "/tmp/kuma-ebpf", "Directory of compiled eBPF programs.")
          .OmitZero()
          .AcceptedOnly(),
      List("runtime.kubernetes.injector.ignoredServiceSelectorLabels", "KUMA_RUNTIME_KUBERNETES_INJECTOR_IGNORED_SERVICE_SELECTOR_LABELS",
           "", "Service selector labels that may differ while a rollout runs."),
      List("runtime.kubernetes.injector.nodeLabelsToCopy", "KUMA_RUNTIME_KUBERNETES_INJECTOR_NODE_LABELS_TO_COPY",
           "topology.kubernetes.io/zone,topology.kubernetes.io/region,kubernetes.io/hostname", "Node labels that are copied to pods."),
      Text("runtime.kubernetes.injector.transparentProxyConfigMap", "KUMA_RUNTIME_KUBERNETES_INJECTOR_TRANSPARENT_PROXY_CONFIGMAP_NAME", "",
           "ConfigMap with the configuration of traffic redirection."),
      Bool("runtime.kubernetes.injector.unifiedResourceNamingEnabled", "KUMA_RUNTIME_KUBERNETES_INJECTOR_UNIFIED_RESOURCE_NAMING_ENABLED",
           "false", "Name Envoy resources and statistics in the unified form."),
      Bool("runtime.kubernetes.injector.otelPipeEnabled", "KUMA_RUNTIME_KUBERNETES_INJECTOR_OTEL_PIPE_ENABLED", "true",
           "Send telemetry through kuma-dp."),
      Bool("runtime.kubernetes.injector.spire.enabled", "KUMA_RUNTIME_KUBERNETES_INJECTOR_SPIRE_ENABLED", "false",
           "Mount the SPIRE agent's socket."),
      Text("runtime.kubernetes.injector.spire.mountPath", "KUMA_RUNTIME_KUBERNETES_INJECTOR_SPIRE_MOUNT_PATH", "/run/spire/sockets",
           "Where the socket is mounted."),
      Text("runtime.kubernetes.injector.spire.socketFileName", "KUMA_RUNTIME_KUBERNETES_INJECTOR_SPIRE_SOCKET_FILE_NAME", "socket",
           "File name of the socket."),
      Duration("runtime.kubernetes.marshalingCacheExpirationTime", "KUMA_RUNTIME_KUBERNETES_MARSHALING_CACHE_EXPIRATION_TIME", "5m",
               "How long decoded Kubernetes objects are kept."),
      List("runtime.kubernetes.allowedUsers", "KUMA_RUNTIME_KUBERNETES_ALLOWED_USERS", "",
           "Further service accounts whose admission requests are let through.")
          .OmitZero(),
      Text("runtime.kubernetes.controlPlaneServiceName", "KUMA_RUNTIME_KUBERNETES_CONTROL_PLANE_SERVICE_NAME", "kuma-control-plane",
           "Service by which data planes find the control plane.")
          .OmitZero(),
      Bool("runtime.kubernetes.nodeTaintController.enabled", "KUMA_RUNTIME_KUBERNETES_NODE_TAINT_CONTROLLER_ENABLED", "false",
           "Keep pods off a node until the CNI plugin is ready there."),
      Text("runtime.kubernetes.nodeTaintController.cniApp", "KUMA_RUNTIME_KUBERNETES_NODE_TAINT_CONTROLLER_CNI_APP", "",
           "Label app of the CNI pods."),
      Text("runtime.kubernetes.nodeTaintController.cniNamespace", "KUMA_RUNTIME_KUBERNETES_NODE_TAINT_CONTROLLER_CNI_NAMESPACE",
           "kube-system", "Namespace of the CNI pods."),
      Int("runtime.kubernetes.controllersConcurrency.podController", "KUMA_RUNTIME_KUBERNETES_CONTROLLERS_CONCURRENCY_POD_CONTROLLER", "10",
          "Pods handled at the same time."),
      Int("runtime.kubernetes.clientConfig.qps", "KUMA_RUNTIME_KUBERNETES_CLIENT_CONFIG_QPS", "100",
          "Requests per second to the Kubernetes API."),
      Int("runtime.kubernetes.clientConfig.burstQps", "KUMA_RUNTIME_KUBERNETES_CLIENT_CONFIG_BURST_QPS", "100",
          "Requests to the Kubernetes API in a burst."),
      Duration("runtime.kubernetes.leaderElection.leaseDuration", "KUMA_RUNTIME_KUBERNETES_LEADER_ELECTION_LEASE_DURATION", "15s",
               "Time after which another instance may take over leadership."),
      Duration("runtime.kubernetes.leaderElection.renewDeadline", "KUMA_RUNTIME_KUBERNETES_LEADER_ELECTION_RENEW_DEADLINE", "10s",
               "Time in which the leader must renew its lease."),
      Bool("runtime.kubernetes.skipMeshOwnerReference", "KUMA_RUNTIME_KUBERNETES_SKIP_MESH_OWNER_REFERENCE", "false",
           "Do not make meshes the owners of their resources; deleting a mesh then keeps them."),
      Bool("runtime.kubernetes.supportGatewaySecretsInAllNamespaces", "KUMA_RUNTIME_KUBERNETES_SUPPORT_GATEWAY_SECRETS_IN_ALL_NAMESPACES",
           "false", "Let gateways use TLS secrets of every namespace.")
          .AcceptedOnly(),
      List("runtime.kubernetes.workloadLabels", "KUMA_RUNTIME_KUBERNETES_WORKLOAD_LABELS", "",
           "Pod labels that name the workload, first match wins. None: the service account."),
      Bool("runtime.kubernetes.disallowMultipleMeshesPerNamespace", "KUMA_RUNTIME_KUBERNETES_DISALLOW_MULTIPLE_MESHES_PER_NAMESPACE",
           "false", "Make no Workload in a namespace whose pods belong to several meshes."),
  };
}

}  // namespace kuma::config
