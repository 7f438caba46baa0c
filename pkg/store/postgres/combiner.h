// Lets writes of several threads share a commit. PostgreSQL commits transactions that notify one after the other, each with its own
// write to the disk; rows that wait meanwhile go together in one statement, each still with its own outcome. Thread-safe.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "pkg/model/resource.h"
#include "pkg/store/postgres/pool.h"

namespace kuma::store::postgres {

struct RowWrite {
  enum class Kind { kInsert, kUpdate };
  Kind kind;
  const Resource& resource;                   // an update: with the version read before
  const std::optional<ResourceKey> owner;     // an insert
  // The outcome.
  bool applied = false;   // false without a failure: the key exists (insert), the version is another one or the key is gone (update)
  SystemTime created{};   // of an updated row
  std::optional<Failure> failure = {};
};

class Combiner {
 public:
  explicit Combiner(Pool& pool) : pool_(pool) {}
  // Returns with the outcome in `write`.
  void Run(RowWrite& write);

 private:
  struct Waiting {
    RowWrite* write;
    bool done = false;
  };
  void RunBatch(const std::vector<RowWrite*>& batch);
  void RunTogether(RowWrite::Kind kind, const std::vector<RowWrite*>& writes);
  void RunAlone(RowWrite& write);

  Pool& pool_;
  std::mutex mutex_;
  std::condition_variable done_;
  std::deque<Waiting*> queue_;  // guarded by mutex_
  size_t running_ = 0;          // batches; guarded by mutex_
};

}  // namespace kuma::store::postgres
