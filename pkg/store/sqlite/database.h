// One connection to a SQLite file: statements with parameters, transactions, errors as values. The only place that talks to the
// library. Not thread-safe; whoever holds it uses it alone.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "pkg/base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace kuma::store::sqlite {

class Statement {
 public:
  Statement(sqlite3* db, sqlite3_stmt* stmt, const std::string* path) : db_(db), stmt_(stmt), path_(path) {}
  ~Statement();
  Statement(Statement&& other) noexcept : db_(other.db_), stmt_(std::exchange(other.stmt_, nullptr)), path_(other.path_) {}
  Statement& operator=(Statement&&) = delete;

  // Parameters count from 1. Texts are not copied: they live until the statement is reset.
  void Bind(int parameter, std::string_view text);
  void Bind(int parameter, int64_t number);
  void BindNull(int parameter);
  // True: a row is there to read.
  Result<bool> Step();
  // A statement that gives no rows; reset afterwards, whatever happens.
  Status Run();
  void Reset();

  // Columns count from 0.
  bool IsNull(int column) const;
  std::string_view Text(int column) const;
  int64_t Int(int column) const;

 private:
  sqlite3* db_;
  sqlite3_stmt* stmt_;
  const std::string* path_;
};

class Database {
 public:
  enum class Mode { kCreate, kReadWrite, kReadOnly };

  // kNotFound without a file (except for kCreate, which makes one that only its owner can read).
  static Result<std::unique_ptr<Database>> Open(const std::string& path, Mode mode);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  Status Execute(const char* sql);  // may be several statements
  Result<Statement> Prepare(const char* sql);
  // First column of the first row; 0 or "" without rows.
  Result<int64_t> Number(const char* sql);
  Result<std::string> Text(const char* sql);
  // Everything of this file as it is now, into an empty database.
  Status CopyInto(Database& target);
  // Ends a transaction that is open after an error.
  void Rollback();

  const std::string& path() const { return path_; }

 private:
  Database(sqlite3* db, std::string path) : db_(db), path_(std::move(path)) {}

  sqlite3* db_;
  const std::string path_;
};

}  // namespace kuma::store::sqlite
