// What `kuma version`, GET / and the metrics report. The values come from the build (CMake) where it knows them.
#pragma once

#include <string>

namespace kuma {

struct BuildInfo {
  std::string product;     // "Kuma"
  std::string version;     // the release this binary stands for on the wire, e.g. "2.14.3"
  std::string git_tag;
  std::string git_commit;
  std::string build_date;
  std::string envoy_version;  // the Envoy release this build is tested with
};

const BuildInfo& GetBuildInfo();

}  // namespace kuma
