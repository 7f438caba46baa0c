// A unit is the smallest thing generated: one inbound, one outbound, one cluster, one endpoint set, the proxy-wide rest. Its digest
// covers everything its generator reads, so equal digests mean equal output, in whichever proxy.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <google/protobuf/message.h>

#include "pkg/base/digest.h"
#include "pkg/model/warning.h"
#include "pkg/xds/cache.h"

namespace kuma::xds {

enum class UnitKind { kAdmin, kInbound, kOutbound, kCluster, kEndpoints, kSecrets, kTransparentProxy, kProxyWide };

struct OutputResource {
  ResourceType type = ResourceType::kCluster;
  std::string name;
  std::shared_ptr<const google::protobuf::Message> message;
  std::string origin = {};  // what made it, as MeshProxyPatch calls it; empty: what is usual for the unit
  bool patched = false;     // a MeshProxyPatch changed or added it
};

struct UnitOutput {
  std::vector<OutputResource> resources;
  std::vector<Warning> warnings;  // about pieces that were left out; a function of the unit's input, too
  Json telemetry = {};            // of the proxy-wide unit: DataplaneInsight.openTelemetry; null: none

  template <typename T>
  void Add(ResourceType type, T message, std::string origin = {}) {
    std::string name;
    if constexpr (requires { message.cluster_name(); }) {
      name = message.cluster_name();
    } else {
      name = message.name();
    }
    resources.push_back({type, std::move(name), std::make_shared<const T>(std::move(message)), std::move(origin), false});
  }
};

struct Unit {
  UnitKind kind = UnitKind::kProxyWide;
  std::string name;  // for logs: what it is of
  Digest digest;
  // Pure; any thread. Owns its input.
  std::function<UnitOutput()> generate;
  std::vector<Warning> warnings = {};  // found while planning: of this proxy, no part of the digest
  std::string patched_by = {};         // KRIs of the MeshProxyPatches that edit it
};

}  // namespace kuma::xds
