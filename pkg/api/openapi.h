// The OpenAPI document of the REST API, made from its routes and the schemas of its types. Pure function of both.
#pragma once

#include <string>

#include "pkg/api/router.h"
#include "pkg/model/type.h"

namespace kuma::api {

Json OpenApiDocument(const Router& router, const TypeRegistry& types, const std::string& base_path);

}  // namespace kuma::api
