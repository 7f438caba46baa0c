#include "pkg/dp/envoy_binary.h"

#include <sys/stat.h>
#include <unistd.h>

#include <vector>

#include "pkg/base/files.h"
#include "pkg/base/strings.h"

namespace kuma::dp {
namespace {

// Minor releases of Envoy 1 that the generated configuration is made for.
constexpr int64_t kOldestMinor = 36;
constexpr int64_t kNewestMinor = 40;

constexpr std::string_view kAdvice =
    "install Envoy with Kuma's install.sh, or name the program with --binary-path / KUMA_DATAPLANE_RUNTIME_BINARY_PATH";

bool IsFile(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode);
}

Status CheckExecutable(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return NotFound("there is no Envoy at " + path + ": " + std::string(kAdvice));
  if (S_ISDIR(info.st_mode)) return Invalid("cannot run Envoy: " + path + " is a directory, not the program");
  if (::access(path.c_str(), X_OK) != 0)
    return MakeError(ErrorCode::kForbidden, "cannot run Envoy: " + path + " is not executable (chmod +x " + path + ")");
  return Ok();
}

}  // namespace

Result<std::string> FindEnvoy(const std::string& configured, const std::string& own_program, const std::string& path_variable) {
  if (configured.find('/') != std::string::npos) {
    KUMA_TRY(CheckExecutable(configured));
    return configured;
  }
  std::vector<std::string> candidates;
  if (const size_t slash = own_program.rfind('/'); slash != std::string::npos) {
    const std::string folder = own_program.substr(0, slash);
    for (const char* place : {"/", "/../lib/kuma/envoy/", "/../lib/kuma/", "/../libexec/kuma/"})
      candidates.push_back(folder + place + configured);
  }
  for (const std::string& folder : Split(path_variable, ':')) {
    if (!folder.empty()) candidates.push_back(JoinPath(folder, configured));
  }
  Status first_problem;
  for (const std::string& candidate : candidates) {
    if (!IsFile(candidate)) continue;
    Status usable = CheckExecutable(candidate);
    if (usable.ok()) return candidate;
    if (first_problem.ok()) first_problem = std::move(usable);
  }
  if (!first_problem.ok()) return std::move(first_problem).error();
  const std::string beside = own_program.empty() ? "" : "beside " + own_program + ", in ../lib/kuma from there, and ";
  return NotFound("no program \"" + configured + "\" was found (looked " + beside + "in PATH: " + path_variable +
                  "): " + std::string(kAdvice));
}

Result<EnvoyVersion> ParseEnvoyVersion(std::string_view output) {
  const size_t mark = output.find("version:");
  if (mark == std::string_view::npos) return Invalid("it does not answer --version as Envoy does");
  std::string_view line = output.substr(mark + 8);
  line = Trim(line.substr(0, line.find_first_of("\r\n")));
  // revision/version/status/type/tls library
  const std::vector<std::string> parts = Split(line, '/');
  if (parts.size() != 5) return Invalid("wrong Envoy build format: " + std::string(line));
  EnvoyVersion version{parts[1], std::string(line), false, 0};
  const std::vector<std::string> numbers = Split(version.version.substr(0, version.version.find('-')), '.');
  if (numbers.size() >= 2) {
    const auto major = ParseInt(numbers[0]);
    const auto minor = ParseInt(numbers[1]);
    if (major == 1 && minor) version.minor = *minor;
    version.compatible = version.minor >= kOldestMinor && version.minor <= kNewestMinor;
  }
  return version;
}

std::string SupportedEnvoyRange() { return "1." + std::to_string(kOldestMinor) + " to 1." + std::to_string(kNewestMinor); }

}  // namespace kuma::dp
