// What one does with a database file beside running a control plane on it: copies of it, putting one back, looking for damage.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "pkg/store/sqlite/rows.h"

namespace kuma::store::sqlite {

struct FileFacts {
  int64_t bytes = 0;
  size_t resources = 0;
};

// One moment's content of `path`, whether or not a control plane writes to it, as a single file that is complete once it is there.
// kConflict when the target exists, unless `overwrite`.
Result<FileFacts> BackUp(const std::string& path, const std::string& target, bool overwrite);

struct Restored {
  FileFacts facts;
  std::string kept;  // where the replaced file is now; empty when there was none
};

// Puts a backup in the place of the database at `path`. kConflict when there is one and not `overwrite`; kUnavailable while a process
// has it open. The backup is checked first; the file that was there is kept under another name.
Result<Restored> Restore(const std::string& backup, const std::string& path, bool overwrite);

struct Inspection {
  int64_t schema = 0;
  std::vector<std::string> damage;  // what SQLite itself found
  Contents contents;                // empty when damage made reading impossible
};

// Reads all; a control plane may run. Errors are about opening the file only.
Result<Inspection> Inspect(const std::string& path);

}  // namespace kuma::store::sqlite
