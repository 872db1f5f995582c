#!/bin/sh
# azd-environment.sh COMMAND...: runs a command with the product's settings of the azd environment, read from Terraform.
# For the hooks of azure.yaml; DATABASE_ADMINISTRATOR comes from `azd env set`.
set -eu
environment=.azure/${AZURE_ENV_NAME:?run this from a hook of azd}/iac
TF_DATA_DIR="$PWD/$environment/.terraform" terraform -chdir=iac output -json > "$environment/outputs.json"
.venv/bin/python -m delivery environment "$environment/outputs.json" \
    --administrator "${DATABASE_ADMINISTRATOR:?azd env set DATABASE_ADMINISTRATOR NAME}" > "$environment/settings"
while IFS= read -r line; do
    export "${line?}"
done < "$environment/settings"
exec "$@"
