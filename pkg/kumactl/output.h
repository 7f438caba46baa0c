// Printing resources: tables with kumactl's columns, YAML and JSON with the meta data first.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "pkg/base/clock.h"
#include "pkg/cli/command.h"
#include "pkg/cli/table.h"
#include "pkg/kumactl/client.h"
#include "pkg/model/type.h"

namespace kuma::kumactl {

// One resource as YAML: the meta data, then the rest.
std::string DocumentYaml(const Json& document);
// The same as JSON, indented by two.
std::string DocumentJson(const Json& document);
std::string ListYaml(const ApiList& list);
std::string ListJson(const ApiList& list);

// --output, -o with these choices; the first is the default.
cli::Flag OutputFlag(std::vector<std::string> choices);

// Headers and rows of a type's table; `wide` adds columns.
cli::Table ResourceTable(const TypeDescriptor& type, const std::vector<Json>& documents, bool wide, SystemTime now);

// "kuma.io/service=backend,web version=v1", as inspect and get show tags of a Dataplane's networking.
std::string TagsText(const Json& networking);
// Age of an RFC 3339 time: "3h"; "never" when there is none.
std::string AgeText(const Json& time, SystemTime now);
// Numbers of protobuf's JSON are texts when they have 64 bits.
int64_t NumberOf(const Json& value);

// {"total":…,"items":[…]} printed in the given format, or the table.
void PrintList(std::ostream& out, const std::string& format, const ApiList& list, const cli::Table& table);

}  // namespace kuma::kumactl
