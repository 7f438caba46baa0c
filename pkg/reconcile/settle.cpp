#include "pkg/reconcile/settle.h"

namespace kuma::reconcile {

Status Settle(store::Admission& admission, const Clock& clock, const SettleOptions& options) {
  KUMA_TRY_ASSIGN(const std::unique_ptr<Destinations> destinations, Destinations::Make(admission, clock, options.destinations));
  ServiceVips vips(admission.store(), options.vips);
  const std::unique_ptr<store::Watch> watch = admission.store().StartWatch([] {});
  destinations->Start(watch->Initial());
  for (const ResourcePtr& resource : watch->Initial()) vips.Apply(nullptr, resource);
  destinations->Run();
  for (std::vector<store::Event> events = watch->Take(); !events.empty(); events = watch->Take()) {
    destinations->Apply(events);
    for (const store::Event& event : events) vips.Apply(event.old_value, event.new_value);
    if (destinations->dirty()) destinations->Run();
  }
  if (options.vips.enabled && vips.dirty()) return vips.Run();
  return Ok();
}

}  // namespace kuma::reconcile
