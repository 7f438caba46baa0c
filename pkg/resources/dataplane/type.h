// One proxy: its address, inbounds, outbounds, gateway or zone-proxy listeners.
#pragma once

#include "pkg/model/type.h"

namespace kuma::resources {

TypeDescriptor MakeDataplaneType();

}  // namespace kuma::resources
