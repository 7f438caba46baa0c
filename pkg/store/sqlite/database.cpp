#include "pkg/store/sqlite/database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "pkg/base/files.h"

namespace kuma::store::sqlite {
namespace {

// Others that look into the file (a backup, a check) hold it for moments only.
constexpr int kBusyMillis = 5000;

// What callers branch on: kUnavailable may go away by itself or when somebody makes room; kInvalid is about the file's content.
Error MakeSqliteError(sqlite3* db, int code, const std::string& path) {
  const std::string text = db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code);
  const int system_error = db != nullptr ? sqlite3_system_errno(db) : 0;
  const std::string reason = system_error != 0 ? text + " (" + std::strerror(system_error) + ")" : text;
  switch (code & 0xff) {
    case SQLITE_FULL: return Unavailable("the disk is full: nothing was written; make room, writes go on by themselves then", path);
    case SQLITE_IOERR: return Unavailable("cannot read or write the database: " + reason, path);
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return Unavailable("the database is locked by another program", path);
    case SQLITE_READONLY:
    case SQLITE_PERM: return Unavailable("the database cannot be written: " + reason, path);
    case SQLITE_CANTOPEN: return Unavailable("cannot open the database: " + reason, path);
    case SQLITE_CORRUPT: return Invalid("the database is damaged (" + text + "); `kuma cp store check` tells what is wrong, `kuma cp store restore` puts a backup in its place", path);
    case SQLITE_NOTADB: return Invalid("this file is no database, or its beginning is damaged; `kuma cp store check` tells more, `kuma cp store restore` puts a backup in its place", path);
    default: return Internal("database error: " + reason, path);
  }
}

// Without opening it: closing a descriptor would end the locks that another connection of this process has on the file.
int64_t FileSize(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? info.st_size : -1;
}

}  // namespace

Statement::~Statement() {
  if (stmt_ != nullptr) sqlite3_finalize(stmt_);
}

void Statement::Bind(int parameter, std::string_view text) {
  // A null pointer would mean NULL.
  sqlite3_bind_text64(stmt_, parameter, text.data() == nullptr ? "" : text.data(), text.size(), SQLITE_STATIC, SQLITE_UTF8);
}
void Statement::Bind(int parameter, int64_t number) { sqlite3_bind_int64(stmt_, parameter, number); }
void Statement::BindNull(int parameter) { sqlite3_bind_null(stmt_, parameter); }

Result<bool> Statement::Step() {
  const int code = sqlite3_step(stmt_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return MakeSqliteError(db_, code, *path_);
}

Status Statement::Run() {
  const Result<bool> stepped = Step();
  Reset();
  if (!stepped.ok()) return stepped.error();
  return Ok();
}

void Statement::Reset() {
  sqlite3_reset(stmt_);
  sqlite3_clear_bindings(stmt_);
}

bool Statement::IsNull(int column) const { return sqlite3_column_type(stmt_, column) == SQLITE_NULL; }

std::string_view Statement::Text(int column) const {
  const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(stmt_, column));
  if (text == nullptr) return {};
  return {text, static_cast<size_t>(sqlite3_column_bytes(stmt_, column))};
}

int64_t Statement::Int(int column) const { return sqlite3_column_int64(stmt_, column); }

Result<std::unique_ptr<Database>> Database::Open(const std::string& path, Mode mode) {
  if (mode == Mode::kCreate) {
    // Keys of authorities and tokens are in it. The library gives its side files the same permissions.
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0 && errno != EEXIST) return Unavailable(std::string("cannot create the database: ") + std::strerror(errno), path);
    if (fd >= 0) ::close(fd);
  } else if (!FileExists(path)) {
    return NotFound("there is no database", path);
  }
  sqlite3* raw = nullptr;
  const int flags = (mode == Mode::kReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &raw, flags, nullptr);
  std::unique_ptr<Database> database(new Database(raw, path));
  if (code != SQLITE_OK) return MakeSqliteError(raw, code, path);
  sqlite3_busy_timeout(raw, kBusyMillis);
  // A file of a few bytes that is no database would otherwise be taken for an empty one on the first write.
  if (const int64_t size = FileSize(path); size > 0 && size < 512) return MakeSqliteError(nullptr, SQLITE_NOTADB, path);
  return database;
}

Database::~Database() { sqlite3_close_v2(db_); }

Status Database::Execute(const char* sql) {
  const int code = sqlite3_exec(db_, sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return MakeSqliteError(db_, code, path_);
  return Ok();
}

Result<Statement> Database::Prepare(const char* sql) {
  sqlite3_stmt* stmt = nullptr;
  const int code = sqlite3_prepare_v3(db_, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, nullptr);
  if (code != SQLITE_OK) return MakeSqliteError(db_, code, path_);
  return Statement(db_, stmt, &path_);
}

Result<int64_t> Database::Number(const char* sql) {
  KUMA_TRY_ASSIGN(Statement statement, Prepare(sql));
  KUMA_TRY_ASSIGN(const bool row, statement.Step());
  return row ? statement.Int(0) : int64_t{0};
}

Result<std::string> Database::Text(const char* sql) {
  KUMA_TRY_ASSIGN(Statement statement, Prepare(sql));
  KUMA_TRY_ASSIGN(const bool row, statement.Step());
  return row ? std::string(statement.Text(0)) : std::string();
}

Status Database::CopyInto(Database& target) {
  sqlite3_backup* backup = sqlite3_backup_init(target.db_, "main", db_, "main");
  if (backup == nullptr) return MakeSqliteError(target.db_, sqlite3_extended_errcode(target.db_), target.path_);
  // In one step the copy is one moment's state, whoever writes meanwhile.
  int code = sqlite3_backup_step(backup, -1);
  for (int attempt = 0; attempt < 50 && (code == SQLITE_BUSY || code == SQLITE_LOCKED); ++attempt) {
    sqlite3_sleep(100);
    code = sqlite3_backup_step(backup, -1);
  }
  const int finished = sqlite3_backup_finish(backup);
  if (code == SQLITE_DONE && finished == SQLITE_OK) return Ok();
  // The library does not tell on which side it happened; a damaged page can only be read.
  const bool damaged = (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB;
  return damaged ? MakeSqliteError(nullptr, code, path_) : MakeSqliteError(target.db_, code == SQLITE_DONE ? finished : code, target.path_);
}

void Database::Rollback() {
  if (sqlite3_get_autocommit(db_) == 0) sqlite3_exec(db_, "ROLLBACK", nullptr, nullptr, nullptr);
}

}  // namespace kuma::store::sqlite
