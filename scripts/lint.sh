#!/usr/bin/env bash
# Checks style and layers (golangci-lint), determinism of workflows (workflowcheck),
# tidy modules, fresh generated code, and that no HTTP or gRPC contract breaks a client.
# `scripts/lint.sh fmt` formats instead.
source "$(dirname "$0")/lib.sh"

modules='. examples examples/monolith deploy/helm'

tool golangci-lint github.com/golangci/golangci-lint/v2 github.com/golangci/golangci-lint/v2/cmd/golangci-lint "$GOLANGCI_LINT" \
  'from source: 2 to 4 minutes'

if [ "${1:-}" = fmt ]; then
  exec bin/golangci-lint fmt ./...
fi

tool workflowcheck go.temporal.io/sdk/contrib/tools/workflowcheck go.temporal.io/sdk/contrib/tools/workflowcheck "$WORKFLOWCHECK" \
  'half a minute'

tool oasdiff github.com/oasdiff/oasdiff github.com/oasdiff/oasdiff "$OASDIFF" 'half a minute'

# Which files are generated is asked of git: without it none would be compared.
have_git() { command -v git >/dev/null; }
have_or_install have_git git || die 'git is missing: it lists the files whose freshness is checked'

failed=
# check NAME COMMAND… continues after a failure, so that one run reports all of them.
check() {
  local what=$1
  shift
  say "$what"
  "$@" || failed="$failed, $what"
}

tidy() { (cd "$1" && go mod tidy -diff); }
golangci() { (cd "$1" && "$OLDPWD/bin/golangci-lint" run --allow-parallel-runners --config "$OLDPWD/.golangci.yml" ./...); }

# generated runs go generate and fails if that changed a file, committed or not.
generated() {
  local before after
  before=$(fingerprints)
  go generate ./...
  after=$(fingerprints)
  diff <(echo "$before") <(echo "$after") | awk '/^[<>]/ {print $4}' | sort -u | sed 's/^/was not fresh (it is now): /' >&2
  [ "$before" = "$after" ]
}
fingerprints() { git ls-files -z --cached --others --exclude-standard | xargs -0 cksum 2>/dev/null || true; } # a listed file may be deleted

# contract compares the HTTP contracts with every release's. A warning fails too:
# this API refuses unknown fields, so a field that it no longer takes is breaking.
# exceptions.txt lists the changes that are allowed, each with its reason.
contract() {
  local released name exceptions=api/contract/released/exceptions.txt
  for released in api/contract/released/*/{openapi,admin}.yaml; do
    name=${released##*/}
    bin/oasdiff breaking --fail-on WARN --warn-ignore "$exceptions" --err-ignore "$exceptions" "$released" "api/contract/$name" >&2 || return 1
  done
}

# grpc_contract compares the gRPC contracts with those of every release that has some.
grpc_contract() {
  local released
  for released in api/contract/released/*/grpc.binpb; do
    [ ! -e "$released" ] || scripts/buf.sh breaking --against "$released" >&2 || return 1
  done
}

for module in $modules; do
  check "go mod tidy ($module)" tidy "$module"
  check "golangci-lint ($module)" golangci "$module"
done
check 'workflowcheck' go vet -vettool="$PWD/bin/workflowcheck" ./workflows/... ./saga/...
check 'generated code' generated
check 'HTTP contract' contract
check 'buf' scripts/buf.sh lint
check 'gRPC contract' grpc_contract

[ -z "$failed" ] || die "lint failed: ${failed#, }"
say 'lint passed'
