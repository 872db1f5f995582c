#!/bin/sh
# create-topics.sh CATALOGUE [BROKERS]: makes each topic of shared/contracts/topics.json that is missing; without
# brokers it prints what it would make: name, partitions, days. The catalogue has one topic a line, which a test holds.
set -eu
topics=$(sed -n 's/.*"name": *"\([^"]*\)", *"partitions": *\([0-9]*\), *"retention_days": *\([0-9]*\).*/\1 \2 \3/p' "$1")
if [ $# -lt 2 ]; then
    echo "$topics"
    exit
fi
echo "$topics" | while read -r name partitions days; do
    /opt/kafka/bin/kafka-topics.sh --bootstrap-server "$2" --create --if-not-exists --topic "$name" \
        --partitions "$partitions" --replication-factor 1 \
        --config "retention.ms=$((days * 86400000))" --config max.message.bytes=1048576 < /dev/null
done
