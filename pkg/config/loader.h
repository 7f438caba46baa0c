// Loading of a role's configuration: defaults, then the file, then the environment, then flags; the later wins.
// The environment and the file's text are handed in, so nothing here touches the process.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "pkg/base/result.h"
#include "pkg/config/config.h"

namespace kuma::config {

using Environment = std::map<std::string, std::string>;

// The variables of this process.
Environment ProcessEnvironment();

struct FileText {
  std::string name;  // as in messages: "kuma.yaml", "stdin"
  std::string text;
};

struct FlagText {
  std::string flag;  // without dashes; must belong to an option of the table
  std::string value;
};

struct LoadInput {
  std::optional<FileText> file = {};
  Environment environment = {};
  std::vector<FlagText> flags = {};
};

struct Loaded {
  Config config;
  std::vector<std::string> warnings = {};  // deprecated keys, unknown KUMA_ variables
};

// Everything wrong is reported at once: one violation per mistake, and a message with one line each.
Result<Loaded> LoadControlPlane(const LoadInput& input);
// POD_NAME and POD_NAMESPACE name a data plane that has no other name.
Result<Loaded> LoadDataplane(const LoadInput& input);

// Only the values, without the checks between keys.
Result<Loaded> LoadValues(const OptionTable& table, const LoadInput& input);

// Reads the file of --config-file: "" is none, "-" is `standard_input`.
Result<std::optional<FileText>> ReadConfigFile(const std::string& path, std::istream& standard_input);

}  // namespace kuma::config
