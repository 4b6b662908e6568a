# mcpo_module(name
#   DEPS base async          modules below it (mirrors src/LAYERS)
#   THIRD_PARTY third_asio   targets of cmake/ThirdParty.cmake
#   SOURCES a.cc             relative to the module's folder
#   TESTS a_test.cc          one binary <name>_test with gtest's main, or with TEST_MAIN's
#   TEST_DEPS x              further modules that only the tests use
#   TEST_MAIN main.cc
#   BENCHES a_bench.cc       one binary <name>_bench (Google Benchmark)
#   BENCH_THIRD_PARTY third_sqlite   what only the benches use: rivals
#   FUZZ a_fuzz.cc)          each a libFuzzer target with clang, and a replay binary for tests
#
# Makes the library mcpo_<name>. A fuzz target's corpus lies in fuzz/<name of the file>/.
function(mcpo_module name)
  cmake_parse_arguments(
    M "" "TEST_MAIN" "DEPS;THIRD_PARTY;SOURCES;TESTS;TEST_DEPS;BENCHES;BENCH_THIRD_PARTY;FUZZ"
    ${ARGN})
  set(library mcpo_${name})
  set(kind PUBLIC)
  if(M_SOURCES)
    add_library(${library} STATIC ${M_SOURCES})
    target_link_libraries(${library} PRIVATE mcpo_flags)
  else()
    add_library(${library} INTERFACE)
    set(kind INTERFACE)
  endif()
  foreach(dep IN LISTS M_DEPS)
    target_link_libraries(${library} ${kind} mcpo_${dep})
  endforeach()
  target_link_libraries(${library} ${kind} ${M_THIRD_PARTY})

  set(test_deps ${library})
  foreach(dep IN LISTS M_TEST_DEPS)
    list(APPEND test_deps mcpo_${dep})
  endforeach()

  if(M_TESTS AND BUILD_TESTING)
    add_executable(${name}_test EXCLUDE_FROM_ALL ${M_TESTS} ${M_TEST_MAIN})
    target_link_libraries(${name}_test PRIVATE mcpo_flags ${test_deps} GTest::gtest)
    if(NOT M_TEST_MAIN)
      target_link_libraries(${name}_test PRIVATE GTest::gtest_main)
    endif()
    add_test(NAME ${name} COMMAND ${name}_test --gtest_brief=1)
    set_tests_properties(${name} PROPERTIES TIMEOUT 240)
    set_property(GLOBAL APPEND PROPERTY MCPO_TEST_TARGETS ${name}_test)
  endif()

  if(M_BENCHES AND MCPO_BENCHES)
    add_executable(${name}_bench EXCLUDE_FROM_ALL ${M_BENCHES})
    target_link_libraries(${name}_bench PRIVATE mcpo_flags ${test_deps} ${M_BENCH_THIRD_PARTY}
                                                benchmark::benchmark_main)
    set_property(GLOBAL APPEND PROPERTY MCPO_BENCH_TARGETS ${name}_bench)
  endif()

  foreach(source IN LISTS M_FUZZ)
    get_filename_component(fuzz ${source} NAME_WE)
    set(corpus ${PROJECT_SOURCE_DIR}/fuzz/${fuzz})
    if(MCPO_FUZZ)
      add_executable(${fuzz} EXCLUDE_FROM_ALL ${source})
      target_link_options(${fuzz} PRIVATE -fsanitize=fuzzer)
      target_link_libraries(${fuzz} PRIVATE mcpo_flags ${test_deps})
      set_property(GLOBAL APPEND PROPERTY MCPO_FUZZ_TARGETS ${fuzz})
    endif()
    if(BUILD_TESTING AND NOT MCPO_FUZZ)
      add_executable(${fuzz}_replay EXCLUDE_FROM_ALL ${source}
                     ${PROJECT_SOURCE_DIR}/fuzz/replay_main.cc)
      target_link_libraries(${fuzz}_replay PRIVATE mcpo_flags ${test_deps})
      add_test(NAME ${fuzz} COMMAND ${fuzz}_replay ${corpus})
      set_property(GLOBAL APPEND PROPERTY MCPO_TEST_TARGETS ${fuzz}_replay)
    endif()
  endforeach()
endfunction()

# all_tests, all_benches, all_fuzzers: everything that the modules brought.
function(mcpo_finish_modules)
  foreach(pair "all_tests:MCPO_TEST_TARGETS" "all_benches:MCPO_BENCH_TARGETS"
               "all_fuzzers:MCPO_FUZZ_TARGETS")
    string(REPLACE ":" ";" pair ${pair})
    list(GET pair 0 target)
    list(GET pair 1 property)
    get_property(targets GLOBAL PROPERTY ${property})
    add_custom_target(${target} DEPENDS ${targets})
  endforeach()
endfunction()
