#!/bin/sh
# Makes the files of every service of the catalogue that is not built yet, and nothing for those that are:
# deploy/scaffold-all-services.sh. With arguments it makes one: deploy/scaffold-all-services.sh demo-ms --port 9950.
# Nothing that is there is overwritten. The same as ./nexus scaffold --all, or ./nexus scaffold SERVICE.
set -eu
unset CDPATH
root=$(cd -P "$(dirname "$0")/.." && pwd)
if [ "$#" -eq 0 ]; then
    set -- --all
fi
exec "$root/nexus" scaffold "$@"
