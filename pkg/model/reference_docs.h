// The reference page of a resource type, in Markdown, made from its descriptor. Pure function.
#pragma once

#include <string>

#include "pkg/model/type.h"

namespace kuma {

std::string ReferencePage(const TypeDescriptor& type);

}  // namespace kuma
