# The stages of `./do test`, sourced by it. A stage is a function stage_NAME: it prints what it does (kept
# in build/test-logs/NAME.log), and returns 0, or 77 when it cannot run here (its last line says why),
# or anything else when something failed.
stages=(fmt layers unit asan tidy contract e2e bad_input conformance live)

stage_fmt() {
  have clang-format-19 || { echo "clang-format-19 is not installed"; return 77; }
  sources | xargs -r clang-format-19 --dry-run -Werror
}
stage_layers() { python3 tools/check_layers.py --self-test && do_layers; }
# Unit tests and the replay of the fuzz corpora, as shipped and with sanitizers.
stage_unit() { do_build && build release all_tests && ctest --test-dir build/release -j"$jobs" --verbose; }
stage_asan() {
  build asan all_tests &&
    ASAN_OPTIONS=detect_stack_use_after_return=1 UBSAN_OPTIONS=print_stacktrace=1 \
      ctest --test-dir build/asan -j"$jobs" --verbose
}
stage_tidy() {
  have clang-tidy-19 || { echo "clang-tidy-19 is not installed"; return 77; }
  do_tidy
}
# The fakes against recordings of the real thing: needs no build.
stage_contract() { have_node_for_tests && run_node_tests tests/contract/*.test.mjs; }
stage_e2e() { node_tests tests/e2e/*.test.mjs; }
stage_bad_input() { node_tests tests/bad_input.test.mjs; }
stage_conformance() { node_tests tests/conformance/*.test.mjs; }

# A real ToolHive: where one is cached, it is not built here (`./do test-live` does that).
stage_live() {
  THV=$(tools/thv_headless.sh find) || { echo "no thv here (./do test-live builds one where Go is)"; return 77; }
  export THV
  node_tests tests/live/*.test.mjs
}

node_tests() {
  [ -x $binary ] || { echo "no $binary"; return 1; }
  have_node_for_tests && run_node_tests "$@"
}
have_node_for_tests() {
  use_node || { echo "Node 22 or later is not here (./do setup brings it)"; return 77; }
  [ -d tests/node_modules ] || { echo "the tests' npm packages are not here (./do setup brings them)"; return 77; }
}
run_node_tests() {
  node --test --test-reporter=spec --test-concurrency="${MCPO_TEST_CONCURRENCY:-2}" --test-timeout=600000 "$@"
}

# Sums up what the test programs in a log say of themselves: "passed failed".
count_tests() {
  sed 's/\x1b\[[0-9;]*m//g' "$1" | awk '
    /\[  PASSED  \] [0-9]+ tests?\./         { for (i = 1; i < NF; i++) if ($i == "]") p += $(i + 1) }
    /\[  FAILED  \] [0-9]+ tests?, listed/   { for (i = 1; i < NF; i++) if ($i == "]") f += $(i + 1) }
    /[0-9]+ inputs replayed$/                { p += 1 }
    /^(#|ℹ) pass [0-9]+$/                    { p += $3 }
    /^(#|ℹ) (fail|cancelled) [0-9]+$/        { f += $3 }
    /Test +#[0-9]+: .*(\*\*\*Exception|\*\*\*Timeout|\*\*\*Not Run)/ { f += 1 }
    END { print p + 0, f + 0 }'
}

run_stages() {
  local name passed=0 failed=0 begun p f status log selected=("$@")
  [ "${1:-}" != list ] || { echo "${stages[*]}"; return 0; }
  [ $# -gt 0 ] || selected=("${stages[@]}")
  mkdir -p build/test-logs
  for name in "${selected[@]}"; do
    declare -F "stage_$name" >/dev/null || die "no stage $name; there are: ${stages[*]}"
    log=build/test-logs/$name.log begun=$SECONDS status=0
    # In a process of its own with `set -e` in force, which a condition would switch off.
    set +e
    (set -e; "stage_$name") >"$log" 2>&1
    status=$?
    set -e
    if [ $status = 77 ]; then
      printf '%-12s skipped: %s\n' "$name" "$(tail -n 1 "$log")"
      continue
    fi
    read -r p f < <(count_tests "$log")
    # A check without tests of its own counts as one; a failure that nothing counted, too.
    if [ $status = 0 ] && [ "$p" = 0 ]; then p=1; fi
    if [ $status != 0 ] && [ "$f" = 0 ]; then f=1; fi
    passed=$((passed + p)) failed=$((failed + f))
    printf '%-12s %s: %d passed, %d failed (%d s)\n' "$name" \
      "$([ "$f" = 0 ] && echo ok || echo FAILED)" "$p" "$f" $((SECONDS - begun))
    if [ "$f" != 0 ]; then
      show_failures "$log"
    fi
  done
  echo "$passed passed, $failed failed"
  [ "$failed" = 0 ]
}

# The part of a log that tells what went wrong.
show_failures() {
  local from
  if grep -q ': Failure$' "$1"; then  # googletest's: what was compared, and in which test
    grep -E -A 8 ': Failure$|\[  FAILED' "$1" | head -n 60 | sed 's/^/    /'
  else
    from=$(grep -n -m1 -E 'failing tests:|\*\*\*|error:|Error' "$1" | cut -d: -f1)
    sed -n "$((${from:-1} > 3 ? ${from:-1} - 3 : 1)),+40p" "$1" | sed 's/^/    /'
  fi
  tail -n 25 "$1" | sed 's/^/    /'
  echo "    (all of it: $1)"
}
