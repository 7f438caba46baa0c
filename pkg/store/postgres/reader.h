// Brings the mirror up to date with the database: single keys, or everything. Reads that a copy may answer go to the read replica at
// the configured ratio; an answer that is older than what is known to exist is asked again at the primary. Thread-safe.
#pragma once

#include <atomic>
#include <vector>

#include "pkg/store/postgres/mirror.h"
#include "pkg/store/postgres/pool.h"

namespace kuma::store::postgres {

class Reader {
 public:
  // `replica` may be null.
  Reader(Mirror& mirror, Pool& primary, Pool* replica, Random& random) : mirror_(mirror), primary_(primary), replica_(replica), random_(random) {}

  struct Wanted {
    ResourceKey key;
    // The row had this state or a later one of the same life when it was last heard of; nullopt: only the primary may answer.
    std::optional<RowState> at_least;
  };
  Status Fetch(std::vector<Wanted> wanted);
  Status FetchFromPrimary(const std::vector<ResourceKey>& keys);
  // Compares every row's version with the mirror and fetches what differs.
  Status SyncAll();

 private:
  Result<std::vector<FetchedRow>> Ask(Pool& pool, const std::vector<ResourceKey>& keys);
  Status FetchBatch(const std::vector<Wanted>& wanted);

  Mirror& mirror_;
  Pool& primary_;
  Pool* const replica_;
  Random& random_;
  std::atomic<MonotonicTime> replica_rests_until_{MonotonicTime{}};  // after a failure; a copy that is silent must not delay every read
};

}  // namespace kuma::store::postgres
