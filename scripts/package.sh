#!/bin/sh
# Builds one function for Function Compute: .build/<function>/bootstrap, static, for linux/amd64.
# Serverless Devs runs it before a deployment; see s.yaml.
set -eu
cd "$(dirname "$0")/.."
function=${1:?usage: scripts/package.sh <function>}
mkdir -p ".build/$function"
CGO_ENABLED=0 GOOS=linux GOARCH=amd64 go build -trimpath -ldflags="-s -w" -o ".build/$function/bootstrap" "./functions/$function"
