// The server on loopback with a real gRPC client.
#include <catch2/catch.hpp>

#include <grpcpp/grpcpp.h>

#include <condition_variable>
#include <set>
#include <thread>

#include "envoy/config/cluster/v3/cluster.pb.h"
#include "envoy/service/discovery/v3/ads.grpc.pb.h"
#include "envoy/service/health/v3/hds.grpc.pb.h"
#include "pkg/io/loop.h"
#include "pkg/xds/server.h"

using namespace kuma;
using namespace kuma::xds;
using envoy::service::discovery::v3::AggregatedDiscoveryService;
using envoy::service::discovery::v3::DeltaDiscoveryRequest;
using envoy::service::discovery::v3::DeltaDiscoveryResponse;
using envoy::service::discovery::v3::DiscoveryRequest;
using envoy::service::discovery::v3::DiscoveryResponse;

namespace {

class FakeDirectory : public ProxyDirectory {
 public:
  std::unique_ptr<ProxyConnection> Connect(ProxyNode node, std::function<void(ViewPtr)> on_view) override {
    const std::lock_guard lock(mutex_);
    nodes.push_back(node);
    if (view_) on_view(view_);
    const uint64_t id = ++next_;
    listeners_[id] = std::move(on_view);
    changed_.notify_all();
    struct Connection : ProxyConnection {
      Connection(FakeDirectory& owner, uint64_t number) : directory(owner), id(number) {}
      ~Connection() override {
        const std::lock_guard guard(directory.mutex_);
        directory.listeners_.erase(id);
        directory.changed_.notify_all();
      }
      FakeDirectory& directory;
      uint64_t id;
    };
    return std::make_unique<Connection>(*this, id);
  }
  void Publish(const std::map<std::string, std::string>& clusters) {
    std::array<SealedList, kResourceTypeCount> lists;
    for (const auto& [name, stat] : clusters) {
      envoy::config::cluster::v3::Cluster cluster;
      cluster.set_name(name);
      cluster.set_alt_stat_name(stat);
      lists[0].push_back(cache_.Seal(ResourceType::kCluster, name, cluster.SerializeAsString()));
    }
    const std::lock_guard lock(mutex_);
    view_ = MakeView(std::move(lists), view_);
    for (auto& [id, listener] : listeners_) listener(view_);
  }
  void WaitForConnections(size_t count) {
    std::unique_lock lock(mutex_);
    REQUIRE(changed_.wait_for(lock, std::chrono::seconds(10), [&] { return listeners_.size() == count; }));
  }
  std::vector<ProxyNode> nodes;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  ResourceCache cache_;
  ViewPtr view_;
  uint64_t next_ = 0;
  std::map<uint64_t, std::function<void(ViewPtr)>> listeners_;
};

class FakeAdmission : public ProxyAdmission {
 public:
  Status Admit(const ProxyNode& node, const std::string& credential, StreamId) override {
    if (credential == "wrong") return MakeError(ErrorCode::kUnauthorized, "authentication failed: no");
    const std::lock_guard lock(mutex);
    events.push_back("admit " + node.name);
    return Ok();
  }
  void Leave(const ProxyNode& node, StreamId) override {
    const std::lock_guard lock(mutex);
    events.push_back("leave " + node.name);
    changed.notify_all();
  }
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> events;
};

struct Fixture {
  Fixture() {
    ServerOptions options;
    options.control_plane_id = "cp-1";
    options.nack_backoff = std::chrono::milliseconds(20);
    options.call_after = [this](std::chrono::nanoseconds delay, std::function<void()> fn) { loop.PostAfter(delay, std::move(fn)); };
    auto started = Server::Start(std::move(options), {directory, admission, nullptr, workers, metrics, RealClock()}, "127.0.0.1:0");
    REQUIRE(started.ok());
    server = std::move(*started);
    thread = std::thread([this] { loop.Run(); });
    grpc::ChannelArguments arguments;
    arguments.SetInt("grpc.enable_http_proxy", 0);
    channel = grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(server->port()), grpc::InsecureChannelCredentials(), arguments);
    stub = AggregatedDiscoveryService::NewStub(channel);
  }
  ~Fixture() {
    server.reset();
    loop.Stop();
    thread.join();
  }
  FakeDirectory directory;
  FakeAdmission admission;
  MetricRegistry metrics;
  io::EventLoop loop;
  io::WorkerPool workers{2, 1000};
  std::unique_ptr<Server> server;
  std::thread thread;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<AggregatedDiscoveryService::Stub> stub;
};

template <typename Request>
Request First(const std::string& id) {
  Request request;
  request.mutable_node()->set_id(id);
  auto& fields = *request.mutable_node()->mutable_metadata()->mutable_fields();
  fields["dataplane.admin.port"].set_number_value(9901);
  fields["features"].mutable_list_value()->add_values()->set_string_value("feature-reuse-port");
  request.set_type_url(std::string(TypeUrl(ResourceType::kCluster)));
  return request;
}

void SetDeadline(grpc::ClientContext& context) { context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20)); }

}  // namespace

TEST_CASE("SotW over gRPC: first view, update, rejection and retry, end") {
  Fixture fixture;
  fixture.directory.Publish({{"a", "1"}});
  grpc::ClientContext context;
  SetDeadline(context);
  auto stream = fixture.stub->StreamAggregatedResources(&context);
  auto request = First<DiscoveryRequest>("demo.web-1");
  REQUIRE(stream->Write(request));
  DiscoveryResponse response;
  REQUIRE(stream->Read(&response));
  CHECK(response.control_plane().identifier() == "cp-1");
  REQUIRE(response.resources_size() == 1);
  envoy::config::cluster::v3::Cluster cluster;
  REQUIRE(response.resources(0).UnpackTo(&cluster));
  CHECK(cluster.name() == "a");
  CHECK(fixture.directory.nodes.at(0).mesh == "demo");
  CHECK(fixture.directory.nodes.at(0).HasFeature("feature-reuse-port"));
  CHECK(fixture.directory.nodes.at(0).metadata["dataplane.admin.port"] == 9901);
  CHECK(fixture.server->streams() == 1);

  request.clear_node();
  request.set_response_nonce(response.nonce());
  request.set_version_info(response.version_info());
  REQUIRE(stream->Write(request));
  fixture.directory.Publish({{"a", "2"}, {"long", std::string(200000, 'x')}});
  REQUIRE(stream->Read(&response));
  CHECK(response.resources_size() == 2);

  request.set_response_nonce(response.nonce());
  request.mutable_error_detail()->set_message("bad");
  REQUIRE(stream->Write(request));
  const std::string rejected = response.version_info();
  REQUIRE(stream->Read(&response));  // after the back-off
  CHECK(response.version_info() == rejected);
  CHECK(fixture.metrics.Expose().find("confirmation=\"NACK\"") != std::string::npos);

  stream->WritesDone();
  CHECK(stream->Finish().ok());
  fixture.directory.WaitForConnections(0);
  std::unique_lock lock(fixture.admission.mutex);
  REQUIRE(fixture.admission.changed.wait_for(lock, std::chrono::seconds(10), [&] { return fixture.admission.events.size() == 2; }));
  CHECK(fixture.admission.events == std::vector<std::string>{"admit web-1", "leave web-1"});
}

TEST_CASE("delta over gRPC sends what changed; a vanished client leaves") {
  Fixture fixture;
  {
    grpc::ClientContext context;
    SetDeadline(context);
    auto stream = fixture.stub->DeltaAggregatedResources(&context);
    auto request = First<DeltaDiscoveryRequest>(".egress-1");
    REQUIRE(stream->Write(request));
    fixture.directory.WaitForConnections(1);
    fixture.directory.Publish({{"a", "1"}, {"b", "1"}});
    DeltaDiscoveryResponse response;
    REQUIRE(stream->Read(&response));
    CHECK(response.resources_size() == 2);
    CHECK(response.resources(0).name() == "a");
    CHECK_FALSE(response.resources(0).version().empty());
    CHECK(response.resources(0).resource().type_url() == TypeUrl(ResourceType::kCluster));
    request.Clear();
    request.set_type_url(std::string(TypeUrl(ResourceType::kCluster)));
    request.set_response_nonce(response.nonce());
    REQUIRE(stream->Write(request));
    fixture.directory.Publish({{"b", "2"}});
    REQUIRE(stream->Read(&response));
    REQUIRE(response.resources_size() == 1);
    CHECK(response.resources(0).name() == "b");
    REQUIRE(response.removed_resources_size() == 1);
    CHECK(response.removed_resources(0) == "a");
    context.TryCancel();
    (void)stream->Finish();
  }
  fixture.directory.WaitForConnections(0);
}

TEST_CASE("streams that are refused") {
  Fixture fixture;
  auto end_of = [&](DiscoveryRequest request, const char* credential) {
    grpc::ClientContext context;
    SetDeadline(context);
    context.AddMetadata("authorization", credential);
    auto stream = fixture.stub->StreamAggregatedResources(&context);
    stream->Write(request);
    DiscoveryResponse response;
    while (stream->Read(&response)) {
    }
    return stream->Finish();
  };
  CHECK(end_of(DiscoveryRequest(), "").error_code() == grpc::StatusCode::INVALID_ARGUMENT);
  CHECK(end_of(First<DiscoveryRequest>("nodot"), "").error_code() == grpc::StatusCode::INVALID_ARGUMENT);
  const grpc::Status wrong = end_of(First<DiscoveryRequest>("demo.web-1"), "wrong");
  CHECK(wrong.error_code() == grpc::StatusCode::UNAUTHENTICATED);
  CHECK(wrong.error_message() == "authentication failed: no");

  grpc::ClientContext context;
  SetDeadline(context);
  auto first = fixture.stub->StreamAggregatedResources(&context);
  REQUIRE(first->Write(First<DiscoveryRequest>("demo.web-1")));
  fixture.directory.WaitForConnections(1);
  CHECK(end_of(First<DiscoveryRequest>("demo.web-1"), "").error_message() == "there is already an active stream from this node, try again later");
  // Another node on the same stream.
  auto other = First<DiscoveryRequest>("demo.web-2");
  REQUIRE(first->Write(other));
  DiscoveryResponse response;
  CHECK_FALSE(first->Read(&response));
  CHECK(first->Finish().error_code() == grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_CASE("a proxy that was started anew replaces its old stream, one that only comes back does not") {
  Fixture fixture;
  const auto end_of = [&](const std::string& token) {
    grpc::ClientContext context;
    SetDeadline(context);
    if (!token.empty()) context.AddMetadata("authorization", token);
    auto stream = fixture.stub->StreamAggregatedResources(&context);
    stream->Write(First<DiscoveryRequest>("demo.web-1"));
    DiscoveryResponse response;
    while (stream->Read(&response)) {
    }
    return stream->Finish();
  };
  grpc::ClientContext old_context;
  SetDeadline(old_context);
  auto old_stream = fixture.stub->StreamAggregatedResources(&old_context);
  REQUIRE(old_stream->Write(First<DiscoveryRequest>("demo.web-1")));
  fixture.directory.WaitForConnections(1);

  // Without a start, and with a wrong token after one, the old stream stays.
  CHECK(end_of("").error_code() == grpc::StatusCode::ALREADY_EXISTS);
  fixture.server->NoteStart("demo", "web-1");
  CHECK(end_of("wrong").error_code() == grpc::StatusCode::UNAUTHENTICATED);
  CHECK(end_of("").error_code() == grpc::StatusCode::ALREADY_EXISTS);

  fixture.server->NoteStart("demo", "web-1");
  grpc::ClientContext new_context;
  SetDeadline(new_context);
  auto new_stream = fixture.stub->StreamAggregatedResources(&new_context);
  REQUIRE(new_stream->Write(First<DiscoveryRequest>("demo.web-1")));
  DiscoveryResponse response;
  while (old_stream->Read(&response)) {
  }
  CHECK(old_stream->Finish().error_code() == grpc::StatusCode::ABORTED);
  // The old process comes back and has to wait.
  CHECK(end_of("").error_code() == grpc::StatusCode::ALREADY_EXISTS);
}

TEST_CASE("health discovery is held open, other services are unknown") {
  Fixture fixture;
  grpc::ClientContext context;
  SetDeadline(context);
  auto health = envoy::service::health::v3::HealthDiscoveryService::NewStub(fixture.channel);
  auto stream = health->StreamHealthCheck(&context);
  envoy::service::health::v3::HealthCheckRequestOrEndpointHealthResponse request;
  CHECK(stream->Write(request));
  CHECK(stream->Write(request));
  stream->WritesDone();
  CHECK(stream->Finish().ok());

  grpc::ClientContext unary;
  SetDeadline(unary);
  envoy::service::health::v3::HealthCheckSpecifier response;
  CHECK(health->FetchHealthCheck(&unary, request, &response).error_code() == grpc::StatusCode::UNIMPLEMENTED);
}
