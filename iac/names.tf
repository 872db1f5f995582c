# Every derived name. A name that must be unique in all of Azure ends with a suffix that follows from the subscription,
# so the same input gives the same name and two subscriptions never clash. The validation of var.product keeps the
# tightest kind, storage accounts and vaults of 24 characters, and with them all others.
locals {
  # Regions that have a pair, zones and all services used here, with the short form that goes into names.
  regions = {
    australiaeast      = "aue"
    centralus          = "cus"
    eastus2            = "eus2"
    francecentral      = "frc"
    germanywestcentral = "gwc"
    northeurope        = "neu"
    southeastasia      = "sea"
    swedencentral      = "sdc"
    uksouth            = "uks"
    westeurope         = "weu"
    westus3            = "wus3"
  }

  base   = "${var.product}-${var.environment}-${lookup(local.regions, var.location, "unknown")}"
  suffix = substr(sha256("${var.subscription_id}/${var.product}/${var.environment}"), 0, 6)

  names = {
    resource_group = "rg-${local.base}"
    network        = "vnet-${local.base}"
    functions      = "func-${local.base}-${local.suffix}"
    event_hubs     = "evhns-${local.base}-${local.suffix}"
    postgres       = "psql-${local.base}-${local.suffix}"
    redis          = "redis-${local.base}-${local.suffix}"
    containers     = "cae-${local.base}"
    durable_task   = "dts-${local.base}-${local.suffix}"
    workspace      = "log-${local.base}"
    key_vault      = "kv-${var.product}${var.environment}${local.suffix}"
    host_storage   = "sth${var.product}${var.environment}${local.suffix}"
    data_storage   = "std${var.product}${var.environment}${local.suffix}"
    file_storage   = "stf${var.product}${var.environment}${local.suffix}"
  }

  tags = {
    product     = var.product
    environment = var.environment
    managed-by  = "terraform"
  }
}
