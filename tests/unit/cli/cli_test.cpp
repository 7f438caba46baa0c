#include <catch2/catch.hpp>
#include <sstream>

#include "pkg/cli/command.h"
#include "pkg/cli/complete.h"
#include "pkg/cli/progress.h"
#include "pkg/cli/table.h"

namespace kuma::cli {
namespace {

// A small kumactl: prints what it understood.
Command Program() {
  const auto show = [](const Invocation& i) {
    i.out() << i.CommandPath();
    for (const std::string& arg : i.args()) i.out() << " <" << arg << ">";
    i.out() << " config=" << i.GetString("config-file") << " output=" << i.GetString("output") << " watch=" << i.GetBool("watch")
            << " size=" << i.GetInt("size") << " wait=" << FormatDuration(i.GetDuration("wait")) << " vars=" << i.GetMap("var").size()
            << " list=" << i.GetList("list").size() << " array=" << i.GetList("array").size() << "\n";
    return i.IsSet("size") ? 7 : 0;
  };
  Command get{.name = "get", .summary = "Show resources"};
  get.flags = {Flag{.name = "output",
                    .shorthand = "o",
                    .default_value = "table",
                    .help = "output format",
                    .persistent = true,
                    .choices = {"table", "yaml", "json"}}};
  Command mesh{.name = "mesh",
               .summary = "Show a mesh",
               .example = "kumactl get mesh default",
               .args = "NAME",
               .min_args = 1,
               .max_args = 1,
               .run = show};
  mesh.flags = {
      Flag{.name = "watch", .shorthand = "w", .type = FlagType::kBool, .help = "keep watching"},
      Flag{.name = "size", .shorthand = "s", .type = FlagType::kInt, .default_value = "100"},
      Flag{.name = "wait", .type = FlagType::kDuration, .default_value = "1m"},
      Flag{.name = "var", .shorthand = "v", .type = FlagType::kStringMap},
      Flag{.name = "list", .type = FlagType::kStringList},
      Flag{.name = "array", .type = FlagType::kStringArray},
      Flag{.name = "old", .type = FlagType::kBool, .deprecated = "use --watch instead"},
  };
  mesh.complete = [](const Invocation& i) { return std::vector<std::string>{"default", "demo-" + i.GetString("output")}; };
  get.children = {mesh};
  Command apply{.name = "apply", .summary = "Create or change resources", .group = "Changes", .run = [](const Invocation&) { return 0; }};
  apply.flags = {Flag{.name = "file", .shorthand = "f", .value_name = "FILE", .help = "file to apply", .required = true}};
  Command root{.name = "kumactl", .summary = "Manage Kuma"};
  root.version = "Kuma 1.2.3";
  root.flags = {Flag{.name = "config-file", .help = "configuration", .persistent = true}};
  root.children = {get, apply, MakeCompletionCommand("kumactl"), Command{.name = "secret", .hidden = true}};
  return root;
}

struct Outcome {
  int code;
  std::string out;
  std::string err;
};

Outcome Call(const std::vector<std::string>& args) {
  std::istringstream in;
  std::ostringstream out;
  std::ostringstream err;
  const int code = Run(Program(), args, Streams{in, out, err});
  return {code, out.str(), err.str()};
}

}  // namespace

TEST_CASE("flags are taken in every form and place") {
  const auto understood = [](const std::string& rest) { return "kumactl get mesh <default> " + rest + "\n"; };
  const std::string plain = understood("config= output=table watch=0 size=100 wait=1m0s vars=0 list=0 array=0");
  struct Case {
    std::vector<std::string> args;
    std::string out;
    int code = 0;
  };
  const std::vector<Case> cases = {
      {{"get", "mesh", "default"}, plain},
      {{"--config-file", "x", "get", "mesh", "default", "-o", "json"},
       understood("config=x output=json watch=0 size=100 wait=1m0s vars=0 list=0 array=0")},
      {{"get", "-oyaml", "mesh", "--config-file=y", "default", "-w"},
       understood("config=y output=yaml watch=1 size=100 wait=1m0s vars=0 list=0 array=0")},
      // A child's flag before the child's name, both with a value and without.
      {{"--size", "5", "--watch", "get", "mesh", "default"},
       understood("config= output=table watch=1 size=5 wait=1m0s vars=0 list=0 array=0"),
       7},
      {{"get", "mesh", "--watch=false", "default", "-ws5"},
       understood("config= output=table watch=1 size=5 wait=1m0s vars=0 list=0 array=0"),
       7},
      {{"get", "mesh", "-v", "a=1,b=2", "-v=c=3", "--list", "x,y", "--list=z", "--array", "x,y", "default", "--wait", "90s"},
       understood("config= output=table watch=0 size=100 wait=1m30s vars=3 list=3 array=1")},
      {{"get", "mesh", "--", "--watch"},
       "kumactl get mesh <--watch> config= output=table watch=0 size=100 wait=1m0s vars=0 list=0 array=0\n"},
      {{"get", "mesh", "-"}, "kumactl get mesh <-> config= output=table watch=0 size=100 wait=1m0s vars=0 list=0 array=0\n"},
      {{"--version"}, "Kuma 1.2.3\n"},
  };
  for (const Case& c : cases) {
    const Outcome outcome = Call(c.args);
    CHECK(outcome.out == c.out);
    CHECK(outcome.err == "");
    CHECK(outcome.code == c.code);
  }
  CHECK(Call({"get", "mesh", "default", "--old"}).err == "Flag --old has been deprecated, use --watch instead\n");
}

TEST_CASE("mistakes name what is near and where help is") {
  struct Case {
    std::vector<std::string> args;
    std::string err;
  };
  const std::vector<Case> cases = {
      {{"appply"}, "Error: unknown command \"appply\" for \"kumactl\"\n\nDid you mean this?\n\tapply\n\nRun 'kumactl --help' for usage.\n"},
      {{"zzzzzz"}, "Error: unknown command \"zzzzzz\" for \"kumactl\"\nRun 'kumactl --help' for usage.\n"},
      {{"get", "mesh", "a", "--wacth"},
       "Error: unknown flag: --wacth\n\nDid you mean this?\n\t--watch\n\nRun 'kumactl get mesh --help' for usage.\n"},
      {{"get", "mesh", "a", "-x"}, "Error: unknown shorthand flag: 'x' in -x\nRun 'kumactl get mesh --help' for usage.\n"},
      {{"get", "mesh"}, "Error: accepts 1 arg(s), received 0 (NAME)\nRun 'kumactl get mesh --help' for usage.\n"},
      {{"get", "mesh", "a", "b"}, "Error: accepts 1 arg(s), received 2 (NAME)\nRun 'kumactl get mesh --help' for usage.\n"},
      {{"get", "mesh", "a", "--size", "many"},
       "Error: invalid argument \"many\" for \"--size\" flag: is not a whole number\nRun 'kumactl get mesh --help' for usage.\n"},
      {{"get", "mesh", "a", "-o", "jsn"},
       "Error: invalid argument \"jsn\" for \"-o, --output\" flag: must be one of table, yaml, json\n\nDid you mean this?\n\tjson\n\nRun "
       "'kumactl get mesh --help' for usage.\n"},
      {{"get", "mesh", "a", "--wait"}, "Error: flag needs an argument: --wait\nRun 'kumactl get mesh --help' for usage.\n"},
      {{"get", "mesh", "a", "--wait", "5"},
       "Error: invalid argument \"5\" for \"--wait\" flag: is not a duration such as 30s, 5m or 1h30m\nRun 'kumactl get mesh --help' for "
       "usage.\n"},
      {{"apply"}, "Error: required flag(s) \"file\" not set\nRun 'kumactl apply --help' for usage.\n"},
  };
  for (const Case& c : cases) {
    const Outcome outcome = Call(c.args);
    CHECK(outcome.err == c.err);
    CHECK(outcome.code == kUsageError);
  }
}

TEST_CASE("help shows usage, groups, aligned flags and defaults") {
  const std::string root = Call({}).out;
  CHECK(root == Call({"--help"}).out);
  CHECK(Call({"help", "get", "mesh"}).out == Call({"get", "mesh", "--help"}).out);
  CHECK(root.find("Commands:\n  get          Show resources\n") != std::string::npos);
  CHECK(root.find("Changes:\n  apply   Create or change resources\n") != std::string::npos);
  CHECK(root.find("secret") == std::string::npos);
  const std::string mesh = Call({"get", "mesh", "-h"}).out;
  CHECK(mesh.rfind("Show a mesh\n\nUsage:\n  kumactl get mesh NAME [flags]\n\nExamples:\n  kumactl get mesh default\n", 0) == 0);
  CHECK(mesh.find("  -w, --watch           keep watching\n") != std::string::npos);
  CHECK(mesh.find("      --wait duration   (default 1m)\n") != std::string::npos);
  CHECK(mesh.find("Global Flags:\n      --config-file string   configuration\n  -o, --output string        output format (one of: table, "
                  "yaml, json) (default \"table\")\n") != std::string::npos);
}

TEST_CASE("completion offers commands, flags and values") {
  const auto complete = [](const std::vector<std::string>& words) {
    std::vector<std::string> args = {"__complete"};
    args.insert(args.end(), words.begin(), words.end());
    return Call(args).out;
  };
  CHECK(complete({"g"}) == "get\tShow resources\n");
  CHECK(complete({"get", ""}) == "mesh\tShow a mesh\n");
  CHECK(complete({"get", "mesh", "-o", ""}) == "table\nyaml\njson\n");
  CHECK(complete({"get", "mesh", "--output=y"}) == "--output=yaml\n");
  CHECK(complete({"get", "mesh", "--output", "=", "y"}) == "yaml\n");  // as bash splits it
  CHECK(complete({"get", "mesh", "--output", "="}) == "table\nyaml\njson\n");
  CHECK(complete({"get", "mesh", "-o", "json", "d"}) == "default\ndemo-json\n");
  CHECK(complete({"get", "mesh", "--wa"}) == "--wait\n--watch\tkeep watching\n");
  CHECK(complete({"completion", ""}) ==
        "bash\tCompletion script for bash\nzsh\tCompletion script for zsh\nfish\tCompletion script for fish\n");
  CHECK(complete({"sec"}) == "");
  CHECK(Call({"completion", "bash"}).out.find("complete -o default -F _kumactl_complete kumactl") != std::string::npos);
  CHECK(!CompletionScript("tcsh", "kumactl"));
  CHECK(CompletionScript("fish", "kuma-cp")->find("function __kuma_cp_complete") != std::string::npos);
}

TEST_CASE("tables align like kumactl's") {
  Table table({"MESH", "NAME", "A", "AGE"});
  table.AddRow({"default", "backend-1", "", "5m"});
  table.AddRow({"d", "x", "y", ""});
  CHECK(table.ToString() ==
        "MESH      NAME        A     AGE\n"
        "default   backend-1         5m\n"
        "d         x           y\n");
  const std::vector<std::pair<std::chrono::nanoseconds, std::string>> ages = {
      {std::chrono::seconds(-2), "never"}, {std::chrono::seconds(-1), "0s"}, {std::chrono::milliseconds(59900), "59s"},
      {std::chrono::minutes(59), "59m"},   {std::chrono::hours(23), "23h"},  {std::chrono::hours(49), "2d"},
      {std::chrono::hours(24 * 366), "1y"}};
  for (const auto& [age, text] : ages) CHECK(ShortAge(age) == text);
}

TEST_CASE("progress is plain without a terminal") {
  std::ostringstream plain;
  {
    Progress progress(plain, false);
    progress.Step("Starting the control plane");
    progress.Tick();
    progress.Step("Creating a mesh");
    progress.Fail("Creating a mesh: it exists");
  }
  CHECK(plain.str() ==
        "Starting the control plane ...\ndone: Starting the control plane\nCreating a mesh ...\nfailed: Creating a mesh: it exists\n");
  std::ostringstream drawn;
  {
    Progress progress(drawn, true);
    progress.Step("Go");
    progress.Tick();
    progress.Done();
  }
  CHECK(drawn.str() == "| Go\r\033[K/ Go\r\033[K\u2713 Go\n");
}

}  // namespace kuma::cli
