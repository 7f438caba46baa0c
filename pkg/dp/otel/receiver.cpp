#include "pkg/dp/otel/receiver.h"

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/grpcpp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>

#include "pkg/base/files.h"
#include "pkg/base/strings.h"
#include "pkg/dp/otel/grpc_client.h"
#include "pkg/io/gzip.h"
#include "pkg/io/http_client.h"

namespace kuma::dp::otel {
namespace {

constexpr Nanos kUsualTimeout = std::chrono::seconds(30);
constexpr Nanos kUsualInterval = std::chrono::minutes(1);
constexpr size_t kHttpThreads = 2;
constexpr size_t kMostQueued = 256;

// Sends one signal's messages to its collector. Any thread.
class Sender {
 public:
  using Done = std::function<void(Result<std::string>)>;
  virtual ~Sender() = default;
  virtual void Send(const std::string& method, std::string message, Done done) = 0;
};

class NoSender final : public Sender {
 public:
  explicit NoSender(Error error) : error_(std::move(error)) {}
  void Send(const std::string&, std::string, Done done) override { done(error_); }

 private:
  const Error error_;
};

class GrpcSender final : public Sender {
 public:
  GrpcSender(const Route& route, const GrpcTarget& target) : client_(target) {
    options_.timeout = route.timeout > Nanos::zero() ? route.timeout : kUsualTimeout;
    options_.headers = route.headers;
    options_.gzip = route.gzip;
  }
  void Send(const std::string& method, std::string message, Done done) override {
    client_.CallAsync(method, std::move(message), options_, std::move(done));
  }

 private:
  GrpcClient client_;
  GrpcCallOptions options_;
};

class HttpSender final : public Sender {
 public:
  HttpSender(const Route& route, const GrpcTarget& tls, std::shared_ptr<io::WorkerPool> pool) : pool_(std::move(pool)), gzip_(route.gzip) {
    request_.method = "POST";
    request_.url = (route.tls ? "https://" : "http://") + route.endpoint + route.http_path;
    request_.timeout = std::chrono::duration_cast<std::chrono::milliseconds>(route.timeout > Nanos::zero() ? route.timeout : kUsualTimeout);
    for (const auto& [name, value] : route.headers) request_.headers.Set(name, value);
    request_.headers.Set("Content-Type", "application/x-protobuf");
    request_.tls.ca_pem = tls.ca_pem;
    request_.tls.cert_pem = tls.cert_pem;
    request_.tls.key_pem = tls.key_pem;
  }
  void Send(const std::string&, std::string message, Done done) override {
    io::HttpClientRequest request = request_;
    request.body = std::move(message);
    const bool taken = pool_->TrySubmit([request = std::move(request), gzip = gzip_, done]() mutable {
      if (auto packed = gzip ? io::GzipCompress(request.body) : Result<std::string>(std::string()); gzip && packed.ok()) {
        request.body = std::move(packed).value();
        request.headers.Set("Content-Encoding", "gzip");
      }
      const auto reply = io::HttpFetch(request);
      if (!reply.ok()) return done(reply.error());
      if (reply->status / 100 != 2) {
        return done(
            Unavailable("collector returned status " + std::to_string(reply->status) + ": " + reply->body.substr(0, 1024), request.url));
      }
      done(std::string());  // an empty answer message: all was taken
    });
    if (!taken) done(Unavailable("the collector is too slow", request_.url));
  }

 private:
  const std::shared_ptr<io::WorkerPool> pool_;
  io::HttpClientRequest request_;
  const bool gzip_;
};

using Senders = std::map<std::string, std::shared_ptr<Sender>, std::less<>>;  // by method

std::string MethodOf(std::string_view signal) {
  const std::string folder = signal == "traces" ? "trace" : std::string(signal);
  std::string service = folder;
  service[0] = static_cast<char>(service[0] - 'a' + 'A');
  return "/opentelemetry.proto.collector." + folder + ".v1." + service + "Service/Export";
}

// A unary call of bytes: read, send on, answer. Deletes itself. The collector's answer may come after the call was cancelled.
class Call final : public grpc::ServerGenericBidiReactor {
 public:
  Call(std::string method, std::shared_ptr<Sender> sender) : method_(std::move(method)), sender_(std::move(sender)) {
    gate_->call = this;
    if (sender_ == nullptr) {
      End(grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "unknown method " + method_));
    } else {
      StartRead(&request_);
    }
  }
  void OnReadDone(bool ok) override {
    std::vector<grpc::Slice> slices;
    std::string message;
    if (!ok || !request_.Dump(&slices).ok()) return End(grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, "no readable message"));
    for (const grpc::Slice& slice : slices) message.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
    sender_->Send(method_, std::move(message), [gate = gate_](const Result<std::string>& reply) {
      if (Call* call = gate->Take()) call->Reply(reply);
    });
  }
  void OnCancel() override { End(grpc::Status::CANCELLED); }
  void OnDone() override { delete this; }

 private:
  // Whoever takes the call finishes it; nobody after.
  struct Gate {
    std::atomic<Call*> call{nullptr};
    Call* Take() { return call.exchange(nullptr); }
  };

  void End(const grpc::Status& status) {
    if (gate_->Take() != nullptr) Finish(status);
  }
  void Reply(const Result<std::string>& reply) {
    if (!reply.ok()) {
      const bool hopeless = reply.error().code == ErrorCode::kConflict;
      return Finish(
          grpc::Status(hopeless ? grpc::StatusCode::FAILED_PRECONDITION : grpc::StatusCode::UNAVAILABLE, reply.error().ToString()));
    }
    const grpc::Slice slice(*reply);
    reply_ = grpc::ByteBuffer(&slice, 1);
    StartWriteAndFinish(&reply_, grpc::WriteOptions(), grpc::Status::OK);
  }

  const std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
  const std::string method_;
  const std::shared_ptr<Sender> sender_;
  grpc::ByteBuffer request_;
  grpc::ByteBuffer reply_;
};

class Service final : public grpc::CallbackGenericService {
 public:
  explicit Service(Senders senders) : senders_(std::move(senders)) {}
  grpc::ServerGenericBidiReactor* CreateReactor(grpc::GenericCallbackServerContext* context) override {
    const auto it = senders_.find(context->method());
    return new Call(context->method(), it == senders_.end() ? nullptr : it->second);
  }

 private:
  const Senders senders_;
};

Result<GrpcTarget> TargetOf(const Route& route, const std::string& system_ca_path) {
  GrpcTarget target;
  target.address = route.endpoint;
  target.tls = route.tls;
  if (!route.tls) return target;
  const std::string ca = route.ca_file.empty() ? system_ca_path : route.ca_file;
  if (!ca.empty()) {
    KUMA_TRY_ASSIGN(target.ca_pem, ReadFile(ca));
  }
  if (!route.cert_file.empty()) {
    KUMA_TRY_ASSIGN(target.cert_pem, ReadFile(route.cert_file));
    KUMA_TRY_ASSIGN(target.key_pem, ReadFile(route.key_file));
  }
  return target;
}

}  // namespace

struct Receivers::Receiver {
  std::map<std::string, Route, std::less<>> routes;
  std::string path;
  std::unique_ptr<Service> service;
  std::unique_ptr<grpc::Server> server;

  ~Receiver() {
    if (server) server->Shutdown(std::chrono::system_clock::now() + std::chrono::milliseconds(500));
    ::unlink(path.c_str());
  }
};

Receivers::Receivers(Options options) : options_(std::move(options)) {}
Receivers::~Receivers() {
  receivers_.clear();
  if (pool_) pool_->Stop();
}

Result<std::shared_ptr<Receivers::Receiver>> Receivers::Open(const std::string& socket_path,
                                                             std::map<std::string, Route, std::less<>> routes) {
  Senders senders;
  for (const auto& [signal, route] : routes) {
    std::shared_ptr<Sender>& sender = senders[MethodOf(signal)];
    auto target = TargetOf(route, options_.system_ca_path);
    if (!route.enabled || !route.unusable.empty()) {
      const std::string why = route.enabled ? route.unusable : "signal is not enabled";
      sender = std::make_shared<NoSender>(MakeError(ErrorCode::kConflict, "OTEL " + signal + " exporter is unavailable: " + why));
    } else if (!target.ok()) {
      log_.Error("cannot export", {{"signal", signal}, {"error", target.error().ToString()}});
      sender = std::make_shared<NoSender>(target.error());
    } else if (route.protocol == Protocol::kGrpc) {
      sender = std::make_shared<GrpcSender>(route, *target);
    } else {
      if (!pool_) pool_ = std::make_shared<io::WorkerPool>(kHttpThreads, kMostQueued);
      sender = std::make_shared<HttpSender>(route, *target, pool_);
    }
  }
  auto receiver = std::make_shared<Receiver>();
  receiver->routes = std::move(routes);
  receiver->path = socket_path;
  receiver->service = std::make_unique<Service>(std::move(senders));
  ::unlink(socket_path.c_str());
  grpc::ServerBuilder builder;
  builder.RegisterCallbackGenericService(receiver->service.get());
  builder.SetMaxReceiveMessageSize(-1);
  builder.AddListeningPort("unix:" + socket_path, grpc::InsecureServerCredentials());
  receiver->server = builder.BuildAndStart();
  if (!receiver->server) return Unavailable("cannot listen", socket_path);
  ::chmod(socket_path.c_str(), 0600);
  return receiver;
}

Status Receivers::SetDocument(const std::string& document) {
  KUMA_TRY_ASSIGN(const Json json, ParseJson(document.empty() ? "{}" : document));
  std::map<std::string, std::shared_ptr<Receiver>> old = std::exchange(receivers_, {});
  metric_targets_.clear();
  std::string problems;
  for (const Json& backend : Get(json, "backends")) {
    const std::string path = GetString(backend, "socketPath");
    if (path.empty()) continue;
    std::map<std::string, Route, std::less<>> routes;
    for (const std::string_view signal : kSignals)
      routes[std::string(signal)] = options_.environment.Resolve(backend, signal, options_.host_ip);
    const Route metrics = routes["metrics"];
    if (const auto it = old.find(path); it != old.end() && it->second->routes == routes) {
      receivers_[path] = it->second;
    } else {
      if (it != old.end()) old.erase(it);  // its socket is needed
      auto opened = Open(path, std::move(routes));
      if (!opened.ok()) {
        problems += (problems.empty() ? "" : "; ") + opened.error().ToString();
        continue;
      }
      receivers_[path] = std::move(opened).value();
      log_.Info("started OTel receiver", {{"backend", GetString(backend, "name")}, {"socketPath", path}});
    }
    if (!metrics.enabled || !metrics.unusable.empty()) continue;
    const auto interval = ParseDuration(GetString(Get(backend, "metrics"), "refreshInterval"));
    metric_targets_.push_back(
        {GetString(backend, "name"), path, interval.ok() && interval.value() > Nanos::zero() ? interval.value() : kUsualInterval});
  }
  return problems.empty() ? Ok() : Status(Unavailable("failed to start OTel receivers: " + problems));
}

}  // namespace kuma::dp::otel
