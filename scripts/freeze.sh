#!/usr/bin/env bash
# Freezes the golden histories that no release has yet, the HTTP and gRPC contracts, and
# the samples of all facts, under the release's name. From then on a test fails if such a
# history changes or is missing, or if a fact cannot be read by a reader of that release,
# and lint fails if a contract breaks a client of it.
source "$(dirname "$0")/lib.sh"

[[ "${VERSION:-}" =~ ^v[0-9]+\.[0-9]+\.[0-9]+$ ]] || die 'VERSION: name the release, such as VERSION=v0.2.0'
contracts=api/contract/released/$VERSION
[ ! -e "$contracts" ] || die "$VERSION is frozen"

mkdir -p "$contracts"
for name in openapi admin asyncapi; do
  {
    echo "# The contract of $VERSION (commit $(git rev-parse HEAD)). Never edit it: today's is compared with it."
    cat "api/contract/$name.yaml"
  } >"$contracts/$name.yaml"
done
mkdir -p "testdata/events/released/$VERSION"
cp testdata/events/*.json "testdata/events/released/$VERSION/"
scripts/buf.sh build --exclude-source-info -o "$contracts/grpc.binpb"
say "$VERSION has its contracts and samples"

cd workflows/testdata/histories
frozen=$(cat ./*.sha256 2>/dev/null | awk '{print $2}' || true) # empty before the first release
fresh=()
for file in *.json; do
  grep -qxF "$file" <<<"$frozen" || fresh+=("$file")
done
[ ${#fresh[@]} -eq 0 ] || sha256sum "${fresh[@]}" >"$VERSION.sha256"
say "$VERSION has ${#fresh[@]} new histories"
