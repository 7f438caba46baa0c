#include "cmd/kuma-cp/postgres_wiring.h"

#include <limits>

#include "pkg/store/postgres/leader.h"
#include "pkg/store/postgres/postgres_store.h"

namespace kuma::cp {
namespace {

using store::postgres::Options;
using store::postgres::PoolStats;
using store::postgres::PostgresStore;

void AddPoolMetrics(MetricRegistry& metrics, const std::string& pool, const std::function<PoolStats()>& stats) {
  const auto add = [&](const char* name, const char* help, const char* kind, const char* type, double (*read)(const PoolStats&)) {
    MetricLabels labels = {{"pool", pool}};
    if (type != nullptr) labels.emplace_back("type", type);
    metrics.AddCallback(name, help, kind, [stats, read] { return read(stats()); }, std::move(labels));
  };
  const char* connections = "Current number of postgres store connections";
  add("store_postgres_connections", connections, "gauge", "open_connections", [](const PoolStats& s) { return static_cast<double>(s.open); });
  add("store_postgres_connections", connections, "gauge", "in_use", [](const PoolStats& s) { return static_cast<double>(s.in_use); });
  add("store_postgres_connections", connections, "gauge", "idle", [](const PoolStats& s) { return static_cast<double>(s.idle); });
  add("store_postgres_connections", connections, "gauge", "constructing", [](const PoolStats& s) { return static_cast<double>(s.constructing); });
  add("store_postgres_connections", connections, "gauge", "new", [](const PoolStats& s) { return static_cast<double>(s.opened); });
  add("store_postgres_connections_max", "Max postgres store open connections", "gauge", nullptr, [](const PoolStats& s) { return static_cast<double>(s.max); });
  add("store_postgres_connection_wait_count", "Current waiting postgres store connections", "gauge", nullptr, [](const PoolStats& s) { return static_cast<double>(s.waits); });
  add("store_postgres_connection_wait_duration", "Time Blocked waiting for new connection in seconds", "gauge", nullptr, [](const PoolStats& s) { return s.waited_seconds; });
  const char* acquired = "Cumulative count of acquires from the pool";
  add("store_postgres_connection_acquire", acquired, "gauge", "successful", [](const PoolStats& s) { return static_cast<double>(s.acquired); });
  add("store_postgres_connection_acquire", acquired, "gauge", "canceled", [](const PoolStats& s) { return static_cast<double>(s.canceled); });
  const char* closed = "Current number of closed postgres store connections";
  add("store_postgres_connection_closed", closed, "gauge", "max_idle_conns", [](const PoolStats& s) { return static_cast<double>(s.closed_idle); });
  add("store_postgres_connection_closed", closed, "gauge", "conn_max_life_time", [](const PoolStats& s) { return static_cast<double>(s.closed_lifetime); });
}

}  // namespace

Result<Options> PostgresOptionsOf(const config::Config& config) {
  const auto text = [&config](const char* key) { return config.GetString(std::string("store.postgres.") + key); };
  const auto number = [&config](const char* key) { return config.GetInt(std::string("store.postgres.") + key); };
  const auto duration = [&config](const char* key) { return config.GetDuration(std::string("store.postgres.") + key); };
  Options options;
  options.host = text("host");
  options.port = static_cast<int>(number("port"));
  options.user = text("user");
  options.password = text("password");
  options.database = text("dbName");
  KUMA_TRY_ASSIGN(options.tls_mode, store::postgres::ParseTlsMode(text("tls.mode")));
  options.tls_cert_path = text("tls.certPath");
  options.tls_key_path = text("tls.keyPath");
  options.tls_ca_path = text("tls.caPath");
  options.tls_sni = !config.GetBool("store.postgres.tls.disableSSLSNI");
  options.connect_timeout = std::chrono::seconds(number("connectionTimeout"));
  options.statement_timeout = std::chrono::duration_cast<std::chrono::milliseconds>(duration("statementTimeout"));
  options.min_open = static_cast<size_t>(number("minOpenConnections"));
  options.max_open = static_cast<size_t>(number("maxOpenConnections"));
  const int64_t idle = number("maxIdleConnections");
  options.max_idle = idle < 0 ? 0 : idle == 0 ? Options{}.max_idle : static_cast<size_t>(idle);
  options.max_lifetime = duration("maxConnectionLifetime");
  options.max_lifetime_jitter = duration("maxConnectionLifetimeJitter");
  options.max_idle_time = duration("maxConnectionIdleTime");
  options.health_check_interval = duration("healthCheckInterval");
  options.replica_host = text("readReplica.host");
  options.replica_port = static_cast<int>(number("readReplica.port"));
  options.replica_ratio = static_cast<int>(number("readReplica.ratio"));
  options.tolerate_newer_schema = config.GetBool("store.postgres.tolerateNewerDBVersions");
  return options;
}

Result<std::unique_ptr<store::Store>> OpenPostgres(const config::Config& config, MetricRegistry& metrics) {
  KUMA_TRY_ASSIGN(const Options options, PostgresOptionsOf(config));
  KUMA_TRY_ASSIGN(std::unique_ptr<PostgresStore> store, PostgresStore::Open(options, RealClock(), RealRandom()));
  AddPoolMetrics(metrics, "rw", [opened = store.get()] { return opened->primary_stats(); });
  if (!options.replica_host.empty()) {
    AddPoolMetrics(metrics, "ro", [opened = store.get()] { return opened->replica_stats().value_or(PoolStats{}); });
  }
  return std::unique_ptr<store::Store>(std::move(store));
}

std::unique_ptr<store::LeaderElection> MakePostgresElection(const config::Config& config, const std::string& instance_id) {
  store::postgres::LeaderOptions leader;
  leader.owner = instance_id;
  // The configuration was good enough to open the store with it.
  return std::make_unique<store::postgres::Leader>(PostgresOptionsOf(config).value_or(Options{}), std::move(leader));
}

}  // namespace kuma::cp
