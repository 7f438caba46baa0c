#include "pkg/store/sandbox.h"

namespace kuma::store {

Sandbox::Sandbox(const TypeRegistry& types, const std::vector<ResourcePtr>& state, AdmissionOptions options, const Clock& clock)
    : store_(clock), admission_(types, store_, std::move(options)) {
  for (const ResourcePtr& resource : state) {
    const TypeDescriptor* type = types.Find(resource->meta.type());
    store_.Load(resource, type == nullptr ? std::nullopt : OwnerOf(*type, resource->meta.key));
  }
  watch_ = store_.StartWatch([] {});
}

}  // namespace kuma::store
