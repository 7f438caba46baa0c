#include "pkg/xds/sotw.h"

#include <algorithm>

namespace kuma::xds {

using envoy::service::discovery::v3::DiscoveryRequest;

Result<RequestOutcome> SotwSession::OnRequest(const DiscoveryRequest& request) {
  if (request.type_url().empty()) return Invalid("type URL is required for ADS");
  RequestOutcome outcome;
  const ResourceType* type = FindResourceType(request.type_url());
  if (!type) {
    outcome.kind = RequestKind::kUnknown;
    return outcome;
  }
  outcome.type = *type;
  TypeState& state = this->state(*type);

  // Only the answer to the last response counts: any other was written before the client saw that one, and another will follow.
  if (!state.nonce.empty() && request.response_nonce() != state.nonce) {
    outcome.kind = RequestKind::kStale;
    return outcome;
  }
  const bool first = !state.subscribed;
  ChangeNames(*type, state, request, first);
  if (first) {
    // A client that reconnects tells the version it holds. Versions are content, so equal ones need nothing. Named types are sent again:
    // their version does not tell what is still warming.
    if (state.wildcard) state.sent_version = request.version_info();
    return outcome;
  }
  if (!state.outstanding) return outcome;

  state.outstanding = false;
  if (!request.has_error_detail()) {
    outcome.kind = RequestKind::kAck;
    state.rejected_version.clear();
    state.backoff.reset();
    return outcome;
  }
  outcome.kind = RequestKind::kNack;
  outcome.error = request.error_detail().message();
  outcome.version = state.sent_version;
  outcome.nonce = state.nonce;
  state.rejected_version = state.sent_version;
  if (!state.backoff) state.backoff = std::make_unique<RejectionBackoff>(nack_backoff_);
  outcome.retry_after = state.backoff->Next(state.sent_version);
  return outcome;
}

void SotwSession::ChangeNames(ResourceType type, TypeState& state, const DiscoveryRequest& request, bool first) {
  const auto& names = request.resource_names();
  const bool star = std::find(names.begin(), names.end(), "*") != names.end();
  // Clients without the explicit "*" mean everything by an empty first request; later an empty list ends a subscription by names.
  const bool wildcard = star || (names.empty() && IsWildcardType(type) && (first || state.wildcard));
  state.subscribed = true;
  if (wildcard != state.wildcard) {
    state.wildcard = wildcard;
    state.known.clear();
    state.sent_version.clear();
  }
  if (wildcard) {
    state.names.clear();
    return;
  }
  NameSet wanted(names.begin(), names.end());
  if (wanted == state.names) return;
  for (auto it = state.known.begin(); it != state.known.end();) {
    if (wanted.contains(it->first)) {
      ++it;
      continue;
    }
    // The client learns from a whole list that a resource is gone; it must get one even if it let go of the name first.
    if (view_ && !view_->Find(type, it->first)) state.force = true;
    it = state.known.erase(it);
  }
  state.names = std::move(wanted);
}

SealedList SotwSession::Wanted(ResourceType type, const TypeState& state) const {
  if (state.wildcard) return view_->list(type);
  SealedList wanted;
  for (const std::string& name : state.names) {
    if (const SealedPtr* resource = view_->Find(type, name)) wanted.push_back(*resource);
  }
  return wanted;
}

std::string SotwSession::VersionOfWanted(ResourceType type, const TypeState& state, const SealedList& wanted) const {
  if (state.wildcard) return view_->version(type);
  DigestBuilder builder;
  for (const SealedPtr& resource : wanted) builder.Add(resource->digest);
  return builder.Finish().ToHex();
}

bool SotwSession::NeedsResponse(ResourceType type, const TypeState& state) const {
  if (!state.subscribed) return false;
  if (state.force) return state.wildcard || !state.names.empty();
  if (state.wildcard) return state.sent_version != view_->version(type) && state.rejected_version != view_->version(type);
  bool differs = false;
  for (const std::string& name : state.names) {
    const SealedPtr* resource = view_->Find(type, name);
    auto known = state.known.find(name);
    if (resource ? known == state.known.end() || known->second != (*resource)->digest : known != state.known.end()) {
      differs = true;
      break;
    }
  }
  if (!differs || state.rejected_version.empty()) return differs;
  return VersionOfWanted(type, state, Wanted(type, state)) != state.rejected_version;
}

std::optional<Response> SotwSession::Next() {
  if (!view_) return std::nullopt;
  bool clusters_behind = false;
  for (const ResourceType type : kSendOrder) {
    if (!NeedsResponse(type, state(type))) continue;
    if (state(type).outstanding) {
      clusters_behind = clusters_behind || type == ResourceType::kCluster;
      continue;
    }
    if (clusters_behind && WaitsForClusters(type)) continue;
    return Build(type);
  }
  return std::nullopt;
}

Response SotwSession::Build(ResourceType type) {
  TypeState& state = this->state(type);
  Response response;
  response.type = type;
  response.resources = Wanted(type, state);
  response.version = VersionOfWanted(type, state, response.resources);
  response.nonce = std::to_string(next_nonce_++);
  if (!state.wildcard) {
    state.known.clear();
    for (const SealedPtr& resource : response.resources) state.known.emplace(resource->name, resource->digest);
  }
  state.sent_version = response.version;
  state.nonce = response.nonce;
  state.outstanding = true;
  state.force = false;
  if (type == ResourceType::kCluster) ForceEndpointsOf(response.resources);
  return response;
}

// Envoy warms a cluster that changed with endpoints that arrive after it, also when they are the same as before.
void SotwSession::ForceEndpointsOf(const SealedList& clusters) {
  TypeState& endpoints = state(ResourceType::kEndpoint);
  for (const SealedPtr& cluster : clusters) {
    if (endpoints.force) break;
    if (!endpoints.known.contains(cluster->name) || !view_->Find(ResourceType::kEndpoint, cluster->name)) continue;
    if (sent_clusters_ && std::binary_search(sent_clusters_->begin(), sent_clusters_->end(), cluster, [](const SealedPtr& a, const SealedPtr& b) {
          return a->name != b->name ? a->name < b->name : a->digest < b->digest;
        })) {
      continue;
    }
    endpoints.force = true;
  }
  sent_clusters_ = view_->lists[static_cast<size_t>(ResourceType::kCluster)];
}

void SotwSession::Retry(ResourceType type, const std::string& nonce) {
  TypeState& state = this->state(type);
  if (state.nonce != nonce || state.outstanding || state.rejected_version.empty()) return;
  state.rejected_version.clear();
  state.force = true;
}

}  // namespace kuma::xds
