# Bare `make` lists the targets. What CI runs is `make check`; the long forms of what it runs short are `fuzz` and `faults`.

GO       ?= go
BIN      ?= bin/gotensor
FUZZTIME ?= 2m
# The one version of the linter, here and in CI.
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2

# The commit stands in the binary, and nothing else that two builds of it do not have in common. Outside of git there is none.
COMMIT = $(shell git describe --always --abbrev=11 --exclude='*' --dirty 2>/dev/null)

BUILD = CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags='-s -w -X main.commit=$(COMMIT)' -o $(BIN) ./cmd/gotensor
# What is built from the folders $(1): the files, and the folders that have them, which are newer when a file is gone. (The
# "/." tells the folder testnet from the target.)
sources = go.mod go.sum $(shell find $(1) -name .git -prune -o -name bin -prune -o -name testdata -prune -o -type d -exec printf '%s/. ' {} +) $(shell find $(1) -type f ! -name '*_test.go' ! -path '*/testdata/*' \( -name '*.go' -o -name '*.s' -o -name 'completion.*' \))
PACE = $(if $(findstring --fast-blocks,$(ARGS)),_fast)

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo
	@echo "Suites that need files of other projects read them from the folder that GOTENSOR_OUTSIDE names (docs/outside-files.md)."

.PHONY: build
build: ## build the binary bin/gotensor
	$(BUILD)

.PHONY: runtime
runtime: ## build the blobs of the runtime, at both paces, into bin/ and print their sizes and hashes
	$(GO) run ./runtime-wasm/build -o bin
	$(GO) run -tags fast ./runtime-wasm/build -o bin

# There is a folder of that name, so without .PHONY this would do nothing.
.PHONY: testnet
testnet: $(BIN) $(dir $(BIN))gotensor_native$(PACE).compact.compressed.wasm ## run a local chain; ARGS=--fast-blocks has a block every 250 ms, ARGS=--help all else
	@$(BIN) testnet $(ARGS)

# The binary and the blobs as files, which are built when a source is newer.
$(BIN): $(call sources,.)
	$(BUILD) && touch $@

%/gotensor_native.compact.compressed.wasm: $(call sources,primitives pallets runtime-wasm internal)
	$(GO) run ./runtime-wasm/build -flavour native -o $*

%/gotensor_native_fast.compact.compressed.wasm: $(call sources,primitives pallets runtime-wasm internal)
	$(GO) run -tags fast ./runtime-wasm/build -flavour native -o $*

.PHONY: test
test: ## run all tests
	$(GO) test ./...

.PHONY: race
race: ## run all tests under the race detector
	$(GO) test -race ./...

.PHONY: fmt
fmt: ## format the tree
	gofmt -w $$(git ls-files '*.go')

.PHONY: lint
lint: ## formatting, vet, staticcheck, and the project's own rules
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "not formatted: run make fmt"; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...
	$(GO) test -count=1 ./internal/lint

.PHONY: fuzz
fuzz: ## fuzz every target for FUZZTIME each (2m)
	@GO='$(GO)' internal/scripts/fuzz $(FUZZTIME)

.PHONY: faults
faults: ## the long forms: 1,000 kills of the node, as many of the store, floods, and differential, hostile and crash suites with many more rounds
	@GO='$(GO)' internal/scripts/faults

.PHONY: blocks
blocks: ## 5,000 blocks of a Subtensor runtime over the store, as an archive and pruned
	@test -n "$$GOTENSOR_OUTSIDE" || { echo "GOTENSOR_OUTSIDE is not set: see docs/outside-files.md"; exit 2; }
	$(GO) test -count=1 -timeout 1h -v -run 'TestStoreBlocks/spec' ./testnet/driver -store.blocks 5000

.PHONY: outside
outside: ## the suites that need GOTENSOR_OUTSIDE, none of them skipped
	@test -n "$$GOTENSOR_OUTSIDE" || { echo "GOTENSOR_OUTSIDE is not set: see docs/outside-files.md"; exit 2; }
	@internal/scripts/outside

.PHONY: bench
bench: ## run the benchmarks that docs/benchmarks.md reports
	$(GO) test -run '^$$' -bench . -benchmem ./...

.PHONY: check
check: ## everything that CI checks
	.ci/run

.PHONY: clean
clean: ## remove what the build made
	rm -rf bin
