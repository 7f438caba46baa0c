// The schema: the steps by which it came to be, and the record of the last one (table schema_migrations) that all versions of Kuma
// share. `kuma-cp migrate up` runs Migrate; a start runs CheckSchema.
#pragma once

#include <cstdint>

#include "pkg/base/result.h"
#include "pkg/store/postgres/options.h"

namespace kuma::store::postgres {

inline constexpr int64_t kNewestSchema = 1710856785;

struct Migrated {
  int64_t version = 0;
  bool changed = false;  // false: the schema was there already
};

// Brings the schema up to the newest step; each step is one transaction together with its record. Several at once wait for each other.
Result<Migrated> Migrate(const Options& options);

// Ok when this program can work with the schema; else an error with the version that was found and what to do.
Status CheckSchema(const Options& options);

}  // namespace kuma::store::postgres
