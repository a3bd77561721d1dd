# PG-REX in Go. "make help" lists the targets.

GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
PREFIX  ?= /usr
OCF     ?= $(PREFIX)/lib/ocf/resource.d

# A static binary: nothing but itself is needed on a node.
BUILD = CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w -X main.version=$(VERSION)'
# The lab and the tests that run a server need root.
ifneq ($(shell id -u),0)
AS_ROOT = sudo --preserve-env=CI,KEEP,LC_ALL,LC_MESSAGES,LANG env "PATH=$(PATH)"
endif

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: deps build ## a cluster comes up, the primary dies, writes go on (KEEP=1 leaves it up)
	$(AS_ROOT) ./bin/pgrex-lab demo

.PHONY: test
test: deps build dist ## all tests: unit and script tests, real servers, then the lab
	$(AS_ROOT) env PGREX_REQUIRE_ALL=1 $(GO) run ./test/report \
		unit=./internal/ocf/...,./internal/run/...,./internal/crm/...,./internal/replication/...,./internal/pg/wal/...,./cmd/...,./test/report,./test/conformance,./test/structure,./test/lab \
		server=./internal/pg,./internal/agent \
		lab=./test/cluster

.PHONY: check
check: build ## quick: format, vet and the tests that need neither root nor a cluster
	@test -z "$$(gofmt -l .)" || { gofmt -l . ; echo "gofmt would change these files"; exit 1; }
	$(GO) vet ./...
	$(GO) test ./internal/ocf/... ./internal/run/... ./internal/crm/... ./internal/replication/... ./internal/pg/wal/... ./cmd/... ./test/report ./test/conformance ./test/structure ./test/lab

.PHONY: test-matrix
test-matrix: deps build ## the life of a node on PostgreSQL 10 to 18 (needs npm: the servers come from there)
	$(AS_ROOT) $(GO) run ./test/servers
	$(AS_ROOT) env PGREX_REQUIRE_ALL=1 $(GO) test -count=1 -timeout=30m -v -tags releases -run TestReleases ./internal/agent

.PHONY: conformance
conformance: ## write docs/conformance.md anew from the tests
	$(GO) run ./test/conformance

.PHONY: lint
lint: ## staticcheck, with the rules of staticcheck.conf
	$(GO) run honnef.co/go/tools/cmd/staticcheck@latest ./...

.PHONY: bench
bench: deps build ## what a monitor costs, on a cluster of its own
	$(AS_ROOT) env PGREX_REQUIRE_ALL=1 $(GO) test -count=1 -timeout=20m -v -run TestFigures ./test/cluster

.PHONY: build
build: ## the programs for this machine, below bin/
	$(BUILD) -o bin/pgsql-ra ./cmd/pgsql-ra
	$(BUILD) -o bin/pgrex-lab ./cmd/pgrex-lab

.PHONY: dist
dist: ## the agent for linux/amd64 and linux/arm64, below dist/
	GOOS=linux GOARCH=amd64 $(BUILD) -o dist/pgsql-ra-linux-amd64 ./cmd/pgsql-ra
	GOOS=linux GOARCH=arm64 $(BUILD) -o dist/pgsql-ra-linux-arm64 ./cmd/pgsql-ra

# nfpm is pinned: newer releases do not build from the modules that can be had.
NFPM = $(GO) run github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.41.3
PACKAGE_VERSION ?= 0.1.0~git$(shell git log -1 --format=%cd.%h --date=format:%Y%m%d)

.PHONY: packages
packages: dist ## deb and rpm of the agent for both architectures, below dist/
	for arch in amd64 arm64; do for kind in deb rpm; do \
		ARCH=$$arch VERSION=$(PACKAGE_VERSION) $(NFPM) package -f packaging/nfpm.yaml -p $$kind -t dist/ || exit 1; \
	done; done

.PHONY: deps
deps: ## the Debian packages that the lab and the tests need
	@sh test/lab/install-debian.sh

bin/pgsql-ra:
	$(BUILD) -o $@ ./cmd/pgsql-ra

.PHONY: install
install: bin/pgsql-ra ## put the agent where Pacemaker looks (DESTDIR= for packages)
	install -D -m 0755 bin/pgsql-ra '$(DESTDIR)$(OCF)/linuxhajapan/pgsql'
	install -d -m 0755 '$(DESTDIR)$(OCF)/linuxhajp'
	ln -sf ../linuxhajapan/pgsql '$(DESTDIR)$(OCF)/linuxhajp/pgsql'

.PHONY: down
down: ## remove a lab that is still up
	$(AS_ROOT) ./bin/pgrex-lab down

.PHONY: clean
clean: ## remove what was built
	rm -rf bin dist
