#include "pkg/store/postgres/listener.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "pkg/store/postgres/session.h"

namespace kuma::store::postgres {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kFirstPause{100};
constexpr milliseconds kLongestPause{2000};

}  // namespace

Status Listener::Start(std::chrono::nanoseconds patience) {
  wake_fd_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (wake_fd_ < 0) return Internal("cannot make an event descriptor");
  thread_ = std::thread([this] { Run(); });
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, patience, [this] { return loaded_; });
  if (loaded_) return Ok();
  return *trouble_;
}

void Listener::Stop() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  eventfd_write(wake_fd_, 1);
  thread_.join();
  close(wake_fd_);
}

bool Listener::stopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

Status Listener::health() const {
  const std::lock_guard lock(mutex_);
  return trouble_ ? Status(*trouble_) : Ok();
}

void Listener::SetHealth(std::optional<Error> trouble) {
  const std::lock_guard lock(mutex_);
  if (!trouble) loaded_ = true;
  trouble_ = std::move(trouble);
  changed_.notify_all();
}

void Listener::LookAt(const std::vector<ResourceKey>& keys) {
  {
    const std::lock_guard lock(mutex_);
    asked_.insert(asked_.end(), keys.begin(), keys.end());
  }
  eventfd_write(wake_fd_, 1);
}

void Listener::CheckNow() {
  {
    const std::lock_guard lock(mutex_);
    doubted_ = true;
  }
  eventfd_write(wake_fd_, 1);
}

bool Listener::Wait(int fd, milliseconds timeout) {
  pollfd fds[2] = {{wake_fd_, POLLIN, 0}, {fd, POLLIN, 0}};
  poll(fds, fd >= 0 ? 2 : 1, static_cast<int>(timeout.count()));
  eventfd_t ignored = 0;
  eventfd_read(wake_fd_, &ignored);
  return !stopping();
}

void Listener::Run() {
  milliseconds pause{0};
  bool first = true;
  while (!stopping()) {
    const Status ended = Follow(first);
    if (stopping()) return;
    const bool was_well = health().ok();
    if (was_well) {
      // Lost after it had worked: often the server closed one connection only, so try at once before calling it a failure.
      log_.Warn("lost the connection for change events", {{"error", ended.error().ToString()}});
      first = false;
      pause = milliseconds(0);
      primary_.DropIdle();
      const Status again = Follow(false);
      if (stopping()) return;
      if (health().ok() && !again.ok()) SetHealth(again.error());
      continue;
    }
    SetHealth(ended.error());
    pause = std::clamp(pause * 2, kFirstPause, kLongestPause);
    log_.Warn("cannot follow changes, will try again", {{"error", ended.error().ToString()}});
    if (!Wait(-1, pause)) return;
  }
}

Status Listener::Follow(bool first) {
  KUMA_TRY_ASSIGN(const std::unique_ptr<Connection> connection, Connection::Open(options_));
  KUMA_TRY(CheckSession(*connection, options_));
  // Nothing below takes a healthy server longer than a login.
  const milliseconds patience = std::max<milliseconds>(options_.connect_timeout, std::chrono::seconds(1));
  KUMA_TRY(connection->Execute("LISTEN resource_events", patience));
  if (!first) primary_.DropIdle();
  KUMA_TRY(reader_.SyncAll());
  SetHealth(std::nullopt);
  log_.Info(first ? "following changes" : "following changes again");
  const milliseconds interval = std::clamp(std::chrono::duration_cast<milliseconds>(options_.health_check_interval), milliseconds(1000), milliseconds(60000));
  MonotonicTime checked = RealClock().Monotonic();
  while (!stopping()) {
    // Before waiting: other answers may have brought notifications along.
    KUMA_TRY_ASSIGN(const std::vector<std::string> payloads, connection->TakeNotifications());
    KUMA_TRY(FetchNamed(payloads));
    const MonotonicTime now = RealClock().Monotonic();
    if (!payloads.empty()) checked = now;
    const bool doubted = [this] {
      const std::lock_guard lock(mutex_);
      return std::exchange(doubted_, false);
    }();
    if (doubted || now - checked >= interval) {
      checked = now;
      KUMA_TRY(connection->Execute("SELECT 1", patience));  // a silent connection may be a dead one
      continue;
    }
    Wait(connection->fd(), interval);
  }
  return Unavailable("stopping");
}

Status Listener::FetchNamed(const std::vector<std::string>& payloads) {
  std::vector<Reader::Wanted> wanted;
  std::map<ResourceKey, size_t> place;
  const auto want = [&](ResourceKey key, bool update) {
    // An update alone leaves the row in its life, so that a copy of the database can be judged by the version.
    std::optional<RowState> least = update ? mirror_.StateOf(key) : std::nullopt;
    if (least) ++least->version;
    const auto [it, is_new] = place.emplace(key, wanted.size());
    if (is_new) {
      wanted.push_back({std::move(key), least});
    } else {
      // Several changes at once: how many of them are in our copy already is not known.
      wanted[it->second].at_least.reset();
    }
  };
  for (const std::string& payload : payloads) {
    const Result<Json> event = ParseJson(payload);
    const Json& data = event.ok() ? Get(*event, "data") : event.value_or(Json());
    ResourceKey key{GetString(data, "type"), GetString(data, "mesh"), GetString(data, "name")};
    if (key.type.empty() || key.name.empty()) {
      log_.Error("a change event cannot be read", {{"payload", payload}});
      continue;
    }
    want(std::move(key), GetString(*event, "action") == "UPDATE");
  }
  std::vector<ResourceKey> asked;
  {
    const std::lock_guard lock(mutex_);
    asked.swap(asked_);
  }
  for (ResourceKey& key : asked) want(std::move(key), false);
  return reader_.Fetch(std::move(wanted));
}

}  // namespace kuma::store::postgres
