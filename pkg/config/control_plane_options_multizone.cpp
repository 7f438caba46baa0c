// Options of the control plane: several zones, and insights. One row per key; see option.h.
#include "pkg/config/options.h"

namespace kuma::config {

std::vector<Option> ControlPlaneMultizoneOptions() {
  return {
      Int("metrics.dataplane.subscriptionLimit", "KUMA_METRICS_DATAPLANE_SUBSCRIPTION_LIMIT", "2",
          "How many past connections a DataplaneInsight remembers. 0: all.")
          .AtLeast(0),
      Duration("metrics.dataplane.idleTimeout", "KUMA_METRICS_DATAPLANE_IDLE_TIMEOUT", "5m",
               "How long a data plane counts as online without a connection."),
      Int("metrics.zone.subscriptionLimit", "KUMA_METRICS_ZONE_SUBSCRIPTION_LIMIT", "10",
          "How many past connections a ZoneInsight remembers. 0: all.")
          .AtLeast(0),
      Duration("metrics.zone.idleTimeout", "KUMA_METRICS_ZONE_IDLE_TIMEOUT", "5m",
               "How long a zone counts as online without a connection."),
      Bool("metrics.zone.compactFinishedSubscriptions", "KUMA_METRICS_ZONE_COMPACT_FINISHED_SUBSCRIPTIONS", "false",
           "Drop details of ended connections from ZoneInsights."),
      Duration("metrics.mesh.minResyncTimeout", "KUMA_METRICS_MESH_MIN_RESYNC_TIMEOUT", "0s", "Old name of metrics.mesh.minResyncInterval.")
          .Deprecated("use metrics.mesh.minResyncInterval instead"),
      Duration("metrics.mesh.maxResyncTimeout", "KUMA_METRICS_MESH_MAX_RESYNC_TIMEOUT", "0s",
               "Old name of metrics.mesh.fullResyncInterval.")
          .Deprecated("use metrics.mesh.fullResyncInterval instead"),
      Int("metrics.mesh.bufferSize", "KUMA_METRICS_MESH_BUFFER_SIZE", "1000", "Events that may wait for the insights."),
      Duration("metrics.mesh.minResyncInterval", "KUMA_METRICS_MESH_MIN_RESYNC_INTERVAL", "1s",
               "Shortest time between two refreshes of an insight."),
      Duration("metrics.mesh.fullResyncInterval", "KUMA_METRICS_MESH_FULL_RESYNC_INTERVAL", "20s", "How often all insights are refreshed."),
      Int("metrics.mesh.eventProcessors", "KUMA_METRICS_MESH_EVENT_PROCESSORS", "1", "Workers that handle insight events."),
      Bool("metrics.controlPlane.reportResourcesCount", "KUMA_METRICS_CONTROL_PLANE_REPORT_RESOURCES_COUNT", "true",
           "Report the number of resources as a metric."),
      Bool("metrics.openTelemetry.enabled", "KUMA_METRICS_OPENTELEMETRY_ENABLED", "true",
           "Push the control plane's metrics with OTLP when OTEL_EXPORTER_OTLP_ENDPOINT is set."),
      Int("multizone.global.kds.grpcPort", "KUMA_MULTIZONE_GLOBAL_KDS_GRPC_PORT", "5685", "Port on which zones connect.").Range(0, 65535),
      Duration("multizone.global.kds.refreshInterval", "KUMA_MULTIZONE_GLOBAL_KDS_REFRESH_INTERVAL", "1s",
               "Shortest time between two computations of what is synchronized."),
      Duration("multizone.global.kds.zoneInsightFlushInterval", "KUMA_MULTIZONE_GLOBAL_KDS_ZONE_INSIGHT_FLUSH_INTERVAL", "10s",
               "How often ZoneInsights are written."),
      Bool("multizone.global.kds.tlsEnabled", "KUMA_MULTIZONE_GLOBAL_KDS_TLS_ENABLED", "true", "Serve zones with TLS."),
      Text("multizone.global.kds.tlsCertFile", "KUMA_MULTIZONE_GLOBAL_KDS_TLS_CERT_FILE", "",
           "PEM certificate of this server. Empty: general.tlsCertFile."),
      Text("multizone.global.kds.tlsKeyFile", "KUMA_MULTIZONE_GLOBAL_KDS_TLS_KEY_FILE", "",
           "PEM private key of this server. Empty: general.tlsKeyFile."),
      Text("multizone.global.kds.tlsMinVersion", "KUMA_MULTIZONE_GLOBAL_KDS_TLS_MIN_VERSION", "TLSv1_2", "Oldest TLS version accepted.")
          .Allow("|TLSv1_2|TLSv1_3"),
      Text("multizone.global.kds.tlsMaxVersion", "KUMA_MULTIZONE_GLOBAL_KDS_TLS_MAX_VERSION", "",
           "Newest TLS version accepted. Empty: the newest known.")
          .Allow("|TLSv1_2|TLSv1_3"),
      List("multizone.global.kds.tlsCipherSuites", "KUMA_MULTIZONE_GLOBAL_KDS_TLS_CIPHER_SUITES", "",
           "Cipher suites accepted. None: the default set."),
      Int("multizone.global.kds.maxMsgSize", "KUMA_MULTIZONE_GLOBAL_KDS_MAX_MSG_SIZE", "10485760",
          "Largest message in bytes; it limits the full list of one resource type.")
          .Range(0, 4294967295),
      Duration("multizone.global.kds.msgSendTimeout", "KUMA_MULTIZONE_GLOBAL_KDS_MSG_SEND_TIMEOUT", "60s",
               "The stream is closed when sending a message takes longer."),
      Duration("multizone.global.kds.nackBackoff", "KUMA_MULTIZONE_GLOBAL_KDS_NACK_BACKOFF", "5s",
               "Pause before sending again what the zone control plane refused."),
      Duration("multizone.global.kds.responseBackoff", "KUMA_MULTIZONE_GLOBAL_KDS_RESPONSE_BACKOFF", "0s",
               "Pause before acknowledging, to slow the zone control plane down."),
      Bool("multizone.global.kds.logPayloads", "KUMA_MULTIZONE_GLOBAL_KDS_LOG_PAYLOADS", "false", "Log whole messages at debug level."),
      Duration("multizone.global.kds.zoneHealthCheck.pollInterval", "KUMA_MULTIZONE_GLOBAL_KDS_ZONE_HEALTH_CHECK_POLL_INTERVAL", "0s",
               "How often the health reports of zones are looked at. 0s: never."),
      Duration("multizone.global.kds.zoneHealthCheck.timeout", "KUMA_MULTIZONE_GLOBAL_KDS_ZONE_HEALTH_CHECK_TIMEOUT", "0s",
               "A zone that reported nothing this long is disconnected."),
      Bool("multizone.global.kds.zoneHealthCheck.closeStaleConn", "KUMA_MULTIZONE_GLOBAL_KDS_ZONE_HEALTH_CHECK_CLOSE_STALE_CONN", "false",
           "Close the connections of such a zone."),
      Bool("multizone.global.kds.tracing.enabled", "KUMA_MULTIZONE_GLOBAL_KDS_TRACING_ENABLED", "true", "Trace calls of zones.").OmitZero(),
      List("multizone.global.kds.labels.skipPrefixes", "KUMA_MULTIZONE_GLOBAL_KDS_LABELS_SKIP_PREFIXES", "",
           "Labels with these prefixes are not synchronized.")
          .OmitZero(),
      Text("multizone.zone.name", "KUMA_MULTIZONE_ZONE_NAME", "default", "Name of this zone.").OmitZero(),
      Text("multizone.zone.globalAddress", "KUMA_MULTIZONE_ZONE_GLOBAL_ADDRESS", "",
           "Address of the global control plane, grpcs://host:5685. Empty: the zone stands alone.")
          .OmitZero(),
      Duration("multizone.zone.kds.refreshInterval", "KUMA_MULTIZONE_ZONE_KDS_REFRESH_INTERVAL", "1s",
               "Shortest time between two computations of what is synchronized."),
      Bool("multizone.zone.kds.tlsSkipVerify", "KUMA_MULTIZONE_ZONE_KDS_TLS_SKIP_VERIFY", "false",
           "Do not check the global control plane's certificate."),
      Text("multizone.zone.kds.rootCaFile", "KUMA_MULTIZONE_ZONE_KDS_ROOT_CA_FILE", "",
           "Certificates that the global control plane's certificate must come from."),
      Int("multizone.zone.kds.maxMsgSize", "KUMA_MULTIZONE_ZONE_KDS_MAX_MSG_SIZE", "10485760",
          "Largest message in bytes; it limits the full list of one resource type.")
          .Range(0, 4294967295),
      Duration("multizone.zone.kds.msgSendTimeout", "KUMA_MULTIZONE_ZONE_KDS_MSG_SEND_TIMEOUT", "60s",
               "The stream is closed when sending a message takes longer."),
      Duration("multizone.zone.kds.nackBackoff", "KUMA_MULTIZONE_ZONE_KDS_NACK_BACKOFF", "5s",
               "Pause before sending again what the global control plane refused."),
      Duration("multizone.zone.kds.responseBackoff", "KUMA_MULTIZONE_ZONE_KDS_RESPONSE_BACKOFF", "0s",
               "Pause before acknowledging, to slow the global control plane down."),
      Bool("multizone.zone.kds.logPayloads", "KUMA_MULTIZONE_ZONE_KDS_LOG_PAYLOADS", "false", "Log whole messages at debug level."),
      List("multizone.zone.kds.labels.skipPrefixes", "KUMA_MULTIZONE_ZONE_KDS_LABELS_SKIP_PREFIXES", "",
           "Labels with these prefixes are not synchronized.")
          .OmitZero(),
      Bool("multizone.zone.disableOriginLabelValidation", "KUMA_MULTIZONE_ZONE_DISABLE_ORIGIN_LABEL_VALIDATION", "false",
           "Accept resources without the label kuma.io/origin in this zone.")
          .OmitZero(),
      Duration("multizone.zone.ingressUpdateInterval", "KUMA_MULTIZONE_ZONE_INGRESS_UPDATE_INTERVAL", "1s",
               "How often the services offered by the zone ingress are computed."),
  };
}

}  // namespace kuma::config
