# SPDX-License-Identifier: Apache-2.0
SHELL := /bin/sh
ARCH := $(patsubst aarch64,arm64,$(patsubst x86_64,x64,$(shell uname -m)))
NODEJS := $(CURDIR)/node_modules/node-linux-$(ARCH)/bin/node
RUN := $(NODEJS) --disable-warning=ExperimentalWarning
ENGINE := $(RUN) infra/engine/main.ts
STACK ?= dev
STATE := $(or $(COREFLY_STATE),.state)
# Of the one node that there is, unless `make logs NODE=name` says which; npm has a variable of that name too.
NODE_ARGS = $(if $(filter command line,$(origin NODE)),"$(NODE)") --stack $(STACK)
# Tests take the tiers that they need: jest projects of test/.
JEST := NODE_OPTIONS="--experimental-vm-modules --disable-warning=ExperimentalWarning" $(NODEJS) node_modules/jest/bin/jest.js

# Compiled before the tests start, so that no test waits for a compiler.
TEST_ARTIFACTS := pulumi kubernetes ignition ignition-validate kubernetes-aci etcd-oci coredns-oci caddy-oci busybox-oci \
  cni-plugins critest node node-tools crictl runtime containerd

.DEFAULT_GOAL := help
.PHONY: help up preview down clean report logs console support install test test-long bench check prerequisites test-prerequisites

help: ## show what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

up: prerequisites ## stand up the local cluster: node, control plane, demo web server
	@$(ENGINE) up --stack $(STACK)
	@$(RUN) infra/show.ts --stack $(STACK)

preview: prerequisites ## show what `make up` would change
	@$(ENGINE) preview --stack $(STACK)

# What is there was made with everything that `up` needs; where nothing is, nothing is needed.
down: node_modules/.installed ## destroy the cluster and everything that belongs to it
	@$(ENGINE) destroy --stack $(STACK)
	@rm -f "$(STATE)/stacks/$(STACK)/kubeconfig" "$(STATE)/stacks/$(STACK)/report.html"
	@rmdir "$(STATE)/stacks/$(STACK)" 2>/dev/null || true

clean: down ## destroy the cluster and remove the caches
	@$(RUN) infra/clean.ts
	@rm -f "$(STATE)/bin/kubectl"

report: node_modules/.installed ## draw what took how long in the last start of each node
	@$(RUN) infra/report/main.ts --stack $(STACK)

logs: node_modules/.installed ## a node's journal: NODE=name, UNIT=kubelet, SINCE=10min, FOLLOW=1
	@$(RUN) infra/node/main.ts logs $(NODE_ARGS) $(if $(UNIT),--unit $(UNIT)) $(if $(SINCE),--since "$(SINCE)") $(if $(FOLLOW),--follow)

console: node_modules/.installed ## a node's console, until Ctrl-C: NODE=name
	@$(RUN) infra/node/main.ts console $(NODE_ARGS)

support: node_modules/.installed ## one file about a node for those who help, without secrets: NODE=name
	@$(RUN) infra/node/main.ts support $(NODE_ARGS)

install: prerequisites ## put the runtime onto this machine, below /opt/corefly, to use it by hand
	@$(RUN) infra/install.ts

check: node_modules/.installed ## the quick loop: format, types, unit tests
	@node_modules/.bin/biome ci --diagnostic-level=error --colors=off --reporter=summary .
	@node_modules/.bin/tsc -p tsconfig.json
	@$(JEST) --selectProjects unit

test: test-prerequisites ## everything: unit, integration, conformance, end to end
	@node_modules/.bin/biome ci --diagnostic-level=error --colors=off --reporter=summary .
	@node_modules/.bin/tsc -p tsconfig.json
	@$(RUN) modules/provider/build/main.ts obtain $(TEST_ARTIFACTS) >/dev/null
	@$(JEST) --runInBand

# More lives, kills and boots than CI has the time for.
test-long: export COREFLY_LONG = 1
test-long: test ## as `make test`, with more lives, kills and boots: takes hours

bench: test-prerequisites ## our CRI server beside containerd: time of a pod, lists, memory
	@$(RUN) test/bench/main.ts $(BENCH)

prerequisites: node_modules/.installed
	@sh infra/prerequisites.sh up

test-prerequisites: node_modules/.installed
	@sh infra/prerequisites.sh test

node_modules/.installed: package.json package-lock.json
	@sh infra/prerequisites.sh npm
	@echo "Installing the packages of package-lock.json"
	@npm ci --no-audit --no-fund --ignore-scripts --loglevel=error
	@touch $@
