// Golden files: resources in, the Envoy configuration of one proxy out, compared line by line. A case is a folder with
//   case.json      which proxy: {"about": ..., "mesh": ..., "dataplane": ..., "zone": ..., "features": [...]}
//   input.yaml     resources as users write them
//   expected.yaml  what `kuma xds render` prints
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
#include "pkg/resources/all.h"
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

Result<std::string> RenderCase(const std::string& folder, bool reversed) {
  KUMA_TRY_ASSIGN(const std::string about_text, ReadFile(JoinPath(folder, "case.json")));
  KUMA_TRY_ASSIGN(const Json about, ParseJson(about_text));
  std::istringstream nothing;
  KUMA_TRY_ASSIGN(std::vector<Json> documents, xds::ReadDocuments(JoinPath(folder, "input.yaml"), nothing));
  if (reversed) std::reverse(documents.begin(), documents.end());
  xds::OfflineOptions options;
  options.zone = GetString(about, "zone", "default");
  xds::RenderRequest request;
  KUMA_TRY_ASSIGN(request.resources, xds::LoadOffline(std::move(documents), Types(), options));
  std::vector<std::string> features;
  for (const Json& feature : Get(about, "features")) features.push_back(feature.get<std::string>());
  request.node = xds::OfflineNode(GetString(about, "mesh", "default"), GetString(about, "dataplane"), features);
  request.zone = options.zone;
  KUMA_TRY_ASSIGN(const xds::ViewPtr view, xds::Render(request, Types()));
  KUMA_TRY_ASSIGN(const Json document, xds::ViewDocument(*view));
  return ToYaml(document);
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
    const Result<std::string> got = RenderCase(folder, false);
    INFO((got.ok() ? "" : got.error().ToString()));
    REQUIRE(got.ok());
    if (Updating()) {
      REQUIRE(WriteFileAtomic(expected_path, *got).ok());
      continue;
    }
    const Result<std::string> expected = ReadFile(expected_path);
    INFO((expected.ok() ? "" : "UPDATE_GOLDEN=1 writes the missing file"));
    CHECK(expected.ok());
    if (expected.ok()) CHECK(FirstDifference(*expected, *got) == "");
  }
}

TEST_CASE("the order of documents does not matter") {
  for (const std::string& name : CaseFolders()) {
    const std::string folder = JoinPath(kFolder, name);
    if (!FileExists(JoinPath(folder, "input.yaml"))) continue;
    INFO("case " << name);
    const Result<std::string> forward = RenderCase(folder, false);
    const Result<std::string> backward = RenderCase(folder, true);
    REQUIRE(forward.ok());
    REQUIRE(backward.ok());
    CHECK(FirstDifference(*forward, *backward) == "");
  }
}
