#include "pkg/io/process.h"

#include <csignal>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <thread>

#include "pkg/base/strings.h"
#include "pkg/io/fd.h"
#include "pkg/io/socket.h"

extern char** environ;  // NOLINT: POSIX

namespace kuma::io {

namespace {
constexpr size_t kMaxLine = 64 * 1024;

struct Pipe {
  ScopedFd read;
  ScopedFd write;
};

Result<Pipe> MakePipe() {
  int ends[2];
  if (::pipe(ends) != 0) return Unavailable("cannot make a pipe: " + ErrnoText(errno));
  Pipe pipe{ScopedFd(ends[0]), ScopedFd(ends[1])};
  SetCloseOnExec(ends[0]);
  SetCloseOnExec(ends[1]);
  return pipe;
}

Result<std::string> FindProgram(const std::string& name, const std::vector<std::string>& env) {
  auto check = [](const std::string& path) -> Status {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return NotFound("cannot start " + path + ": " + ErrnoText(errno));
    if (S_ISDIR(info.st_mode)) return Invalid("cannot start " + path + ": it is a directory");
    if (::access(path.c_str(), X_OK) != 0) return MakeError(ErrorCode::kForbidden, "cannot start " + path + ": it is not executable (chmod +x " + path + ")");
    return Ok();
  };
  if (name.find('/') != std::string::npos) {
    KUMA_TRY(check(name));
    return name;
  }
  std::string search = "/usr/local/bin:/usr/bin:/bin";
  for (const std::string& entry : env) {
    if (entry.starts_with("PATH=")) search = entry.substr(5);
  }
  Status last = NotFound("cannot start \"" + name + "\": no such program in PATH (" + search + ")");
  for (const std::string& folder : Split(search, ':')) {
    const std::string path = (folder.empty() ? "." : folder) + "/" + name;
    Status status = check(path);
    if (status.ok()) return path;
    if (status.error().code == ErrorCode::kForbidden) last = std::move(status);
  }
  return std::move(last).error();
}
}  // namespace

std::string SignalName(int signal) {
  static constexpr std::array<std::pair<int, const char*>, 16> kNames = {{{SIGHUP, "SIGHUP"}, {SIGINT, "SIGINT"}, {SIGQUIT, "SIGQUIT"}, {SIGILL, "SIGILL"},
      {SIGTRAP, "SIGTRAP"}, {SIGABRT, "SIGABRT"}, {SIGBUS, "SIGBUS"}, {SIGFPE, "SIGFPE"}, {SIGKILL, "SIGKILL"}, {SIGUSR1, "SIGUSR1"}, {SIGSEGV, "SIGSEGV"},
      {SIGUSR2, "SIGUSR2"}, {SIGPIPE, "SIGPIPE"}, {SIGALRM, "SIGALRM"}, {SIGTERM, "SIGTERM"}, {SIGXCPU, "SIGXCPU"}}};
  for (const auto& [number, name] : kNames) {
    if (number == signal) return name;
  }
  return std::to_string(signal);
}

std::vector<std::string> CurrentEnvironment() {
  std::vector<std::string> result;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) result.emplace_back(*entry);
  return result;
}

struct ChildProcess::Impl : std::enable_shared_from_this<Impl> {
  struct Output {
    std::unique_ptr<FdWatcher> watcher;
    std::string partial;
    std::function<void(std::string_view)> on_line;
  };

  EventLoop* loop = nullptr;
  ProcessOptions options;
  pid_t pid = -1;
  bool running = false;
  bool abandoned = false;
  Output out;
  Output err;
  std::thread waiter;

  void Read(Output& output, bool final) {
    std::array<char, 16 * 1024> buffer;
    while (output.watcher && !abandoned) {
      const ssize_t n = ::read(output.watcher->fd(), buffer.data(), buffer.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        if (!final) Wait(output);
        break;
      }
      if (n <= 0) {
        output.watcher->Close();
        output.watcher.reset();
        break;
      }
      output.partial.append(buffer.data(), static_cast<size_t>(n));
      EmitLines(output);
    }
    const bool ended = final || !output.watcher;
    if (ended && !output.partial.empty() && !abandoned) {
      const std::string rest = std::exchange(output.partial, {});
      if (output.on_line) output.on_line(rest);
    }
  }

  void EmitLines(Output& output) {
    size_t start = 0;
    while (true) {
      const size_t end = output.partial.find('\n', start);
      if (end == std::string::npos) break;
      std::string_view line = std::string_view(output.partial).substr(start, end - start);
      if (line.ends_with('\r')) line.remove_suffix(1);
      if (output.on_line) output.on_line(line);
      start = end + 1;
    }
    output.partial.erase(0, start);
    if (output.partial.size() >= kMaxLine) {
      const std::string piece = std::exchange(output.partial, {});
      if (output.on_line) output.on_line(piece);
    }
  }

  void Wait(Output& output) {
    output.watcher->WaitReadable([weak = weak_from_this(), &output] {
      if (auto self = weak.lock(); self && output.watcher) self->Read(output, false);
    });
  }

  // The child is a zombie until here, so its id cannot have been given to another process while Signal() uses it.
  void Reap() {
    ::kill(-pid, SIGKILL);  // what it left behind in its group
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    running = false;
    if (waiter.joinable()) waiter.join();
    if (abandoned) return;
    Read(out, true);
    Read(err, true);
    out.watcher.reset();
    err.watcher.reset();
    if (!options.on_exit) return;
    auto on_exit = std::move(options.on_exit);
    if (WIFSIGNALED(status)) {
      on_exit(-1, "signal " + SignalName(WTERMSIG(status)));
    } else {
      on_exit(WEXITSTATUS(status), "exit code " + std::to_string(WEXITSTATUS(status)));
    }
  }
};

Result<std::unique_ptr<ChildProcess>> ChildProcess::Spawn(EventLoop& loop, ProcessOptions options) {
  if (options.argv.empty()) return Invalid("no program to start");
  KUMA_TRY_ASSIGN(const std::string program, FindProgram(options.argv[0], options.env));
  KUMA_TRY_ASSIGN(Pipe out, MakePipe());
  KUMA_TRY_ASSIGN(Pipe err, MakePipe());
  KUMA_TRY_ASSIGN(Pipe failure, MakePipe());  // closes on a successful exec, carries errno otherwise
  // Everything that allocates comes before fork: other threads may hold the allocator's locks.
  std::vector<char*> argv;
  for (std::string& word : options.argv) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::vector<char*> env;
  for (std::string& entry : options.env) env.push_back(entry.data());
  env.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return Unavailable("cannot start " + program + ": " + ErrnoText(errno));
  if (pid == 0) {
    ::setpgid(0, 0);
#ifdef __linux__
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
#endif
    (void)parent;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    for (int signal = 1; signal < 32; ++signal) ::signal(signal, SIG_DFL);
    const int null = ::open("/dev/null", O_RDONLY);
    bool ready = null >= 0 && ::dup2(null, 0) >= 0 && ::dup2(out.write.get(), 1) >= 0 && ::dup2(err.write.get(), 2) >= 0;
    if (ready && !options.cwd.empty()) ready = ::chdir(options.cwd.c_str()) == 0;
    if (ready) ::execve(program.c_str(), argv.data(), env.data());
    const int error = errno;
    (void)!::write(failure.write.get(), &error, sizeof error);
    ::_exit(127);
  }
  ::setpgid(pid, pid);  // also here: Signal() may come before the child got that far
  out.write.Reset();
  err.write.Reset();
  failure.write.Reset();
  int error = 0;
  ssize_t n = 0;
  while ((n = ::read(failure.read.get(), &error, sizeof error)) < 0 && errno == EINTR) {
  }
  if (n == static_cast<ssize_t>(sizeof error)) {
    ::waitpid(pid, nullptr, 0);
    const std::string where = options.cwd.empty() ? "" : " in " + options.cwd;
    return MakeError(error == ENOENT ? ErrorCode::kNotFound : ErrorCode::kInvalid,
                     "cannot start " + program + where + ": " + ErrnoText(error) + (error == ENOEXEC ? " (built for another system?)" : ""));
  }
  auto impl = std::make_shared<Impl>();
  impl->loop = &loop;
  impl->options = std::move(options);
  impl->pid = pid;
  impl->running = true;
  SetNonBlocking(out.read.get());
  SetNonBlocking(err.read.get());
  impl->out = {std::make_unique<FdWatcher>(loop, out.read.Take()), {}, impl->options.on_stdout};
  impl->err = {std::make_unique<FdWatcher>(loop, err.read.Take()), {}, impl->options.on_stderr};
  impl->Wait(impl->out);
  impl->Wait(impl->err);
  const LoopHandle handle = loop.handle();
  // A thread per child instead of SIGCHLD, which is global to the process. It only looks (WNOWAIT); the loop reaps.
  impl->waiter = std::thread([handle, pid, weak = std::weak_ptr<Impl>(impl)] {
    siginfo_t info{};
    while (::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
    }
    handle.Post([weak] {
      if (auto self = weak.lock(); self && self->running) self->Reap();
    });
  });
  return std::unique_ptr<ChildProcess>(new ChildProcess(std::move(impl)));
}

ChildProcess::~ChildProcess() {
  impl_->abandoned = true;
  if (impl_->running) {
    Signal(SIGKILL);
    impl_->Reap();
  }
  if (impl_->waiter.joinable()) impl_->waiter.join();
}

int ChildProcess::pid() const { return impl_->pid; }
bool ChildProcess::running() const { return impl_->running; }
void ChildProcess::Signal(int signal) {
  if (!impl_->running) return;
  // The group may not exist yet or have another leader by now; then the child itself.
  if (::kill(-impl_->pid, signal) != 0) ::kill(impl_->pid, signal);
}

}  // namespace kuma::io
