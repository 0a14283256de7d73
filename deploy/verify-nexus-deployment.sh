#!/bin/sh
# Verifies a deployment in containers: each container, each service, PostgreSQL, Redis, the token flow, and one event from end to
# end. It is `nexus verify` with the containers. Exits with 0 only when all checks passed.
# Usage: deploy/verify-nexus-deployment.sh [ENV-FILE]      (deploy/.env when left out)
set -eu
unset CDPATH
here=$(cd -P "$(dirname "$0")" && pwd)
exec "$here/../nexus" deploy exec --env-file "${1:-$here/.env}" verify --containers
