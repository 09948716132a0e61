#!/usr/bin/env bash
# Freezes the golden histories that no release has yet: notes their sums under the
# release's name. From then on a test fails if one of them is changed or missing.
source "$(dirname "$0")/lib.sh"

[[ "${VERSION:-}" =~ ^v[0-9]+\.[0-9]+\.[0-9]+$ ]] || die 'VERSION: name the release, such as VERSION=v0.2.0'
cd workflows/testdata/histories
[ ! -e "$VERSION.sha256" ] || die "$VERSION has frozen its histories"

frozen=$(cat ./*.sha256 2>/dev/null | awk '{print $2}' || true) # there is none before the first release
fresh=()
for file in *.json; do
  grep -qxF "$file" <<<"$frozen" || fresh+=("$file")
done
[ ${#fresh[@]} -gt 0 ] || die 'every history is frozen already'
sha256sum "${fresh[@]}" >"$VERSION.sha256"
say "$VERSION has ${#fresh[@]} histories"
