// kumactl generate openapi and generate docs: what the schemas of the resource types say, for other programs and people.
#include "pkg/base/files.h"
#include "pkg/kumactl/commands.h"
#include "pkg/kumactl/session.h"
#include "pkg/kumactl/type_names.h"
#include "pkg/model/reference_docs.h"

namespace kuma::kumactl {
namespace {

Result<int> RunOpenApi(Session& session) {
  KUMA_TRY_ASSIGN(ApiClient * api, session.Api());
  KUMA_TRY_ASSIGN(const io::HttpResponse response, api->Call({.path = session.invocation().GetString("output") == "json" ? "/openapi.json" : "/openapi.yaml"}));
  session.out() << response.body << std::flush;
  return 0;
}

Result<int> RunDocs(Session& session) {
  std::vector<const TypeDescriptor*> types = session.Types().All();
  if (!session.invocation().args().empty()) {
    KUMA_TRY_ASSIGN(const TypeDescriptor* type, FindType(session.Types(), session.invocation().Arg(0)));
    types = {type};
  }
  const std::string folder = session.invocation().GetString("output-dir");
  for (const TypeDescriptor* type : types) {
    const std::string page = ReferencePage(*type);
    if (folder.empty()) {
      session.out() << page << "\n";
      continue;
    }
    KUMA_TRY(MakeDirs(folder));
    KUMA_TRY(WriteFileAtomic(folder + "/" + type->name + ".md", page));
  }
  session.out() << std::flush;
  return 0;
}

}  // namespace

cli::Command MakeOpenApiCommand(const EnvironmentPtr& environment) {
  cli::Command command;
  command.name = "openapi";
  command.summary = "Print the OpenAPI document of the control plane's REST API";
  command.example = "kumactl generate openapi > kuma.yaml";
  command.flags = {{.name = "output", .shorthand = "o", .default_value = "yaml", .help = "form of the document", .choices = {"yaml", "json"}}};
  command.run = Runs(environment, RunOpenApi);
  return command;
}

cli::Command MakeDocsCommand(const EnvironmentPtr& environment) {
  cli::Command command;
  command.name = "docs";
  command.summary = "Generate reference pages of resource types in Markdown";
  command.example = "kumactl generate docs meshtimeout\nkumactl generate docs --output-dir reference";
  command.args = "[TYPE]";
  command.max_args = 1;
  command.flags = {{.name = "output-dir", .value_name = "DIR", .help = "write a file for each type into this folder instead of printing"}};
  command.complete = [environment](const cli::Invocation& invocation) {
    return invocation.args().empty() ? TypeWords(*environment->types()) : std::vector<std::string>();
  };
  command.run = Runs(environment, RunDocs);
  return command;
}

}  // namespace kuma::kumactl
