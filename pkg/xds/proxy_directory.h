// The seam between ADS streams (gRPC threads) and the pipeline that computes views (mesh loop).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "pkg/base/json.h"
#include "pkg/model/resource.h"
#include "pkg/xds/cache.h"

namespace kuma::xds {

// What a proxy said about itself in its first discovery request (node id and metadata) and what authentication found.
struct ProxyNode {
  std::string mesh;
  std::string name;
  std::string proxy_type;  // "dataplane", "ingress", "egress"
  Json metadata;           // node.metadata as JSON (numbers and bools as sent); see inventory 5.1 for its keys
  std::vector<std::string> features;
  std::vector<std::string> extensions = {};  // names of what is built into Envoy; empty: it did not say

  bool HasFeature(std::string_view feature) const;
};

// Lives as long as the stream. Destroying it ends the proxy's computation when no other stream has it.
class ProxyConnection {
 public:
  virtual ~ProxyConnection() = default;
};

class ProxyDirectory {
 public:
  virtual ~ProxyDirectory() = default;
  // `on_view` is called with the first view and then with each that differs, from the mesh loop; it must not block. It is not called
  // any more once the connection is destroyed. A proxy whose Dataplane does not exist (yet) gets no view until it does.
  virtual std::unique_ptr<ProxyConnection> Connect(ProxyNode node, std::function<void(ViewPtr)> on_view) = 0;
};

}  // namespace kuma::xds
