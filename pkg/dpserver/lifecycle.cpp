#include "pkg/dpserver/lifecycle.h"

#include "pkg/model/document.h"

namespace kuma::dpserver {
namespace {

std::string InsightType(const std::string& type) { return type + "Insight"; }

bool HasLabels(const Labels& all, const Labels& wanted) {
  for (const auto& [key, value] : wanted) {
    auto it = all.find(key);
    if (it == all.end() || it->second != value) return false;
  }
  return true;
}

}  // namespace

ResourceKey ProxyKey(const xds::ProxyNode& node) {
  if (node.proxy_type == "ingress") return {"ZoneIngress", "", node.name};
  if (node.proxy_type == "egress") return {"ZoneEgress", "", node.name};
  return {"Dataplane", node.mesh, node.name};
}

struct ProxyLifecycle::Shared {
  LifecycleOptions options;
  store::Store& store;
  const TypeRegistry& types;
  ProxyAuthenticator& authenticator;
  ProxyRegistrar& registrar;
  io::WorkerPool& workers;
  const Logger log{"xds.dp-lifecycle"};

  // Proxies whose resource was registered by us.
  struct Registered {
    xds::StreamId stream = 0;  // of the current connection, 0: none
    uint64_t departure = 0;    // counts departures, so that an old delay does not end a newer absence
  };
  std::mutex mutex;  // guards the rest
  std::map<ResourceKey, Registered> registered;
  bool stopping = false;
  std::weak_ptr<Shared> self = {};  // for delayed removals; set once

  void After(std::chrono::nanoseconds delay, const ResourceKey& key, uint64_t departure);
  void Deregister(const ResourceKey& key, uint64_t departure);
  Result<bool> ConnectedElsewhere(const ResourceKey& key) const;
};

ProxyLifecycle::ProxyLifecycle(LifecycleOptions options, store::Store& store, const TypeRegistry& types, ProxyAuthenticator& authenticator,
                               ProxyRegistrar& registrar, io::WorkerPool& workers)
    : shared_(new Shared{.options = std::move(options),
                         .store = store,
                         .types = types,
                         .authenticator = authenticator,
                         .registrar = registrar,
                         .workers = workers,
                         .mutex = {},
                         .registered = {}}) {
  shared_->self = shared_;
}

ProxyLifecycle::~ProxyLifecycle() { Stop(); }

void ProxyLifecycle::Stop() {
  const std::lock_guard lock(shared_->mutex);
  shared_->stopping = true;
}

Result<Resource> ProxyLifecycle::OwnResource(const xds::ProxyNode& node, const ResourceKey& key) const {
  const std::string text = GetString(node.metadata, "dataplane.resource");
  KUMA_TRY_ASSIGN(const Json document, ParseYaml(text));
  KUMA_TRY_ASSIGN(Resource resource, FromDocument(document, shared_->types));
  if (resource.meta.key != key) {
    return Invalid("proxyId " + node.mesh + "." + node.name + " does not match proxy resource " + resource.meta.type() + " \"" +
                   resource.meta.name() + "\" in mesh \"" + resource.meta.mesh() + "\"");
  }
  return resource;
}

Status ProxyLifecycle::Admit(const xds::ProxyNode& node, const std::string& credential, xds::StreamId stream) {
  const ResourceKey key = ProxyKey(node);
  const bool brings_resource = Get(node.metadata, "dataplane.resource").is_string();
  auto authenticate = [&](const Resource& resource) -> Status {
    Status status = shared_->authenticator.Authenticate(node, credential, resource);
    if (status.ok()) return Ok();
    Error error = std::move(status).error();
    error.message = "authentication failed: " + error.message;
    return error;
  };
  if (!brings_resource) {
    const Result<ResourcePtr> stored = shared_->store.Get(key);
    if (stored.ok()) return authenticate(**stored);
    if (stored.error().code != ErrorCode::kNotFound) return stored.error();
    return NotFound("resource \"" + node.mesh + "." + node.name + "\" not found; create a " + key.type +
                    " in Kuma CP first or pass it as an argument to kuma-dp");
  }
  Result<Resource> own = OwnResource(node, key);
  if (!own.ok()) {
    Error error = std::move(own).error();
    error.message = "invalid value in dataplane metadata: " + error.message;
    return error;
  }
  KUMA_TRY(authenticate(*own));
  {
    // Before the write, so that a pending removal does not undo it.
    const std::lock_guard lock(shared_->mutex);
    shared_->registered[key].stream = stream;
  }
  Status registered = Register(node, credential, *own);
  if (registered.ok()) return Ok();
  const std::lock_guard lock(shared_->mutex);
  auto it = shared_->registered.find(key);
  // An earlier registration keeps its entry: its removal is still due.
  if (it != shared_->registered.end() && it->second.departure == 0) shared_->registered.erase(it);
  Error error = std::move(registered).error();
  error.message = "could not register proxy passed in kuma-dp run: " + error.message;
  return error;
}

Status ProxyLifecycle::Register(const xds::ProxyNode& node, const std::string& credential, const Resource& own) {
  const Result<ResourcePtr> stored = shared_->store.Get(own.meta.key);
  if (stored.ok()) {
    const Status allowed = shared_->authenticator.Authenticate(node, credential, **stored);
    if (!allowed.ok()) {
      return MakeError(ErrorCode::kForbidden,
                       "you are trying to override existing proxy to which you don't have an access.: " + allowed.error().message);
    }
    // A fleet that reconnects must not rewrite its resources.
    if ((*stored)->spec == own.spec && HasLabels((*stored)->meta.labels, own.meta.labels)) return Ok();
  } else if (stored.error().code != ErrorCode::kNotFound) {
    return stored.error();
  }
  shared_->log.Info("register proxy", {{"type", own.meta.type()}, {"mesh", own.meta.mesh()}, {"name", own.meta.name()}});
  return shared_->registrar.Upsert(own);
}

void ProxyLifecycle::Leave(const xds::ProxyNode& node, xds::StreamId stream) {
  const ResourceKey key = ProxyKey(node);
  uint64_t departure = 0;
  {
    const std::lock_guard lock(shared_->mutex);
    auto it = shared_->registered.find(key);
    // Streams may overlap: the old one's end says nothing about the new one.
    if (it == shared_->registered.end() || it->second.stream != stream) return;
    if (shared_->stopping) return;
    it->second.stream = 0;
    departure = ++it->second.departure;
  }
  shared_->After(shared_->options.deregistration_delay, key, departure);
}

void ProxyLifecycle::Shared::After(std::chrono::nanoseconds delay, const ResourceKey& key, uint64_t departure) {
  options.call_after(delay, [weak = self, key, departure] {
    const auto shared = weak.lock();
    if (!shared) return;
    shared->workers.Submit([weak, key, departure] {
      if (const auto alive = weak.lock()) alive->Deregister(key, departure);
    });
  });
}

Result<bool> ProxyLifecycle::Shared::ConnectedElsewhere(const ResourceKey& key) const {
  const Result<ResourcePtr> insight = store.Get({InsightType(key.type), key.mesh, key.name});
  if (!insight.ok()) {
    if (insight.error().code == ErrorCode::kUnavailable) return insight.error();
    return false;
  }
  const Json& subscriptions = Get((*insight)->spec, "subscriptions");
  if (!subscriptions.is_array() || subscriptions.empty()) return false;
  return GetString(subscriptions.back(), "controlPlaneInstanceId") != options.control_plane_id;
}

void ProxyLifecycle::Shared::Deregister(const ResourceKey& key, uint64_t departure) {
  {
    const std::lock_guard lock(mutex);
    auto it = registered.find(key);
    if (stopping || it == registered.end() || it->second.stream != 0 || it->second.departure != departure) return;
  }
  const Result<bool> elsewhere = ConnectedElsewhere(key);
  if (!elsewhere.ok()) {
    // The store is away for a while: later, unless the proxy comes back.
    After(options.deregistration_delay, key, departure);
    return;
  }
  {
    // Erased before the removal: a proxy that comes back now registers anew. It may still lose the race against the removal, as with any
    // two writers; its stream then ends in "not found" and it tries again.
    const std::lock_guard lock(mutex);
    auto it = registered.find(key);
    if (stopping || it == registered.end() || it->second.stream != 0 || it->second.departure != departure) return;
    registered.erase(it);
  }
  if (*elsewhere) {
    log.Info("no need to deregister proxy. It has already connected to another instance", {{"mesh", key.mesh}, {"name", key.name}});
    return;
  }
  log.Info("deregister proxy", {{"type", key.type}, {"mesh", key.mesh}, {"name", key.name}});
  const Status removed = registrar.Remove(key);
  if (!removed.ok() && removed.error().code == ErrorCode::kUnavailable) {
    {
      const std::lock_guard lock(mutex);
      if (stopping || !registered.emplace(key, Registered{0, departure}).second) return;
    }
    After(options.deregistration_delay, key, departure);
    return;
  }
  if (!removed.ok() && removed.error().code != ErrorCode::kNotFound) {
    log.Error("could not deregister proxy", {{"mesh", key.mesh}, {"name", key.name}, {"reason", removed.error().ToString()}});
  }
}

}  // namespace kuma::dpserver
