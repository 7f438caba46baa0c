// Texts made from the option tables: the commented file of defaults, the effective configuration, the explanation of one
// key, and the documentation page.
#pragma once

#include <string>
#include <string_view>

#include "pkg/base/result.h"
#include "pkg/config/config.h"

namespace kuma::config {

// A YAML file with every key at its default, each with its meaning and variable in comments.
std::string PrintDefaults(const OptionTable& table);

// YAML with secrets masked; what differs from the defaults says where it came from. `changed_only` leaves out the rest.
std::string PrintEffective(const Config& config, bool changed_only = false);

// Meaning, type, allowed values, default, variable, flag, present value and its source. A group lists its keys. An unknown
// key is an error that names the nearest.
Result<std::string> ExplainKey(const Config& config, std::string_view key);

// Markdown table of all options.
std::string OptionsMarkdown(const OptionTable& table);

}  // namespace kuma::config
