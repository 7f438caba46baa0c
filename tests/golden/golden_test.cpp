// Golden files: resources in, the Envoy configuration of one proxy out, compared line by line. A case is a folder with
//   case.json      which proxy: {"about": ..., "mesh": ..., "dataplane": ..., "zone": ..., "features": [...]}; "zone_ingress" or
//                  "zone_egress" instead of "dataplane"
//   input.yaml     resources as users write them
//   expected.yaml  what `kuma xds render` prints
//   warnings.txt   what it says about pieces that are left out; no file: nothing
//   explained.txt  what `kuma xds explain` prints; only of cases that have the file
// UPDATE_GOLDEN=1 writes expected.yaml anew and removes those without a case; read the diff before you commit it.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "cmd/xds/offline.h"
#include "pkg/base/files.h"
#include "pkg/base/strings.h"
#include "pkg/policy/all.h"
#include "pkg/policy/explain/text.h"
#include "pkg/resources/all.h"
#include "pkg/xds/explain_proxy.h"
#include "pkg/xds/render.h"

using namespace kuma;

namespace {

const std::string kFolder = KUMA_GOLDEN_DIR;

bool Updating() {
  const char* value = std::getenv("UPDATE_GOLDEN");
  return value != nullptr && std::string_view(value) != "" && std::string_view(value) != "0";
}

std::vector<std::string> CaseFolders() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.is_directory()) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

const TypeRegistry& Types() {
  static const TypeRegistry& types = []() -> const TypeRegistry& {
    static TypeRegistry registry;
    resources::RegisterCoreTypes(registry);
    policy::RegisterPolicyTypes(registry);
    return registry;
  }();
  return types;
}

struct Rendered {
  std::string document;
  std::string warnings;
  std::string explanation;
};

xds::ProxyNode NodeOf(const Json& about) {
  std::vector<std::string> features;
  for (const Json& feature : Get(about, "features")) features.push_back(feature.get<std::string>());
  for (const auto& [key, type] : {std::pair{"zone_ingress", "ingress"}, {"zone_egress", "egress"}}) {
    if (about.contains(key)) return xds::OfflineNode("", GetString(about, key), features, type);
  }
  return xds::OfflineNode(GetString(about, "mesh", "default"), GetString(about, "dataplane"), features);
}

Result<Rendered> RenderCase(const std::string& folder, bool reversed) {
  KUMA_TRY_ASSIGN(const std::string about_text, ReadFile(JoinPath(folder, "case.json")));
  KUMA_TRY_ASSIGN(const Json about, ParseJson(about_text));
  std::istringstream nothing;
  KUMA_TRY_ASSIGN(std::vector<Json> documents, xds::ReadDocuments(JoinPath(folder, "input.yaml"), nothing));
  if (reversed) std::reverse(documents.begin(), documents.end());
  xds::OfflineOptions options;
  options.zone = GetString(about, "zone", "default");
  xds::RenderRequest request;
  KUMA_TRY_ASSIGN(request.resources, xds::LoadOffline(std::move(documents), Types(), options));
  request.node = NodeOf(about);
  request.zone = options.zone;
  KUMA_TRY_ASSIGN(const xds::ViewPtr view, xds::Render(request, Types()));
  KUMA_TRY_ASSIGN(const Json document, xds::ViewDocument(*view));
  Rendered rendered{ToYaml(document), {}, {}};
  for (const Warning& warning : xds::Warnings(*view)) rendered.warnings += warning.resource + " " + warning.path + ": " + warning.message + "\n";
  if (FileExists(JoinPath(folder, "explained.txt"))) {
    KUMA_TRY_ASSIGN(const Json explanation, xds::ExplainResources(request, {}, Types()));
    std::ostringstream out;
    policy::PrintExplanation(out, explanation, false);
    rendered.explanation = out.str();
  }
  return rendered;
}

// The first place where two texts differ, with some lines around it.
std::string FirstDifference(const std::string& expected, const std::string& got) {
  const std::vector<std::string> left = Split(expected, '\n');
  const std::vector<std::string> right = Split(got, '\n');
  size_t line = 0;
  while (line < left.size() && line < right.size() && left[line] == right[line]) ++line;
  if (line == left.size() && line == right.size()) return {};
  std::string out = "line " + std::to_string(line + 1) + "\n";
  for (size_t i = line > 5 ? line - 5 : 0; i < line; ++i) out += "   " + left[i] + "\n";
  for (size_t i = line; i < std::min(line + 8, left.size()); ++i) out += " - " + left[i] + "\n";
  for (size_t i = line; i < std::min(line + 8, right.size()); ++i) out += " + " + right[i] + "\n";
  return out;
}

}  // namespace

TEST_CASE("golden files") {
  for (const std::string& name : CaseFolders()) {
    INFO("case " << name);
    const std::string folder = JoinPath(kFolder, name);
    const std::string expected_path = JoinPath(folder, "expected.yaml");
    if (!FileExists(JoinPath(folder, "input.yaml"))) {
      if (Updating()) std::filesystem::remove(expected_path);
      CHECK_FALSE(FileExists(expected_path));
      continue;
    }
    const std::string warnings_path = JoinPath(folder, "warnings.txt");
    const Result<Rendered> got = RenderCase(folder, false);
    INFO((got.ok() ? "" : got.error().ToString()));
    REQUIRE(got.ok());
    if (Updating()) {
      REQUIRE(WriteFileAtomic(expected_path, got->document).ok());
      std::filesystem::remove(warnings_path);
      if (!got->warnings.empty()) REQUIRE(WriteFileAtomic(warnings_path, got->warnings).ok());
      if (!got->explanation.empty()) REQUIRE(WriteFileAtomic(JoinPath(folder, "explained.txt"), got->explanation).ok());
      continue;
    }
    const Result<std::string> expected = ReadFile(expected_path);
    INFO((expected.ok() ? "" : "UPDATE_GOLDEN=1 writes the missing file"));
    CHECK(expected.ok());
    if (expected.ok()) CHECK(FirstDifference(*expected, got->document) == "");
    const Result<std::string> warnings = ReadFile(warnings_path);
    CHECK(FirstDifference(warnings.ok() ? *warnings : "", got->warnings) == "");
    const Result<std::string> explained = ReadFile(JoinPath(folder, "explained.txt"));
    if (explained.ok()) CHECK(FirstDifference(*explained, got->explanation) == "");
  }
}

TEST_CASE("the order of documents does not matter") {
  for (const std::string& name : CaseFolders()) {
    const std::string folder = JoinPath(kFolder, name);
    if (!FileExists(JoinPath(folder, "input.yaml"))) continue;
    INFO("case " << name);
    const Result<Rendered> forward = RenderCase(folder, false);
    const Result<Rendered> backward = RenderCase(folder, true);
    REQUIRE(forward.ok());
    REQUIRE(backward.ok());
    CHECK(FirstDifference(forward->document, backward->document) == "");
    CHECK(FirstDifference(forward->warnings, backward->warnings) == "");
    CHECK(FirstDifference(forward->explanation, backward->explanation) == "");
  }
}
