// A pipeline over a memory store on a loop thread of its own, with identities that depend on their request alone. Tests write to the
// store and compare what proxies got with what a fresh render of the store gives.
#pragma once

#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "pkg/model/document.h"
#include "pkg/policy/all.h"
#include "pkg/resources/all.h"
#include "pkg/store/admission.h"
#include "pkg/store/memory/memory_store.h"
#include "pkg/xds/pipeline.h"
#include "pkg/xds/render.h"
#include "pkg/xds/seal.h"

namespace kuma::xds {

class FixedIdentities : public IdentityProvider {
 public:
  Digest RequestKey(const IdentityRequest& request) const override {
    DigestBuilder key;
    key.Add(request.mesh->name).Add(request.mesh->backend_name);
    for (const std::string& service : request.dataplane->Services()) key.Add(service);
    return key.Finish();
  }
  Result<IdentityPtr> Issue(const IdentityRequest& request) override {
    issued.fetch_add(1);
    if (failures.load() > 0) {
      failures.fetch_sub(1);
      return Unavailable("the authority does not answer");
    }
    return Make(request);
  }
  IdentityPtr Make(const IdentityRequest& request) const {
    auto identity = std::make_shared<Identity>();
    identity->digest = RequestKey(request);
    identity->backend = request.mesh->backend_name;
    identity->cert_pem = "certificate " + identity->digest.ToHex();
    identity->key_pem = "key " + identity->digest.ToHex();
    identity->ca_pems = {"authority " + identity->backend};
    identity->rotate_at = RealClock().Now() + std::chrono::hours(24);
    return identity;
  }
  std::atomic<int> failures{0};  // the next so many requests fail
  std::atomic<int> issued{0};
};

// Real time that tests can move forward.
class ShiftedClock : public Clock {
 public:
  SystemTime Now() const override { return RealClock().Now() + Nanos(shift_.load()); }
  MonotonicTime Monotonic() const override { return RealClock().Monotonic() + Nanos(shift_.load()); }
  void Advance(Nanos by) { shift_ += by.count(); }

 private:
  std::atomic<int64_t> shift_{0};
};

// One stream of a proxy: keeps the last view and how many came.
struct ConnectedProxy {
  ProxyNode node;
  std::mutex mutex;
  ViewPtr view;   // guarded by mutex
  int views = 0;  // guarded by mutex
  std::unique_ptr<ProxyConnection> connection;

  ViewPtr Last() {
    const std::lock_guard lock(mutex);
    return view;
  }
  int Count() {
    const std::lock_guard lock(mutex);
    return views;
  }
};
using ConnectedProxyPtr = std::shared_ptr<ConnectedProxy>;

class PipelineWorld {
 public:
  static constexpr const char* kZone = "near";

  // `quiet`: long by default, so that only Settle() makes anything happen and tests decide how events are grouped.
  explicit PipelineWorld(Nanos quiet = std::chrono::hours(1), std::function<AdminMaterialPtr(const std::string&)> admin = {}) {
    resources::RegisterCoreTypes(types);
    policy::RegisterPolicyTypes(types);
    PipelineOptions options;
    options.zone = kZone;
    options.quiet = quiet;
    options.longest_wait = quiet;
    pipeline = std::make_unique<Pipeline>(PipelineDeps{loop_, workers_, store, types, identities, std::move(admin), nullptr, clock, metrics}, options);
    pipeline->Start();
    thread_ = std::thread([this] { loop_.Run(); });
  }
  ~PipelineWorld() {
    loop_.Stop();
    thread_.join();
    workers_.Stop();
  }

  // As a user writes it. False: rejected; `why` says more.
  bool Put(const Json& document, std::string* why = nullptr) {
    const auto refuse = [&](const Error& error) {
      if (why != nullptr) *why = error.ToString();
      return false;
    };
    Result<Resource> resource = FromDocument(document, types);
    if (!resource.ok()) return refuse(resource.error());
    store::PutResult put = admission.Put(resource->meta.key, *resource);
    return put.ok() || refuse(*put.error);
  }
  bool PutYaml(const std::string& yaml) {
    const Result<Json> document = ParseYaml(yaml);
    REQUIRE(document.ok());
    std::string why;
    const bool ok = Put(*document, &why);
    INFO(why);
    REQUIRE(ok);
    return ok;
  }
  // As a controller writes it: status included, no checks.
  void Write(const std::string& type, const std::string& mesh, const std::string& name, Labels labels, Json spec, Json status = nullptr) {
    Resource resource;
    resource.meta.key = {type, mesh, name};
    resource.meta.labels = std::move(labels);
    resource.spec = std::move(spec);
    resource.status = std::move(status);
    if (const Result<ResourcePtr> old = store.Get(resource.meta.key); old.ok()) resource.meta.version = (*old)->meta.version;
    const Result<ResourcePtr> written = admission.Write(std::move(resource), true);
    INFO((written.ok() ? "" : written.error().ToString()));
    REQUIRE(written.ok());
  }
  bool Delete(const std::string& type, const std::string& mesh, const std::string& name) { return store.Delete({type, mesh, name}).ok(); }

  ConnectedProxyPtr Connect(const std::string& mesh, const std::string& name, std::vector<std::string> features = {}) {
    auto proxy = std::make_shared<ConnectedProxy>();
    proxy->node.mesh = mesh;
    proxy->node.name = name;
    proxy->node.proxy_type = "dataplane";
    proxy->node.features = std::move(features);
    proxy->node.metadata = {{"dataplane.admin.port", "9901"}, {"dataplane.readinessReporter.port", "9902"}};
    proxy->connection = pipeline->Connect(proxy->node, [weak = std::weak_ptr(proxy)](ViewPtr view) {
      const auto self = weak.lock();
      if (self == nullptr) return;
      const std::lock_guard lock(self->mutex);
      self->view = std::move(view);
      ++self->views;
    });
    return proxy;
  }

  // Returns when everything that follows from the writes so far was computed, certificates included.
  void Settle() {
    Drain();
    std::promise<void> issued;
    workers_.Submit([&] { issued.set_value(); });  // one worker: all earlier certificates are made
    issued.get_future().wait();
    Drain();
  }

  uint64_t Regenerated() { return metrics.GetCounter("xds_dataplane_config_regenerated_total", "").value(); }
  uint64_t UnitsGenerated() { return metrics.GetCounter("xds_units_generated_total", "").value(); }

  // Null when the proxy's mesh or Dataplane does not exist.
  ViewPtr Fresh(const ProxyNode& node) {
    RenderRequest request;
    for (const TypeDescriptor* type : types.All()) {
      const Result<std::vector<ResourcePtr>> list = store.List(type->name, {});
      REQUIRE(list.ok());
      request.resources.insert(request.resources.end(), list->begin(), list->end());
    }
    const Result<ResourcePtr> mesh = store.Get({"Mesh", "", node.mesh});
    const Result<ResourcePtr> dataplane = store.Get({"Dataplane", node.mesh, node.name});
    if (!mesh.ok() || !dataplane.ok()) return nullptr;
    const IdentityRequest identity{mesh::ParseMesh(*mesh), mesh::ParseDataplane(*dataplane)};
    request.node = node;
    request.zone = kZone;
    if (identity.mesh->mtls_enabled) request.identity = identities.Make(identity);
    const Result<ViewPtr> view = Render(request, types);
    REQUIRE(view.ok());
    return *view;
  }

  ShiftedClock clock;
  TypeRegistry types;
  store::MemoryStore store{RealClock()};
  store::Admission admission{types, store, {.zone = kZone}};
  MetricRegistry metrics;
  FixedIdentities identities;

 private:
  void Drain() {
    std::promise<void> done;
    pipeline->WithView("", "", [&](const Result<ViewPtr>&) { done.set_value(); });
    done.get_future().wait();
  }

  io::EventLoop loop_;
  io::WorkerPool workers_{1, 4096};

 public:
  std::unique_ptr<Pipeline> pipeline;

 private:
  std::thread thread_;
};

// What differs between two views; empty when nothing does.
inline std::string Difference(const View& got, const View& wanted) {
  static const char* kNames[] = {"cluster", "endpoints", "listener", "route", "secret"};
  std::string out;
  for (size_t i = 0; i < kResourceTypeCount; ++i) {
    if (got.versions[i] == wanted.versions[i]) continue;
    const auto type = static_cast<ResourceType>(i);
    for (const SealedPtr& resource : *got.lists[i]) {
      const SealedPtr* other = wanted.Find(type, resource->name);
      if (other == nullptr) {
        out += std::string("extra ") + kNames[i] + " " + resource->name + "\n";
      } else if ((*other)->any != resource->any) {
        const Json difference = Json::diff(ToDocument(**other).value_or(Json()), ToDocument(*resource).value_or(Json()));
        out += std::string("different ") + kNames[i] + " " + resource->name + ": " + ToJsonText(difference) + "\n";
      }
    }
    for (const SealedPtr& resource : *wanted.lists[i]) {
      if (got.Find(type, resource->name) == nullptr) out += std::string("missing ") + kNames[i] + " " + resource->name + "\n";
    }
    if (out.empty()) out = std::string("versions of ") + kNames[i] + "\n";
  }
  return out;
}

}  // namespace kuma::xds
