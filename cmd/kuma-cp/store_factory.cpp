#include "cmd/kuma-cp/store_factory.h"

#include "cmd/kuma-cp/postgres_wiring.h"
#include "pkg/base/random.h"
#include "pkg/store/memory/memory_store.h"
#include "pkg/store/postgres/options.h"
#include "pkg/store/postgres/postgres_store.h"
#include "pkg/store/sqlite/sqlite_store.h"

namespace kuma::cp {
namespace {

Result<std::unique_ptr<store::Store>> OpenMemory(const config::Config&, MetricRegistry&) { return std::unique_ptr<store::Store>(std::make_unique<store::MemoryStore>(RealClock())); }

Result<std::unique_ptr<store::Store>> OpenSqlite(const config::Config& config, MetricRegistry& metrics) {
  KUMA_TRY_ASSIGN(std::unique_ptr<store::sqlite::SqliteStore> store, store::sqlite::SqliteStore::Open(config.GetString("store.sqlite.path"), RealClock()));
  const auto add = [&metrics, raw = store.get()](const char* name, const char* help, uint64_t store::sqlite::SqliteStore::Stats::*field, const char* kind = "counter") {
    metrics.AddCallback(name, help, kind, [raw, field] { return static_cast<double>(raw->stats().*field); }, {});
  };
  using Stats = store::sqlite::SqliteStore::Stats;
  add("store_sqlite_writes_total", "Writes that were committed.", &Stats::writes);
  add("store_sqlite_commits_total", "Transactions, each of one or more writes.", &Stats::commits);
  add("store_sqlite_failures_total", "Transactions that could not be written.", &Stats::failures);
  add("store_sqlite_writable", "Whether the last transaction could be written.", &Stats::writable, "gauge");
  return std::unique_ptr<store::Store>(std::move(store));
}

constexpr StoreKind kKinds[] = {
    {"memory", OpenMemory, 0, nullptr},
    {"sqlite", OpenSqlite, 64, nullptr},
    {"postgres", OpenPostgres, 64, MakePostgresElection},
};

struct UrlKind {
  std::string_view scheme;
  Result<MovableStore> (*open)(const std::string& url, const Clock& clock);
};

template <typename Kind>
MovableStore Movable(std::unique_ptr<Kind> store) {
  store::Exporter* exporter = store.get();
  return {std::move(store), exporter};
}

Result<MovableStore> OpenSqliteUrl(const std::string& url, const Clock& clock) {
  std::string path = url.substr(std::string_view("sqlite:").size());
  if (path.starts_with("//")) path.erase(0, 2);
  if (path.empty()) return Invalid("the address names no file: sqlite:/path/kuma.db", url);
  KUMA_TRY_ASSIGN(std::unique_ptr<store::sqlite::SqliteStore> store, store::sqlite::SqliteStore::Open(path, clock));
  return Movable(std::move(store));
}

Result<MovableStore> OpenPostgresUrl(const std::string& url, const Clock& clock) {
  KUMA_TRY_ASSIGN(const store::postgres::Options options, store::postgres::ParseUrl(url));
  KUMA_TRY_ASSIGN(std::unique_ptr<store::postgres::PostgresStore> store, store::postgres::PostgresStore::Open(options, clock, RealRandom()));
  return Movable(std::move(store));
}

constexpr UrlKind kUrlKinds[] = {
    {"sqlite:", OpenSqliteUrl},
    {"postgres://", OpenPostgresUrl},
    {"postgresql://", OpenPostgresUrl},
};

}  // namespace

Result<const StoreKind*> FindStoreKind(const std::string& type) {
  std::string known;
  for (const StoreKind& kind : kKinds) {
    if (kind.type == type) return &kind;
    known += (known.empty() ? "" : ", ") + std::string(kind.type);
  }
  return Invalid("\"" + type + "\" is not available in this build (allowed: " + known + ")", "store.type");
}

Result<std::unique_ptr<store::Store>> OpenStore(const config::Config& config, MetricRegistry& metrics) {
  KUMA_TRY_ASSIGN(const StoreKind* kind, FindStoreKind(config.GetString("store.type")));
  return kind->open(config, metrics);
}

Result<MovableStore> OpenStoreByUrl(const std::string& url, const Clock& clock) {
  for (const UrlKind& kind : kUrlKinds) {
    if (url.starts_with(kind.scheme)) return kind.open(url, clock);
  }
  return Invalid("this is no address of a store; allowed are " + std::string(kStoreUrlHelp), url);
}

}  // namespace kuma::cp
