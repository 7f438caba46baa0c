// State-of-the-world xDS of one stream. Per type: what the client asked for, what it was sent last, one response in flight at most.
// Used by Stream under its lock; not thread-safe.
#pragma once

#include <array>
#include <map>
#include <set>

#include "envoy/service/discovery/v3/discovery.pb.h"
#include "pkg/xds/subscription.h"

namespace kuma::xds {

class SotwSession {
 public:
  explicit SotwSession(std::chrono::nanoseconds nack_backoff) : nack_backoff_(nack_backoff) {}

  // kInvalid ends the stream.
  Result<RequestOutcome> OnRequest(const envoy::service::discovery::v3::DiscoveryRequest& request);
  void SetView(ViewPtr view) { view_ = std::move(view); }
  // The next response to put on the wire, or nothing until a request or view comes.
  std::optional<Response> Next();
  // The back-off after a rejection is over; without effect when something else was sent since.
  void Retry(ResourceType type, const std::string& nonce);

 private:
  using NameSet = std::set<std::string, std::less<>>;
  struct TypeState {
    bool subscribed = false;
    bool wildcard = false;
    bool outstanding = false;
    bool force = false;                   // send although the content is what was sent before
    NameSet names;                        // when not wildcard
    std::map<std::string, Digest> known;  // when not wildcard: what was sent of `names`
    std::string sent_version;             // of the last response, or what the client brought along
    std::string nonce;                    // of the last response
    std::string rejected_version;
    std::unique_ptr<RejectionBackoff> backoff;  // rejections are rare
  };

  TypeState& state(ResourceType type) { return states_[static_cast<size_t>(type)]; }
  void ChangeNames(ResourceType type, TypeState& state, const envoy::service::discovery::v3::DiscoveryRequest& request, bool first);
  bool NeedsResponse(ResourceType type, const TypeState& state) const;
  SealedList Wanted(ResourceType type, const TypeState& state) const;
  std::string VersionOfWanted(ResourceType type, const TypeState& state, const SealedList& wanted) const;
  Response Build(ResourceType type);
  void ForceEndpointsOf(const SealedList& clusters);

  const std::chrono::nanoseconds nack_backoff_;
  ViewPtr view_;
  std::shared_ptr<const SealedList> sent_clusters_;
  std::array<TypeState, kResourceTypeCount> states_;
  uint64_t next_nonce_ = 1;
};

}  // namespace kuma::xds
