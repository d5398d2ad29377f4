# The words that Go people type, for the npm scripts that do the work. CONTRIBUTING.md lists all.
.PHONY: help build test test-e2e test-cluster lint fmt vet helm-lint helm-render image docker-build deploy undeploy run demo clean

help: ## Show what there is
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

node_modules: package-lock.json
	npm ci
	@touch node_modules

build: node_modules ## One file: dist/zen-lead.mjs
	npm run bundle

test: node_modules ## The everyday tests
	npm test

test-e2e: node_modules ## On a real kube-apiserver
	npm run e2e:assets
	npm run test:e2e

test-cluster: node_modules ## On a real node with Knative; needs root
	npm run cluster:assets
	npm run test:cluster

lint: node_modules ## Biome and the length of comments
	npm run lint

fmt: node_modules ## Biome's fixes
	npm run format

vet: node_modules ## TypeScript
	npm run types

helm-lint: ## helm lint of the chart
	helm lint --strict deploy/helm/zen-lead

helm-render: node_modules ## deploy/helm/rendered, after a change of the chart
	npm run helm:render

image: node_modules ## An OCI archive, without a builder
	npm run image

docker-build: ## The same image, with docker
	docker build -f deploy/Dockerfile -t zen-lead:0.1.0 .

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
