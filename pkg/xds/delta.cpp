#include "pkg/xds/delta.h"

#include <charconv>

namespace kuma::xds {

using envoy::service::discovery::v3::DeltaDiscoveryRequest;

namespace {

// Versions are digests as text, so what a client brings along can be compared before there is a view. Anything else equals no digest.
Digest DigestFromVersion(std::string_view version) {
  Digest digest;
  auto half = [&](size_t at, uint64_t& value) {
    const std::string_view text = version.substr(at, 16);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    return error == std::errc() && end == text.data() + text.size();
  };
  if (version.size() != 32 || !half(0, digest.high) || !half(16, digest.low)) return Digest{};
  return digest;
}

}  // namespace

Result<RequestOutcome> DeltaSession::OnRequest(const DeltaDiscoveryRequest& request) {
  if (request.type_url().empty()) return Invalid("type URL is required for ADS");
  RequestOutcome outcome;
  const ResourceType* type = FindResourceType(request.type_url());
  if (!type) {
    outcome.kind = RequestKind::kUnknown;
    return outcome;
  }
  outcome.type = *type;
  TypeState& state = this->state(*type);
  const bool first = !state.subscribed;
  // Unlike in SotW, changes of names hold whatever the nonce says.
  ChangeNames(*type, state, request, first);
  if (first || request.response_nonce().empty()) return outcome;
  if (!state.outstanding || request.response_nonce() != state.nonce) {
    outcome.kind = RequestKind::kStale;
    return outcome;
  }

  state.outstanding = false;
  if (!request.has_error_detail()) {
    outcome.kind = RequestKind::kAck;
    state.backoff.reset();
    state.rejected.clear();
    state.in_flight = {};
    return outcome;
  }
  outcome.kind = RequestKind::kNack;
  outcome.error = request.error_detail().message();
  outcome.version = state.version;
  outcome.nonce = state.nonce;
  if (!state.backoff) state.backoff = std::make_unique<RejectionBackoff>(nack_backoff_);
  outcome.retry_after = state.backoff->Next(state.version);
  state.rejected = NameSet(state.in_flight.begin(), state.in_flight.end());
  state.in_flight = {};
  return outcome;
}

void DeltaSession::ChangeNames(ResourceType type, TypeState& state, const DeltaDiscoveryRequest& request, bool first) {
  if (first) {
    state.subscribed = true;
    state.wildcard = IsWildcardType(type) && request.resource_names_subscribe().empty();
    for (const auto& [name, version] : request.initial_resource_versions()) {
      state.known[name] = DigestFromVersion(version);
    }
  }
  for (const std::string& name : request.resource_names_subscribe()) {
    if (name == "*") {
      state.wildcard = true;
      state.answered = false;
      continue;
    }
    state.names.insert(name);
    // A client that asks again has forgotten it, unless it says that it has it.
    if (!request.initial_resource_versions().contains(name)) state.owed.insert(name);
  }
  for (const std::string& name : request.resource_names_unsubscribe()) {
    if (name == "*") {
      state.wildcard = false;
      std::erase_if(state.known, [&](const auto& entry) { return !state.names.contains(entry.first); });
      continue;
    }
    state.names.erase(name);
    state.owed.erase(name);
    state.known.erase(name);
    // The wildcard may still cover it, and the client now waits to hear.
    if (state.wildcard) state.owed.insert(name);
  }
}

bool DeltaSession::Difference(ResourceType type, const TypeState& state, Response* response) const {
  if (!state.subscribed) return false;
  bool differs = state.wildcard && !state.answered;
  auto consider = [&](const SealedPtr& resource) {
    auto known = state.known.find(resource->name);
    if (known != state.known.end() && known->second == resource->digest && !state.owed.contains(resource->name)) return;
    differs = true;
    if (response) response->resources.push_back(resource);
  };
  auto gone = [&](const std::string& name) {
    differs = true;
    if (response) response->removed.push_back(name);
  };
  if (state.wildcard) {
    for (const SealedPtr& resource : view_->list(type)) consider(resource);
  } else {
    for (const std::string& name : state.names) {
      if (const SealedPtr* resource = view_->Find(type, name)) consider(*resource);
    }
  }
  for (const auto& [name, digest] : state.known) {
    if (!state.owed.contains(name) && !view_->Find(type, name)) gone(name);
  }
  for (const std::string& name : state.owed) {
    if (!view_->Find(type, name)) gone(name);
  }
  return differs;
}

std::optional<Response> DeltaSession::Next() {
  if (!view_) return std::nullopt;
  bool clusters_behind = false;
  for (const ResourceType type : kSendOrder) {
    if (!Difference(type, state(type), nullptr)) continue;
    if (state(type).outstanding) {
      clusters_behind = clusters_behind || type == ResourceType::kCluster;
      continue;
    }
    if (clusters_behind && WaitsForClusters(type)) continue;
    return Build(type);
  }
  return std::nullopt;
}

Response DeltaSession::Build(ResourceType type) {
  TypeState& state = this->state(type);
  Response response;
  response.type = type;
  response.version = view_->version(type);
  response.nonce = std::to_string(next_nonce_++);
  Difference(type, state, &response);
  for (const std::string& name : response.removed) state.known.erase(name);
  for (const SealedPtr& resource : response.resources) {
    state.known[resource->name] = resource->digest;
    state.in_flight.push_back(resource->name);
  }
  state.owed.clear();
  state.rejected.clear();
  state.answered = true;
  state.outstanding = true;
  state.nonce = response.nonce;
  state.version = response.version;
  if (type == ResourceType::kCluster) {
    // Envoy warms a cluster that changed with endpoints that arrive after it, also when they are the same as before.
    TypeState& endpoints = this->state(ResourceType::kEndpoint);
    for (const SealedPtr& cluster : response.resources) {
      if (endpoints.known.contains(cluster->name) && view_->Find(ResourceType::kEndpoint, cluster->name)) endpoints.owed.insert(cluster->name);
    }
  }
  return response;
}

void DeltaSession::Retry(ResourceType type, const std::string& nonce) {
  TypeState& state = this->state(type);
  if (state.nonce != nonce || state.outstanding || state.rejected.empty()) return;
  for (const std::string& name : state.rejected) {
    if (state.wildcard || state.names.contains(name)) state.owed.insert(name);
  }
  state.rejected.clear();
}

}  // namespace kuma::xds
