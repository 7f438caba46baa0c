// Values of options: from text (variables, flags, defaults), from documents (files), and back to text.
// A value is a Json of the option's type: bool, integer, text, duration as Go text, list, object.
// Errors say what is wrong and what is allowed, not where the value came from; the loader adds that.
#pragma once

#include <string>
#include <string_view>

#include "pkg/base/json.h"
#include "pkg/config/option.h"

namespace kuma::config {

Result<Json> ValueFromText(const Option& option, std::string_view text);
// REQUIRES: value is not null.
Result<Json> ValueFromJson(const Option& option, const Json& value);

// As it would stand in a variable.
std::string ValueToText(const Json& value);

// "whole number", "list of text"
std::string TypeName(OptionType type);
// "0-65535", "memory, sqlite"; empty when everything of the type is allowed.
std::string AllowedText(const Option& option);
bool IsZero(const Json& value);

}  // namespace kuma::config
