// Dependencies and options of the REST API from the configuration.
#pragma once

#include "pkg/api/deps.h"
#include "pkg/base/random.h"
#include "pkg/config/config.h"

namespace kuma::cp {

api::ApiOptions ApiOptionsOf(const config::Config& config, store::Store& store, const Clock& clock, const std::string& hostname);
api::TokenIssuers TokenIssuersOf(const config::Config& config, store::Store& store, const Clock& clock, Random& random);

}  // namespace kuma::cp
