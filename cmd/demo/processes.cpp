#include "cmd/demo/processes.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <future>

#include "pkg/base/files.h"

namespace kuma::demo {
namespace {

constexpr size_t kFirstLines = 20;
constexpr size_t kLastLines = 12;

}  // namespace

Processes::Processes(std::string log_folder) : log_folder_(std::move(log_folder)) {
  loop_.OnSignal({SIGINT, SIGTERM}, [this](int) {
    const std::lock_guard lock(mutex_);
    interrupted_ = true;
    changed_.notify_all();
  });
  thread_ = std::thread([this] { loop_.Run(); });
}

Processes::~Processes() {
  StopAll(std::chrono::seconds(2));
  RunInLoop([this] {
    for (auto& [name, child] : children_) {
      child->process.reset();
      if (child->log_fd >= 0) ::close(child->log_fd);
    }
  });
  loop_.Stop();
  thread_.join();
}

void Processes::RunInLoop(const std::function<void()>& fn) {
  std::promise<void> done;
  loop_.Post([&] {
    fn();
    done.set_value();
  });
  done.get_future().wait();
}

Status Processes::Start(const std::string& name, std::vector<std::string> argv, std::vector<std::string> env) {
  auto owned = std::make_unique<Child>();
  Child& child = *owned;
  child.log_fd = ::open(LogPath(name).c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  children_[name] = std::move(owned);
  order_.push_back(name);
  io::ProcessOptions options;
  options.argv = std::move(argv);
  options.env = std::move(env);
  options.on_stdout = [this, &child](std::string_view line) { OnLine(child, line); };
  options.on_stderr = options.on_stdout;
  options.on_exit = [this, &child](int, const std::string& how) {
    const std::lock_guard lock(mutex_);
    child.ended = true;
    child.how = how;
    changed_.notify_all();
  };
  Status status;
  RunInLoop([&] {
    auto process = io::ChildProcess::Spawn(loop_, std::move(options));
    if (process.ok()) {
      child.process = std::move(process).value();
    } else {
      status = std::move(process).error();
    }
  });
  return status;
}

void Processes::OnLine(Child& child, std::string_view line) {
  if (child.log_fd >= 0) {
    const std::string text = std::string(line) + "\n";
    // A full disk must not stop the demo; the last lines are kept in memory.
    if (::write(child.log_fd, text.data(), text.size()) < 0) {
      ::close(child.log_fd);
      child.log_fd = -1;
    }
  }
  const std::lock_guard lock(mutex_);
  if (child.first_lines.size() < kFirstLines) child.first_lines.emplace_back(line);
  child.last_lines.emplace_back(line);
  if (child.last_lines.size() > kLastLines) child.last_lines.pop_front();
  changed_.notify_all();
}

void Processes::StopAll(Nanos grace) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
  }
  const MonotonicTime deadline = RealClock().Monotonic() + grace;
  const auto signal_all = [this](int signal) {
    RunInLoop([&] {
      for (auto name = order_.rbegin(); name != order_.rend(); ++name) {
        if (const auto& process = children_[*name]->process) process->Signal(signal);
      }
    });
  };
  signal_all(SIGTERM);
  std::unique_lock lock(mutex_);
  const auto all_ended = [this] {
    return std::all_of(children_.begin(), children_.end(), [](const auto& entry) { return entry.second->ended || !entry.second->process; });
  };
  changed_.wait_until(lock, deadline, all_ended);
}

Status Processes::CheckLocked() const {
  if (interrupted_) return MakeError(ErrorCode::kUnavailable, "interrupted");
  if (stopping_) return Ok();
  for (const std::string& name : order_) {
    const Child& child = *children_.at(name);
    if (child.ended) return Unavailable("the " + name + " ended by itself (" + child.how + ")", name);
  }
  return Ok();
}

Status Processes::Check() {
  const std::lock_guard lock(mutex_);
  return CheckLocked();
}

bool Processes::interrupted() {
  const std::lock_guard lock(mutex_);
  return interrupted_;
}

Status Processes::Sleep(Nanos duration) {
  std::unique_lock lock(mutex_);
  const MonotonicTime deadline = RealClock().Monotonic() + duration;
  changed_.wait_until(lock, deadline, [this] { return !CheckLocked().ok(); });
  return CheckLocked();
}

Result<std::string> Processes::AwaitLine(const std::string& name, std::string_view prefix, MonotonicTime deadline) {
  std::unique_lock lock(mutex_);
  const Child& child = *children_.at(name);
  std::string found;
  const bool done = changed_.wait_until(lock, deadline, [&] {
    for (const std::string& line : child.first_lines) {
      if (!line.starts_with(prefix)) continue;
      found = line.substr(prefix.size());
      return true;
    }
    return !CheckLocked().ok();
  });
  if (!found.empty()) return found;
  KUMA_TRY(CheckLocked());
  if (!done) return Unavailable("the " + name + " did not start within the time limit (--timeout)", name);
  return found;
}

std::vector<std::string> Processes::LastLines(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto child = children_.find(name);
  if (child == children_.end()) return {};
  return {child->second->last_lines.begin(), child->second->last_lines.end()};
}

std::string Processes::LogPath(const std::string& name) const {
  std::string file = name;
  std::replace(file.begin(), file.end(), ' ', '-');
  return JoinPath(log_folder_, file + ".log");
}

}  // namespace kuma::demo
