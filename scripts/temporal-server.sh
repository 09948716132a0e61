#!/usr/bin/env bash
# Puts the pinned Temporal server and its SQL tool at bin/temporal-server and
# bin/temporal-sql-tool, built from source once, and PostgreSQL's binaries on the
# machine, for `make temporal-postgres`.
source "$(dirname "$0")/lib.sh"

if ! have_or_install have_postgres postgresql; then
  ci && die 'PostgreSQL is missing: the Temporal server has nothing to run on'
  say 'PostgreSQL is missing: the Temporal server has nothing to run on (install it)'
fi

tool temporal-server go.temporal.io/server go.temporal.io/server/cmd/server "$TEMPORAL_SERVER" 'the engine, from source: 4 minutes on two idle cores'
tool temporal-sql-tool go.temporal.io/server go.temporal.io/server/cmd/tools/sql "$TEMPORAL_SERVER" 'some seconds more'
