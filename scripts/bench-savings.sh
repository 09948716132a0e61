#!/usr/bin/env bash
# Builds the platform of the working tree once without each saving that a patch of
# proof/bench/without reverts, and runs `bench savings` with the builds and its own
# arguments.
source "$(dirname "$0")/lib.sh"

builds=bin/without
half="$(mktemp -d)"
trap 'rm -rf "$half"' EXIT
given=()
for patch in proof/bench/without/*.patch; do
  name="$(basename "$patch" .patch)"
  say "building without $name"
  mkdir -p "$half/$name"
  git ls-files --cached --others --exclude-standard -z | tar -c --null --ignore-failed-read -T - | tar -x -C "$half/$name"
  (cd "$half/$name" && git apply "$OLDPWD/$patch" && go build -o "$OLDPWD/$builds/$name/amends" ./cmd/amends)
  rm -rf "${half:?}/$name"
  given+=(--build "$(head -n 1 "$patch")=$builds/$name")
done
bin/bench savings "${given[@]}" "$@"
