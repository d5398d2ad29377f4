# The words that Go people type, for the npm scripts that do the work. CONTRIBUTING.md lists all.
.PHONY: help build test build-release test-e2e test-cluster test-load validate-examples lint fmt vet helm-lint helm-package helm-render image docker-build build-image-multiarch deploy undeploy run demo clean

help: ## Show what there is
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

node_modules: package-lock.json
	npm ci
	@touch node_modules

build: node_modules ## One file: dist/zen-lead.mjs
	npm run bundle

build-release: node_modules ## Both programs, the library, the bill of materials and the chart, in dist
	npm run build-release

test: node_modules ## The everyday tests
	npm test

test-e2e: node_modules ## On a real kube-apiserver
	npm run test-e2e

test-cluster: node_modules ## On a real node with Knative; needs root
	npm run cluster:assets
	npm run test:cluster

test-load: node_modules ## Flows at once beside the smallest loop, on a real kube-apiserver
	npm run test-load

validate-examples: node_modules ## zen-flow lint of examples/flow, and the tests of the examples
	npm run validate-examples

lint: node_modules ## Biome and the length of comments
	npm run lint

fmt: node_modules ## Biome's fixes
	npm run format

vet: node_modules ## TypeScript
	npm run types

helm-lint: node_modules ## helm lint of the chart
	npm run helm-lint

helm-package: node_modules ## The chart as dist/zen-lead-<version>.tgz
	npm run helm-package

helm-render: node_modules ## deploy/helm/rendered, after a change of the chart
	npm run helm:render

image: node_modules ## An OCI archive, without a builder
	npm run image

docker-build: ## The same image, with docker
	docker build -f deploy/Dockerfile -t zen-lead:0.1.0 .

build-image-multiarch: ## For amd64 and arm64, with docker buildx; IMAGE names where to push it
	npm run build-image-multiarch

deploy: ## Two Deployments for every namespace
	kubectl apply -k deploy/cluster-wide/kubernetes

undeploy: ## Removes them
	kubectl delete -k deploy/cluster-wide/kubernetes

run: node_modules ## One process against your kubeconfig
	npx zen-lead run

demo: node_modules ## A failover to watch, without a cluster
	npm run demo

clean: ## Removes what was built
	rm -rf dist
