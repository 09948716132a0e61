#!/usr/bin/env bash
# Puts a Temporal CLI at bin/temporal: a link to the one on PATH if it is new enough,
# else the one that scripts/temporal-cli describes, built from source once.
#
# A release of the CLI carries an old SQLite driver, with which the dev server stops
# answering for ever after a burst on a slow machine ("interrupted (9)"). So the CLI is
# built in a module of its own that asks for a newer driver, and a CLI counts as new
# enough only if its driver is, too.
source "$(dirname "$0")/lib.sh"

cli=github.com/temporalio/cli
driver=modernc.org/sqlite

# pinned MODULE prints its version in scripts/temporal-cli, without the v.
pinned() { awk -v m="$1" '$1 == m {print substr($2, 2)}' scripts/temporal-cli/go.mod; }

# built_with FILE MODULE prints the version of a module in a Go binary, without the v.
built_with() { go version -m "$1" 2>/dev/null | awk -v m="$2" '($1 == "mod" || $1 == "dep") && $2 == m {print substr($3, 2)}'; }

# version_of FILE prints the CLI's version. A CLI built by `go install` calls itself
# 0.0.0-DEV; its build information has the version.
version_of() {
  local v
  v=$("$1" --version 2>/dev/null | awk '{print $3; exit}')
  if [ "$v" = 0.0.0-DEV ]; then
    v=$(built_with "$1" "$cli")
  fi
  printf '%s\n' "$v"
}

# at_least VERSION MODULE reports whether a version is at least that of scripts/temporal-cli.
at_least() {
  [[ $1 =~ ^[0-9]+\.[0-9]+\.[0-9]+ ]] &&
    [ "$(printf '%s\n' "$(pinned "$2")" "$1" | sort -V | head -n 1)" = "$(pinned "$2")" ]
}

# new_enough FILE reports whether it is such a CLI, with such a driver.
new_enough() {
  [ -x "$1" ] && at_least "$(version_of "$1")" "$cli" && at_least "$(built_with "$1" "$driver")" "$driver"
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

say "building the Temporal CLI $(pinned "$cli") into bin/ (once; the dev server and its Web UI, from source: 2 to 5 minutes)"
mkdir -p bin
half="$PWD/bin/.temporal.half" # the complete binary is renamed, over a link, too
go build -C scripts/temporal-cli -ldflags "-X $cli/temporalcli.Version=$(pinned "$cli")" -o "$half" "$cli/cmd/temporal"
mv -f "$half" bin/temporal
