#!/usr/bin/env bash
# Puts a Temporal CLI at bin/temporal: a link to the one on PATH if that has at least
# the pinned version, else the pinned one, built from source once.
source "$(dirname "$0")/lib.sh"

# version_of FILE prints the CLI's version. A CLI built by `go install` calls itself
# 0.0.0-DEV; its build information has the version.
version_of() {
  local v
  v=$("$1" --version 2>/dev/null | awk '{print $3; exit}')
  if [ "$v" = 0.0.0-DEV ]; then
    v=$(go version -m "$1" 2>/dev/null | awk '$1 == "mod" && $2 == "github.com/temporalio/cli" {sub(/^v/, "", $3); print $3}')
  fi
  printf '%s\n' "$v"
}

# new_enough FILE reports whether it is a CLI of at least the pinned version.
new_enough() {
  local v
  [ -x "$1" ] || return 1
  v=$(version_of "$1")
  [[ $v =~ ^[0-9]+\.[0-9]+\.[0-9]+ ]] &&
    [ "$(printf '%s\n' "${TEMPORAL_CLI#v}" "$v" | sort -V | head -n 1)" = "${TEMPORAL_CLI#v}" ]
}

new_enough bin/temporal && exit

# Every CLI on PATH, not only the first: bin/ itself may be in front.
while read -r found; do
  if ! [ "$found" -ef bin/temporal ] && new_enough "$found"; then
    say "using $found ($(version_of "$found")) as bin/temporal"
    mkdir -p bin
    ln -sf "$found" bin/temporal
    exit
  fi
done < <(type -ap temporal || true)

rm -f bin/temporal # do not write through a link to an old one
tool temporal github.com/temporalio/cli github.com/temporalio/cli/cmd/temporal "$TEMPORAL_CLI" \
  'the dev server and its Web UI, from source: 2 to 5 minutes'
