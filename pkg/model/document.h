// The REST and YAML form of resources. Proto-based types have their spec inlined at the top, others have spec{} and status{}.
#pragma once

#include <vector>

#include "pkg/base/result.h"
#include "pkg/model/kri.h"
#include "pkg/model/resource.h"
#include "pkg/model/type.h"

namespace kuma {

// Reads and normalises a document (schema, durations, defaults); semantic validation is the caller's (Validate).
// Errors are kInvalid: with violations when the schema is violated, else with a text such as
// 'invalid MeshTimeout object: "time: invalid duration \"abc\""'. `unknown` collects unknown fields when given.
Result<Resource> FromDocument(const Json& document, const TypeRegistry& types, std::vector<Violation>* unknown = nullptr);
// The same when the type is known from elsewhere (the URL); the document's own "type" is kept in the meta's key.
Result<Resource> FromDocument(const Json& document, const TypeDescriptor& type, std::vector<Violation>* unknown = nullptr);

Json ToDocument(const Resource& resource, const TypeRegistry& types);

// type, mesh, name, creationTime, modificationTime, labels and kri only.
Json MetaDocument(const ResourceMeta& meta, const TypeRegistry& types);

// The SNI of one section of a destination, "sni.msvc.<mesh>[.<zone>[.<namespace>]].<name>.<section>"; empty for other types.
std::string SniOf(const Kri& kri, const TypeRegistry& types);

// The type's validate; all violations, empty when valid.
std::vector<Violation> Validate(const Resource& resource, const TypeDescriptor& type, const ValidationContext& context);
// An Error{kInvalid} that carries violations and the reference's one-line text "field: message; field: message".
Error ViolationsError(std::vector<Violation> violations);

}  // namespace kuma
