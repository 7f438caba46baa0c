// A proxy or zone together with its insight: what the _overview endpoints answer.
#pragma once

#include "pkg/model/type.h"
#include "pkg/store/store.h"

namespace kuma::api {

// Null when the type has no overviews.
const TypeDescriptor* InsightTypeOf(const TypeDescriptor& type, const TypeRegistry& types);
// `insight` may be null.
Json OverviewDocument(const Resource& resource, const ResourcePtr& insight, const TypeRegistry& types);
// Where an overview of the type has its insight: "dataplaneInsight".
std::string InsightField(const TypeDescriptor& type);
// Older path of a type's overviews ("dataplanes+insights"); empty when it has none.
std::string LegacyOverviewPath(const TypeDescriptor& type);

}  // namespace kuma::api
