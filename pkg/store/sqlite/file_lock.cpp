#include "pkg/store/sqlite/file_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "pkg/base/strings.h"

namespace kuma::store::sqlite {

Result<FileLock> FileLock::Take(const std::string& database_path) {
  const std::string path = database_path + ".lock";
  io::ScopedFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid()) return Unavailable(std::string("cannot create the lock file of the database: ") + std::strerror(errno), path);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return Unavailable(std::string("cannot lock the database: ") + std::strerror(errno), path);
    char text[32] = {};
    const ssize_t n = ::pread(fd.get(), text, sizeof(text) - 1, 0);
    const std::string owner = n > 0 ? std::string(Trim(text)) : std::string();
    return Unavailable("the database is in use by another process" + (owner.empty() ? std::string() : " (pid " + owner + ")") +
                           ": stop it first, or use another file (store.sqlite.path / KUMA_STORE_SQLITE_PATH)",
                       database_path);
  }
  const std::string text = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd.get(), 0) != 0 || ::pwrite(fd.get(), text.data(), text.size(), 0) < 0) {
    // The number only makes the other side's message better.
  }
  return FileLock(std::move(fd));
}

}  // namespace kuma::store::sqlite
