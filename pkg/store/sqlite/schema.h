// The tables of the file and how older files become newer ones (docs/formats/sqlite.md).
#pragma once

#include "pkg/store/sqlite/database.h"

namespace kuma::store::sqlite {

// The newest schema that this program knows.
inline constexpr int64_t kSchemaVersion = 1;

// kInvalid with a reason for files of other programs and of newer versions; an empty file is fine. The schema found.
Result<int64_t> CheckSchema(Database& database);
// Brings an empty or older file up to date; each step is one transaction.
Status MigrateSchema(Database& database);

}  // namespace kuma::store::sqlite
