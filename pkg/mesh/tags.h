// Tags as documents have them; shared by the files of this folder.
#pragma once

#include "pkg/mesh/facts.h"

namespace kuma::mesh {

// Members that are texts; anything but an object gives none.
Tags ParseTags(const Json& value);

}  // namespace kuma::mesh
