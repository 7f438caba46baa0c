// Exit proxy of a zone (classic resource).
#pragma once

#include "pkg/model/type.h"

namespace kuma::resources {

TypeDescriptor MakeZoneEgressType();

}  // namespace kuma::resources
