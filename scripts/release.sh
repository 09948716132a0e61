#!/usr/bin/env bash
# Builds the binaries of a release into bin/release: for each platform an archive with
# the binary, the list of its modules (SBOM, CycloneDX), and SHA256SUMS of all. Two runs
# on one commit build the same files.
source "$(dirname "$0")/lib.sh"

version=${VERSION:-$(git describe --tags --always --dirty)}
platforms='linux/amd64 linux/arm64 darwin/arm64'
out=bin/release

tool cyclonedx-gomod github.com/CycloneDX/cyclonedx-gomod github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod "$CYCLONEDX" 'half a minute'
rm -rf "$out"
mkdir -p "$out"
# The time of the commit instead of that of the build.
stamp=$(git log -1 --format=%cI)

for platform in $platforms; do
  os=${platform%/*} arch=${platform#*/} name=amends-$version-${platform/\//-}
  say "building $name"
  mkdir -p "$out/$name"
  CGO_ENABLED=0 GOOS=$os GOARCH=$arch go build -trimpath -buildvcs=true -ldflags='-s -w' -o "$out/$name/amends" ./cmd/amends
  cp LICENSE README.md CHANGELOG.md "$out/$name/"
  tar --sort=name --mtime="$stamp" --owner=0 --group=0 --numeric-owner -C "$out" -cf - "$name" | gzip -n >"$out/$name.tar.gz"
  bin/cyclonedx-gomod bin -json -noserial -output "$out/$name.cdx.json" "$out/$name/amends"
  rm -rf "${out:?}/$name"
done
(cd "$out" && sha256sum -- *.tar.gz *.cdx.json >SHA256SUMS)
say "$out has"
cat "$out/SHA256SUMS" >&2
