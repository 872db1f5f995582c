# What an operator would give; none of it exists.
subscription_id    = "11111111-1111-1111-1111-111111111111"
tenant_id          = "22222222-2222-2222-2222-222222222222"
deployer_object_id = "33333333-3333-3333-3333-333333333333"
database_administrators = {
  database-admins = { object_id = "44444444-4444-4444-4444-444444444444", type = "Group" }
}
alert_emails      = ["soc@example.com"]
home_tenant       = "contoso"
oidc_audience     = "55555555-5555-5555-5555-555555555555"
anthropic_api_key = "not-a-key"
qdrant_api_key    = "0123456789abcdef0123456789abcdef"
neo4j_password    = "0123456789abcdef0123456789abcdef"
secrets_expire    = "2027-02-01T00:00:00Z"
