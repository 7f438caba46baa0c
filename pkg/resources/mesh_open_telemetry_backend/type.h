// An OpenTelemetry collector that policies refer to.
#pragma once

#include "pkg/model/type.h"

namespace kuma::resources {

TypeDescriptor MakeMeshOpenTelemetryBackendType();

}  // namespace kuma::resources
