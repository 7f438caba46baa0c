// Incremental xDS of one stream: resources have their own versions, the client gets what differs from what it has.
// Used by Stream under its lock; not thread-safe.
#pragma once

#include <array>
#include <map>
#include <set>

#include "envoy/service/discovery/v3/discovery.pb.h"
#include "pkg/xds/subscription.h"

namespace kuma::xds {

class DeltaSession {
 public:
  explicit DeltaSession(std::chrono::nanoseconds nack_backoff) : nack_backoff_(nack_backoff) {}

  // kInvalid ends the stream.
  Result<RequestOutcome> OnRequest(const envoy::service::discovery::v3::DeltaDiscoveryRequest& request);
  void SetView(ViewPtr view) { view_ = std::move(view); }
  std::optional<Response> Next();
  void Retry(ResourceType type, const std::string& nonce);

 private:
  using NameSet = std::set<std::string, std::less<>>;
  struct TypeState {
    bool subscribed = false;
    bool wildcard = false;
    bool answered = false;  // a wildcard subscription is answered once even with nothing
    bool outstanding = false;
    NameSet names;                        // explicit ones, also next to a wildcard
    std::map<std::string, Digest> known;  // what was sent or brought along
    NameSet owed;                         // must be in the next response, as a resource or as removed
    std::vector<std::string> in_flight;   // resource names of the outstanding response
    std::string nonce;
    std::string version;
    NameSet rejected;  // names of the last response when it was rejected
    std::unique_ptr<RejectionBackoff> backoff;
  };

  TypeState& state(ResourceType type) { return states_[static_cast<size_t>(type)]; }
  void ChangeNames(ResourceType type, TypeState& state, const envoy::service::discovery::v3::DeltaDiscoveryRequest& request, bool first);
  // Also fills in the response when one is given.
  bool Difference(ResourceType type, const TypeState& state, Response* response) const;
  Response Build(ResourceType type);

  const std::chrono::nanoseconds nack_backoff_;
  ViewPtr view_;
  std::array<TypeState, kResourceTypeCount> states_;
  uint64_t next_nonce_ = 1;
};

}  // namespace kuma::xds
