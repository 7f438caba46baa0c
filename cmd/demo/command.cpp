#include "cmd/demo/command.h"

#include "cmd/demo/demo.h"
#include "cmd/demo/workload.h"
#include "pkg/base/log.h"

namespace kuma::demo {

cli::Command MakeCommand() {
  cli::Command demo;
  demo.name = "demo";
  demo.summary = "See a mesh at work on this machine";
  demo.help =
      "Starts a control plane and two services, a frontend and a backend, each with a real Envoy beside it. Then turns mutual TLS on, "
      "shows\n"
      "that the backend's proxy denies the frontend, applies a permission, and shows the requests that now pass and whom the backend "
      "sees.\n"
      "It takes free ports and a folder of its own, needs no root, and removes everything when it ends.";
  demo.example =
      "# Watch it; Ctrl-C ends it\n"
      "kuma demo\n\n"
      "# Only tell whether all of it works on this machine\n"
      "kuma demo --check";
  demo.group = "Getting started";
  demo.flags = {
      {.name = "check",
       .type = cli::FlagType::kBool,
       .help = "go through the steps, then end: exit code 0 only if each was observed on the wire"},
      {.name = "mesh", .shorthand = "m", .value_name = "NAME", .default_value = "default", .help = "name of the mesh"},
      {.name = "envoy",
       .value_name = "PATH",
       .default_value = "envoy",
       .help = "the Envoy program; a bare name is looked for as kuma-dp does"},
      {.name = "keep", .type = cli::FlagType::kBool, .help = "leave the work folder with logs and configurations"},
      {.name = "timeout", .type = cli::FlagType::kDuration, .default_value = "60s", .help = "time for all steps together"},
  };
  demo.run = [](const cli::Invocation& invocation) {
    LogOptions quiet;
    quiet.level = LogLevel::kWarn;
    ConfigureLogging(quiet);
    DemoOptions options;
    options.mesh = invocation.GetString("mesh");
    options.envoy = invocation.GetString("envoy");
    options.check = invocation.GetBool("check");
    options.keep = invocation.GetBool("keep");
    options.timeout = invocation.GetDuration("timeout");
    return RunDemo(options, invocation.out(), invocation.err());
  };
  demo.children = {MakeWorkloadCommand()};
  return demo;
}

}  // namespace kuma::demo
