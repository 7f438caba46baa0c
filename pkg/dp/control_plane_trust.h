// Whom kuma-dp trusts as its control plane. Verification is left out only when asked for by --skip-verify.
#pragma once

#include <string>

#include "pkg/base/clock.h"
#include "pkg/dp/settings.h"

namespace kuma::dp {

struct ControlPlaneTrust {
  std::string ca_pem;       // empty: the system's authorities
  std::string origin;       // for messages: "--ca-cert-file ca.pem", "/home/u/.kuma/kuma-cp.crt", "the system's certificate authorities"
  std::string tried_local;  // why the certificate of a control plane of this machine was not used; empty when it was or did not apply
  bool skip_verify = false;
};

// Reads files, so it is asked again before every attempt: a control plane that just starts writes its certificate late.
Result<ControlPlaneTrust> DecideTrust(const Settings& settings, const Clock& clock);

}  // namespace kuma::dp
