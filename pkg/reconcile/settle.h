// Brings the computed resources of a store up to date in one call: MeshServices, addresses, host names, addresses of services known
// by tag. Used where no control loop runs: configurations from files, and dry runs in a sandbox.
#pragma once

#include "pkg/reconcile/destinations.h"
#include "pkg/reconcile/service_vips.h"
#include "pkg/store/admission.h"

namespace kuma::reconcile {

struct SettleOptions {
  DestinationOptions destinations;
  ServiceVipOptions vips;
};

// Runs until nothing changes any more.
Status Settle(store::Admission& admission, const Clock& clock, const SettleOptions& options);

}  // namespace kuma::reconcile
