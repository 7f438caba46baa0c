// Resources in requests and answers: JSON or YAML, universal or Kubernetes form.
#pragma once

#include <string>
#include <vector>

#include "pkg/api/answer.h"
#include "pkg/api/deps.h"
#include "pkg/model/type.h"

namespace kuma::api {

struct IncomingResource {
  Resource resource;
  std::vector<std::string> warnings;
};
// Unknown fields are dropped, as ever; ?fieldValidation=Warn reports them and =Strict refuses them (as in Kubernetes).
Result<IncomingResource> ReadResource(const ApiRequest& request, const TypeDescriptor& type);
// `mode`: "Warn", "Strict" or anything else.
Result<IncomingResource> ReadResource(const Json& document, const TypeDescriptor& type, const std::string& mode);

// By ?format=universal|k8s|kubernetes.
Answer FormattedResource(const Resource& resource, const TypeDescriptor& type, const ApiRequest& request, const std::string& ns, const TypeRegistry& types,
                         const ApiOptions& options, const std::string& title);

}  // namespace kuma::api
