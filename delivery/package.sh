#!/usr/bin/env bash
# Moves packages to and from one environment's function app on Flex Consumption.
#   package.sh keep FILE      save the package that runs now, if one does
#   package.sh deploy FILE    deploy a package, remote build off, and wait until Azure has taken it
# Needs `az login` and the variables that `python -m delivery environment` prints.
set -euo pipefail
action=${1:?"usage: delivery/package.sh keep|deploy FILE"}
file=${2:?"usage: delivery/package.sh keep|deploy FILE"}
RUNNING=released-package.zip  # the name under which Flex Consumption keeps what it runs

case $action in
keep)
    where=(--account-name "${DEPLOYMENT_ACCOUNT:?}" --container-name "${DEPLOYMENT_CONTAINER:?}" --name "$RUNNING" --auth-mode login)
    if [ "$(az storage blob exists "${where[@]}" --query exists --output tsv)" = true ]; then
        az storage blob download "${where[@]}" --file "$file" --no-progress --output none
        sha256sum "$file"
    else
        echo "Nothing is deployed yet."
    fi
    ;;
deploy)
    az functionapp deployment source config-zip --resource-group "${RESOURCE_GROUP:?}" --name "${FUNCTION_APP:?}" \
        --src "$file" --build-remote false --timeout 900 --output none
    ;;
*)
    echo "usage: delivery/package.sh keep|deploy FILE" >&2
    exit 2
    ;;
esac
