#include "pkg/dp/otel/grpc_client.h"

#include <grpcpp/create_channel_posix.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <future>

#include "pkg/base/strings.h"

namespace kuma::dp::otel {
namespace {

struct PendingCall {
  grpc::ClientContext context;
  grpc::ByteBuffer request;
  grpc::ByteBuffer reply;
};

std::string TextOf(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string text;
  if (!buffer.Dump(&slices).ok()) return text;
  for (const grpc::Slice& slice : slices) text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return text;
}

ErrorCode CodeOf(grpc::StatusCode code) {
  switch (code) {
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::UNIMPLEMENTED:
      return ErrorCode::kInvalid;
    case grpc::StatusCode::PERMISSION_DENIED:
    case grpc::StatusCode::UNAUTHENTICATED:
      return ErrorCode::kForbidden;
    default:
      return ErrorCode::kUnavailable;
  }
}

}  // namespace

struct GrpcClient::Impl {
  explicit Impl(std::shared_ptr<grpc::Channel> to) : channel(std::move(to)), stub(channel) {}
  std::shared_ptr<grpc::Channel> channel;
  grpc::GenericStub stub;
};

GrpcClient::GrpcClient(const GrpcTarget& target) {
  std::shared_ptr<grpc::ChannelCredentials> credentials;
  if (target.tls) {
    credentials = grpc::SslCredentials({target.ca_pem, target.key_pem, target.cert_pem});
  } else {
    credentials = grpc::InsecureChannelCredentials();
  }
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetMaxSendMessageSize(-1);
  // A collector that comes back is found soon.
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 5000);
  // Proxies are for other traffic; a channel of its own, so that closing it closes the connection.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  impl_ = std::make_shared<Impl>(grpc::CreateCustomChannel(target.address, credentials, arguments));
}

GrpcClient::GrpcClient(const std::string& authority, int fd)
    : impl_(std::make_shared<Impl>(grpc::CreateInsecureChannelFromFd(authority, fd))) {}

GrpcClient::~GrpcClient() = default;

void GrpcClient::CallAsync(const std::string& method, std::string request, const GrpcCallOptions& options,
                           std::function<void(Result<std::string>)> done) {
  auto call = std::make_shared<PendingCall>();
  call->context.set_deadline(std::chrono::system_clock::now() + options.timeout);
  for (const auto& [name, value] : options.headers) call->context.AddMetadata(ToLower(name), value);
  if (options.gzip) call->context.set_compression_algorithm(GRPC_COMPRESS_GZIP);
  const grpc::Slice slice(request);
  call->request = grpc::ByteBuffer(&slice, 1);
  impl_->stub.UnaryCall(&call->context, method, grpc::StubOptions(), &call->request, &call->reply,
                        [call, impl = impl_, done = std::move(done)](const grpc::Status& status) {
                          if (status.ok()) return done(TextOf(call->reply));
                          done(MakeError(CodeOf(status.error_code()), status.error_message(), call->context.peer()));
                        });
}

Result<std::string> GrpcClient::Call(const std::string& method, std::string request, const GrpcCallOptions& options) {
  auto promise = std::make_shared<std::promise<Result<std::string>>>();
  std::future<Result<std::string>> future = promise->get_future();
  CallAsync(method, std::move(request), options, [promise](Result<std::string> reply) { promise->set_value(std::move(reply)); });
  return future.get();
}

}  // namespace kuma::dp::otel
