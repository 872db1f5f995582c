# The one topic catalogue is the product's own.
locals {
  topics      = jsondecode(file("${path.root}/../shared/contracts/topics.json")).topics
  topic_names = local.topics[*].name
}
