# Flags for our own code; third-party headers come through SYSTEM targets.
add_library(mcpo_flags INTERFACE)
target_compile_options(mcpo_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor -Werror
  -Wno-missing-field-initializers  # aggregates with defaults are our named arguments
  -fno-omit-frame-pointer)
target_include_directories(mcpo_flags INTERFACE ${PROJECT_SOURCE_DIR}/src)
target_compile_definitions(mcpo_flags INTERFACE
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_VISIBILITY)

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports these inside the standard library and coroutine frames.
  target_compile_options(mcpo_flags INTERFACE
    -Wno-maybe-uninitialized -Wno-array-bounds -Wno-stringop-overflow -Wno-restrict
    -Wno-stringop-overread -Wno-dangling-pointer -Wno-mismatched-new-delete)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # What libstdc++ 12 does inside its own algorithms.
  target_compile_options(mcpo_flags INTERFACE -Wno-deprecated-declarations)
endif()

if(MCPO_SANITIZE)
  target_compile_options(mcpo_flags INTERFACE
    -fsanitize=${MCPO_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(mcpo_flags INTERFACE -fsanitize=${MCPO_SANITIZE})
  if(MCPO_SANITIZE MATCHES thread)  # g++ cannot instrument fences; Asio does with mutexes too
    target_compile_definitions(mcpo_flags INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
    target_compile_options(mcpo_flags INTERFACE -Wno-tsan)
  endif()
endif()
if(MCPO_COVERAGE)
  target_compile_options(mcpo_flags INTERFACE --coverage)
  target_link_options(mcpo_flags INTERFACE --coverage)
endif()

find_program(MCPO_MOLD mold)
if(MCPO_MOLD)
  target_link_options(mcpo_flags INTERFACE -fuse-ld=mold)
endif()
