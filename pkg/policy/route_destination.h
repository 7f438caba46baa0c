// What route policies share: the outbound they route, and the way from a backendRef to a cluster.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "pkg/base/json.h"
#include "pkg/envoy/listener.h"
#include "pkg/mesh/facts.h"
#include "pkg/model/kri.h"
#include "pkg/model/warning.h"

namespace kuma::policy {

// An outbound as route policies see it.
struct RouteDestination {
  std::string service;             // tag, or legacy name of the destination
  std::optional<Kri> destination;  // with section
  mesh::Protocol protocol = mesh::Protocol::kTcp;
  bool unified_naming = false;
};

// Where rules without backends go. Called only when one does, for it makes the cluster known. `http`: only if it speaks HTTP.
using DefaultTarget = std::function<std::optional<envoy::WeightedTarget>(bool http)>;

// The cluster of a backendRef written in `origin` (a route policy); nothing when it does not exist, has no weight, or does not
// speak HTTP although `http` is wanted.
using BackendResolver = std::function<std::optional<envoy::WeightedTarget>(const Kri& origin, const Json& backend_ref, bool http)>;

// Says why a backendRef leads nowhere; called only when it does.
using BackendDiagnosis = std::function<std::string(const Kri& origin, const Json& backend_ref, bool http)>;

// Where routes that lead nowhere are told. Null members: nobody wants to know.
struct RouteReport {
  BackendDiagnosis diagnose;
  std::vector<Warning>* warnings = nullptr;
};

}  // namespace kuma::policy
