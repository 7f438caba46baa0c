#include "pkg/dp/work_dir.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "pkg/base/files.h"

namespace kuma::dp {
namespace {

std::string SocketPath(const std::string& stem) {
  constexpr size_t kLongestStem = 98;
  return stem.substr(0, kLongestStem) + ".sock";
}

}  // namespace

Result<WorkDir> WorkDir::Open(const std::string& configured) {
  if (!configured.empty()) {
    KUMA_TRY(MakeDirs(configured, 0711));
    if (::access(configured.c_str(), W_OK | X_OK) != 0) {
      return MakeError(ErrorCode::kForbidden, std::string("cannot write to the work directory: ") + std::strerror(errno) + " (--work-dir)",
                       configured);
    }
    std::error_code ignored;
    const std::filesystem::path absolute = std::filesystem::absolute(configured, ignored);
    return WorkDir(absolute.empty() ? configured : absolute.string(), false);
  }
  const char* base = std::getenv("TMPDIR");
  std::string path = JoinPath(base != nullptr && *base != '\0' ? base : "/tmp", "kuma-dp-XXXXXX");
  if (::mkdtemp(path.data()) == nullptr) {
    return Unavailable(std::string("unable to create a temporary directory: ") + std::strerror(errno) + " (name one with --work-dir)",
                       path);
  }
  ::chmod(path.c_str(), 0711);
  return WorkDir(std::move(path), true);
}

WorkDir::~WorkDir() {
  if (!temporary_) return;
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string AccessLogSocketPath(const std::string& work_dir, const std::string& name, const std::string& mesh) {
  return SocketPath(JoinPath(work_dir, "kuma-al-" + name + "-" + mesh));
}

std::string MetricsSocketPath(const std::string& work_dir, const std::string& name, const std::string& mesh) {
  return SocketPath(JoinPath(work_dir, "kuma-mh-" + name + "-" + mesh));
}

std::string DynamicConfigSocketPath(const std::string& work_dir) { return SocketPath(JoinPath(work_dir, "kuma-mesh-metric-config")); }

}  // namespace kuma::dp
