// The front server against a real gRPC server and client.
#include "pkg/io/tls_front.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/server_posix.h>

#include <catch2/catch.hpp>

#include <future>

#include "pkg/io/http_client.h"
#include "tests/unit/io/loop_fixture.h"

namespace kuma::io {

namespace {

// Sends back every message of a stream.
class EchoReactor : public grpc::ServerGenericBidiReactor {
 public:
  EchoReactor() { StartRead(&message_); }
  void OnReadDone(bool ok) override { ok ? StartWrite(&message_) : Finish(grpc::Status::OK); }
  void OnWriteDone(bool ok) override {
    if (ok) {
      message_.Clear();
      StartRead(&message_);
    }
  }
  void OnDone() override { delete this; }

 private:
  grpc::ByteBuffer message_;
};

class EchoService : public grpc::CallbackGenericService {
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext*) override { return new EchoReactor; }  // NOLINT: deletes itself
};

std::string Text(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string text;
  if (!buffer.Dump(&slices).ok()) return text;
  for (const auto& slice : slices) text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  return text;
}

struct Front {
  explicit Front(bool with_tls) {
    grpc::ServerBuilder builder;
    builder.RegisterCallbackGenericService(&service);
    builder.SetMaxReceiveMessageSize(64 << 20);
    grpc_server = builder.BuildAndStart();
    REQUIRE(grpc_server);
    TlsFrontOptions options;
    options.listen.address = "127.0.0.1";
    if (with_tls) {
      TlsServerOptions tls;
      tls.cert_pem = pair.cert_pem;
      tls.key_pem = pair.key_pem;
      tls.alpn = FrontAlpn();
      auto context = TlsServerContext::Create(tls);
      REQUIRE(context.ok());
      options.tls = *context;
    }
    options.http.handler = [](HttpRequest request, Responder responder) { responder.Send({200, {}, "bootstrap " + request.body}); };
    options.on_http2 = [this](ScopedFd fd, const PeerInfo&) { grpc::AddInsecureChannelFromFd(grpc_server.get(), fd.Take()); };
    auto started = TlsFrontServer::Start(thread.loop(), std::move(options));
    REQUIRE(started.ok());
    front = std::move(started).value();
  }
  ~Front() {
    grpc_server->Shutdown(std::chrono::system_clock::now() + std::chrono::seconds(5));
    thread.Do([this] { front.reset(); });
  }
  std::string Address() const { return "127.0.0.1:" + std::to_string(front->port()); }
  std::shared_ptr<grpc::Channel> Channel(bool with_tls) const {
    grpc::ChannelArguments arguments;
    arguments.SetMaxReceiveMessageSize(64 << 20);
    arguments.SetInt("grpc.use_local_subchannel_pool", 1);
    if (!with_tls) return grpc::CreateCustomChannel(Address(), grpc::InsecureChannelCredentials(), arguments);
    grpc::SslCredentialsOptions ssl;
    ssl.pem_root_certs = pair.cert_pem;
    return grpc::CreateCustomChannel(Address(), grpc::SslCredentials(ssl), arguments);
  }

  TestPair pair = MakeTestPair("front", "IP:127.0.0.1,DNS:localhost");
  EchoService service;
  LoopThread thread;
  std::unique_ptr<grpc::Server> grpc_server;
  std::unique_ptr<TlsFrontServer> front;
};

// Sends each text on one stream and returns what came back.
std::vector<std::string> EchoStream(const std::shared_ptr<grpc::Channel>& channel, const std::vector<std::string>& texts) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
  grpc::CompletionQueue queue;
  std::vector<std::string> answers;
  void* tag = nullptr;
  bool ok = false;
  auto call = stub.PrepareCall(&context, "/test.Echo/Stream", &queue);
  call->StartCall(&context);
  REQUIRE(queue.Next(&tag, &ok));
  if (!ok) return {"the call failed"};
  for (const std::string& text : texts) {
    grpc::Slice slice(text);
    call->Write(grpc::ByteBuffer(&slice, 1), &context);
    queue.Next(&tag, &ok);
    grpc::ByteBuffer answer;
    if (ok) {
      call->Read(&answer, &context);
      queue.Next(&tag, &ok);
    }
    answers.push_back(ok ? Text(answer) : "failed");
  }
  call->WritesDone(&context);
  queue.Next(&tag, &ok);
  grpc::Status status;
  call->Finish(&status, &context);
  queue.Next(&tag, &ok);
  answers.push_back(status.ok() ? "OK" : status.error_message());
  queue.Shutdown();
  while (queue.Next(&tag, &ok)) {
  }
  return answers;
}

}  // namespace

TEST_CASE("gRPC and HTTP/1.1 share a port") {
  const bool with_tls = GENERATE(true, false);
  INFO("tls " << with_tls);
  Front front(with_tls);

  HttpClientRequest request;
  request.method = "POST";
  request.url = (with_tls ? "https://" : "http://") + front.Address() + "/bootstrap";
  request.tls.ca_pem = front.pair.cert_pem;
  request.body = "{}";
  for (const std::vector<std::string>& alpn : std::vector<std::vector<std::string>>{{}, {"http/1.1"}, {"h2", "http/1.1"}}) {
    request.tls.alpn = alpn;
    const auto response = HttpFetch(request);
    REQUIRE(response.ok());
    CHECK(response->body == "bootstrap {}");
  }

  // Much more than the buffers on the way hold, so that back-pressure works in both directions.
  const std::string large(20 << 20, 'z');
  {
    auto channel = front.Channel(with_tls);
    CHECK(EchoStream(channel, {"a", "", large, "b"}) == std::vector<std::string>{"a", "", large, "b", "OK"});
    CHECK(front.front->tunnels() == 1);
    CHECK(EchoStream(channel, {"again"}) == std::vector<std::string>{"again", "OK"});
  }
  // A dozen connections at once.
  std::vector<std::future<std::vector<std::string>>> calls;
  for (int i = 0; i < 12; ++i) {
    calls.push_back(std::async(std::launch::async, [&front, with_tls, i] {
      return EchoStream(front.Channel(with_tls), {std::to_string(i), std::string(300'000, 'q')});
    }));
  }
  for (int i = 0; i < 12; ++i) CHECK(calls[static_cast<size_t>(i)].get() == std::vector<std::string>{std::to_string(i), std::string(300'000, 'q'), "OK"});
}

}  // namespace kuma::io
