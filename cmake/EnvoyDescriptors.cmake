# KUMA_ENVOY_DESCRIPTORS: a file with the descriptors of all of Envoy's v3 API, from the same wheel as the C++ classes.
# pkg/envoy/descriptors.cpp embeds it.
set(pack_script ${CMAKE_SOURCE_DIR}/cmake/pack_descriptors.py)
file(SHA256 ${pack_script} pack_digest)
string(SHA256 pack_digest "${xds_protos_sha256}${pack_digest}")
string(SUBSTRING ${pack_digest} 0 12 pack_digest)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${pack_script})

set(KUMA_ENVOY_DESCRIPTORS ${KUMA_GENERATED}/envoy-descriptors-${pack_digest}.z)
if(NOT EXISTS ${KUMA_ENVOY_DESCRIPTORS})
  file(MAKE_DIRECTORY ${KUMA_DOWNLOADS} ${KUMA_GENERATED})
  file(LOCK ${KUMA_GENERATED}/lock)
  fetch_xds_protos(${KUMA_DOWNLOADS}/${xds_protos_wheel})
  kuma_run(${Python3_EXECUTABLE} -B ${pack_script} ${KUMA_DOWNLOADS}/${xds_protos_wheel} ${KUMA_ENVOY_DESCRIPTORS}.new)
  file(RENAME ${KUMA_ENVOY_DESCRIPTORS}.new ${KUMA_ENVOY_DESCRIPTORS})
  file(LOCK ${KUMA_GENERATED}/lock RELEASE)
endif()
