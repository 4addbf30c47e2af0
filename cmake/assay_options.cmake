# Flags that every target shares. The floating-point ones are part of the arithmetic (docs/spec/arithmetic.md):
# the compiler must never fuse, reorder or approximate.
add_library(assay_options INTERFACE)
target_compile_options(assay_options INTERFACE
  -ffp-contract=off -fno-fast-math
  -Wall -Wextra -Wconversion -Wshadow -Wno-sign-conversion)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(assay_options INTERFACE -Wno-unknown-warning-option -Wno-unused-command-line-argument)
endif()
if(ASSAY_WERROR)
  target_compile_options(assay_options INTERFACE -Werror)
endif()
target_include_directories(assay_options INTERFACE "${PROJECT_SOURCE_DIR}/src")
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_compile_options(assay_options INTERFACE -march=x86-64-v2)
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  target_compile_options(assay_options INTERFACE -march=armv8-a)
endif()
if(CMAKE_BUILD_TYPE STREQUAL "Release")
  set(CMAKE_CXX_FLAGS_RELEASE "-O2" CACHE STRING "" FORCE) # assertions stay on: NDEBUG is not defined
endif()
set(ASSAY_SANITIZE "" CACHE STRING "Sanitizers, e.g. address,undefined or thread")
if(ASSAY_SANITIZE)
  target_compile_options(assay_options INTERFACE -fsanitize=${ASSAY_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer -g)
  target_link_options(assay_options INTERFACE -fsanitize=${ASSAY_SANITIZE})
endif()
if(ASSAY_FUZZ) # coverage feedback from the rooms, not only from the fuzz target itself
  target_compile_options(assay_options INTERFACE -fsanitize=fuzzer-no-link)
endif()
find_package(Threads REQUIRED)
target_link_libraries(assay_options INTERFACE Threads::Threads)
