#include "pkg/io/loop.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <exception>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "pkg/base/log.h"
#include "pkg/io/fd.h"

namespace kuma::io {

namespace asio = boost::asio;

// The one Asio timer is armed for the earliest entry of `timers`, so that canceling frees a closure at once.
struct LoopCore {
  asio::io_context context{1};
  asio::steady_timer alarm{context};
  std::vector<std::unique_ptr<asio::signal_set>> signals;
  std::atomic<std::thread::id> thread{};
  std::atomic<bool> stopping{false};

  std::mutex mutex;  // guards the rest
  std::map<std::pair<MonotonicTime, uint64_t>, std::function<void()>> timers;
  uint64_t next_id = 1;

  void Arm() {
    MonotonicTime due;
    {
      std::lock_guard lock(mutex);
      if (timers.empty()) return;
      due = timers.begin()->first.first;
    }
    alarm.expires_at(due);
    alarm.async_wait([this](const boost::system::error_code& ec) {
      if (!ec) Fire();
    });
  }

  void Fire() {
    const MonotonicTime now = std::chrono::steady_clock::now();
    while (true) {
      std::function<void()> fn;
      {
        std::lock_guard lock(mutex);
        if (timers.empty() || timers.begin()->first.first > now) break;
        fn = std::move(timers.begin()->second);
        timers.erase(timers.begin());
      }
      fn();
      if (stopping) break;
    }
    Arm();
  }

  void WaitSignal(asio::signal_set& set, const std::shared_ptr<std::function<void(int)>>& fn) {
    set.async_wait([this, &set, fn](const boost::system::error_code& ec, int signal) {
      if (ec) return;
      (*fn)(signal);
      WaitSignal(set, fn);
    });
  }
};

void Timer::Cancel() {
  std::function<void()> dropped;  // destroyed after the lock: its destructor may use the loop
  if (auto core = core_.lock()) {
    std::lock_guard lock(core->mutex);
    auto it = core->timers.find({due_, id_});
    if (it != core->timers.end()) {
      dropped = std::move(it->second);
      core->timers.erase(it);
    }
  }
  core_.reset();
}

bool LoopHandle::Post(std::function<void()> fn) const {
  auto core = core_.lock();
  if (!core) return false;
  asio::post(core->context, std::move(fn));
  return true;
}

EventLoop::EventLoop() : core_(std::make_shared<LoopCore>()) {}

EventLoop::~EventLoop() {
  Stop();
  std::map<std::pair<MonotonicTime, uint64_t>, std::function<void()>> dropped;
  {
    std::lock_guard lock(core_->mutex);
    dropped.swap(core_->timers);
  }
}

void EventLoop::Run() {
  core_->thread = std::this_thread::get_id();
  auto work = asio::make_work_guard(core_->context);
  static const Logger log("io.loop");
  while (!core_->stopping) {
    try {
      core_->context.run();
    } catch (const std::exception& e) {
      // A closure must not throw; when one does it ends there and the loop goes on.
      log.Error("a task failed", {{"error", e.what()}});
    }
  }
  core_->stopping = false;
  core_->context.restart();
  core_->thread = std::thread::id{};
}

void EventLoop::Stop() {
  core_->stopping = true;
  core_->context.stop();
}

bool EventLoop::InLoop() const { return core_->thread.load() == std::this_thread::get_id(); }

void EventLoop::Post(std::function<void()> fn) { asio::post(core_->context, std::move(fn)); }

Timer EventLoop::PostAfter(Nanos delay, std::function<void()> fn) {
  const MonotonicTime due = std::chrono::steady_clock::now() + std::max(delay, Nanos(0));
  uint64_t id = 0;
  bool first = false;
  {
    std::lock_guard lock(core_->mutex);
    id = core_->next_id++;
    auto it = core_->timers.emplace(std::make_pair(due, id), std::move(fn)).first;
    first = it == core_->timers.begin();
  }
  if (first) {
    LoopCore* core = core_.get();
    asio::post(core_->context, [core] { core->Arm(); });
  }
  return Timer(core_, due, id);
}

void EventLoop::OnSignal(std::initializer_list<int> signals, std::function<void(int)> fn) {
  auto set = std::make_unique<asio::signal_set>(core_->context);
  for (int signal : signals) set->add(signal);
  asio::signal_set& ref = *set;
  core_->signals.push_back(std::move(set));
  core_->WaitSignal(ref, std::make_shared<std::function<void(int)>>(std::move(fn)));
}

struct FdWatcher::Impl {
  Impl(asio::io_context& context, int fd) : descriptor(context, fd) {}
  asio::posix::stream_descriptor descriptor;
};

FdWatcher::FdWatcher(EventLoop& loop, int fd) : impl_(std::make_unique<Impl>(loop.core_->context, fd)) {}
FdWatcher::~FdWatcher() { Close(); }

int FdWatcher::fd() const { return impl_->descriptor.is_open() ? impl_->descriptor.native_handle() : -1; }

void FdWatcher::WaitReadable(std::function<void()> fn) {
  if (!impl_->descriptor.is_open()) return;
  impl_->descriptor.async_wait(asio::posix::stream_descriptor::wait_read, [fn = std::move(fn)](const boost::system::error_code& ec) {
    if (!ec) fn();
  });
}

void FdWatcher::WaitWritable(std::function<void()> fn) {
  if (!impl_->descriptor.is_open()) return;
  impl_->descriptor.async_wait(asio::posix::stream_descriptor::wait_write, [fn = std::move(fn)](const boost::system::error_code& ec) {
    if (!ec) fn();
  });
}

void FdWatcher::Close() {
  boost::system::error_code ignored;
  if (impl_->descriptor.is_open()) impl_->descriptor.close(ignored);
}

int FdWatcher::Release() { return impl_->descriptor.is_open() ? impl_->descriptor.release() : -1; }

void ScopedFd::Reset(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

bool SetCloseOnExec(int fd) { return ::fcntl(fd, F_SETFD, FD_CLOEXEC) == 0; }

bool SetNonBlocking(int fd) {
  const int flags = ::fcntl(fd, F_GETFL, 0);
  return flags >= 0 && ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 && SetCloseOnExec(fd);
}

}  // namespace kuma::io
