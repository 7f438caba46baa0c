// Follows the channel `resource_events`, on which the table's trigger names every row that changes, and has the reader fetch those
// rows. After a connection is lost it listens again first and compares everything then, so nothing is missed in between. One thread.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "pkg/base/log.h"
#include "pkg/store/postgres/reader.h"

namespace kuma::store::postgres {

class Listener {
 public:
  Listener(const Options& options, Mirror& mirror, Reader& reader, Pool& primary) : options_(options), mirror_(mirror), reader_(reader), primary_(primary) {}
  ~Listener() { Stop(); }

  // Returns once everything was loaded, or with the reason why not within `patience`.
  Status Start(std::chrono::nanoseconds patience);
  void Stop();
  Status health() const;
  // To be fetched soon; for callers that could not do it themselves.
  void LookAt(const std::vector<ResourceKey>& keys);
  // Somebody got no answer: whether the connection for events still has one is found out now, not at the next regular check.
  void CheckNow();

 private:
  void Run();
  Status Follow(bool first);
  Status FetchNamed(const std::vector<std::string>& payloads);
  bool Wait(int fd, std::chrono::milliseconds timeout);  // false: to stop
  void SetHealth(std::optional<Error> trouble);
  bool stopping() const;

  const Options options_;
  Mirror& mirror_;
  Reader& reader_;
  Pool& primary_;
  const Logger log_{"postgres-event-listener"};
  int wake_fd_ = -1;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // Guarded by mutex_.
  bool stopping_ = false;
  bool loaded_ = false;
  std::optional<Error> trouble_ = Unavailable("not connected to PostgreSQL yet");
  std::vector<ResourceKey> asked_;
  bool doubted_ = false;
  std::thread thread_;
};

}  // namespace kuma::store::postgres
