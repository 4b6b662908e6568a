#!/usr/bin/env bash
# The real ToolHive for tests, without Docker and for remote workloads only.
#   tools/thv_headless.sh find               print the path of thv v0.44.0: $THV, or the one built before; 1 if there is none
#   tools/thv_headless.sh build              build it, with Go (about 9 minutes on two cores, 5 GB of modules and cache); 3 without Go
#   tools/thv_headless.sh env HOME CMD...    run CMD (thv, say) with HOME as the whole world of ToolHive; engine at HOME/docker.sock
# The engine that thv insists on is tools/docker_stub.mjs.
set -euo pipefail

toolhive=v0.44.0
catalog=v0.20260824.0     # v0.44.0 itself asks for v0.20260810.0, which is not served any more
core=v0.0.38              # held back: the newer catalog asks for one that this thv does not compile with
cache=${MCPO_THV_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/thv-headless}
built=$cache/thv-$toolhive

find_thv() {
  local thv=${THV:-$built}
  [ -x "$thv" ] || return 1
  echo "$thv"
}

build_thv() {
  command -v go >/dev/null || { echo "Go is not installed" >&2; return 3; }
  mkdir -p "$cache/module"
  # One build at a time: whoever comes second waits, and finds it done.
  exec 9>"$cache/lock"
  flock 9
  find_thv >/dev/null && return 0
  echo "building thv $toolhive, about 9 minutes; log: $cache/build.log" >&2
  (
    cd "$cache/module"
    [ -f go.mod ] || go mod init thv-build
    go mod edit -replace "github.com/stacklok/toolhive-core=github.com/stacklok/toolhive-core@$core"
    go get "github.com/stacklok/toolhive/cmd/thv@$toolhive" "github.com/stacklok/toolhive-catalog@$catalog"
    versions=github.com/stacklok/toolhive/pkg/versions
    nice go build -trimpath -ldflags "-s -w -X $versions.Version=$toolhive -X $versions.BuildType=release" \
      -o "$built.new" github.com/stacklok/toolhive/cmd/thv
    mv "$built.new" "$built"
  ) >"$cache/build.log" 2>&1 || { tail -n 5 "$cache/build.log" >&2; return 1; }
}

# Nothing of the user's own ToolHive, Kubernetes or keyring is seen.
with_home() {
  local home=$1
  shift
  mkdir -p "$home"/{state,data,config,run}
  exec env -u KUBERNETES_SERVICE_HOST -u TOOLHIVE_RUNTIME -u TOOLHIVE_PODMAN_SOCKET -u TOOLHIVE_COLIMA_SOCKET \
    HOME="$home" XDG_STATE_HOME="$home/state" XDG_DATA_HOME="$home/data" XDG_CONFIG_HOME="$home/config" XDG_RUNTIME_DIR="$home/run" \
    TOOLHIVE_DOCKER_SOCKET="$home/docker.sock" TOOLHIVE_SKIP_UPDATE_CHECK=true TOOLHIVE_SKIP_DESKTOP_CHECK=true \
    TOOLHIVE_SECRETS_PROVIDER=environment "$@"
}

case "${1:-}" in
  find) find_thv ;;
  build) build_thv && find_thv ;;
  env) shift; with_home "$@" ;;
  *) sed -n '2,6p' "$0" >&2; exit 2 ;;
esac
