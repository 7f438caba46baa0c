// The directory of generated files and sockets, and the names in it that the control plane computes too.
#pragma once

#include <string>

#include "pkg/base/result.h"

namespace kuma::dp {

// Removes the directory with everything in it when it made it itself.
class WorkDir {
 public:
  // Empty: a temporary one. Others may pass through it to reach the sockets inside, but not list it.
  static Result<WorkDir> Open(const std::string& configured);
  WorkDir(WorkDir&& other) noexcept : path_(std::move(other.path_)), temporary_(std::exchange(other.temporary_, false)) {}
  WorkDir& operator=(WorkDir&&) = delete;
  ~WorkDir();

  const std::string& path() const { return path_; }
  bool temporary() const { return temporary_; }

 private:
  WorkDir(std::string path, bool temporary) : path_(std::move(path)), temporary_(temporary) {}
  std::string path_;
  bool temporary_;
};

// Cut to what fits into a socket address.
std::string AccessLogSocketPath(const std::string& work_dir, const std::string& name, const std::string& mesh);
std::string MetricsSocketPath(const std::string& work_dir, const std::string& name, const std::string& mesh);
std::string DynamicConfigSocketPath(const std::string& work_dir);

}  // namespace kuma::dp
