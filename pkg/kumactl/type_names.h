// Resource types by the names users type: singular, plural, short, kind; case and dashes do not matter.
#pragma once

#include <string>
#include <vector>

#include "pkg/kumactl/client.h"
#include "pkg/model/type.h"

namespace kuma::kumactl {

// The error names the nearest one.
Result<const TypeDescriptor*> FindType(const TypeRegistry& types, const std::string& word);
// The plural names of all types that can be asked for, sorted.
std::vector<std::string> TypeWords(const TypeRegistry& types);
// "meshtimeouts"
std::string PluralOf(const TypeDescriptor& type);

// Paths of a type's list and of one resource. `mesh` is ignored by global types.
std::string ListPath(const TypeDescriptor& type, const std::string& mesh);
std::string ItemPath(const TypeDescriptor& type, const std::string& mesh, const std::string& name);

}  // namespace kuma::kumactl
