// Schemas of types as JSON Schema: for OpenAPI documents and for custom resource definitions of Kubernetes. Pure functions.
#pragma once

#include "pkg/model/type.h"

namespace kuma {

enum class SchemaDialect {
  kOpenApi,     // 3.1
  kKubernetes,  // "structural": every value has a type or says that anything may follow
};

Json JsonSchemaOf(const Field& field, SchemaDialect dialect);
// An object of these fields. `preserve_unknown`: others may follow.
Json JsonSchemaOf(const Fields& fields, SchemaDialect dialect, bool preserve_unknown = false);
// A whole document of the type as the REST API reads and writes it.
Json DocumentSchemaOf(const TypeDescriptor& type);

}  // namespace kuma
