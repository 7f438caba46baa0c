#include "pkg/xds/server.h"

#include <grpcpp/grpcpp.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/server_posix.h>

#include "pkg/xds/stream.h"

namespace kuma::xds {
namespace {

constexpr std::string_view kSotwMethod = "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources";
constexpr std::string_view kDeltaMethod = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources";
constexpr std::string_view kHealthMethod = "/envoy.service.health.v3.HealthDiscoveryService/StreamHealthCheck";

constexpr int kKeepaliveMs = 15000;

// Reads and ignores. Envoy would reconnect forever if the stream were refused.
class HeldStream final : public grpc::ServerGenericBidiReactor {
 public:
  HeldStream() { StartRead(&buffer_); }
  void OnReadDone(bool ok) override {
    buffer_.Clear();
    if (ok) {
      StartRead(&buffer_);
    } else {
      End();
    }
  }
  void OnCancel() override { End(); }
  void OnDone() override { delete this; }

 private:
  void End() {
    if (!ended_.exchange(true)) Finish(grpc::Status::OK);
  }
  grpc::ByteBuffer buffer_;
  std::atomic<bool> ended_{false};
};

class RefusedStream final : public grpc::ServerGenericBidiReactor {
 public:
  explicit RefusedStream(const std::string& method) { Finish(grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "unknown method " + method)); }
  void OnDone() override { delete this; }
};

class Service final : public grpc::CallbackGenericService {
 public:
  explicit Service(std::shared_ptr<StreamContext> context) : context_(std::move(context)) {}
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* call) override {
    if (call->method() == kSotwMethod) return Stream::Open(context_, *call, false);
    if (call->method() == kDeltaMethod) return Stream::Open(context_, *call, true);
    if (call->method() == kHealthMethod) return new HeldStream();
    return new RefusedStream(call->method());
  }

 private:
  const std::shared_ptr<StreamContext> context_;
};

}  // namespace

struct Server::Impl {
  std::shared_ptr<StreamContext> context;
  std::unique_ptr<Service> service;
  std::unique_ptr<grpc::Server> server;
  int port = 0;
};

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<Server>> Server::Start(ServerOptions options, ServerDeps deps, const std::string& listen) {
  auto impl = std::make_unique<Impl>();
  const size_t max_request_bytes = options.max_request_bytes;
  impl->context = std::make_shared<StreamContext>(std::move(options), deps);
  impl->service = std::make_unique<Service>(impl->context);

  grpc::ServerBuilder builder;
  builder.RegisterCallbackGenericService(impl->service.get());
  builder.SetMaxReceiveMessageSize(static_cast<int>(max_request_bytes));
  // A proxy that vanished without a word is noticed after two of these.
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 5000);
  // Requests are small and rare: small read chunks and no bandwidth probes save memory on every connection.
  builder.AddChannelArgument(GRPC_ARG_TCP_READ_CHUNK_SIZE, 1024);
  builder.AddChannelArgument(GRPC_ARG_TCP_MIN_READ_CHUNK_SIZE, 256);
  builder.AddChannelArgument(GRPC_ARG_TCP_MAX_READ_CHUNK_SIZE, 16384);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_BDP_PROBE, 0);
  builder.AddChannelArgument(GRPC_ARG_ENABLE_CHANNELZ, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, 16);
  if (!listen.empty()) builder.AddListeningPort(listen, grpc::InsecureServerCredentials(), &impl->port);
  impl->server = builder.BuildAndStart();
  if (!impl->server || (!listen.empty() && impl->port == 0)) return Unavailable("cannot listen for discovery streams", listen);
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::~Server() {
  // Streams never end by themselves, so there is nothing to wait for.
  impl_->server->Shutdown(std::chrono::system_clock::now());
  impl_->server->Wait();
}

void Server::Adopt(int fd) { grpc::AddInsecureChannelFromFd(impl_->server.get(), fd); }

void Server::NoteStart(const std::string& mesh, const std::string& name) { impl_->context->NoteStart(mesh, name); }

int Server::port() const { return impl_->port; }

size_t Server::streams() const { return static_cast<size_t>(impl_->context->streams_active.value()); }

}  // namespace kuma::xds
