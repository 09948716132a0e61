# Every check that CI runs is a target here. `make help` lists them.

SHELL := /bin/bash
.DEFAULT_GOAL := help
# One target after the other: lint and tests share the build cache and the cores.
.NOTPARALLEL:

# Arguments of `make run`, for example: make run ARGS='--http-addr 127.0.0.1:8081'
ARGS ?=
# Of `make test`: unit, stores, e2e or browser; empty: all.
PART ?=
# Of `make chaos`: the duration of the faults, the number of orders meanwhile, and
# the deliberate damage: lost-order, double-capture, held-stock, lost-event, doubled-event, lost-refund,
# double-refund, stale-read-model, lost-mail, lost-refund-mail, doubled-mail.
FOR ?= 120s
ORDERS ?= 500
PLANT ?=
# Of `make recovery`: the number of kills of each process.
REPEATS ?= 10
# The seed of the samples of `make prove`.
SEED ?= 1

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build bin/amends, and have the Temporal CLI at bin/temporal
	@scripts/temporal.sh
	CGO_ENABLED=0 go build -trimpath -o bin/amends ./cmd/amends

.PHONY: temporal-postgres
temporal-postgres: ## Run the real engine, for `amends dev --temporal-address`: Temporal on a PostgreSQL of its own
	@scripts/temporal-server.sh
	CGO_ENABLED=0 go build -trimpath -o bin/amends ./cmd/amends
	@bin/amends temporal-postgres $(ARGS)

.PHONY: run
run: build ## Run the whole platform on this machine: bin/amends dev $(ARGS)
	@bin/amends dev $(ARGS)

.PHONY: test
test: ## Install the tools of the tests, and run every test, or those of PART=unit|stores|e2e|browser
	@scripts/test.sh $(PART)

.PHONY: lint
lint: ## Check style, layers, determinism, generated code, go.mod, breaking changes of the contracts
	@scripts/lint.sh

.PHONY: check
check: lint test ## Run lint, then test, as CI does

.PHONY: generate
generate: ## Regenerate the generated code
	go generate ./...

.PHONY: fmt
fmt: ## Format the code as lint wants it
	@scripts/lint.sh fmt

# Of `make strangle`: 1 waits for Enter before each step.
STEP ?=

.PHONY: strangle
strangle: build ## Move a shop from a monolith to services under load, step by step (STEP=1 waits for Enter)
	cd examples/monolith && CGO_ENABLED=0 go build -trimpath -o ../../bin/monolith .
	@go run ./proof/strangle $(if $(STEP),-step)

.PHONY: prove
prove: ## Run the long tests, for an hour or two, and write docs/proof.md (SEED, FOR, ORDERS, FAULTS=3)
	@SEED='$(SEED)' FOR='$(FOR)' ORDERS='$(ORDERS)' scripts/prove.sh

.PHONY: chaos
chaos: ## Break the running platform for FOR (120s) under ORDERS (500) orders, and judge it; SEED draws the faults
	@scripts/temporal-server.sh
	go test ./proof/chaos -run '^TestChaos$$' -count=1 -v -timeout 30m -chaos.for=$(FOR) -chaos.orders=$(ORDERS) $(if $(filter file,$(origin SEED)),,-chaos.seed=$(SEED)) $(if $(PLANT),-chaos.plant=$(PLANT))

.PHONY: fleet
fleet: ## Restart, kill, slow and break instances of a service under 200 calls/s, and its registry for a minute
	go test ./proof/fleet -count=1 -v -timeout 10m -whole

.PHONY: skew
skew: ## Decide an order with the clock of each process 15 minutes off, either way, and print the outcomes
	@scripts/temporal.sh
	go test ./proof/skew -run '^TestWholeProcesses$$' -tags whole -count=1 -v -timeout 30m

.PHONY: upgrade
upgrade: ## Roll from the last release (FROM=v0.1.0) to this build under load, and back, with orders of every kind in flight
	@scripts/temporal.sh
	go test ./proof/upgrade -tags whole -count=1 -v -timeout 60m $(if $(filter file,$(origin FROM)),,-from='$(FROM)')

.PHONY: oncall
oncall: ## Plant each fault of the runbooks, name and repair it by commands, and write their seconds into docs/runbooks
	@scripts/temporal.sh
	go test ./proof/oncall -run '^TestEveryFaultIsNamedAndRepaired$$' -tags whole -count=1 -v -timeout 60m -write

.PHONY: recovery
recovery: ## Measure how long customers wait after a worker, PostgreSQL or the engine was killed, REPEATS (10) times
	@scripts/temporal-server.sh
	go test ./proof/chaos -run '^$$' -bench '^BenchmarkRecovery$$' -benchtime $(REPEATS)x -timeout 30m

.PHONY: figures
figures: build ## Print the cost of an order on this machine, on a platform of its own
	@scripts/figures.sh

# Of `make bench`: orders at a time, rounds, seconds of a round, engines, and how the
# platform is divided among processes (see `bin/bench run --help`). ROUNDS also applies to
# `make bench-savings` and `make bench-flat`. WRITE applies to all of them: the page for
# the results (none: WRITE=).
CONCURRENCY ?= 1,32
ROUNDS ?= 3
SECONDS ?= 20
ENGINES ?= postgres,dev
LAYOUTS ?= joined,split,mtls
WRITE ?= docs/benchmarks.md
# PROFILE=1 also writes CPU profiles to bin/profiles, and a table of them to the page.
PROFILE ?=
# Earlier orders of the two platforms of `make bench-flat`; the minutes of `make soak`, and
# those of them in which the engine's caches fill: it keeps a saga for 15 minutes.
FROM ?= 1000
TO ?= 10000
MINUTES ?= 60
WARM_UP ?= 25

.PHONY: bench-tools
bench-tools: build
	@scripts/temporal-server.sh
	CGO_ENABLED=0 go build -trimpath -o bin/bench ./proof/bench

.PHONY: bench
bench: bench-tools ## Measure an order against the floor (CONCURRENCY=1,32 ROUNDS=3 SECONDS=20 LAYOUTS=joined,split,mtls PROFILE=1)
	bin/bench run --concurrency $(CONCURRENCY) --rounds $(ROUNDS) --duration $(SECONDS)s --engines $(ENGINES) --layouts $(LAYOUTS) --write '$(WRITE)' $(if $(PROFILE),--profile bin/profiles) $(ARGS)

.PHONY: bench-savings
bench-savings: bench-tools ## Measure the saving or the cost of each part of an order
	scripts/bench-savings.sh --rounds $(ROUNDS) --write '$(WRITE)' $(ARGS)

.PHONY: bench-styles
bench-styles: bench-tools ## Compare an order with a workflow and one without, and write docs/styles.md (CONCURRENCY ROUNDS SECONDS ENGINES)
	bin/bench styles --concurrency $(CONCURRENCY) --rounds $(ROUNDS) --duration $(SECONDS)s --engines $(ENGINES) --write '$(if $(filter file,$(origin WRITE)),docs/styles.md,$(WRITE))' $(ARGS)

.PHONY: bench-flat
bench-flat: bench-tools ## Compare the cost of an order on a young platform and on an old one (FROM=1000 TO=10000)
	bin/bench flat --from $(FROM) --to $(TO) --rounds $(ROUNDS) --write '$(WRITE)' $(ARGS)

.PHONY: soak
soak: bench-tools ## Watch memory, goroutines and connections under half load (MINUTES=60 WARM_UP=25)
	bin/bench soak --duration $(MINUTES)m --warm-up $(WARM_UP)m --write '$(WRITE)' $(ARGS)

.PHONY: microbench
microbench: ## Run the micro-benchmarks; with BASE=FILE of an earlier run, compare
	@scripts/microbench.sh

.PHONY: record-histories
record-histories: build ## Record the golden histories that are missing (FORCE=1: all that are not frozen)
	go test ./proof/e2e -run '^TestRecordHistories$$' -count=1 -v -record $(if $(FORCE),-force)

.PHONY: freeze
freeze: ## Freeze the new golden histories and the contracts, before a release is tagged (VERSION=v0.2.0)
	@VERSION='$(VERSION)' scripts/freeze.sh

.PHONY: screenshots
screenshots: ## Take the screenshots of the documents anew, in docs/pictures
	@scripts/temporal.sh
	go test ./proof/pages -run '^TestPictures$$' -count=1 -timeout 15m -write

.PHONY: pages
pages: ## Measure the pages in a browser, with 100,000 orders and planted troubles, and write the figures into docs/console.md
	@scripts/temporal.sh
	go test ./proof/pages -run '^TestWhole(Troubles|Facts|Pages)' -tags whole -count=1 -v -timeout 40m -write

# Of `make dashboards`: the address of a running Prometheus, and the time that the pictures show.
PROMETHEUS ?= http://127.0.0.1:9091
PAST ?= 1h

.PHONY: dashboards
dashboards: ## Draw the dashboards with the data of a running PROMETHEUS (http://127.0.0.1:9091) over the PAST (1h), into bin/dashboards
	go run ./proof/panels -prometheus '$(PROMETHEUS)' -past '$(PAST)'

.PHONY: record-alerts
record-alerts: ## Record the series of the alerts' tests, on platforms with planted faults, in a quarter of an hour
	@scripts/temporal.sh
	go test ./proof/alerts -run '^TestRecord$$' -count=1 -v -timeout 40m -parallel 11 -tags record

.PHONY: release
release: ## Build the binaries of a release, checksums and the list of their modules into bin/release (VERSION)
	@VERSION='$(VERSION)' scripts/release.sh

.PHONY: fuzz
fuzz: ## Run every fuzz target for FUZZTIME (30s) each
	@scripts/fuzz.sh
