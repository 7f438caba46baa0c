#include "pkg/base/files.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace kuma {
namespace {

Error FromErrno(const std::string& path, std::string_view what) {
  const int code = errno;
  return MakeError(code == ENOENT ? ErrorCode::kNotFound : ErrorCode::kUnavailable, std::string(what) + ": " + std::strerror(code), path);
}

}  // namespace

Result<std::string> ReadFile(const std::string& path, size_t max_bytes) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return FromErrno(path, "cannot open");
  std::string out;
  char buffer[64 << 10];
  while (true) {
    const ssize_t n = read(fd, buffer, sizeof(buffer));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const Error error = FromErrno(path, "cannot read");
      close(fd);
      return error;
    }
    if (n == 0) break;
    out.append(buffer, static_cast<size_t>(n));
    if (out.size() > max_bytes) {
      close(fd);
      return MakeError(ErrorCode::kTooLarge, "is larger than " + std::to_string(max_bytes) + " bytes", path);
    }
  }
  close(fd);
  return out;
}

Status WriteFileAtomic(const std::string& path, std::string_view content, int mode) {
  const std::string temporary = path + ".tmp-" + std::to_string(getpid());
  const int fd = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (fd < 0) return FromErrno(temporary, "cannot create");
  size_t done = 0;
  while (done < content.size()) {
    const ssize_t n = write(fd, content.data() + done, content.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const Error error = FromErrno(temporary, "cannot write");
      close(fd);
      unlink(temporary.c_str());
      return error;
    }
    done += static_cast<size_t>(n);
  }
  if (fsync(fd) != 0 || close(fd) != 0 || rename(temporary.c_str(), path.c_str()) != 0) {
    const Error error = FromErrno(path, "cannot write");
    unlink(temporary.c_str());
    return error;
  }
  return Ok();
}

Status MakeDirs(const std::string& path, int mode) {
  std::error_code code;
  if (std::filesystem::is_directory(path, code)) return Ok();
  std::filesystem::create_directories(path, code);
  if (code) return MakeError(ErrorCode::kUnavailable, "cannot create folder: " + code.message(), path);
  chmod(path.c_str(), static_cast<mode_t>(mode));
  return Ok();
}

bool FileExists(const std::string& path) {
  std::error_code code;
  return std::filesystem::exists(path, code);
}

Result<std::vector<std::string>> ListFolder(const std::string& path) {
  std::error_code code;
  std::vector<std::string> names;
  for (std::filesystem::directory_iterator it(path, code), end; !code && it != end; it.increment(code)) names.push_back(it->path().filename().string());
  if (code) return MakeError(ErrorCode::kNotFound, "cannot list folder: " + code.message(), path);
  std::sort(names.begin(), names.end());
  return names;
}

std::string JoinPath(std::string_view folder, std::string_view name) {
  if (folder.empty()) return std::string(name);
  std::string out(folder);
  if (out.back() != '/') out.push_back('/');
  out.append(name);
  return out;
}

std::string HomeFolder() {
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') return home;
  return "/";
}

}  // namespace kuma
