// Resources from files alone: what a control plane would have in its store after these documents were applied to it. Used by
// `kuma xds render` and by the golden tests. Nothing is kept between calls; any thread.
#pragma once

#include <functional>
#include <istream>
#include <string>
#include <vector>

#include "pkg/base/json.h"
#include "pkg/model/type.h"
#include "pkg/xds/proxy_directory.h"

namespace kuma::xds {

struct OfflineOptions {
  std::string zone = "default";
  std::function<void(const std::string&)> warn = {};  // deprecations and the like; may be empty
};

// Documents of a file, of all YAML and JSON files of a folder, or of `in` when the path is "-".
Result<std::vector<Json>> ReadDocuments(const std::string& path, std::istream& in);

// Applies the documents (meshes first, their order does not matter) and adds what a control plane computes: default policies,
// MeshServices, addresses, host names. Errors name the resource.
Result<std::vector<ResourcePtr>> LoadOffline(std::vector<Json> documents, const TypeRegistry& types, const OfflineOptions& options);

// A proxy as kuma-dp would announce it. `proxy_type`: dataplane, ingress or egress; the last two have no mesh.
ProxyNode OfflineNode(const std::string& mesh, const std::string& name, const std::vector<std::string>& features, const std::string& proxy_type = "dataplane");

}  // namespace kuma::xds
