#!/usr/bin/env bash
# Everything that a person, or CI, does with this repository. `./do help` lists it.
set -euo pipefail
cd "$(dirname "$0")"

jobs=${MCPO_JOBS:-2}          # compilers at a time; each may take 700 MB
node_version=22.23.3          # taken from npm where there is no Node 22 or later
node_home=.deps/node22/node_modules
binary=build/release/mcp-optimizer

needed=(build-essential cmake ninja-build git python3 pkg-config ccache libgtest-dev libsqlite3-dev
  libboost1.81-dev libssl-dev libfmt-dev libcli11-dev libstemmer-dev libxxhash-dev libutf8proc-dev procps)
# Without one of these the product still builds; what needs it says that it was skipped.
useful=(mold libbenchmark-dev clang-format-19 clang-tidy-19 clang-19 libclang-rt-19-dev)

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
die() { printf 'do: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

usage() {
  cat <<'EOF'
./do setup     install what is missing: Debian packages, Node 22, the tests' npm packages
./do build     build/release/mcp-optimizer
./do run       set up, build, and serve examples/mcp.json (further options go to `serve`)
./do test      all checks and tests; ./do test STAGE... only those (./do test list names them)
./do fmt       format the C++ sources
./do tidy      clang-tidy on what changed; ./do tidy all on everything
./do layers    does every module include only what src/LAYERS lets it include?
./do bench     the benchmarks
./do eval      how good search is, on the labelled sets that are here; options: tools/eval.py --help
./do fuzz      each fuzz target for 60 s; ./do fuzz NAME SECONDS
./do clean     remove build/
EOF
}

# ---------------------------------------------------------------- set-up

missing_of() {
  local name
  for name in "$@"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || echo "$name"
  done
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif have sudo; then sudo "$@"
  else die "these packages are missing and this user is neither root nor has sudo; install them by hand: ${*: -1}"
  fi
}

install_packages() {
  have dpkg-query || { say "no Debian here: packages are not installed; needed are the counterparts of: ${needed[*]} nodejs npm"; return 0; }
  local wanted extra name available=()
  wanted=$(missing_of "${needed[@]}") extra=$(missing_of "${useful[@]}")
  have npm || wanted+=" npm"
  [ -n "${wanted// /}${extra}" ] || return 0
  say "installing: $(echo $wanted $extra)"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q >/dev/null ||
    die "apt-get update failed; still missing: $(echo $wanted)"
  for name in $wanted $extra; do
    # Not `| grep -q`: that may end before apt-cache does, which pipefail takes for a failure.
    if grep -q 'Candidate: [^(]' <<<"$(apt-cache policy "$name")"; then available+=("$name")
    elif [[ " ${useful[*]} " == *" $name "* ]]; then say "$name is not to be had here; what needs it will be skipped"
    else die "no package $name for this system (Debian 12 has it)"
    fi
  done
  [ ${#available[@]} = 0 ] || as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends "${available[@]}" >/dev/null ||
    die "apt-get could not install: ${available[*]}"
}

# Puts a Node >= 22 first on PATH: the user's own, else ours. Fails if there is none yet.
use_node() {
  local major
  major=$(node --version 2>/dev/null | sed -E 's/^v([0-9]+).*/\1/') || true
  [ "${major:-0}" -lt 22 ] || return 0
  local bin
  bin=$(echo "$PWD/$node_home"/node-linux-*/bin)
  [ -x "$bin/node" ] || return 1
  PATH=$bin:$PATH
}

install_node() {
  use_node && return 0
  local arch
  case "$(uname -m)" in x86_64) arch=x64 ;; aarch64) arch=arm64 ;; *) die "no Node 22 for $(uname -m): install one by hand" ;; esac
  say "no Node 22 here: taking node-linux-$arch@$node_version from npm (into .deps/, nothing else changes)"
  mkdir -p .deps/node22
  npm install --prefix .deps/node22 --ignore-scripts --no-audit --no-fund --no-save --loglevel=error \
    "node-linux-$arch@$node_version" >&2 || die "npm could not fetch Node $node_version"
  use_node || die "the Node from npm does not run: $node_home/node-linux-$arch/bin/node"
}

install_npm_packages() {
  local lock stamp=tests/node_modules/.installed-lock
  lock=$(sha256sum <tests/package-lock.json)
  [ "$(cat $stamp 2>/dev/null)" != "$lock" ] || return 0
  say "npm packages of the tests"
  npm ci --prefix tests --ignore-scripts --no-audit --no-fund --loglevel=error >&2 ||
    die "npm ci failed in tests/"
  echo "$lock" >$stamp
}

do_setup() { install_packages; install_node; install_npm_packages; }

# ---------------------------------------------------------------- build and run

# build PRESET TARGET
build() {
  [ -f "build/$1/build.ninja" ] || cmake --preset "$1" >&2
  nice cmake --build "build/$1" --target "$2" -j"$jobs" >&2
}

do_build() {
  have cmake && have ninja && have ccache || die "cmake, ninja and ccache are needed: ./do setup"
  build release mcp-optimizer
  [ -x $binary ] || die "the build put the program elsewhere: $(find build/release -type f -name mcp-optimizer | head -1)"
}

do_run() {
  do_setup
  do_build
  local state=$PWD/.cache/example
  mkdir -p "$state"
  export MCPO_EXAMPLE_NPX=$PWD/tools/npx_local MCPO_EXAMPLE_FOLDER=${MCPO_EXAMPLE_FOLDER:-$PWD}
  export MCPO_EXAMPLE_MEMORY=${MCPO_EXAMPLE_MEMORY:-$state/memory.jsonl}
  local options=()
  [[ " $* " == *" --config"* ]] || options+=(--config "$PWD/examples/mcp.json")
  [[ " $* " == *" --data-dir"* ]] || options+=(--data-dir "$state/data")
  exec $binary serve "${options[@]}" "$@"
}

# ---------------------------------------------------------------- checks

sources() { git ls-files -co --exclude-standard -- 'src/*.cc' 'src/*.h' 'fuzz/*.cc' 'bench/*.cc' 'bench/*.h'; }
do_fmt() { sources | xargs -r clang-format-19 -i; }
do_layers() { python3 tools/check_layers.py; }

# Sources that differ from origin/main, or from the commit before where that is the same; a header stands for
# the source file beside it.
changed_sources() {
  local base
  base=$(git merge-base HEAD origin/main 2>/dev/null) || base=
  [ -n "$base" ] && [ "$base" != "$(git rev-parse HEAD)" ] || base=$(git rev-parse -q --verify HEAD~1) || return 0
  { git diff --name-only --diff-filter=d "$base"; git ls-files -o --exclude-standard; } |
    sed -nE 's#^(src/.*)\.(h|cc)$#\1.cc#p' | sort -u | xargs -r ls 2>/dev/null || true
}

do_tidy() {
  have clang-tidy-19 || die "clang-tidy-19 is not installed (./do setup)"
  [ -f build/release/compile_commands.json ] || build release mcp-optimizer
  local files
  if [ "${1:-}" = all ]; then files=$(sources | grep '\.cc$'); else files=$(changed_sources); fi
  # Only what the build knows: other files have no flags.
  files=$(for f in $files; do grep -q "\"$PWD/$f\"" build/release/compile_commands.json && echo "$f"; done || true)
  echo "$(wc -w <<<"$files") files" >&2
  # g++ gives the warnings; of clang only the checks are wanted.
  local tidy=(xargs -r -n 4 -P "$jobs" nice clang-tidy-19 -p build/release --quiet --extra-arg=-Wno-everything)
  { grep -v '_test\.cc$' <<<"$files" || true; } | "${tidy[@]}"
  # Tests look at optionals that they expect to be there.
  { grep '_test\.cc$' <<<"$files" || true; } | "${tidy[@]}" --checks=-bugprone-unchecked-optional-access
}

do_bench() {
  [ -f build/bench/build.ninja ] || cmake --preset bench >&2
  build bench all_benches
  local program
  do_build
  node bench/end_to_end.mjs
  for program in $(find build/bench -type f -name '*_bench' -perm -u+x | sort); do say "${program##*/}"; "$program"; done
}

do_eval() {
  do_build
  python3 tools/eval.py "$@"
}

do_fuzz() {
  have clang++-19 || die "clang-19 is not installed (./do setup)"
  local seconds=${2:-60} target name
  [ -f build/fuzz/build.ninja ] || cmake --preset fuzz >&2
  build fuzz "${1:-all_fuzzers}"
  for target in $(find build/fuzz -type f -name "${1:-*_fuzz}" -perm -u+x | sort); do
    name=${target##*/}
    say "$name, $seconds s"
    mkdir -p "build/fuzz/corpus/$name"
    "$target" -max_total_time="$seconds" -max_len=65536 -artifact_prefix="build/fuzz/$name-" \
      "build/fuzz/corpus/$name" "fuzz/$name"
  done
}

case "${1:-help}" in
  setup | build | run | fmt | layers | tidy | bench | eval | fuzz) verb=do_$1; shift; use_node || true; $verb "$@" ;;
  test)
    shift
    . tools/test_stages.sh
    (do_setup) || say "set-up is incomplete: what needs the rest is skipped or fails"
    use_node || true
    run_stages "$@"
    ;;
  clean) rm -rf build ;;
  help | -h | --help) usage ;;
  *) usage >&2; die "unknown: $1" ;;
esac
