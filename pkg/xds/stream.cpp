#include "pkg/xds/stream.h"

#include <grpcpp/impl/codegen/proto_utils.h>

#include "pkg/xds/encode.h"
#include "pkg/xds/node.h"

namespace kuma::xds {
namespace {

using envoy::service::discovery::v3::DeltaDiscoveryRequest;
using envoy::service::discovery::v3::DiscoveryRequest;

grpc::StatusCode CodeOf(const Error& error) {
  switch (error.code) {
    case ErrorCode::kInvalid:
      return grpc::StatusCode::INVALID_ARGUMENT;
    case ErrorCode::kUnauthorized:
      return grpc::StatusCode::UNAUTHENTICATED;
    case ErrorCode::kForbidden:
      return grpc::StatusCode::PERMISSION_DENIED;
    case ErrorCode::kNotFound:
      return grpc::StatusCode::NOT_FOUND;
    case ErrorCode::kUnavailable:
      return grpc::StatusCode::UNAVAILABLE;
    default:
      return grpc::StatusCode::UNKNOWN;
  }
}

template <typename Request>
bool Parse(grpc::ByteBuffer& buffer, Request& request) {
  grpc::ProtoBufferReader reader(&buffer);
  const bool ok = reader.status().ok() && request.ParseFromZeroCopyStream(&reader);
  buffer.Clear();
  return ok;
}

}  // namespace

StreamContext::StreamContext(ServerOptions server_options, ServerDeps server_deps)
    : options(std::move(server_options)),
      deps(server_deps),
      streams_active(deps.metrics.GetGauge("xds_streams_active", "Number of active connections between a server and a client")),
      delivery(deps.metrics.GetHistogram("xds_delivery", "Summary of config delivery including a response (ACK/NACK) from the client", {},
                                         {5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000})) {
  std::vector<double> sizes;
  for (double size = 1024; sizes.size() < 16; size *= 2) sizes.push_back(size);
  for (size_t i = 0; i < kResourceTypeCount; ++i) {
    const std::string url(TypeUrl(static_cast<ResourceType>(i)));
    auto requests = [&](const char* confirmation, const char* error) {
      return &deps.metrics.GetCounter("xds_requests_received", "Number of confirmations requests from a client",
                                      {{"type_url", url}, {"confirmation", confirmation}, {"error_type", error}});
    };
    by_type[i] = {&deps.metrics.GetCounter("xds_responses_sent", "Number of responses sent by the server to a client", {{"type_url", url}}),
                  &deps.metrics.GetHistogram("xds_responses_sent_bytes", "Size in bytes of DiscoveryResponse messages sent by the server",
                                             {{"type_url", url}}, sizes),
                  requests("ACK", "no_error"), requests("NACK", "other")};
  }
}

StreamContext::Claimed StreamContext::Claim(const std::string& mesh, const std::string& name, const std::shared_ptr<Stream>& stream) {
  const std::lock_guard lock(mutex_);
  const ProxyName key{mesh, name};
  const auto start = starts_.find(key);
  const bool started = start != starts_.end();
  const MonotonicTime started_at = started ? start->second : MonotonicTime();
  const auto [holder, is_free] = holders_.try_emplace(key, Holder{stream, stream.get(), deps.clock.Monotonic()});
  // An old process that comes back has not been started anew: two proxies of one name do not take turns.
  if (started) starts_.erase(start);
  if (is_free) return Claimed::kYes;
  return started && started_at >= holder->second.since ? Claimed::kReplaces : Claimed::kNo;
}

void StreamContext::Replace(const std::string& mesh, const std::string& name, const std::shared_ptr<Stream>& stream) {
  std::shared_ptr<Stream> old;
  {
    const std::lock_guard lock(mutex_);
    Holder& holder = holders_[{mesh, name}];
    if (holder.address != stream.get()) old = holder.stream.lock();
    holder = Holder{stream, stream.get(), deps.clock.Monotonic()};
  }
  if (!old) return;
  log.Info("proxy was started anew, its old stream is ended", {{"mesh", mesh}, {"proxyName", name}});
  old->End(grpc::StatusCode::ABORTED, "the proxy was started anew and has another stream");
}

void StreamContext::Unclaim(const std::string& mesh, const std::string& name, const Stream* stream) {
  const std::lock_guard lock(mutex_);
  const auto it = holders_.find({mesh, name});
  if (it != holders_.end() && it->second.address == stream) holders_.erase(it);
}

void StreamContext::NoteStart(const std::string& mesh, const std::string& name) {
  constexpr size_t kMostStarts = 100'000;
  const std::lock_guard lock(mutex_);
  // Of proxies that never came; those that come now lose a convenience only.
  if (starts_.size() >= kMostStarts) starts_.clear();
  starts_[{mesh, name}] = deps.clock.Monotonic();
}

Stream* Stream::Open(std::shared_ptr<StreamContext> context, const grpc::CallbackServerContext& call, bool delta) {
  std::string credential;
  const auto& metadata = call.client_metadata();
  if (auto it = metadata.find("authorization"); it != metadata.end()) credential.assign(it->second.data(), it->second.size());
  std::shared_ptr<Stream> stream(new Stream(std::move(context), std::move(credential), delta));
  const std::lock_guard lock(stream->mutex_);
  stream->self_ = stream;
  stream->StartRead(&stream->read_buffer_);
  return stream.get();
}

Stream::Stream(std::shared_ptr<StreamContext> context, std::string credential, bool delta)
    : context_(std::move(context)),
      id_(context_->next_stream.fetch_add(1)),
      delta_(delta),
      credential_(std::move(credential)),
      session_(SotwSession(context_->options.nack_backoff)) {
  if (delta_) session_.emplace<DeltaSession>(context_->options.nack_backoff);
  context_->streams_active.Add(1);
}

void Stream::OnReadDone(bool ok) {
  if (!ok) {
    const std::lock_guard lock(mutex_);
    EndLocked(grpc::StatusCode::OK, {});
    return;
  }
  bool read_on = false;
  if (delta_) {
    DeltaDiscoveryRequest request;
    const bool parsed = Parse(read_buffer_, request);
    const std::lock_guard lock(mutex_);
    if (!parsed) return EndLocked(grpc::StatusCode::INVALID_ARGUMENT, "malformed DeltaDiscoveryRequest");
    read_on = state_ == State::kFirstRequest ? HandleFirst(std::move(request)) : HandleRead(request);
    if (read_on) StartRead(&read_buffer_);
  } else {
    DiscoveryRequest request;
    const bool parsed = Parse(read_buffer_, request);
    const std::lock_guard lock(mutex_);
    if (!parsed) return EndLocked(grpc::StatusCode::INVALID_ARGUMENT, "malformed DiscoveryRequest");
    read_on = state_ == State::kFirstRequest ? HandleFirst(std::move(request)) : HandleRead(request);
    if (read_on) StartRead(&read_buffer_);
  }
}

// Nothing is read while the proxy is being admitted. REQUIRES: mutex_ is held.
template <typename Request>
bool Stream::HandleFirst(Request request) {
  Result<ProxyNode> node = ParseNode(request.node());
  if (!node.ok()) {
    EndLocked(CodeOf(node.error()), node.error().message);
    return false;
  }
  const StreamContext::Claimed claimed = context_->Claim(node->mesh, node->name, shared_from_this());
  if (claimed == StreamContext::Claimed::kNo) {
    EndLocked(grpc::StatusCode::ALREADY_EXISTS, "there is already an active stream from this node, try again later");
    return false;
  }
  state_ = State::kAdmitting;
  node_id_ = request.node().id();
  request.clear_node();
  // Admission may wait for the store, which gRPC's few threads must not.
  context_->deps.workers.Submit([self = shared_from_this(), node = std::move(*node), request = std::move(request),
                                 replaces = claimed == StreamContext::Claimed::kReplaces]() mutable {
    const Status admitted = self->context_->deps.admission.Admit(node, self->credential_, self->id_);
    if (!admitted.ok()) {
      self->context_->log.Info("proxy refused", {{"mesh", node.mesh}, {"proxyName", node.name}, {"reason", admitted.error().ToString()}});
      self->context_->Unclaim(node.mesh, node.name, self.get());
      return self->End(CodeOf(admitted.error()), admitted.error().ToString());
    }
    if (replaces) self->context_->Replace(node.mesh, node.name, self);
    self->Activate(std::move(node), request);
  });
  return false;
}

template <typename Request>
void Stream::Activate(ProxyNode node, const Request& request) {
  std::weak_ptr<Stream> weak = weak_from_this();
  std::unique_lock lock(mutex_);
  left_node_.mesh = node.mesh;
  left_node_.name = node.name;
  left_node_.proxy_type = node.proxy_type;
  const bool ended = done_ || state_ == State::kEnded;
  if (!ended) {
    state_ = State::kActive;
    if (context_->deps.observer) context_->deps.observer->OnConnected(id_, delta_, node);
  }
  credential_ = {};
  if (ended) {
    // The client hung up meanwhile; OnDone left the cleaning to us.
    lock.unlock();
    context_->deps.admission.Leave(left_node_, id_);
    context_->Unclaim(left_node_.mesh, left_node_.name, this);
    return;
  }
  context_->log.Info("proxy connected", {{"mesh", node.mesh},
                                         {"proxyName", node.name},
                                         {"streamID", id_},
                                         {"type", node.proxy_type},
                                         {"dpVersion", GetString(GetPath(node.metadata, {"version", "kumaDp"}), "version")},
                                         {"mode", delta_ ? "DELTA_GRPC" : "GRPC"}});
  if (HandleRead(request)) StartRead(&read_buffer_);
  lock.unlock();
  // The directory may call back at once, hence without the lock.
  auto connection = context_->deps.directory.Connect(std::move(node), [weak](ViewPtr view) {
    if (auto self = weak.lock()) self->OnView(std::move(view));
  });
  lock.lock();
  if (!done_) connection_ = std::move(connection);
  lock.unlock();
}

// Returns whether to read on. REQUIRES: mutex_ is held, the stream is active.
template <typename Request>
bool Stream::HandleRead(const Request& request) {
  if (state_ != State::kActive) return false;
  if (!request.node().id().empty() && request.node().id() != node_id_) {
    EndLocked(grpc::StatusCode::INVALID_ARGUMENT, "stream was authenticated for ID " + node_id_ +
                                                      ". Received request is for node with ID " + request.node().id() +
                                                      ". Node ID cannot be changed after stream is initialized");
    return false;
  }
  using Session = std::conditional_t<std::is_same_v<Request, DeltaDiscoveryRequest>, DeltaSession, SotwSession>;
  const Result<RequestOutcome> outcome = std::get<Session>(session_).OnRequest(request);
  if (!outcome.ok()) {
    EndLocked(CodeOf(outcome.error()), outcome.error().message);
    return false;
  }
  if (outcome->kind == RequestKind::kUnknown) return true;
  if (context_->deps.observer) context_->deps.observer->OnRequest(id_, *outcome);
  const StreamContext::TypeMetrics& metrics = context_->by_type[static_cast<size_t>(outcome->type)];
  if (outcome->kind == RequestKind::kAck) {
    metrics.acks->Add();
    const auto took = std::chrono::duration<double, std::milli>(context_->deps.clock.Monotonic() - view_time_);
    context_->delivery.Observe(took.count());
  } else if (outcome->kind == RequestKind::kNack) {
    metrics.nacks->Add();
    context_->log.Warn("config rejected", {{"proxyId", node_id_},
                                           {"streamID", id_},
                                           {"type", TypeUrl(outcome->type)},
                                           {"resourceVersion", outcome->version},
                                           {"reason", outcome->error}});
    if (context_->options.call_after) {
      context_->options.call_after(outcome->retry_after, [weak = weak_from_this(), type = outcome->type, nonce = outcome->nonce] {
        if (auto self = weak.lock()) self->OnRetry(type, nonce);
      });
    }
  }
  PumpLocked();
  return state_ == State::kActive;
}

void Stream::OnView(ViewPtr view) {
  {
    const std::lock_guard lock(mutex_);
    if (state_ == State::kEnded || done_) return;
    next_view_ = std::move(view);
    if (pump_posted_) return;
    pump_posted_ = true;
  }
  // Encoding and sending are not for the mesh loop.
  context_->deps.workers.Submit([self = shared_from_this()] {
    const std::lock_guard lock(self->mutex_);
    self->pump_posted_ = false;
    self->PumpLocked();
  });
}

void Stream::OnRetry(ResourceType type, const std::string& nonce) {
  const std::lock_guard lock(mutex_);
  if (state_ != State::kActive) return;
  std::visit([&](auto& session) { session.Retry(type, nonce); }, session_);
  PumpLocked();
}

void Stream::PumpLocked() {
  if (state_ != State::kActive || writing_) return;
  if (next_view_) {
    view_time_ = context_->deps.clock.Monotonic();
    std::visit([&](auto& session) { session.SetView(std::move(next_view_)); }, session_);
    next_view_.reset();
  }
  const std::optional<Response> response = std::visit([](auto& session) { return session.Next(); }, session_);
  if (!response) return;
  write_buffer_ =
      delta_ ? EncodeDelta(*response, context_->options.control_plane_id) : EncodeSotw(*response, context_->options.control_plane_id);
  const size_t bytes = write_buffer_.Length();
  const StreamContext::TypeMetrics& metrics = context_->by_type[static_cast<size_t>(response->type)];
  metrics.responses->Add();
  metrics.bytes->Observe(static_cast<double>(bytes));
  if (context_->deps.observer) context_->deps.observer->OnResponse(id_, *response, bytes);
  writing_ = true;
  StartWrite(&write_buffer_);
}

void Stream::OnWriteDone(bool ok) {
  const std::lock_guard lock(mutex_);
  writing_ = false;
  write_buffer_.Clear();
  if (!ok) return EndLocked(grpc::StatusCode::CANCELLED, "write failed");
  PumpLocked();
}

void Stream::OnCancel() {
  const std::lock_guard lock(mutex_);
  EndLocked(grpc::StatusCode::CANCELLED, "cancelled");
}

void Stream::End(grpc::StatusCode code, const std::string& message) {
  const std::lock_guard lock(mutex_);
  EndLocked(code, message);
}

// REQUIRES: mutex_ is held. Only the first call counts.
void Stream::EndLocked(grpc::StatusCode code, const std::string& message) {
  if (state_ == State::kEnded) return;
  ended_from_ = state_;
  state_ = State::kEnded;
  Finish(grpc::Status(code, message));
}

void Stream::OnDone() {
  std::shared_ptr<Stream> self;
  std::unique_ptr<ProxyConnection> connection;
  bool active = false;
  {
    const std::lock_guard lock(mutex_);
    self = std::move(self_);
    done_ = true;
    connection = std::move(connection_);
    active = ended_from_ == State::kActive || state_ == State::kActive;
    state_ = State::kEnded;
    next_view_.reset();
    if (active && context_->deps.observer) context_->deps.observer->OnClosed(id_);
  }
  context_->streams_active.Add(-1);
  connection.reset();
  if (!active) return;
  context_->log.Info("proxy disconnected", {{"mesh", left_node_.mesh}, {"proxyName", left_node_.name}, {"streamID", id_}});
  context_->Unclaim(left_node_.mesh, left_node_.name, this);
  context_->deps.workers.Submit([self] { self->context_->deps.admission.Leave(self->left_node_, self->id_); });
}

}  // namespace kuma::xds
