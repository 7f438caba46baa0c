// Collected metrics as an OTLP ExportMetricsServiceRequest, in protobuf's wire form. Pure.
#pragma once

#include <string>

#include "pkg/dp/metrics/collector.h"

namespace kuma::dp::metrics {

// Empty when there is nothing to send. `resource` are the attributes of the resource.
std::string EncodeOtlp(Parts parts, const Plan& plan, const Labels& resource);

// What OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES say, over the usual ones.
Labels OtlpResource(const std::map<std::string, std::string>& environment);

}  // namespace kuma::dp::metrics
