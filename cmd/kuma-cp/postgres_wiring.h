// The PostgreSQL store and its election by the configuration (store.postgres.*).
#pragma once

#include <memory>

#include "pkg/base/metrics.h"
#include "pkg/config/config.h"
#include "pkg/store/leader.h"
#include "pkg/store/postgres/options.h"
#include "pkg/store/store.h"

namespace kuma::cp {

Result<store::postgres::Options> PostgresOptionsOf(const config::Config& config);
// Waits for a database that is not there yet as long as store.postgres.connectionTimeout says.
Result<std::unique_ptr<store::Store>> OpenPostgres(const config::Config& config, MetricRegistry& metrics);
std::unique_ptr<store::LeaderElection> MakePostgresElection(const config::Config& config, const std::string& instance_id);

}  // namespace kuma::cp
