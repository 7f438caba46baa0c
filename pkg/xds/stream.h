// One ADS stream: reads requests, keeps the protocol session, writes what the newest view and the client's acknowledgements call for.
// It holds one view and has one write in flight; a slow client costs a pointer.
// Reactor callbacks come on gRPC threads, views from the mesh loop, admission from a worker: mutex_ joins them.
#pragma once

#include <grpcpp/generic/async_generic_service.h>

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <variant>

#include "pkg/base/log.h"
#include "pkg/xds/delta.h"
#include "pkg/xds/server.h"
#include "pkg/xds/sotw.h"

namespace kuma::xds {

class Stream;

// What all streams of a server share.
struct StreamContext {
  StreamContext(ServerOptions server_options, ServerDeps server_deps);

  const ServerOptions options;
  const ServerDeps deps;
  const Logger log{"xds.server"};
  Gauge& streams_active;
  Histogram& delivery;
  struct TypeMetrics {
    Counter* responses;
    Histogram* bytes;
    Counter* acks;
    Counter* nacks;
  };
  std::array<TypeMetrics, kResourceTypeCount> by_type;

  // One active stream a proxy. kReplaces: there is one, but the proxy was started anew since, so that the old one is of a process that is
  // gone or hangs; it is ended by Replace() when the new one was admitted.
  enum class Claimed { kYes, kReplaces, kNo };
  Claimed Claim(const std::string& mesh, const std::string& name, const std::shared_ptr<Stream>& stream);
  void Replace(const std::string& mesh, const std::string& name, const std::shared_ptr<Stream>& stream);
  // Only when the stream has the claim.
  void Unclaim(const std::string& mesh, const std::string& name, const Stream* stream);
  void NoteStart(const std::string& mesh, const std::string& name);

  std::atomic<StreamId> next_stream{1};

 private:
  using ProxyName = std::pair<std::string, std::string>;
  struct Holder {
    std::weak_ptr<Stream> stream;
    const Stream* address = nullptr;
    MonotonicTime since{};
  };
  std::mutex mutex_;  // guards the rest
  std::map<ProxyName, Holder> holders_;
  std::map<ProxyName, MonotonicTime> starts_;  // bootstraps that no stream followed yet
};

class Stream final : public grpc::ServerGenericBidiReactor, public std::enable_shared_from_this<Stream> {
 public:
  // Lives until gRPC is done with it, and while closures hold it.
  static Stream* Open(std::shared_ptr<StreamContext> context, const grpc::CallbackServerContext& call, bool delta);

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  // A newer stream of the proxy takes over. Any thread.
  void End(grpc::StatusCode code, const std::string& message);

 private:
  enum class State { kFirstRequest, kAdmitting, kActive, kEnded };

  Stream(std::shared_ptr<StreamContext> context, std::string credential, bool delta);
  template <typename Request>
  bool HandleRead(const Request& request);
  template <typename Request>
  bool HandleFirst(Request request);
  template <typename Request>
  void Activate(ProxyNode node, const Request& request);
  void OnView(ViewPtr view);
  void OnRetry(ResourceType type, const std::string& nonce);
  void PumpLocked();
  void EndLocked(grpc::StatusCode code, const std::string& message);

  const std::shared_ptr<StreamContext> context_;
  const StreamId id_;
  const bool delta_;

  std::mutex mutex_;  // guards the rest, but for read_buffer_
  std::shared_ptr<Stream> self_;
  State state_ = State::kFirstRequest;
  State ended_from_ = State::kFirstRequest;  // the state before kEnded
  bool done_ = false;
  bool writing_ = false;
  bool pump_posted_ = false;
  ViewPtr next_view_;  // newer than the session's
  std::string credential_;
  std::string node_id_;
  ProxyNode left_node_;  // without metadata, for Leave()
  MonotonicTime view_time_{};
  std::variant<SotwSession, DeltaSession> session_;
  std::unique_ptr<ProxyConnection> connection_;
  grpc::ByteBuffer write_buffer_;
  grpc::ByteBuffer read_buffer_;  // gRPC's between StartRead and OnReadDone
};

}  // namespace kuma::xds
