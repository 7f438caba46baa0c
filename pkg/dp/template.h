// Mustache as far as Dataplane templates need it: {{ name }}, {{{ name }}}, {{& name }}, comments {{! }} and sections
// {{# name }}…{{/ name }}, {{^ name }}…{{/ name }} that show their content when the variable is set (not set). Values are inserted
// as they are: the result is YAML, not HTML.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/result.h"

namespace kuma::dp {

struct RenderedText {
  std::string text;
  std::vector<std::string> missing;  // variables that had no value and became empty; each once
};

Result<RenderedText> RenderTemplate(std::string_view text, const std::map<std::string, std::string>& variables);

}  // namespace kuma::dp
