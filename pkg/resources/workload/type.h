// A named group of data plane proxies; made by the control plane.
#pragma once

#include "pkg/model/type.h"

namespace kuma::resources {

TypeDescriptor MakeWorkloadType();

}  // namespace kuma::resources
