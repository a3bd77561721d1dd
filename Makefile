# PG-REX in Go. "make help" lists the targets.

GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
PREFIX  ?= /usr
OCF     ?= $(PREFIX)/lib/ocf/resource.d

# A static binary: nothing but itself is needed on a node.
BUILD = CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w -X main.version=$(VERSION)'
# The lab and the tests that run a server need root.
ifneq ($(shell id -u),0)
AS_ROOT = sudo --preserve-env=CI,KEEP,LC_ALL,LC_MESSAGES,LANG,PGREX_PG,PGREX_SERVERS env "PATH=$(PATH)"
endif

# Tests that need root, a server, a cluster or the tools of others. Those of all
# other packages are units.
LARGE = internal/pg internal/agent test/cluster test/faults test/judges test/robustness test/setup test/suites test/tools
# Packages that have both. Their tests with a server leave themselves out where
# there is no root, unless nothing may be left out.
MIXED = $(addprefix pgrex/,internal/archive internal/doctor internal/operation internal/rebuild internal/rejoin internal/setup)
UNITS = $(filter-out $(addprefix pgrex/,$(LARGE)) $(MIXED),$(shell $(GO) list ./...))
comma := ,
space := $(subst ,, )

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: deps build ## a cluster comes up, the primary dies, writes go on (KEEP=1 leaves it up)
	$(AS_ROOT) ./bin/pgrex-lab demo

.PHONY: test
test: deps servers build dist ## all tests: unit and script tests and real servers, beside them the lab
	$(AS_ROOT) env PGREX_REQUIRE_ALL=1 $(GO) run ./test/report \
		unit=$(subst $(space),$(comma),$(UNITS)) \
		server=./internal/pg,./internal/agent,./test/judges,$(subst $(space),$(comma),$(MIXED)) \
		// \
		lab=./test/cluster \
		setup=./test/setup \
		tools=./test/tools \
		faults=./test/faults \
		random=./test/robustness

.PHONY: check
check: build ## quick: format, vet and the tests that need neither root nor a cluster
	@test -z "$$(gofmt -l .)" || { gofmt -l . ; echo "gofmt would change these files"; exit 1; }
	$(GO) vet ./...
	$(GO) test $(UNITS)
	env -u CI -u PGREX_REQUIRE_ALL $(GO) test $(MIXED)

.PHONY: test-matrix
test-matrix: deps servers build ## the tests on PostgreSQL 10 to 18, Pacemaker 1.1, four releases of Debian (ROWS="10 trixie")
	@sh test/lab/install-debian.sh debootstrap
	$(AS_ROOT) env PGREX_REQUIRE_ALL=1 $(GO) run ./test/matrix $(ROWS)

SUITES ?= bullseye bookworm trixie forky

.PHONY: suites
suites: deps build ## clusters on other releases of Debian: Pacemaker 2.0 to 3.0, PostgreSQL 13 to 18 (SUITES="trixie")
	@sh test/lab/install-debian.sh debootstrap
	$(AS_ROOT) env PGREX_REQUIRE_ALL=1 PGREX_SUITES="$(SUITES)" $(GO) test -count=1 -timeout=120m -v ./test/suites
	$(AS_ROOT) env PGREX_REQUIRE_ALL=1 $(GO) test -count=1 -timeout=60m -v ./test/setup -suite trixie

.PHONY: tools
tools: deps build ## the operation commands at length: 20 switchovers, one killed in every phase, rare faults
	$(AS_ROOT) env PGREX_REQUIRE_ALL=1 $(GO) test -tags long -count=1 -timeout=90m -v ./test/tools -long

.PHONY: faults
faults: deps build ## the faults of the catalogue, one after the other, with a table at the end (DRILLS="F01 F09" QUICK=1)
	$(AS_ROOT) ./bin/pgrex-lab drill $(if $(filter 1,$(QUICK)),--quick) $(or $(DRILLS),all)
ifndef DRILLS
	$(AS_ROOT) env PGREX_REQUIRE_ALL=1 $(GO) test -tags long -count=1 -timeout=60m -v ./test/faults -run TestEveryKind
endif

MINUTES ?= 10

.PHONY: robustness
robustness: deps build ## faults at random under writes, MINUTES long (SEED=7 NODES=3 FENCING=1 QUICK=1 FAULTS=20 EVERY=8s-20s TOGETHER=4 GO_ON=1)
	$(AS_ROOT) ./bin/pgrex-lab robustness --minutes $(MINUTES) $(if $(SEED),--seed $(SEED)) $(if $(NODES),--nodes $(NODES)) \
		$(if $(filter 1,$(FENCING)),--fencing) $(if $(filter 1,$(QUICK)),--quick) $(if $(FAULTS),--faults $(FAULTS)) $(if $(EVERY),--every $(EVERY)) $(if $(TOGETHER),--together $(TOGETHER)) $(if $(filter 1,$(GO_ON)),--go-on)

.PHONY: conformance
conformance: ## write docs/conformance.md anew from the tests
	$(GO) run ./test/conformance

# Pinned, so that a day on which nothing changed here finds nothing new. Both
# are built by the Go that they ask for, which the go command fetches.
STATICCHECK = $(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK = golang.org/x/vuln/cmd/govulncheck@v1.9.0

.PHONY: lint
lint: ## staticcheck, with the rules of staticcheck.conf
	$(STATICCHECK) ./...
	$(STATICCHECK) -tags lab ./...

.PHONY: vuln
vuln: ## known vulnerabilities in what the programs use (VULNDB= for a database of one's own)
	GOBIN='$(CURDIR)/bin' $(GO) install $(GOVULNCHECK)
	@bin/govulncheck $(if $(VULNDB),-db '$(VULNDB)') -test ./...; case $$? in \
	0) ;; \
	3) echo "vuln: the vulnerabilities above are in use here" >&2; exit 1 ;; \
	*) echo "vuln: NOTHING WAS CHECKED: is the database $(or $(VULNDB),of Go) to be reached? VULNDB= names another" >&2; exit 1 ;; \
	esac

.PHONY: test-mutants
test-mutants: deps ## deliberate faults in the agent, each of which a test must notice
	$(AS_ROOT) env PGREX_REQUIRE_ALL=1 $(GO) run ./test/mutants

FUZZTIME ?= 20s

# A second try, because Go before 1.27 now and then reports its own end as a
# failure ("context deadline exceeded"). An input that fails has been saved
# below testdata by then, and fails again.
.PHONY: fuzz
fuzz: ## every parser on made-up input, FUZZTIME for each
	@count=0; \
	for package in $(UNITS) $(MIXED) pgrex/internal/pg pgrex/internal/agent; do \
		targets=$$($(GO) test -list '^Fuzz' $$package) || { echo "$$targets"; exit 1; }; \
		for target in $$(echo "$$targets" | grep '^Fuzz'); do \
			count=$$((count + 1)); \
			echo "=== $$package $$target"; \
			fuzz() { $(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s $$package; }; \
			fuzz || fuzz || exit 1; \
		done; \
	done; \
	echo "$$count fuzz targets"; test $$count -gt 0

# The race detector needs C; nothing else here does.
# Left out are tests that measure the agent against the clock, which the
# detector slows down, and those that only repeat the others' actions many times.
HURRIED = TestHungServer|TestVerdictDoesNotNeedTheCluster|TestServerDiesWhilePromoted|TestEveryAction|TestReleases
.PHONY: race
race: deps ## unit and server tests with the race detector (installs gcc)
	@command -v gcc >/dev/null || $(AS_ROOT) apt-get install -y --no-install-recommends gcc libc6-dev
	$(AS_ROOT) env CGO_ENABLED=1 PGREX_REQUIRE_ALL=1 $(GO) test -race -count=1 -timeout=40m $(UNITS) $(MIXED) ./internal/pg
	$(AS_ROOT) env CGO_ENABLED=1 PGREX_REQUIRE_ALL=1 $(GO) test -race -count=1 -timeout=40m -skip '$(HURRIED)' ./internal/agent

.PHONY: bench
bench: deps build ## what a monitor costs: the shell agent's and ours in turn, on 2, 3 and 5 nodes
	$(AS_ROOT) $(GO) run ./test/bench -agent bin/pgsql-ra

ROUNDS ?= 20

.PHONY: bench-failover
bench-failover: deps build ## for how long clients cannot write, with ours, the shell agent and PAF, below failover/ (ROUNDS=20 ROWS=F01,F09 AGENTS=ours,tuned,shell,paf NODES=3 LOAD=20)
	$(AS_ROOT) $(GO) run ./test/failover -rounds $(ROUNDS) $(if $(ROWS),-rows $(ROWS)) $(if $(AGENTS),-agents $(AGENTS)) $(if $(NODES),-nodes $(NODES)) $(if $(LOAD),-load $(LOAD))

.PHONY: load
load: deps build ## ten clients for each processor, for ten minutes: no monitor may fail
	$(AS_ROOT) env PGREX_REQUIRE_ALL=1 $(GO) test -tags long -count=1 -timeout=30m -v ./test/faults -run TestLoad -long

.PHONY: switchovers
switchovers: deps build ## a hundred switchovers under a client that writes, and twenty by the command
	$(AS_ROOT) env PGREX_REQUIRE_ALL=1 $(GO) test -count=1 -timeout=60m -v ./test/faults -run TestSwitchoversUnderLoad -long
	$(AS_ROOT) env PGREX_REQUIRE_ALL=1 $(GO) test -count=1 -timeout=60m -v ./test/tools -run TestSwitchovers -long

# The program pg-rex acts by the name it is called with.
NAMES = pg-rex_primary_start pg-rex_master_start pg-rex_standby_start pg-rex_slave_start \
	pg-rex_stop pg-rex_switchover pg-rex_archivefile_delete pg-rex_status pg-rex_doctor \
	pg-rex_sheet pm_crmgen pm_pcsgen pg-rex_plan pg-rex_apply pg-rex_simulate pg-rex_init pg-rex_archive

# share puts manual pages and completions of pg-rex below a directory. The
# program writes them itself, of the table that its help is made of.
define share
	bin/pg-rex manual '$(1)/man'
	install -d '$(1)/bash-completion/completions' '$(1)/zsh/site-functions' '$(1)/fish/vendor_completions.d'
	set -e; for name in pg-rex $(NAMES); do \
		test -e bin/$$name || ln -s pg-rex bin/$$name; \
		bin/$$name completion bash > '$(1)'/bash-completion/completions/$$name; \
		bin/$$name completion zsh > '$(1)'/zsh/site-functions/_$$name; \
		bin/$$name completion fish > '$(1)'/fish/vendor_completions.d/$$name.fish; \
	done
endef

# sheets puts the environment sheets that administrators begin with below a
# directory, one for each generation of Pacemaker, variant and language.
define sheets
	install -d '$(1)/pg-rex/sheets'
	set -e; for target in 1.1 2 3; do for variant in stonith nostonith stonith-kdump; do for lang in ja en; do \
		case $$target-$$variant in \
		1.1-stonith-kdump) continue ;; \
		*-nostonith) how='--stonith none' ;; \
		*-kdump) how='--stonith ipmi --kdump' ;; \
		*) how='--stonith ipmi' ;; \
		esac; \
		bin/pg-rex sheet --force --lang $$lang --target $$target $$how --nodes node01,node02 \
			-o '$(1)'/pg-rex/sheets/pg-rex_pacemaker$${target}_$$variant.$$lang.csv >/dev/null; \
	done; done; done
endef

.PHONY: build
build: ## the programs for this machine, below bin/
	$(BUILD) -o bin/pgsql-ra ./cmd/pgsql-ra
	$(BUILD) -o bin/pg-rex ./cmd/pg-rex
	$(BUILD) -o bin/pgrex-lab ./cmd/pgrex-lab

.PHONY: dist
dist: ## what a node needs, for linux/amd64 and linux/arm64, with manual pages and completions, below dist/
	for arch in amd64 arm64; do for program in pgsql-ra pg-rex; do \
		GOOS=linux GOARCH=$$arch $(BUILD) -o dist/$$program-linux-$$arch ./cmd/$$program || exit 1; \
	done; done
	$(BUILD) -o bin/pg-rex ./cmd/pg-rex
	rm -rf dist/share
	$(call share,dist/share)
	$(call sheets,dist/share)
	find dist/share/man -type f -exec gzip -9n {} +

# nfpm is pinned: newer releases do not build from the modules that can be had.
NFPM = $(GO) run github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.41.3
PACKAGE_VERSION ?= 0.1.0~git$(shell git log -1 --format=%cd.%h --date=format:%Y%m%d)

.PHONY: packages
packages: dist ## deb and rpm of agent and commands for both architectures, below dist/
	for arch in amd64 arm64; do for kind in deb rpm; do \
		ARCH=$$arch VERSION=$(PACKAGE_VERSION) $(NFPM) package -f packaging/nfpm.yaml -p $$kind -t dist/ || exit 1; \
	done; done

.PHONY: deps
deps: ## the Debian packages that the lab and the tests need
	@sh test/lab/install-debian.sh

# Without a network the tests run all the same, and say which releases are
# missing. Debian's npm does not go together with the nodejs of others.
.PHONY: servers
servers: deps ## PostgreSQL 10 to 18 for the tests, which npm fetches
	@command -v npm >/dev/null || sh test/lab/install-debian.sh npm
	-$(AS_ROOT) $(GO) run ./test/servers

bin/pgsql-ra bin/pg-rex:
	$(BUILD) -o $@ ./cmd/$(@F)

# /etc/pg-rex_tools.conf is the administrator's and never touched.
.PHONY: install
install: bin/pgsql-ra bin/pg-rex ## agent, commands, manual pages, completions, samples (DESTDIR= for packages)
	install -D -m 0755 bin/pgsql-ra '$(DESTDIR)$(OCF)/linuxhajapan/pgsql'
	install -d -m 0755 '$(DESTDIR)$(OCF)/linuxhajp'
	ln -sf ../linuxhajapan/pgsql '$(DESTDIR)$(OCF)/linuxhajp/pgsql'
	install -D -m 0755 bin/pg-rex '$(DESTDIR)$(PREFIX)/sbin/pg-rex'
	install -d -m 0755 '$(DESTDIR)/usr/local/bin'
	for name in $(NAMES); do \
		ln -sf pg-rex '$(DESTDIR)$(PREFIX)/sbin/'$$name; \
		ln -sf '$(PREFIX)/sbin/pg-rex' '$(DESTDIR)/usr/local/bin/'$$name; \
	done
	$(call share,$(DESTDIR)$(PREFIX)/share)
	$(call sheets,$(DESTDIR)$(PREFIX)/share)
	install -D -m 0644 packaging/logrotate '$(DESTDIR)/etc/logrotate.d/pg-rex'
	install -D -m 0644 -t '$(DESTDIR)$(PREFIX)/share/doc/pg-rex' packaging/*sample

.PHONY: down
down: ## remove a lab that is still up
	$(AS_ROOT) ./bin/pgrex-lab down

.PHONY: clean
clean: ## remove what was built
	rm -rf bin dist
