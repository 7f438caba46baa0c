#include "pkg/config/loader.h"

#include <unistd.h>

#include <istream>
#include <iterator>

#include "pkg/base/files.h"
#include "pkg/base/strings.h"
#include "pkg/config/checks.h"
#include "pkg/config/value.h"
#include "pkg/config/yaml_lines.h"

namespace kuma::config {
namespace {

constexpr std::string_view kPrefix = "KUMA_";

bool StartsWith(std::string_view text, std::string_view prefix) { return text.substr(0, prefix.size()) == prefix; }
bool EndsWith(std::string_view text, std::string_view suffix) {
  return text.size() >= suffix.size() && text.substr(text.size() - suffix.size()) == suffix;
}

// Variables of roles that have no table here, and those that Kubernetes makes for a Service named kuma-*.
bool BelongsElsewhere(std::string_view name) {
  for (const std::string_view prefix :
       {"KUMA_DATAPLANE_", "KUMA_CONTROL_PLANE_", "KUMA_TRANSPARENT_PROXY_", "KUMA_CNI_", "KUMA_KUMACTL_", "KUMA_TEST_"}) {
    if (StartsWith(name, prefix)) return true;
  }
  return EndsWith(name, "_SERVICE_HOST") || EndsWith(name, "_SERVICE_PORT") || EndsWith(name, "_PORT_TCP") ||
         Contains(name, "_SERVICE_PORT_") || Contains(name, "_TCP_") || EndsWith(name, "_TCP") ||
         name == "KUMA_MESH_TRAFFIC_PERMISSION_DISABLE_CLIQUES_ALGORITHM";
}

std::string Shown(const Option& option, const std::string& text) {
  if (option.secret) return "\"" + std::string(kMaskedSecret) + "\"";
  constexpr size_t kLongest = 100;
  return "\"" + (text.size() > kLongest ? text.substr(0, kLongest) + "..." : text) + "\"";
}

class Loading {
 public:
  Loading(const OptionTable& table, const LoadInput& input) : table_(table), input_(input), builder_(table) {}

  Result<Loaded> Go() {
    if (input_.file) ReadFile();
    ReadEnvironment();
    ReadFlags();
    if (!violations_.empty()) return ViolationsError(std::move(violations_));
    return Loaded{builder_.Build(), std::move(warnings_)};
  }

 private:
  void ReadFile() {
    const Result<std::vector<Json>> documents = ParseYamlStream(input_.file->text);
    if (!documents) {
      violations_.push_back({input_.file->name, documents.error().message});
      return;
    }
    if (documents->empty()) return;
    if (documents->size() > 1 || !documents->front().is_object()) {
      violations_.push_back({input_.file->name, "is not one YAML document with keys and values"});
      return;
    }
    lines_ = YamlKeyLines(input_.file->text);
    ReadGroup("", documents->front());
  }

  std::string Where(const std::string& path) const {
    const auto line = lines_.find(path);
    return line == lines_.end() ? input_.file->name : input_.file->name + ":" + std::to_string(line->second);
  }

  void ReadGroup(const std::string& group, const Json& values) {
    for (const auto& [name, value] : values.items()) {
      const std::string path = group.empty() ? name : group + "." + name;
      const size_t index = table_.Find(path);
      if (index != OptionTable::npos) {
        if (value.is_null()) continue;  // "key:" keeps the default
        Take(index, ValueFromJson(table_.options()[index], value), ValueToText(value), Source{Source::Kind::kFile, Where(path)});
      } else if (table_.IsGroup(path)) {
        if (value.is_object()) {
          ReadGroup(path, value);
        } else if (!value.is_null()) {
          violations_.push_back(
              {path, "from " + Where(path) + " is a group of keys, not a value (its keys: " + Join(table_.NamesBelow(path), ", ") + ")"});
        }
      } else {
        const std::vector<std::string> near = table_.NearestKeys(path);
        violations_.push_back(
            {path, "from " + Where(path) + " is not a known key" + (near.empty() ? "" : ", did you mean " + near.front() + "?")});
      }
    }
  }

  void ReadEnvironment() {
    for (const auto& [name, text] : input_.environment) {
      const size_t index = table_.FindEnv(name);
      if (index != OptionTable::npos) {
        const Option& option = table_.options()[index];
        // The main name wins over the second one.
        if (name == option.also_env && input_.environment.count(std::string(option.env)) == 1) continue;
        Take(index, ValueFromText(option, text), text, Source{Source::Kind::kEnvironment, name});
      } else if (StartsWith(name, kPrefix)) {
        WarnUnknown(name);
      }
    }
  }

  void WarnUnknown(const std::string& name) {
    if (BelongsElsewhere(name)) return;
    for (const OptionTable* other : {&ControlPlaneTable(), &DataplaneTable()}) {
      if (other->FindEnv(name) != OptionTable::npos) return;
    }
    const std::string near = NearestName(name, table_.EnvNames());
    warnings_.push_back("environment variable " + name + " is not known and has no effect" +
                        (near.empty() ? "" : ", did you mean " + near + "?"));
  }

  void ReadFlags() {
    for (const FlagText& flag : input_.flags) {
      const size_t index = table_.FindFlag(flag.flag);
      if (index == OptionTable::npos) {
        violations_.push_back({"--" + flag.flag, "is not a flag of any key"});
        continue;
      }
      Take(index, ValueFromText(table_.options()[index], flag.value), flag.value, Source{Source::Kind::kFlag, "--" + flag.flag});
    }
  }

  void Take(size_t index, Result<Json> value, const std::string& text, Source source) {
    const Option& option = table_.options()[index];
    if (!value) {
      violations_.push_back({std::string(option.key), Shown(option, text) + " from " + source.ToString() + " " + value.error().message});
      return;
    }
    // Files that list every default need no warning.
    if (!option.deprecated.empty() && *value != table_.DefaultOf(index)) {
      warnings_.push_back(std::string(option.key) + " from " + source.ToString() + " is deprecated: " + std::string(option.deprecated));
    }
    builder_.Set(index, std::move(value).value(), std::move(source));
  }

  const OptionTable& table_;
  const LoadInput& input_;
  ConfigBuilder builder_;
  std::map<std::string, int> lines_;
  std::vector<Violation> violations_;
  std::vector<std::string> warnings_;
};

}  // namespace

Environment ProcessEnvironment() {
  Environment environment;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const size_t equals = text.find('=');
    if (equals != std::string_view::npos) environment.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return environment;
}

Result<Loaded> LoadValues(const OptionTable& table, const LoadInput& input) { return Loading(table, input).Go(); }

Result<Loaded> LoadControlPlane(const LoadInput& input) {
  KUMA_TRY_ASSIGN(Loaded loaded, LoadValues(ControlPlaneTable(), input));
  if (loaded.config.GetString("mode") == "standalone") {
    loaded.warnings.push_back("mode standalone from " + loaded.config.SourceOf("mode").ToString() + " is deprecated: use zone instead");
    loaded.config =
        loaded.config.With("mode", "zone", Source{Source::Kind::kDerived, "mode standalone, " + loaded.config.SourceOf("mode").ToString()});
  }
  if (loaded.config.GetString("store.type") == "kubernetes") {
    loaded.config =
        loaded.config.With("dpServer.authn.enableReloadableTokens", true, Source{Source::Kind::kDerived, "store.type kubernetes"});
  }
  // The old names still win when they are given.
  const std::pair<std::string, std::string> renamed[] = {{"metrics.mesh.minResyncTimeout", "metrics.mesh.minResyncInterval"},
                                                         {"metrics.mesh.maxResyncTimeout", "metrics.mesh.fullResyncInterval"}};
  for (const auto& [old, key] : renamed) {
    if (loaded.config.GetDuration(old) == Nanos(0)) continue;
    loaded.config = loaded.config.With(key, loaded.config.GetJson(old), Source{Source::Kind::kDerived, old});
  }
  KUMA_TRY(CheckControlPlane(loaded.config));
  return loaded;
}

Result<Loaded> LoadDataplane(const LoadInput& input) {
  KUMA_TRY_ASSIGN(Loaded loaded, LoadValues(DataplaneTable(), input));
  const std::string name = loaded.config.GetString("dataplane.name");
  const auto pod = input.environment.find("POD_NAME");
  const auto pod_namespace = input.environment.find("POD_NAMESPACE");
  // A name with "$(" is a variable that Kubernetes did not fill in.
  if ((name.empty() || name.find_first_of("$(){}") != std::string::npos) && pod != input.environment.end() &&
      pod_namespace != input.environment.end()) {
    loaded.config = loaded.config.With("dataplane.name", pod->second + "." + pod_namespace->second,
                                       Source{Source::Kind::kDerived, "environment POD_NAME and POD_NAMESPACE"});
  }
  for (const std::string old : {"dataplaneRuntime.configDir", "dataplaneRuntime.socketDir"}) {
    const std::string folder = loaded.config.GetString(old);
    if (folder.empty() || !loaded.config.GetString("dataplaneRuntime.workDir").empty()) continue;
    loaded.config = loaded.config.With("dataplaneRuntime.workDir", folder, Source{Source::Kind::kDerived, old});
  }
  KUMA_TRY(CheckDataplane(loaded.config));
  return loaded;
}

Result<std::optional<FileText>> ReadConfigFile(const std::string& path, std::istream& standard_input) {
  if (Trim(path).empty()) return std::optional<FileText>();
  if (path == "-") {
    std::string text((std::istreambuf_iterator<char>(standard_input)), std::istreambuf_iterator<char>());
    return std::optional<FileText>(FileText{"stdin", std::move(text)});
  }
  Result<std::string> text = kuma::ReadFile(path);
  if (!text) {
    return MakeError(text.error().code,
                     "unable to access configuration file '" + path +
                         "', please check if the file exists and has the correct permissions: " + text.error().ToString());
  }
  return std::optional<FileText>(FileText{path, std::move(text).value()});
}

}  // namespace kuma::config
