#!/usr/bin/env bash
# Plans one environment into iac/plan.tfplan and build/plan.json. The pipeline and a person run the same.
#   STATE            JSON: resource_group_name, storage_account_name, container_name of the Terraform state
#   OPERATOR_VALUES  JSON: the variables that only an operator knows (iac/operator.tf)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
environment=${1:?"usage: delivery/terraform-plan.sh dev|staging|prod"}
values="iac/environments/$environment.tfvars"
[ -f "$values" ] || { echo "There is no environment '$environment': $values is missing." >&2; exit 2; }
for name in STATE OPERATOR_VALUES; do
    [ -n "${!name:-}" ] || { echo "$name is not set: see the head of ${BASH_SOURCE[0]}." >&2; exit 2; }
done

mkdir -p build
umask 077  # the plan and the operator's values are for this user only
jq -r --arg key "$environment.tfstate" '. + {key: $key, use_azuread_auth: true} | to_entries[] | "\(.key) = \(.value | tojson)"' \
    <<< "$STATE" > build/backend.hcl
jq . <<< "$OPERATOR_VALUES" > build/operator.tfvars.json

terraform -chdir=iac init -input=false -reconfigure -backend-config=../build/backend.hcl
terraform -chdir=iac plan -input=false -out=plan.tfplan \
    -var-file="environments/$environment.tfvars" -var-file=../build/operator.tfvars.json
terraform -chdir=iac show -json plan.tfplan > build/plan.json
