// The users' file ~/.kumactl/config: control planes and which of them is current. YAML of the shape that kumactl has always
// written. Values only; one thread.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "pkg/base/json.h"
#include "pkg/base/result.h"

namespace kuma::kumactl {

struct ApiServer {
  std::string url;
  std::string ca_cert_file;
  std::string client_cert_file;
  std::string client_key_file;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string auth_type;  // "tokens" or empty
  std::map<std::string, std::string> auth_conf;
  bool skip_verify = false;
};

struct ControlPlane {
  std::string name;
  ApiServer server;
};

struct Context {
  std::string name;
  std::string control_plane;
  std::string mesh;  // used when no --mesh is given
};

class Configuration {
 public:
  // One control plane, "local" at http://localhost:5681.
  static Configuration Default();
  static Result<Configuration> Parse(const std::string& yaml);
  // The default one when there is no such file.
  static Result<Configuration> Load(const std::string& path);
  // Readable by its owner only: it may hold tokens.
  Status Save(const std::string& path) const;
  std::string ToYaml() const;

  const std::vector<ControlPlane>& control_planes() const { return control_planes_; }
  const ControlPlane* FindControlPlane(const std::string& name) const;
  const Context* FindContext(const std::string& name) const;
  const Context* Current() const { return FindContext(current_context_); }
  std::vector<std::string> ControlPlaneNames() const;

  // Adds it with a context of its name, and makes that current. kConflict when the name is taken.
  Status Add(ControlPlane control_plane, bool overwrite);
  // Removes it with its contexts; another one becomes current.
  Status Remove(const std::string& name);
  Status Switch(const std::string& name);

 private:
  Json ToJson() const;
  Error Unknown(const std::string& name) const;

  std::vector<ControlPlane> control_planes_;
  std::vector<Context> contexts_;
  std::string current_context_;
};

std::string DefaultConfigPath(const std::string& home);

}  // namespace kuma::kumactl
