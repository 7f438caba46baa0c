// One run of a command: the configuration it uses, the control plane it talks to, and how errors end it. One thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "pkg/cli/command.h"
#include "pkg/kumactl/client.h"
#include "pkg/kumactl/config_file.h"
#include "pkg/kumactl/environment.h"

namespace kuma::kumactl {

class Session {
 public:
  Session(const cli::Invocation& invocation, EnvironmentPtr environment) : invocation_(invocation), environment_(std::move(environment)) {}

  const cli::Invocation& invocation() const { return invocation_; }
  const Environment& environment() const { return *environment_; }
  std::ostream& out() const { return invocation_.out(); }
  std::ostream& err() const { return invocation_.err(); }

  // --config-file or ~/.kumactl/config.
  std::string ConfigPath() const;
  Result<Configuration> LoadConfig() const;

  // Connected lazily to the control plane of --context or the current context.
  Result<ApiClient*> Api();
  // Warns when client and server differ. The error is that of a server that cannot be reached; call it before the first request.
  Status CheckServer();
  // --mesh, else the mesh of the context, else "default".
  Result<std::string> Mesh();

  const TypeRegistry& Types();
  Transport& transport();
  // --api-timeout, for each request.
  std::chrono::milliseconds ApiTimeout() const;
  // The client for a control plane that is not in the configuration yet.
  Result<ApiClient> Connect(const ControlPlane& control_plane);

 private:
  Result<ControlPlane> Chosen(const Configuration& config) const;

  const cli::Invocation& invocation_;
  const EnvironmentPtr environment_;
  std::shared_ptr<const TypeRegistry> types_;
  std::shared_ptr<Transport> transport_;
  std::unique_ptr<ApiClient> api_;
};

// "Error: …" with one line "* field: message" a violation.
std::string ErrorText(const Error& error);
std::string ViolationLines(const Error& error);
// Errors of our own validation repeat the violations in their message; this one says only that there are some.
Error WithoutRepetition(Error error);

// The exit code, or an error that is printed and ends with `failure`.
using Action = std::function<Result<int>(Session&)>;
std::function<int(const cli::Invocation&)> Runs(EnvironmentPtr environment, Action action, int failure = 1);

// --mesh, -m
cli::Flag MeshFlag(const EnvironmentPtr& environment);

}  // namespace kuma::kumactl
