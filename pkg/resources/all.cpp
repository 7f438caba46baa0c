#include "pkg/resources/all.h"

#include "pkg/resources/dataplane/type.h"
#include "pkg/resources/external_service/type.h"
#include "pkg/resources/hostname_generator/type.h"
#include "pkg/resources/insights/type.h"
#include "pkg/resources/legacy/type.h"
#include "pkg/resources/mesh/type.h"
#include "pkg/resources/mesh_external_service/type.h"
#include "pkg/resources/mesh_identity/type.h"
#include "pkg/resources/mesh_multi_zone_service/type.h"
#include "pkg/resources/mesh_open_telemetry_backend/type.h"
#include "pkg/resources/mesh_service/type.h"
#include "pkg/resources/mesh_trust/type.h"
#include "pkg/resources/mesh_zone_address/type.h"
#include "pkg/resources/secret/type.h"
#include "pkg/resources/workload/type.h"
#include "pkg/resources/zone/type.h"
#include "pkg/resources/zone_egress/type.h"
#include "pkg/resources/zone_ingress/type.h"

namespace kuma::resources {

void RegisterCoreTypes(TypeRegistry& types) {
  for (TypeDescriptor (*make)() : {
           MakeMeshType,
           MakeDataplaneType,
           MakeDataplaneInsightType,
           MakeZoneIngressType,
           MakeZoneIngressInsightType,
           MakeZoneEgressType,
           MakeZoneEgressInsightType,
           MakeMeshInsightType,
           MakeServiceInsightType,
           MakeZoneType,
           MakeZoneInsightType,
           MakeSecretType,
           MakeGlobalSecretType,
           MakeConfigType,
           MakeExternalServiceType,
           MakeMeshServiceType,
           MakeMeshExternalServiceType,
           MakeMeshMultiZoneServiceType,
           MakeHostnameGeneratorType,
           MakeMeshIdentityType,
           MakeMeshTrustType,
           MakeWorkloadType,
           MakeMeshZoneAddressType,
           MakeMeshOpenTelemetryBackendType,
       }) {
    types.Add(make());
  }
  std::vector<TypeDescriptor> legacy = MakeLegacyTypes();
  for (TypeDescriptor& type : legacy) types.Add(std::move(type));
}

}  // namespace kuma::resources
