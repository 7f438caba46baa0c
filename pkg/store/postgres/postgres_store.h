// Resources in a PostgreSQL database, in the table that all versions of Kuma share (docs/formats/postgres.md). Writes are statements of
// one row; reads and watches come from a mirror in memory that follows the database's notifications, so they also go on while the
// database is away. Writes are answered after the commit. Several processes may use one database at the same time. Thread-safe; calls
// wait for the network.
#pragma once

#include <memory>

#include "pkg/base/clock.h"
#include "pkg/base/random.h"
#include "pkg/store/exporter.h"
#include "pkg/store/postgres/combiner.h"
#include "pkg/store/postgres/listener.h"
#include "pkg/store/postgres/options.h"
#include "pkg/store/postgres/pool.h"
#include "pkg/store/postgres/reader.h"
#include "pkg/store/store.h"

namespace kuma::store::postgres {

class PostgresStore final : public Store, public Exporter {
 public:
  // Checks the schema and loads everything; waits up to options.connect_timeout for a database that is not there yet.
  static Result<std::unique_ptr<PostgresStore>> Open(const Options& options, const Clock& clock, Random& random);
  ~PostgresStore() override;

  Result<ResourcePtr> Get(const ResourceKey& key) override;
  Result<std::vector<ResourcePtr>> List(const std::string& type, const ListOptions& options) override;
  Result<ResourcePtr> Create(Resource resource, std::optional<ResourceKey> owner) override;
  Result<ResourcePtr> Update(Resource resource) override;
  Status Delete(const ResourceKey& key) override;
  std::unique_ptr<Watch> StartWatch(std::function<void()> wake) override;
  std::vector<ImportedResource> Export() override { return mirror_.All(); }
  Status Import(const std::vector<ImportedResource>& resources) override;
  // Not ok while changes of others cannot be seen.
  Status Health() override;

  PoolStats primary_stats() const { return primary_.stats(); }
  std::optional<PoolStats> replica_stats() const { return replica_ ? std::optional<PoolStats>(replica_->stats()) : std::nullopt; }

 private:
  PostgresStore(const Options& options, const Clock& clock, Random& random);
  void LookAgain(const std::vector<ResourceKey>& keys);
  Error Report(Failure failure);

  const Clock& clock_;
  Pool primary_;
  std::unique_ptr<Pool> replica_;
  Mirror mirror_;
  Combiner combiner_;
  Reader reader_;
  Listener listener_;  // last: its thread uses all of the above
};

}  // namespace kuma::store::postgres
