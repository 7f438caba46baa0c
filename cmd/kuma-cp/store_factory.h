// The kinds of stores: one row each for opening by the configuration (store.type) and by address. Used by the control plane and by
// `kuma cp store`. A new backend adds a row to the tables in the .cpp.
#pragma once

#include <memory>
#include <string>

#include "pkg/base/clock.h"
#include "pkg/base/metrics.h"
#include "pkg/config/config.h"
#include "pkg/store/exporter.h"
#include "pkg/store/leader.h"
#include "pkg/store/store.h"

namespace kuma::cp {

struct StoreKind {
  const char* type;  // of store.type
  // Errors tell what to change.
  Result<std::unique_ptr<store::Store>> (*open)(const config::Config& config, MetricRegistry& metrics);
  // Threads for requests that wait for a disk or a network; as many writes can share a commit. 0: calls never wait.
  size_t api_threads;
  // Who does the work of one only; null: no other process can have the store.
  std::unique_ptr<store::LeaderElection> (*elect)(const config::Config& config, const std::string& instance_id);
};

// kInvalid with the types there are.
Result<const StoreKind*> FindStoreKind(const std::string& type);
Result<std::unique_ptr<store::Store>> OpenStore(const config::Config& config, MetricRegistry& metrics);

// A store that was opened by its address.
struct MovableStore {
  std::unique_ptr<store::Store> store;
  store::Exporter* exporter;
};

// By address: sqlite:/path/kuma.db, postgres://user:password@host:port/database?sslmode=...
Result<MovableStore> OpenStoreByUrl(const std::string& url, const Clock& clock);

inline constexpr const char* kStoreUrlHelp = "sqlite:/path/kuma.db or postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full&sslrootcert=FILE";

}  // namespace kuma::cp
