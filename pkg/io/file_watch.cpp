#include "pkg/io/file_watch.h"

#ifdef __linux__
#include <sys/inotify.h>
#endif
#include <unistd.h>

#include <array>
#include <cerrno>
#include <set>

#include "pkg/io/fd.h"
#include "pkg/io/socket.h"

namespace kuma::io {

struct FileWatcher::State : std::enable_shared_from_this<State> {
  State(EventLoop& event_loop, int fd, std::function<void()> callback) : loop(event_loop), watcher(event_loop, fd), on_change(std::move(callback)) {}

  void Wait() {
    watcher.WaitReadable([weak = weak_from_this()] {
      if (auto self = weak.lock(); self && !self->closed) self->Read();
    });
  }

  void Read() {
    std::array<char, 4096> buffer;
    while (::read(watcher.fd(), buffer.data(), buffer.size()) > 0) {
    }
    if (!pending) {
      pending = true;
      // Gathers the events of one replacement of several files.
      timer = loop.PostAfter(std::chrono::milliseconds(100), [weak = weak_from_this()] {
        auto self = weak.lock();
        if (!self || self->closed) return;
        self->pending = false;
        self->on_change();
      });
    }
    Wait();
  }

  EventLoop& loop;
  FdWatcher watcher;
  std::function<void()> on_change;
  Timer timer;
  bool pending = false;
  bool closed = false;
};

Result<std::unique_ptr<FileWatcher>> FileWatcher::Create(EventLoop& loop, const std::vector<std::string>& paths, std::function<void()> on_change) {
#ifdef __linux__
  ScopedFd fd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!fd.valid()) return Unavailable("cannot watch files: " + ErrnoText(errno));
  std::set<std::string> folders;
  for (const std::string& path : paths) {
    const size_t slash = path.rfind('/');
    folders.insert(slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash));
  }
  for (const std::string& folder : folders) {
    if (::inotify_add_watch(fd.get(), folder.c_str(), IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_DELETE) < 0) {
      return Unavailable("cannot watch: " + ErrnoText(errno), folder);
    }
  }
  auto state = std::make_shared<State>(loop, fd.Take(), std::move(on_change));
  loop.Post([state] { state->Wait(); });
  return std::unique_ptr<FileWatcher>(new FileWatcher(std::move(state)));
#else
  (void)loop;
  (void)paths;
  (void)on_change;
  return Unavailable("watching files is only supported on Linux");
#endif
}

FileWatcher::~FileWatcher() {
  state_->closed = true;
  state_->timer.Cancel();
  state_->watcher.Close();
}

}  // namespace kuma::io
