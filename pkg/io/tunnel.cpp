#include "pkg/io/tunnel.h"

namespace kuma::io {

namespace {
// After so many reads the loop gets its turn again.
constexpr int kReadsPerTurn = 16;
constexpr std::chrono::seconds kLinger{10};
}  // namespace

Tunnel::Tunnel(std::shared_ptr<Connection> outer, int inner_fd, std::shared_ptr<std::vector<char>> scratch, std::function<void(Tunnel*)> on_close)
    : outer_(std::move(outer)), inner_(inner_fd), inner_watcher_(outer_->loop, inner_fd), scratch_(std::move(scratch)), on_close_(std::move(on_close)) {}

void Tunnel::Start(std::string initial) {
  to_inner_ = std::move(initial);
  PumpIn();
  if (!closed_) PumpOut();
}

void Tunnel::Close() {
  if (closed_) return;
  auto self = shared_from_this();
  closed_ = true;
  linger_.Cancel();
  outer_->channel.ShutdownWrite();
  outer_->watcher.Close();
  inner_watcher_.Close();
  if (on_close_) on_close_(this);
}

void Tunnel::MaybeDone() {
  if (in_done_ && out_done_) return Close();
  // One side ended. The other one may finish what it has to say, but not stay for ever when the gRPC server is the one that left.
  if (out_done_) {
    linger_ = outer_->loop.PostAfter(kLinger, [weak = weak_from_this()] {
      if (auto self = weak.lock()) self->Close();
    });
  }
}

void Tunnel::PumpIn() {
  auto wait = [this](FdWatcher& watcher, bool readable) {
    in_waiting_ = true;
    auto again = [self = shared_from_this()] {
      self->in_waiting_ = false;
      self->PumpIn();
    };
    readable ? watcher.WaitReadable(again) : watcher.WaitWritable(again);
  };
  for (int turn = 0; !closed_ && !in_waiting_; ++turn) {
    while (!to_inner_.empty()) {
      const IoOutcome outcome = inner_.Write(to_inner_.data(), to_inner_.size());
      if (outcome.state == IoState::kWantWrite) return wait(inner_watcher_, false);
      if (outcome.state != IoState::kDone) return Close();
      to_inner_.erase(0, outcome.bytes);
      if (to_inner_.empty()) to_inner_.shrink_to_fit();
    }
    if (in_done_) return;
    if (turn == kReadsPerTurn) {
      in_waiting_ = true;
      outer_->loop.Post([self = shared_from_this()] {
        self->in_waiting_ = false;
        self->PumpIn();
      });
      return;
    }
    const IoOutcome read = outer_->channel.Read(scratch_->data(), scratch_->size());
    switch (read.state) {
      case IoState::kWantRead: return wait(outer_->watcher, true);
      case IoState::kWantWrite: return wait(outer_->watcher, false);
      case IoState::kError: return Close();
      case IoState::kEnd:
        in_done_ = true;
        inner_.ShutdownWrite();
        return MaybeDone();
      case IoState::kDone: break;
    }
    const IoOutcome written = inner_.Write(scratch_->data(), read.bytes);
    const size_t taken = written.state == IoState::kDone ? written.bytes : 0;
    if (written.state == IoState::kError) return Close();
    if (taken < read.bytes) to_inner_.assign(scratch_->data() + taken, read.bytes - taken);
  }
}

void Tunnel::PumpOut() {
  auto wait = [this](FdWatcher& watcher, bool readable) {
    out_waiting_ = true;
    auto again = [self = shared_from_this()] {
      self->out_waiting_ = false;
      self->PumpOut();
    };
    readable ? watcher.WaitReadable(again) : watcher.WaitWritable(again);
  };
  for (int turn = 0; !closed_ && !out_waiting_; ++turn) {
    while (!to_outer_.empty()) {
      const IoOutcome outcome = outer_->channel.Write(to_outer_.data(), to_outer_.size());
      if (outcome.state == IoState::kWantWrite) return wait(outer_->watcher, false);
      if (outcome.state == IoState::kWantRead) return wait(outer_->watcher, true);
      if (outcome.state != IoState::kDone) return Close();
      to_outer_.erase(0, outcome.bytes);
      if (to_outer_.empty()) to_outer_.shrink_to_fit();
    }
    if (out_done_) return;
    if (turn == kReadsPerTurn) {
      out_waiting_ = true;
      outer_->loop.Post([self = shared_from_this()] {
        self->out_waiting_ = false;
        self->PumpOut();
      });
      return;
    }
    const IoOutcome read = inner_.Read(scratch_->data(), scratch_->size());
    switch (read.state) {
      case IoState::kWantRead: return wait(inner_watcher_, true);
      case IoState::kWantWrite: return wait(inner_watcher_, false);
      case IoState::kError: return Close();
      case IoState::kEnd:
        out_done_ = true;
        outer_->channel.ShutdownWrite();
        return MaybeDone();
      case IoState::kDone: break;
    }
    // A TLS write that must be repeated needs the same bytes: they stay in to_outer_ until taken.
    to_outer_.clear();
    size_t taken = 0;
    while (taken < read.bytes) {
      const IoOutcome written = outer_->channel.Write(scratch_->data() + taken, read.bytes - taken);
      if (written.state == IoState::kError || written.state == IoState::kEnd) return Close();
      if (written.state != IoState::kDone) break;
      taken += written.bytes;
    }
    if (taken < read.bytes) to_outer_.assign(scratch_->data() + taken, read.bytes - taken);
  }
}

}  // namespace kuma::io
