// The story of the demo: a control plane, two services with their sidecars, and what mutual TLS and a permission change for a request.
// Every claim it makes was seen on the wire before. Blocking; one run.
#pragma once

#include <ostream>
#include <string>

#include "pkg/base/duration.h"

namespace kuma::demo {

struct DemoOptions {
  std::string mesh = "default";
  std::string envoy = "envoy";               // as --binary-path of kuma-dp
  bool check = false;                        // end after the steps
  bool keep = false;                         // leave the work folder
  Nanos timeout = std::chrono::seconds(60);  // for all steps together
};

// Returns the exit code: 0 when every step was observed.
int RunDemo(const DemoOptions& options, std::ostream& out, std::ostream& err);

}  // namespace kuma::demo
