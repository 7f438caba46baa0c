// kumactl config: the known control planes and which of them is active.
#include "pkg/base/files.h"
#include "pkg/base/strings.h"
#include "pkg/base/version.h"
#include "pkg/cli/table.h"
#include "pkg/kumactl/commands.h"
#include "pkg/kumactl/session.h"

namespace kuma::kumactl {
namespace {

Result<ControlPlane> FromFlags(const cli::Invocation& invocation) {
  ControlPlane control_plane;
  control_plane.name = invocation.GetString("name");
  if (control_plane.name.empty()) return Invalid("--name can not be empty");
  ApiServer& server = control_plane.server;
  server.url = invocation.GetString("address");
  const Result<io::ParsedUrl> url = io::ParseUrl(server.url);
  if (!url)
    return Invalid("API Server URL is invalid: " + url.error().ToString() +
                   ". Examples: http://localhost:5681, https://kuma.example.com:5682");
  server.ca_cert_file = invocation.GetString("ca-cert-file");
  server.client_cert_file = invocation.GetString("client-cert-file");
  server.client_key_file = invocation.GetString("client-key-file");
  server.auth_type = invocation.GetString("auth-type");
  server.auth_conf = invocation.GetMap("auth-conf");
  server.skip_verify = invocation.GetBool("skip-verify");
  for (const auto& [key, value] : invocation.GetMap("headers")) server.headers.emplace_back(key, value);
  if (server.client_cert_file.empty() != server.client_key_file.empty())
    return Invalid("Both --client-cert-file and --client-key-file needs to be specified");
  if (!server.auth_type.empty() && server.auth_type != "tokens") {
    return Invalid("authentication plugin of type \"" + server.auth_type + "\" is not found; allowed: tokens");
  }
  if (server.auth_type == "tokens" && server.auth_conf["token"].empty())
    return Invalid("--auth-conf is not valid: provide token=YOUR_TOKEN");
  for (const std::string* file : {&server.ca_cert_file, &server.client_cert_file, &server.client_key_file}) {
    if (!file->empty() && !FileExists(*file)) return NotFound("no such file", *file);
  }
  return control_plane;
}

Status CheckReachable(Session& session, const ControlPlane& control_plane) {
  KUMA_TRY_ASSIGN(ApiClient client, session.Connect(control_plane));
  const Result<Json> index = client.GetJson("/");
  if (!index) {
    Error error = index.error();
    error.message = "could not connect to the Control Plane API Server: " + error.message + "\nUse --skip-check to add it anyway.";
    return error;
  }
  const std::string product = GetString(*index, "product");
  if (product != GetBuildInfo().product && !Contains(GetString(*index, "version"), "preview")) {
    return Invalid("this CLI is for " + GetBuildInfo().product + " but the control plane you're connected to is " + product +
                   ". Please use the CLI for your control plane");
  }
  return Ok();
}

Result<int> RunAdd(Session& session) {
  const cli::Invocation& invocation = session.invocation();
  KUMA_TRY_ASSIGN(const ControlPlane control_plane, FromFlags(invocation));
  KUMA_TRY_ASSIGN(Configuration config, session.LoadConfig());
  if (!invocation.GetBool("skip-check")) {
    KUMA_TRY(CheckReachable(session, control_plane));
  } else if (control_plane.server.skip_verify) {
    session.err() << "WARNING: the certificate of " << control_plane.server.url << " will not be verified; use --ca-cert-file instead.\n";
  }
  if (!control_plane.server.auth_conf.empty() && control_plane.server.url.rfind("http://", 0) == 0) {
    const Result<io::ParsedUrl> url = io::ParseUrl(control_plane.server.url);
    if (url && url->host != "localhost" && url->host.rfind("127.", 0) != 0 && url->host != "::1") {
      session.err() << "WARNING: credentials go to " << control_plane.server.url << " without encryption; use its https address.\n";
    }
  }
  KUMA_TRY(config.Add(control_plane, invocation.GetBool("overwrite")));
  KUMA_TRY(config.Save(session.ConfigPath()));
  session.out() << "added Control Plane \"" << control_plane.name << "\"\nswitched active Control Plane to \"" << control_plane.name
                << "\"\n";
  return 0;
}

Result<int> RunRemove(Session& session) {
  const std::string name = session.invocation().GetString("name");
  KUMA_TRY_ASSIGN(Configuration config, session.LoadConfig());
  KUMA_TRY(config.Remove(name));
  KUMA_TRY(config.Save(session.ConfigPath()));
  session.out() << "removed Control Plane \"" << name << "\"\n";
  if (const Context* context = config.Current()) {
    session.out() << "switched active Control Plane to \"" << context->control_plane << "\"\n";
  } else {
    session.out()
        << "there is no active Control Plane left. Use `kumactl config control-planes add` to add a Control Plane and make it active\n";
  }
  return 0;
}

Result<int> RunSwitch(Session& session) {
  const std::string name = session.invocation().GetString("name");
  KUMA_TRY_ASSIGN(Configuration config, session.LoadConfig());
  KUMA_TRY(config.Switch(name));
  KUMA_TRY(config.Save(session.ConfigPath()));
  session.out() << "switched active Control Plane to \"" << name << "\"\n";
  return 0;
}

Result<int> RunList(Session& session) {
  KUMA_TRY_ASSIGN(const Configuration config, session.LoadConfig());
  const Context* current = config.Current();
  cli::Table table({"ACTIVE", "NAME", "ADDRESS"});
  for (const ControlPlane& item : config.control_planes()) {
    table.AddRow({current != nullptr && current->control_plane == item.name ? "*" : "", item.name, item.server.url});
  }
  table.Print(session.out());
  return 0;
}

Result<int> RunView(Session& session) {
  KUMA_TRY_ASSIGN(const Configuration config, session.LoadConfig());
  session.out() << config.ToYaml() << "\n";
  return 0;
}

cli::Command Leaf(const EnvironmentPtr& environment, const char* name, const char* summary, const char* example, Action action) {
  cli::Command command;
  command.name = name;
  command.summary = summary;
  command.example = example;
  command.run = Runs(environment, std::move(action));
  return command;
}

cli::Flag NameFlag(const EnvironmentPtr& environment, bool known) {
  cli::Flag flag{.name = "name", .value_name = "NAME", .help = "reference name for the Control Plane", .required = true};
  if (known) {
    flag.complete = [environment](const cli::Invocation& invocation) {
      const Result<Configuration> config = Session(invocation, environment).LoadConfig();
      return config ? config->ControlPlaneNames() : std::vector<std::string>();
    };
  }
  return flag;
}

std::vector<cli::Flag> AddFlags(const EnvironmentPtr& environment) {
  using cli::FlagType;
  return {
      NameFlag(environment, false),
      {.name = "address",
       .value_name = "URL",
       .help = "URL of the Control Plane API Server: http://localhost:5681 or https://localhost:5682",
       .required = true},
      {.name = "overwrite", .type = FlagType::kBool, .help = "overwrite existing Control Plane with the same reference name"},
      {.name = "ca-cert-file",
       .value_name = "FILE",
       .help = "certificate authority that verifies the Control Plane (kumactl stores only a reference to this file)"},
      {.name = "client-cert-file",
       .value_name = "FILE",
       .help = "certificate of a client that is authorized to use the admin operations (only the path is stored)"},
      {.name = "client-key-file", .value_name = "FILE", .help = "key of that certificate (only the path is stored)"},
      {.name = "skip-verify", .type = FlagType::kBool, .help = "do not verify the certificate of the Control Plane; every command warns"},
      {.name = "headers",
       .type = FlagType::kStringMap,
       .value_name = "KEY=VALUE",
       .help = "add these headers while communicating to control plane"},
      {.name = "auth-type", .value_name = "TYPE", .help = "authentication type: tokens"},
      {.name = "auth-conf", .type = FlagType::kStringMap, .value_name = "KEY=VALUE", .help = "authentication configuration: token=TOKEN"},
      {.name = "skip-check", .type = FlagType::kBool, .help = "skip checking if we can connect to the CP"},
  };
}

}  // namespace

cli::Command MakeConfigCommand(const EnvironmentPtr& environment) {
  cli::Command add = Leaf(environment, "add", "Add a Control Plane and make it active",
                          "kumactl config control-planes add --name=local --address=http://localhost:5681\n"
                          "kumactl config control-planes add --name=prod --address=https://kuma.example.com:5682 --ca-cert-file=ca.pem \\\n"
                          "  --auth-type=tokens --auth-conf token=$(cat token)",
                          RunAdd);
  add.flags = AddFlags(environment);
  cli::Command remove =
      Leaf(environment, "remove", "Remove a Control Plane", "kumactl config control-planes remove --name=prod", RunRemove);
  remove.flags = {NameFlag(environment, true)};
  cli::Command change =
      Leaf(environment, "switch", "Switch active Control Plane", "kumactl config control-planes switch --name=prod", RunSwitch);
  change.flags = {NameFlag(environment, true)};

  cli::Command control_planes;
  control_planes.name = "control-planes";
  control_planes.summary = "Manage known Control Planes";
  control_planes.children = {std::move(add),
                             Leaf(environment, "list", "List Control Planes", "kumactl config control-planes list", RunList),
                             std::move(remove), std::move(change)};
  cli::Command command;
  command.name = "config";
  command.summary = "Manage kumactl config";
  command.example = "kumactl config control-planes list\nkumactl config view";
  command.children = {std::move(control_planes), Leaf(environment, "view", "Show kumactl config", "kumactl config view", RunView)};
  return command;
}

}  // namespace kuma::kumactl
