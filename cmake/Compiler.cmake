# Options of our own code live in the interface target kuma_options; generated and third-party code does not use it, so that its
# object files are the same in every preset and ccache serves them.
foreach(config DEBUG RELEASE RELWITHDEBINFO MINSIZEREL)
  set(CMAKE_CXX_FLAGS_${config} "" CACHE STRING "" FORCE)
  set(CMAKE_C_FLAGS_${config} "" CACHE STRING "" FORCE)
endforeach()

find_program(CCACHE ccache)
if(CCACHE)
  # Paths inside the checkout are made relative, so that several build folders share the cache.
  set(launcher ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=time_macros ${CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${launcher})
  set(CMAKE_C_COMPILER_LAUNCHER ${launcher})
endif()

add_library(kuma_options INTERFACE)
target_include_directories(kuma_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(kuma_options INTERFACE -Wall -Wextra -Wshadow -Wconversion -Wno-sign-conversion -Werror)
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  # GCC 12 sees overlaps in std::string that cannot be (GCC bug 105651).
  # Unit tests are not optimised: what they test is, and compiling them takes half the time.
  target_compile_options(kuma_options INTERFACE $<IF:$<BOOL:$<TARGET_PROPERTY:KUMA_UNOPTIMISED>>,-O0,-O2> -g0 -ffunction-sections -fdata-sections -Wno-restrict)
else()
  target_compile_options(kuma_options INTERFACE -O0 -g1)
endif()
if(KUMA_SANITIZE STREQUAL "address")
  target_compile_options(kuma_options INTERFACE -fsanitize=address,undefined -fno-omit-frame-pointer)
  target_link_options(kuma_options INTERFACE -fsanitize=address,undefined)
  set(KUMA_STATIC OFF)
elseif(KUMA_SANITIZE STREQUAL "thread")
  target_compile_options(kuma_options INTERFACE -fsanitize=thread)
  target_link_options(kuma_options INTERFACE -fsanitize=thread)
  set(KUMA_STATIC OFF)
endif()

option(KUMA_THREAD_SAFETY "Check thread safety annotations (clang only)" OFF)
if(KUMA_THREAD_SAFETY)
  target_compile_options(kuma_options INTERFACE -Wthread-safety)
endif()
