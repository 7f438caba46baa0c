// Template that gives destinations their host names.
#pragma once

#include "pkg/model/type.h"

namespace kuma::resources {

TypeDescriptor MakeHostnameGeneratorType();

}  // namespace kuma::resources
