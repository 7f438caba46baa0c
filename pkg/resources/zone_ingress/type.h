// Entry proxy of a zone (classic resource).
#pragma once

#include "pkg/model/type.h"

namespace kuma::resources {

TypeDescriptor MakeZoneIngressType();

}  // namespace kuma::resources
