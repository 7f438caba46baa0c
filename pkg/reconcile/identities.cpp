#include "pkg/reconcile/identities.h"

#include <algorithm>

#include "pkg/base/log.h"
#include "pkg/base/strings.h"
#include "pkg/model/kri.h"

namespace kuma::reconcile {
namespace {

const Logger& Log() {
  static const Logger kLog("identities");
  return kLog;
}

Json Condition(const char* type, bool good, const char* reason, const std::string& message) {
  return {{"type", type}, {"status", good ? "True" : "False"}, {"reason", reason}, {"message", message}};
}

// What is shown about the whole: the first step that failed decides.
Json Summary(const Json& steps) {
  Json ready = Condition("Ready", true, "Ready", "Successfully initialized");
  for (const Json& step : steps) {
    if (GetString(step, "status") == "False") ready = Condition("Ready", false, "Failure", "One of initialization steps failed");
    if (GetString(step, "type") == "SpiffeIDProvider") ready = Condition("Ready", false, "PartiallyReady", "Running in SpiffeID providing only mode.");
  }
  return ready;
}

// Events of our own writes come after the writes; an older one must not set the clock back.
template <typename Map, typename Key>
bool Put(Map& in, const Key& key, const ResourcePtr& value) {
  if (value == nullptr) return in.erase(key) > 0;
  ResourcePtr& slot = in[key];
  if (slot != nullptr && slot->meta.creation_time == value->meta.creation_time && slot->meta.version >= value->meta.version) return false;
  slot = value;
  return true;
}

}  // namespace

void Identities::Apply(const ResourcePtr& old_value, const ResourcePtr& new_value) {
  const ResourceMeta& meta = (new_value != nullptr ? new_value : old_value)->meta;
  const Key key{meta.mesh(), meta.name()};
  const auto mark_mesh = [&](const std::string& mesh) {
    for (auto it = identities_.lower_bound({mesh, ""}); it != identities_.end() && it->first.first == mesh; ++it) dirty_.insert(it->first);
  };
  if (meta.type() == "Mesh") {
    Put(meshes_, meta.name(), new_value);
    mark_mesh(meta.name());
  } else if (meta.type() == "MeshIdentity") {
    if (Put(identities_, key, new_value)) dirty_.insert(key);
  } else if (meta.type() == "MeshTrust") {
    if (Put(trusts_, key, new_value) && identities_.contains(key)) dirty_.insert(key);
  } else if (meta.type() == "Secret") {
    mark_mesh(meta.mesh());
  }
}

void Identities::Run() {
  for (const Key& key : std::exchange(dirty_, {})) Reconcile(key);
}

void Identities::Reconcile(const Key& key) {
  const auto found = identities_.find(key);
  if (found == identities_.end() || !meshes_.contains(key.first)) return;
  const ResourcePtr identity = found->second;
  Json conditions = Initialize(*identity);
  conditions.push_back(Summary(conditions));
  if (Get(identity->status, "conditions") == conditions) return;
  Resource next = *identity;
  if (!next.status.is_object()) next.status = Json::object();
  next.status["conditions"] = std::move(conditions);
  const Result<ResourcePtr> stored = admission_.Write(std::move(next), false);
  if (stored.ok()) {
    found->second = *stored;
  } else {
    // Another writer was faster: its event brings us back.
    Log().Debug("status not written", {{"mesh", key.first}, {"identity", key.second}, {"cause", stored.error().ToString()}});
  }
}

Json Identities::Initialize(const Resource& identity) {
  Json steps = Json::array();
  const auto add = [&](const char* type, bool good, const char* reason, const std::string& message) { steps.push_back(Condition(type, good, reason, message)); };
  if (GetString(Get(meshes_.at(identity.meta.mesh())->spec, "meshServices"), "mode") != "Exclusive") {
    add("DependenciesReady", false, "MeshServicesDisabled",
        "MeshIdentity requires MeshServices to be enabled on the mesh. To enable, set `spec.meshServices.mode: Exclusive` on the mesh.");
    return steps;
  }
  const Json& provider = Get(identity.spec, "provider");
  if (!provider.is_object()) {
    add("SpiffeIDProvider", true, "SpiffeIDProvided", "Providing only SpiffeIDs for services.");
    return steps;
  }
  const std::string type = GetString(provider, "type");
  if (type == "Spire") {
    add("Provider", true, "ProviderInitialized", "Provider successfully initialized");
    return steps;
  }
  if (type != "Bundled") {
    add("Provider", false, "ProviderNotFoundError", "provider: " + type + " not found");
    return steps;
  }
  if (const Status made = bundled_.Initialize(identity); !made.ok()) {
    add("Provider", false, "ProviderInitializationError", made.error().message);
    return steps;
  }
  if (const Status valid = bundled_.Validate(identity); !valid.ok()) {
    add("Provider", false, "ProviderValidationError", valid.error().message);
    return steps;
  }
  add("Provider", true, "ProviderInitialized", "Provider successfully initialized");
  const Result<std::optional<std::string>> ca = bundled_.TrustedCa(identity);
  if (ca.ok() && !ca->has_value()) return steps;
  const Status published = ca.ok() ? PublishTrust(identity, **ca) : Status(ca.error());
  if (published.ok()) {
    add("MeshTrustCreated", true, "MeshTrustCreated", "MeshTrust has been successfully created");
  } else {
    add("MeshTrustCreated", false, "MeshTrustCreationError", published.error().message);
  }
  return steps;
}

Status Identities::PublishTrust(const Resource& identity, const std::string& ca_pem) {
  KUMA_TRY_ASSIGN(const std::string trust_domain, bundled_.TrustDomain(identity));
  const Key key{identity.meta.mesh(), identity.meta.name()};
  const Json bundle = {{"type", "Pem"}, {"pem", {{"value", ca_pem}}}};
  const Json status = {{"origin", {{"kri", ToString(KriOf(identity.meta), admission_.types())}}}};
  Resource next;
  const auto known = trusts_.find(key);
  if (known == trusts_.end()) {
    next.meta.key = {"MeshTrust", key.first, key.second};
    next.spec = {{"trustDomain", trust_domain}, {"caBundles", Json::array({bundle})}};
  } else {
    next = *known->second;
    Json& bundles = next.spec["caBundles"];
    const bool has = std::any_of(bundles.begin(), bundles.end(), [&](const Json& one) { return Trim(GetString(Get(one, "pem"), "value")) == Trim(ca_pem); });
    if (!has) bundles.push_back(bundle);  // certificates of the earlier root stay good until someone takes it out
    if (has && next.status == status) return Ok();
  }
  next.status = status;
  KUMA_TRY_ASSIGN(trusts_[key], admission_.Write(std::move(next), false));
  return Ok();
}

}  // namespace kuma::reconcile
