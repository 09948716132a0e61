#!/usr/bin/env bash
# Freezes the golden histories that no release has yet, the HTTP and gRPC contracts, and
# the samples of all facts, under the release's name. From then on a test fails if such a
# history changes or is missing, or if a fact cannot be read by a reader of that release,
# and lint fails if a contract breaks a client of it.
source "$(dirname "$0")/lib.sh"

[[ "${VERSION:-}" =~ ^v[0-9]+\.[0-9]+\.[0-9]+$ ]] || die 'VERSION: name the release, such as VERSION=v0.2.0'
contracts=api/contract/released/$VERSION
[ ! -e "$contracts" ] || die "$VERSION is frozen"

# They are made aside, so that a failure has frozen nothing and a second run begins anew.
half=$(mktemp -d)
trap 'rm -rf "$half"' EXIT
scripts/buf.sh build --exclude-source-info -o "$half/grpc.binpb"
for name in openapi admin asyncapi; do
  {
    echo "# The contract of $VERSION (commit $(git rev-parse HEAD)). Never edit it: today's is compared with it."
    cat "api/contract/$name.yaml"
  } >"$half/$name.yaml"
done
mkdir -p "testdata/events/released/$VERSION"
cp testdata/events/*.json "testdata/events/released/$VERSION/"
mkdir -p "$contracts"
cp "$half"/* "$contracts/"
say "$VERSION has its contracts and samples"

cd workflows/testdata/histories
frozen=$(cat ./*.sha256 2>/dev/null | awk '{print $2}' || true) # empty before the first release
fresh=()
for file in *.json; do
  grep -qxF "$file" <<<"$frozen" || fresh+=("$file")
done
[ ${#fresh[@]} -eq 0 ] || sha256sum "${fresh[@]}" >"$VERSION.sha256"
say "$VERSION has ${#fresh[@]} new histories"
