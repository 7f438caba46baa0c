// Line numbers of the keys of a YAML text, for messages that point into a configuration file.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace kuma::config {

// Path of every map key and list item ("a.b[0].c") -> line, counted from 1. Text that is not YAML gives what was found before the mistake.
std::map<std::string, int> YamlKeyLines(std::string_view text);

}  // namespace kuma::config
