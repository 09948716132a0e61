# The functions and versions that all scripts share. Source it; it changes to the
# repository's root.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Everything is compiled in one way, that of `make build`, so that the build cache holds each
# package once. By default, cgo depends on whether the machine has a C compiler, or has one yet.
export CGO_ENABLED=0 GOFLAGS="-trimpath $(go env GOFLAGS)"

# The one place that pins the tools. An upgrade of one is a commit of its own.
TEMPORAL_SERVER=v1.32.1 # 1.32.2 needs a newer Go; internal/dev/temporalserver names it too
GOLANGCI_LINT=v2.15.0
WORKFLOWCHECK=v0.6.0
OASDIFF=v1.20.1
BUF=v1.75.0
CYCLONEDX=v1.10.0
BENCHSTAT=v0.0.0-20260908200009-22c9c6c9d4da

say() { printf '== %s\n' "$*" >&2; }
die() {
  say "$@"
  exit 1
}

# ci reports whether a missing engine, server or tool is a failure.
ci() { [ "${CI:-}" = true ]; }

# built_from FILE MODULE VERSION reports whether a Go binary was built from exactly
# that version.
built_from() {
  [ -x "$1" ] && go version -m "$1" 2>/dev/null |
    awk -v m="$2" -v v="$3" '$1 == "mod" && $2 == m && $3 == v {found = 1} END {exit !found}'
}

# tool NAME MODULE PACKAGE VERSION HINT builds a pinned tool into bin/, once. The
# complete binary is renamed: go install gives it the name of its package.
tool() {
  built_from "bin/$1" "$2" "$4" && return
  say "building $1 $4 into bin/ (once; $5)"
  local half="$PWD/bin/.$1.half"
  rm -rf "$half"
  GOBIN="$half" go install "$3@$4"
  mv -f "$half/${3##*/}" "bin/$1"
  rm -rf "$half"
}

# have_postgres reports whether PostgreSQL's binaries are where internal/dev/postgres
# looks.
have_postgres() {
  command -v initdb >/dev/null && return
  local place
  for place in '/usr/lib/postgresql/*' '/usr/pgsql-*' '/opt/homebrew/opt/postgresql@*'; do
    compgen -G "$place/bin/initdb" >/dev/null && return
  done
  return 1
}

# have_or_install CHECK PACKAGE… returns the status of CHECK. If CHECK fails on a
# Debian where we are root, it installs the packages and checks again.
have_or_install() {
  local check=$1
  shift
  "$check" && return
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "installing $* by apt-get (about a minute)"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; } >&2 ||
      say "apt-get failed"
  fi
  "$check"
}
