// Status documents of proxies, meshes, services and zones; written by the control plane only.
#pragma once

#include "pkg/model/type.h"

namespace kuma::resources {

TypeDescriptor MakeDataplaneInsightType();
TypeDescriptor MakeZoneIngressInsightType();
TypeDescriptor MakeZoneEgressInsightType();
TypeDescriptor MakeMeshInsightType();
TypeDescriptor MakeServiceInsightType();
TypeDescriptor MakeZoneInsightType();

}  // namespace kuma::resources
