#include "pkg/store/postgres/reader.h"

#include <algorithm>

#include "pkg/store/postgres/table.h"

namespace kuma::store::postgres {
namespace {

constexpr size_t kBatch = 256;
constexpr std::chrono::seconds kReplicaRest{10};

}  // namespace

Result<std::vector<FetchedRow>> Reader::Ask(Pool& pool, const std::vector<ResourceKey>& keys) {
  if (keys.empty()) return std::vector<FetchedRow>{};
  std::optional<Rows> rows;
  if (std::optional<Failure> failure = pool.Run(Pool::Kind::kRead, kFetchRows, FetchParams(keys, mirror_), &rows)) return std::move(failure->error);
  return ParseFetched(keys, *rows);
}

Status Reader::FetchBatch(const std::vector<Wanted>& wanted) {
  const Mirror::Operation operation(mirror_);
  std::vector<FetchedRow> rows;
  std::vector<ResourceKey> from_primary;
  std::map<ResourceKey, RowState> from_replica;
  const bool has_copy = replica_ != nullptr && RealClock().Monotonic() >= replica_rests_until_.load();
  for (const Wanted& want : wanted) {
    const bool copy = has_copy && want.at_least && random_.Unit() * 100 < primary_.options().replica_ratio;
    if (copy) {
      from_replica.emplace(want.key, *want.at_least);
    } else {
      from_primary.push_back(want.key);
    }
  }
  if (!from_replica.empty()) {
    std::vector<ResourceKey> keys;
    for (const auto& [key, state] : from_replica) keys.push_back(key);
    // Without the replica the primary does all the work.
    const Result<std::vector<FetchedRow>> answered = Ask(*replica_, keys);
    if (!answered.ok()) replica_rests_until_ = RealClock().Monotonic() + kReplicaRest;
    for (const FetchedRow& row : answered.value_or({})) {
      const RowState& least = from_replica.at(row.key);
      if (!row.exists || row.state.created != least.created || row.state.version < least.version) continue;
      rows.push_back(row);
      from_replica.erase(row.key);
    }
    for (const auto& [key, state] : from_replica) from_primary.push_back(key);
  }
  KUMA_TRY_ASSIGN(std::vector<FetchedRow> more, Ask(primary_, from_primary));
  rows.insert(rows.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
  const std::vector<ResourceKey> again = mirror_.ApplyFetched(operation.ticket(), rows);
  if (again.empty()) return Ok();
  return FetchFromPrimary(again);
}

Status Reader::Fetch(std::vector<Wanted> wanted) {
  for (size_t start = 0; start < wanted.size(); start += kBatch) {
    const auto begin = wanted.begin() + static_cast<std::ptrdiff_t>(start);
    const auto end = wanted.begin() + static_cast<std::ptrdiff_t>(std::min(start + kBatch, wanted.size()));
    KUMA_TRY(FetchBatch({std::make_move_iterator(begin), std::make_move_iterator(end)}));
  }
  return Ok();
}

Status Reader::FetchFromPrimary(const std::vector<ResourceKey>& keys) {
  std::vector<Wanted> wanted;
  for (const ResourceKey& key : keys) wanted.push_back({key, std::nullopt});
  return Fetch(std::move(wanted));
}

Status Reader::SyncAll() {
  std::vector<Wanted> differing;
  {
    const Mirror::Operation operation(mirror_);
    std::optional<Rows> rows;
    if (std::optional<Failure> failure = primary_.Run(Pool::Kind::kRead, kListRows, {}, &rows)) return std::move(failure->error);
    const std::map<ResourceKey, RowState> theirs = ParseList(*rows);
    const std::map<ResourceKey, RowState> ours = mirror_.States();
    std::vector<FetchedRow> gone;
    for (const auto& [key, state] : ours) {
      if (!theirs.contains(key)) gone.push_back(FetchedRow{.key = key, .exists = false, .resource = nullptr, .owner = std::nullopt});
    }
    for (ResourceKey& key : mirror_.ApplyFetched(operation.ticket(), gone)) differing.push_back({std::move(key), std::nullopt});
    for (const auto& [key, state] : theirs) {
      const auto known = ours.find(key);
      if (known != ours.end() && known->second == state) continue;
      differing.push_back({key, state});
    }
  }
  return Fetch(std::move(differing));
}

}  // namespace kuma::store::postgres
