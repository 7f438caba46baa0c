#include "pkg/dp/control_plane_trust.h"

#include <sys/stat.h>
#include <unistd.h>

#include "pkg/base/files.h"
#include "pkg/dp/host.h"
#include "pkg/io/http_client.h"
#include "pkg/io/tls.h"

namespace kuma::dp {
namespace {

// Only a file that this user (or root) wrote may say whom to trust.
std::string WhyNotOurs(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return "there is no " + path;
  if (info.st_uid != ::geteuid() && info.st_uid != 0) return path + " belongs to another user";
  if ((info.st_mode & S_IWOTH) != 0) return path + " can be written by everybody";
  return {};
}

}  // namespace

Result<ControlPlaneTrust> DecideTrust(const Settings& settings, const Clock& clock) {
  ControlPlaneTrust trust;
  if (!settings.ca_cert_pem.empty()) {
    trust.ca_pem = settings.ca_cert_pem;
    trust.origin = "KUMA_CONTROL_PLANE_CA_CERT";
  } else if (!settings.ca_cert_file.empty()) {
    auto pem = ReadFile(settings.ca_cert_file, 1u << 20);
    if (!pem.ok())
      return MakeError(pem.error().code, "could not read certificate file " + settings.ca_cert_file + ": " + pem.error().message);
    trust.ca_pem = std::move(pem).value();
    trust.origin = "--ca-cert-file " + settings.ca_cert_file;
  }
  if (!trust.ca_pem.empty()) {
    if (auto summary = io::SummarizeCertificate(trust.ca_pem); !summary.ok()) {
      return Invalid("the CA certificate (" + trust.origin + ") is no PEM certificate: " + summary.error().message);
    }
  }
  trust.skip_verify = settings.skip_verify;
  if (trust.skip_verify || !trust.ca_pem.empty()) return trust;

  trust.origin = "the system's certificate authorities";
  const auto url = io::ParseUrl(settings.cp_url);
  if (!url.ok() || url->scheme != "https" || !IsLocalHost(url->host)) return trust;
  const std::string path = JoinPath(settings.general_work_dir, "kuma-cp.crt");
  trust.tried_local = WhyNotOurs(path);
  if (!trust.tried_local.empty()) return trust;
  auto pem = ReadFile(path, 1u << 20);
  auto summary = pem.ok() ? io::SummarizeCertificate(*pem) : Result<io::CertificateSummary>(pem.error());
  if (!summary.ok()) {
    trust.tried_local = path + " cannot be used: " + summary.error().message;
  } else if (summary->not_after < clock.Now()) {
    trust.tried_local = path + " expired on " + FormatRfc3339(summary->not_after);
  } else {
    trust.ca_pem = std::move(pem).value();
    trust.origin = path;
  }
  return trust;
}

}  // namespace kuma::dp
