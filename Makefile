# Every target is one command, so that whoever has no make can type it.
.DEFAULT_GOAL := help
.PHONY: help build test race vet lint fmt sim kill bench e2e fuzz demo docs check

SEEDS ?= 20000
KILLS ?= 60
FUZZTIME ?= 30s

help: ## show this list
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

build: ## build bin/muster, without cgo
	CGO_ENABLED=0 go build -trimpath -o bin/muster ./cmd/muster

test: ## all tests
	go test ./...

race: ## the packages with goroutines and processes, under the race detector (needs gcc)
	go test -race ./internal/core/... ./internal/engine/... ./internal/store/... ./internal/adapter/sandbox/...

vet: ## go vet
	go vet ./...

lint: ## golangci-lint, installed into .cache/bin at a pinned version
	./scripts/golangci-lint.sh run ./...

fmt: ## format the code
	./scripts/golangci-lint.sh fmt

sim: ## long simulation; SEEDS=20000
	go test ./internal/engine/enginetest -run Simulation -count=1 -timeout 30m -sim.seeds=$(SEEDS)

kill: ## kill -9 of the real program at every step; KILLS=60
	MUSTER_TEST_SLOW=1 go test ./internal/killtest -count=1 -timeout 30m -v -boundaries=0 -kills=$(KILLS)

bench: ## print the times and sizes that DESIGN sets goals for
	go run ./internal/bench

e2e: ## real agents against scripted models; installs them with npm
	./scripts/agents-e2e.sh claude codex

fuzz: ## every fuzz test in turn; FUZZTIME=30s each
	./scripts/fuzz.sh $(FUZZTIME)

demo: ## a whole run on an example, with recorded agents
	go run ./cmd/muster demo

docs: ## check that the pages agree with the tree
	go test . -run 'Architecture|Pages|Links|Readme' -count=1

check: ## everything that a change must pass: .ci/run
	.ci/run
