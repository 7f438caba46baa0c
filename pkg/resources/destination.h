// What the three destination types share: descriptor basics and remarks on names that make poor SNIs.
#pragma once

#include "pkg/model/type.h"

namespace kuma::resources {

TypeDescriptor DestinationType(std::string name, std::string path, std::string short_name, std::string singular, std::string plural,
                               std::string kumactl_arg);

}  // namespace kuma::resources
