// From generated messages to sealed resources, and to documents that people read.
#pragma once

#include <string>
#include <vector>

#include "pkg/base/json.h"
#include "pkg/xds/cache.h"
#include "pkg/xds/units.h"

namespace kuma::xds {

// The same message gives the same bytes: map fields are written in the order of their keys.
std::string SerializeDeterministic(const google::protobuf::Message& message);

std::vector<SealedPtr> SealOutput(const UnitOutput& output, ResourceCache& cache);

// Protobuf JSON of a resource with "@type" and the original field names, Any messages opened. An error names a type that is unknown.
Result<Json> ToDocument(const SealedResource& resource);

}  // namespace kuma::xds
