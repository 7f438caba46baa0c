#include "tests/bench/xds_load/client.h"

#include <grpcpp/grpcpp.h>

#include <array>
#include <deque>
#include <unordered_map>

#include "envoy/config/cluster/v3/cluster.pb.h"
#include "envoy/config/listener/v3/listener.pb.h"
#include "envoy/config/route/v3/route.pb.h"
#include "envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager.pb.h"
#include "envoy/extensions/transport_sockets/tls/v3/tls.pb.h"
#include "envoy/service/discovery/v3/ads.grpc.pb.h"

namespace kuma::bench {
namespace {

using envoy::service::discovery::v3::AggregatedDiscoveryService;
using envoy::service::discovery::v3::DeltaDiscoveryRequest;
using envoy::service::discovery::v3::DeltaDiscoveryResponse;
using envoy::service::discovery::v3::DiscoveryRequest;
using envoy::service::discovery::v3::DiscoveryResponse;
using google::protobuf::Message;

enum Type { kCds, kEds, kLds, kRds, kSds, kTypes };
constexpr const char* kUrls[kTypes] = {
    "type.googleapis.com/envoy.config.cluster.v3.Cluster",
    "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
    "type.googleapis.com/envoy.config.listener.v3.Listener",
    "type.googleapis.com/envoy.config.route.v3.RouteConfiguration",
    "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.Secret",
};

int TypeOf(const std::string& url) {
  for (int i = 0; i < kTypes; ++i) {
    if (url == kUrls[i]) return i;
  }
  return -1;
}

struct Refs {
  std::set<std::string> names[kTypes];
};

bool OverAds(const envoy::config::core::v3::ConfigSource& source) { return source.has_ads() || source.has_self(); }

// Finds references anywhere inside, also in Anys whose type is linked in.
void Collect(const Message& message, Refs& refs) {
  if (const auto* any = dynamic_cast<const google::protobuf::Any*>(&message)) {
    const auto* descriptor = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(any->type_url().substr(any->type_url().rfind('/') + 1));
    if (!descriptor) return;
    std::unique_ptr<Message> inner(google::protobuf::MessageFactory::generated_factory()->GetPrototype(descriptor)->New());
    if (inner->ParseFromString(any->value())) Collect(*inner, refs);
    return;
  }
  if (const auto* secret = dynamic_cast<const envoy::extensions::transport_sockets::tls::v3::SdsSecretConfig*>(&message)) {
    if (secret->has_sds_config() && OverAds(secret->sds_config())) refs.names[kSds].insert(secret->name());
    return;
  }
  if (const auto* rds = dynamic_cast<const envoy::extensions::filters::network::http_connection_manager::v3::Rds*>(&message)) {
    if (OverAds(rds->config_source())) refs.names[kRds].insert(rds->route_config_name());
    return;
  }
  if (const auto* cluster = dynamic_cast<const envoy::config::cluster::v3::Cluster*>(&message)) {
    if (cluster->has_eds_cluster_config() && OverAds(cluster->eds_cluster_config().eds_config())) {
      const auto& eds = cluster->eds_cluster_config();
      refs.names[kEds].insert(eds.service_name().empty() ? cluster->name() : eds.service_name());
    }
  }
  const auto* reflection = message.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const auto* field : fields) {
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (field->is_repeated()) {
      for (int i = 0; i < reflection->FieldSize(message, field); ++i) Collect(reflection->GetRepeatedMessage(message, field, i), refs);
    } else {
      Collect(reflection->GetMessage(message, field), refs);
    }
  }
}

// Proxies share most resources: parsing each text once keeps the load's own work small.
class RefCache {
 public:
  std::shared_ptr<const std::pair<std::string, Refs>> Of(const google::protobuf::Any& any) {
    const std::lock_guard lock(mutex_);
    if (entries_.size() > 20000) entries_.clear();
    auto& entry = entries_[any.value()];
    if (!entry) {
      auto made = std::make_shared<std::pair<std::string, Refs>>();
      envoy::config::cluster::v3::Cluster cluster;
      envoy::config::listener::v3::Listener listener;
      if (any.UnpackTo(&cluster)) made->first = cluster.name();
      if (any.UnpackTo(&listener)) made->first = listener.name();
      Collect(any, made->second);
      entry = std::move(made);
    }
    return entry;
  }

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, std::shared_ptr<const std::pair<std::string, Refs>>> entries_;
};

RefCache& Cache() {
  static RefCache cache;
  return cache;
}

template <bool kDelta>
class Stream final : public ProxyStream,
                     public grpc::ClientBidiReactor<std::conditional_t<kDelta, DeltaDiscoveryRequest, DiscoveryRequest>,
                                                    std::conditional_t<kDelta, DeltaDiscoveryResponse, DiscoveryResponse>> {
  using Request = std::conditional_t<kDelta, DeltaDiscoveryRequest, DiscoveryRequest>;
  using Response = std::conditional_t<kDelta, DeltaDiscoveryResponse, DiscoveryResponse>;

 public:
  Stream(const StreamTarget& target, const envoy::config::core::v3::Node& node, Tally& tally) : tally_(tally), node_(node) {
    grpc::ChannelArguments arguments;
    arguments.SetInt("grpc.use_local_subchannel_pool", 1);  // a connection of its own, as each Envoy has
    arguments.SetInt("grpc.enable_http_proxy", 0);
    arguments.SetMaxReceiveMessageSize(64 << 20);
    std::shared_ptr<grpc::ChannelCredentials> credentials = grpc::InsecureChannelCredentials();
    if (!target.ca_pem.empty()) {
      grpc::SslCredentialsOptions options;
      options.pem_root_certs = target.ca_pem;
      credentials = grpc::SslCredentials(options);
    }
    stub_ = AggregatedDiscoveryService::NewStub(grpc::CreateCustomChannel(target.address, credentials, arguments));
    if (!target.token.empty()) context_.AddMetadata("authorization", target.token);
    if constexpr (kDelta) {
      stub_->async()->DeltaAggregatedResources(&context_, this);
    } else {
      stub_->async()->StreamAggregatedResources(&context_, this);
    }
    {
      const std::lock_guard lock(mutex_);
      for (const Type type : {kCds, kLds}) Ask(type, {}, {});
    }
    this->StartRead(&response_);
    this->StartCall();
  }

  ~Stream() override {
    context_.TryCancel();
    std::unique_lock lock(mutex_);
    ended_.wait(lock, [&] { return done_; });
  }

  SteadyTime last_ack() const override {
    const std::lock_guard lock(mutex_);
    return last_ack_;
  }
  bool complete() const override {
    const std::lock_guard lock(mutex_);
    for (int type = 0; type < kTypes; ++type) {
      if ((type == kCds || type == kLds || !names_[type].empty()) && !answered_[type]) return false;
    }
    return true;
  }
  std::string error() const override {
    const std::lock_guard lock(mutex_);
    return error_;
  }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    tally_.bytes += response_.ByteSizeLong();
    ++tally_.responses;
    {
      const std::lock_guard lock(mutex_);
      Handle();
    }
    this->StartRead(&response_);
  }
  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    writing_ = false;
    if (ok) Pump();
  }
  void OnDone(const grpc::Status& status) override {
    const std::lock_guard lock(mutex_);
    done_ = true;
    error_ = std::to_string(static_cast<int>(status.error_code())) + " " + status.error_message();
    ++tally_.failures;
    ended_.notify_all();
  }

 private:
  void Handle() {
    const int type = TypeOf(response_.type_url());
    if (type < 0) return;
    nonce_[type] = response_.nonce();
    answered_[type] = true;
    if constexpr (kDelta) {
      for (const auto& resource : response_.resources()) {
        if (type == kCds || type == kLds) refs_[type][resource.name()] = Cache().Of(resource.resource());
      }
      for (const auto& name : response_.removed_resources()) refs_[type].erase(name);
      Request ack;
      ack.set_type_url(kUrls[type]);
      ack.set_response_nonce(response_.nonce());
      Send(std::move(ack));
    } else {
      version_[type] = response_.version_info();
      if (type == kCds || type == kLds) {
        refs_[type].clear();
        for (const auto& resource : response_.resources()) {
          auto refs = Cache().Of(resource);
          refs_[type][refs->first] = refs;
        }
      }
      Ask(static_cast<Type>(type), names_[type], {});
    }
    last_ack_ = std::chrono::steady_clock::now();
    if (type == kCds || type == kLds) Follow();
    const std::lock_guard lock(tally_.mutex);
    tally_.last_ack = last_ack_;
    tally_.changed.notify_all();
  }

  void Follow() {
    std::set<std::string> wanted[kTypes];
    for (const Type type : {kCds, kLds}) {
      for (const auto& [name, refs] : refs_[type]) {
        for (const Type other : {kEds, kRds, kSds}) wanted[other].insert(refs->second.names[other].begin(), refs->second.names[other].end());
      }
    }
    for (const Type type : {kEds, kRds, kSds}) {
      if (wanted[type] == names_[type]) continue;
      const std::set<std::string> before = std::move(names_[type]);
      names_[type] = std::move(wanted[type]);
      Ask(type, names_[type], before);
    }
  }

  // SotW: all names; delta: what differs from `before`.
  void Ask(Type type, const std::set<std::string>& names, const std::set<std::string>& before) {
    Request request;
    request.set_type_url(kUrls[type]);
    if constexpr (kDelta) {
      for (const auto& name : names) {
        if (!before.contains(name)) request.add_resource_names_subscribe(name);
      }
      for (const auto& name : before) {
        if (!names.contains(name)) request.add_resource_names_unsubscribe(name);
      }
    } else {
      for (const auto& name : names) request.add_resource_names(name);
      request.set_response_nonce(nonce_[type]);
      request.set_version_info(version_[type]);
    }
    Send(std::move(request));
  }

  void Send(Request request) {
    if (first_) *request.mutable_node() = node_;
    first_ = false;
    queue_.push_back(std::move(request));
    Pump();
  }
  void Pump() {
    if (writing_ || queue_.empty()) return;
    request_ = std::move(queue_.front());
    queue_.pop_front();
    writing_ = true;
    this->StartWrite(&request_);
  }

  Tally& tally_;
  const envoy::config::core::v3::Node node_;
  std::unique_ptr<AggregatedDiscoveryService::Stub> stub_;
  grpc::ClientContext context_;
  Response response_;
  mutable std::mutex mutex_;  // guards the rest
  std::condition_variable ended_;
  Request request_;
  std::deque<Request> queue_;
  bool writing_ = false;
  bool first_ = true;
  bool done_ = false;
  std::string error_;
  std::array<std::string, kTypes> nonce_, version_;
  std::array<bool, kTypes> answered_{};
  std::set<std::string> names_[kTypes];
  std::map<std::string, std::shared_ptr<const std::pair<std::string, Refs>>> refs_[kTypes];
  SteadyTime last_ack_{};
};

}  // namespace

std::unique_ptr<ProxyStream> OpenStream(const StreamTarget& target, const envoy::config::core::v3::Node& node, Tally& tally) {
  if (target.delta) return std::make_unique<Stream<true>>(target, node, tally);
  return std::make_unique<Stream<false>>(target, node, tally);
}

}  // namespace kuma::bench
