// Tells when files change, by watching their folders: that sees renames over them and the symlink swaps of mounted volumes.
// Used for certificates, tokens and configuration that are read again while running.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "pkg/base/result.h"
#include "pkg/io/loop.h"

namespace kuma::io {

class FileWatcher {
 public:
  // on_change runs on the loop once per burst of changes in the folders, even if another file of them changed.
  // kUnavailable where the system has no inotify.
  static Result<std::unique_ptr<FileWatcher>> Create(EventLoop& loop, const std::vector<std::string>& paths, std::function<void()> on_change);
  ~FileWatcher();

 private:
  struct State;
  explicit FileWatcher(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace kuma::io
