#include "pkg/store/sqlite/maintenance.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "pkg/base/clock.h"
#include "pkg/base/files.h"
#include "pkg/store/sqlite/file_lock.h"
#include "pkg/store/sqlite/schema.h"

namespace kuma::store::sqlite {
namespace {

constexpr const char* kSideFiles[] = {"-wal", "-shm", "-journal"};

void RemoveWithSides(const std::string& path) {
  ::unlink(path.c_str());
  for (const char* side : kSideFiles) ::unlink((path + side).c_str());
}

// A rename is on the disk once the folder is.
void SyncFolderOf(const std::string& path) {
  std::string folder = std::filesystem::path(path).parent_path().string();
  if (folder.empty()) folder = ".";
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return;
  (void)::fsync(fd);
  ::close(fd);
}

Status Rename(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return Unavailable(std::string("cannot put the file in place: ") + std::strerror(errno), to);
  SyncFolderOf(to);
  return Ok();
}

// A complete copy under a temporary name beside `target`, checked and on the disk.
Result<FileFacts> CopyTo(const std::string& path, const std::string& temporary) {
  RemoveWithSides(temporary);
  KUMA_TRY_ASSIGN(std::unique_ptr<Database> source, Database::Open(path, Database::Mode::kReadWrite));
  KUMA_TRY(CheckSchema(*source));
  KUMA_TRY_ASSIGN(std::unique_ptr<Database> copy, Database::Open(temporary, Database::Mode::kCreate));
  KUMA_TRY(copy->Execute("PRAGMA synchronous = FULL; PRAGMA fullfsync = 1"));
  KUMA_TRY(source->CopyInto(*copy));
  // One file without a log beside it.
  KUMA_TRY(copy->Execute("PRAGMA journal_mode = DELETE"));
  KUMA_TRY_ASSIGN(const std::string damage, copy->Text("PRAGMA quick_check(1)"));
  if (damage != "ok") return Invalid("the database is damaged (" + damage + "); `kuma cp store check` tells more", path);
  FileFacts facts;
  KUMA_TRY_ASSIGN(const int64_t resources, copy->Number("SELECT count(*) FROM resources"));
  facts.resources = static_cast<size_t>(resources);
  copy.reset();
  std::error_code ignored;
  facts.bytes = static_cast<int64_t>(std::filesystem::file_size(temporary, ignored));
  return facts;
}

}  // namespace

Result<FileFacts> BackUp(const std::string& path, const std::string& target, bool overwrite) {
  if (FileExists(target) && !overwrite) return MakeError(ErrorCode::kConflict, "the file exists; --force replaces it", target);
  std::error_code ignored;
  if (std::filesystem::equivalent(path, target, ignored)) return Invalid("a database cannot be its own backup", target);
  const std::string temporary = target + ".tmp-" + std::to_string(::getpid());
  Result<FileFacts> copied = CopyTo(path, temporary);
  if (copied.ok()) {
    if (const Status renamed = Rename(temporary, target); !renamed.ok()) copied = renamed.error();
  }
  if (!copied.ok()) RemoveWithSides(temporary);
  return copied;
}

Result<Restored> Restore(const std::string& backup, const std::string& path, bool overwrite) {
  if (!FileExists(backup)) return NotFound("there is no such file", backup);
  const bool exists = FileExists(path);
  if (exists && !overwrite) return MakeError(ErrorCode::kConflict, "there is a database already; --force replaces it and keeps it under another name", path);
  KUMA_TRY_ASSIGN(const FileLock lock, FileLock::Take(path));
  const std::string temporary = path + ".tmp-" + std::to_string(::getpid());
  Result<FileFacts> copied = CopyTo(backup, temporary);
  if (!copied.ok()) {
    RemoveWithSides(temporary);
    return copied.error();
  }
  Restored restored{std::move(copied).value(), {}};
  if (exists) {
    // What its log has goes into the file first; a damaged one keeps its log beside it.
    if (auto old = Database::Open(path, Database::Mode::kReadWrite); old.ok()) (void)(*old)->Execute("PRAGMA wal_checkpoint(TRUNCATE)");
    restored.kept = path + ".before-restore-" + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(RealClock().Now().time_since_epoch()).count());
    KUMA_TRY(Rename(path, restored.kept));
    for (const char* side : kSideFiles) (void)::rename((path + side).c_str(), (restored.kept + side).c_str());
  }
  // A log of another file would be taken for this one's.
  for (const char* side : kSideFiles) ::unlink((path + side).c_str());
  KUMA_TRY(Rename(temporary, path));
  return restored;
}

Result<Inspection> Inspect(const std::string& path) {
  Inspection inspection;
  Result<std::unique_ptr<Database>> opened = Database::Open(path, Database::Mode::kReadWrite);
  if (!opened.ok() && opened.error().code == ErrorCode::kNotFound) return opened.error();
  if (!opened.ok()) {
    inspection.damage.push_back(opened.error().message);
    return inspection;
  }
  Database& database = **opened;
  const Result<int64_t> schema = CheckSchema(database);
  if (!schema.ok()) {
    inspection.damage.push_back(schema.error().message);
    return inspection;
  }
  inspection.schema = *schema;
  if (*schema == 0) {
    inspection.damage.emplace_back("the file is empty: no control plane has used it yet");
    return inspection;
  }
  const auto check = [&]() -> Status {
    KUMA_TRY_ASSIGN(Statement rows, database.Prepare("PRAGMA integrity_check(100)"));
    for (;;) {
      KUMA_TRY_ASSIGN(const bool more, rows.Step());
      if (!more) return Ok();
      if (rows.Text(0) != "ok") inspection.damage.emplace_back(rows.Text(0));
    }
  };
  if (const Status checked = check(); !checked.ok()) inspection.damage.push_back(checked.error().message);
  Result<Contents> contents = ReadContents(database);
  if (contents.ok()) {
    inspection.contents = std::move(contents).value();
  } else {
    inspection.damage.push_back("reading stops: " + contents.error().message);
  }
  return inspection;
}

}  // namespace kuma::store::sqlite
