// Options of the control plane: resource store. One row per key; see option.h.
#include "pkg/config/options.h"

namespace kuma::config {

std::vector<Option> ControlPlaneStoreOptions() {
  return {
      Text("store.type", "KUMA_STORE_TYPE", "sqlite", "Where resources are kept.").Allow("memory|sqlite|postgres|kubernetes"),
      Text("store.sqlite.path", "KUMA_STORE_SQLITE_PATH", "", "Database file of the sqlite store. Empty: kuma.db in the work directory."),
      Text("store.postgres.host", "KUMA_STORE_POSTGRES_HOST", "127.0.0.1", "Host of the database."),
      Int("store.postgres.port", "KUMA_STORE_POSTGRES_PORT", "15432", "Port of the database.").Range(0, 65535),
      Text("store.postgres.user", "KUMA_STORE_POSTGRES_USER", "kuma", "User to log in with."),
      Text("store.postgres.password", "KUMA_STORE_POSTGRES_PASSWORD", "kuma", "Password of the user.").Secret(),
      Text("store.postgres.dbName", "KUMA_STORE_POSTGRES_DB_NAME", "kuma", "Name of the database."),
      Text("store.postgres.driverName", "KUMA_STORE_POSTGRES_DRIVER_NAME", "pgx",
           "Name of the database driver. There is one driver; both names mean it.")
          .Allow("pgx|postgres")
          .AcceptedOnly(),
      Int("store.postgres.connectionTimeout", "KUMA_STORE_POSTGRES_CONNECTION_TIMEOUT", "5", "Seconds to wait for a connection."),
      Duration("store.postgres.statementTimeout", "KUMA_STORE_POSTGRES_STATEMENT_TIMEOUT", "10s",
               "A statement that takes longer is ended, and the request fails. 0: no limit."),
      Duration("store.postgres.maxConnectionIdleTime", "KUMA_STORE_POSTGRES_MAX_CONNECTION_IDLE_TIME", "30m",
               "An idle connection is closed after this long."),
      Duration("store.postgres.maxConnectionLifetime", "KUMA_STORE_POSTGRES_MAX_CONNECTION_LIFETIME", "1h",
               "A connection is closed this long after it was made."),
      Duration("store.postgres.maxConnectionLifetimeJitter", "KUMA_STORE_POSTGRES_MAX_CONNECTION_LIFETIME_JITTER", "1m",
               "Random extra life of a connection, so that not all end at once."),
      Duration("store.postgres.healthCheckInterval", "KUMA_STORE_POSTGRES_HEALTH_CHECK_INTERVAL", "30s",
               "How often idle connections are checked."),
      Int("store.postgres.minOpenConnections", "KUMA_STORE_POSTGRES_MIN_OPEN_CONNECTIONS", "0", "Connections that are always kept open."),
      Int("store.postgres.maxOpenConnections", "KUMA_STORE_POSTGRES_MAX_OPEN_CONNECTIONS", "50",
          "Most connections open at once. 0: no limit."),
      Int("store.postgres.maxIdleConnections", "KUMA_STORE_POSTGRES_MAX_IDLE_CONNECTIONS", "50",
          "Most idle connections kept. 0: the driver's default, below 0: none."),
      Text("store.postgres.tls.mode", "KUMA_STORE_POSTGRES_TLS_MODE", "disable", "How the connection is encrypted and the server checked.")
          .Allow("disable|verifyNone|verifyCa|verifyFull"),
      Text("store.postgres.tls.certPath", "KUMA_STORE_POSTGRES_TLS_CERT_PATH", "", "Client certificate, for servers that ask for one."),
      Text("store.postgres.tls.keyPath", "KUMA_STORE_POSTGRES_TLS_KEY_PATH", "", "Private key of the client certificate."),
      Text("store.postgres.tls.caPath", "KUMA_STORE_POSTGRES_TLS_CA_PATH", "",
           "Root certificate that the server's certificate must come from (verifyCa and verifyFull).")
          .AlsoEnv("KUMA_STORE_POSTGRES_TLS_ROOT_CERT_PATH"),
      Bool("store.postgres.tls.disableSSLSNI", "KUMA_STORE_POSTGRES_TLS_DISABLE_SSLSNI", "false",
           "Do not send the server's name in the TLS handshake."),
      Int("store.postgres.maxListQueryElements", "KUMA_STORE_POSTGRES_MAX_LIST_QUERY_ELEMENTS", "0",
          "Above this many changed resources the whole list is read anew. 0: off.")
          .Range(0, 4294967295),
      Text("store.postgres.readReplica.host", "KUMA_STORE_POSTGRES_READ_REPLICA_HOST", "",
           "Host of a read-only copy of the database. Empty: none is used."),
      Int("store.postgres.readReplica.port", "KUMA_STORE_POSTGRES_READ_REPLICA_PORT", "5432", "Port of the read-only copy.")
          .Range(0, 65535),
      Int("store.postgres.readReplica.ratio", "KUMA_STORE_POSTGRES_READ_REPLICA_RATIO", "100", "Percentage of reads that go to the copy.")
          .Range(0, 100),
      Bool("store.postgres.tolerateNewerDBVersions", "KUMA_STORE_POSTGRES_TOLERATE_NEWER_DB_VERSIONS", "false",
           "Start, and let `migrate up` succeed, when the database is newer than this version."),
      Text("store.kubernetes.systemNamespace", "KUMA_STORE_KUBERNETES_SYSTEM_NAMESPACE", "kuma-system",
           "Namespace in which the control plane is installed."),
      Bool("store.cache.enabled", "KUMA_STORE_CACHE_ENABLED", "true", "Keep read resources in memory for a short time."),
      Duration("store.cache.expirationTime", "KUMA_STORE_CACHE_EXPIRATION_TIME", "1s", "How long a read resource stays in memory."),
      Duration("store.upsert.conflictRetryBaseBackoff", "KUMA_STORE_UPSERT_CONFLICT_RETRY_BASE_BACKOFF", "200ms",
               "First pause before a write that met a newer version is tried again."),
      Int("store.upsert.conflictRetryMaxTimes", "KUMA_STORE_UPSERT_CONFLICT_RETRY_MAX_TIMES", "10",
          "How often a write that met a newer version is tried again.")
          .AtLeast(0),
      Int("store.upsert.conflictRetryJitterPercent", "KUMA_STORE_UPSERT_CONFLICT_RETRY_JITTER_PERCENT", "30",
          "By how many percent those pauses vary at random.")
          .Range(0, 100),
      Bool("store.unsafeDelete", "KUMA_STORE_UNSAFE_DELETE", "false",
           "Allow deleting a resource that others still need, such as a mesh with data planes."),
  };
}

}  // namespace kuma::config
