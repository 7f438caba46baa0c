// Tells processes that want one database file for themselves apart: a lock on a file beside it, which ends with the process however it
// ends. The database's own locks stay free, so that backups can read while a control plane writes.
#pragma once

#include <string>

#include "pkg/base/result.h"
#include "pkg/io/fd.h"

namespace kuma::store::sqlite {

class FileLock {
 public:
  // kUnavailable when another process has it; the message names the process.
  static Result<FileLock> Take(const std::string& database_path);

 private:
  explicit FileLock(io::ScopedFd fd) : fd_(std::move(fd)) {}
  io::ScopedFd fd_;
};

}  // namespace kuma::store::sqlite
