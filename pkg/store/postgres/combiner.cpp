#include "pkg/store/postgres/combiner.h"

#include <algorithm>
#include <set>

#include "pkg/store/postgres/table.h"

namespace kuma::store::postgres {
namespace {

constexpr size_t kMostRows = 64;
// One statement is prepared while another one commits.
constexpr size_t kMostBatches = 2;
constexpr const char* kUniqueViolation = "23505";

}  // namespace

void Combiner::Run(RowWrite& write) {
  Waiting waiting{&write};
  std::unique_lock lock(mutex_);
  queue_.push_back(&waiting);
  while (!waiting.done) {
    if (running_ >= kMostBatches || queue_.empty()) {
      done_.wait(lock);
      continue;
    }
    std::vector<Waiting*> taken(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(std::min(queue_.size(), kMostRows)));
    queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(taken.size()));
    ++running_;
    lock.unlock();
    std::vector<RowWrite*> batch;
    for (const Waiting* item : taken) batch.push_back(item->write);
    RunBatch(batch);
    lock.lock();
    --running_;
    for (Waiting* item : taken) item->done = true;
    done_.notify_all();
  }
}

void Combiner::RunBatch(const std::vector<RowWrite*>& batch) {
  for (const RowWrite::Kind kind : {RowWrite::Kind::kInsert, RowWrite::Kind::kUpdate}) {
    std::vector<RowWrite*> writes;
    std::copy_if(batch.begin(), batch.end(), std::back_inserter(writes), [kind](const RowWrite* write) { return write->kind == kind; });
    if (writes.size() == 1) {
      RunAlone(*writes.front());
    } else if (!writes.empty()) {
      RunTogether(kind, writes);
    }
  }
}

void Combiner::RunAlone(RowWrite& write) {
  const bool insert = write.kind == RowWrite::Kind::kInsert;
  std::optional<Rows> rows;
  write.failure = pool_.Run(Pool::Kind::kWrite, insert ? kInsertRow : kUpdateRow, insert ? InsertParams(write.resource, write.owner) : UpdateParams(write.resource), &rows);
  if (write.failure) {
    if (insert && write.failure->sqlstate == kUniqueViolation) write.failure.reset();
    return;
  }
  write.applied = insert || rows->count() > 0;
  if (!insert && write.applied) write.created = CreatedOf(*rows);
}

void Combiner::RunTogether(RowWrite::Kind kind, const std::vector<RowWrite*>& writes) {
  // Rows are locked in the order of their keys by all who do this.
  std::vector<RowWrite*> sorted = writes;
  std::stable_sort(sorted.begin(), sorted.end(), [](const RowWrite* a, const RowWrite* b) { return a->resource.meta.key < b->resource.meta.key; });
  const bool insert = kind == RowWrite::Kind::kInsert;
  Json list = Json::array();
  for (size_t i = 0; i < sorted.size(); ++i) list.push_back(RowJson(sorted[i]->resource, insert ? sorted[i]->owner : std::nullopt, i));
  std::optional<Rows> rows;
  std::optional<Failure> failure = pool_.Run(Pool::Kind::kWrite, insert ? kInsertRows : kUpdateRows, {ToJsonText(list)}, &rows);
  if (failure) {
    // One row that the database refuses undoes all; alone, each gets an answer of its own.
    const bool refused = !failure->sqlstate.empty() && !failure->connection_lost && failure->error.code != ErrorCode::kUnavailable;
    for (RowWrite* write : sorted) {
      if (refused) {
        RunAlone(*write);
      } else {
        write->failure = failure;
      }
    }
    return;
  }
  if (insert) {
    std::set<ResourceKey> made;
    for (ResourceKey& key : ParseKeys(*rows)) made.insert(std::move(key));
    // Of several with one key the first one was made.
    for (RowWrite* write : sorted) write->applied = made.erase(write->resource.meta.key) > 0;
    return;
  }
  for (int row = 0; row < rows->count(); ++row) {
    RowWrite& write = *sorted[static_cast<size_t>(rows->Int(row, 1))];
    write.applied = true;
    write.created = CreatedOf(*rows, row);
  }
}

}  // namespace kuma::store::postgres
