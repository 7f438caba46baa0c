// The child processes of the demo, on an event loop and thread of their own, so that the story can be told top to bottom by a thread that
// waits. Output goes to a log file per process. Public members may be used from one other thread.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "pkg/base/clock.h"
#include "pkg/io/loop.h"
#include "pkg/io/process.h"

namespace kuma::demo {

class Processes {
 public:
  // Ctrl-C and SIGTERM are taken over until the destructor.
  explicit Processes(std::string log_folder);
  // Stops what still runs.
  ~Processes();
  Processes(const Processes&) = delete;
  Processes& operator=(const Processes&) = delete;

  Status Start(const std::string& name, std::vector<std::string> argv, std::vector<std::string> env);
  // In reverse order of starting: SIGTERM, and SIGKILL for what is left after `grace`.
  void StopAll(Nanos grace);

  // The rest of the first line that begins with `prefix`, once it has been printed.
  Result<std::string> AwaitLine(const std::string& name, std::string_view prefix, MonotonicTime deadline);
  // Returns early, with an error, when the user interrupts or a process ends.
  Status Sleep(Nanos duration);
  // An error when interrupted or when a process has ended by itself.
  Status Check();
  bool interrupted();
  std::vector<std::string> LastLines(const std::string& name);
  std::string LogPath(const std::string& name) const;

 private:
  struct Child {
    std::unique_ptr<io::ChildProcess> process;  // loop thread
    int log_fd = -1;                            // loop thread
    // Guarded by mutex_.
    std::vector<std::string> first_lines;
    std::deque<std::string> last_lines;
    bool ended = false;
    std::string how;
  };

  void OnLine(Child& child, std::string_view line);
  Status CheckLocked() const;
  void RunInLoop(const std::function<void()>& fn);

  const std::string log_folder_;
  io::EventLoop loop_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool interrupted_ = false;  // guarded by mutex_
  bool stopping_ = false;     // guarded by mutex_
  std::vector<std::string> order_;
  std::map<std::string, std::unique_ptr<Child>> children_;  // changed only by the user's thread, while the loop waits
  std::thread thread_;
};

}  // namespace kuma::demo
