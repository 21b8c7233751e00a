"""member.py BROKERS GROUP TOPIC: joins a group, prints the partitions that it gets, and stays until it is killed."""

import sys

from confluent_kafka import Consumer

brokers, group, topic = sys.argv[1:]
consumer = Consumer(
    {
        "bootstrap.servers": brokers,
        "group.id": group,
        "auto.offset.reset": "latest",
        "partition.assignment.strategy": "cooperative-sticky",
        "session.timeout.ms": 6000,
    }
)


def assigned(consumer, partitions):
    consumer.incremental_assign(partitions)
    print(*(partition.partition for partition in partitions), flush=True)


consumer.subscribe([topic], on_assign=assigned)
while True:
    consumer.poll(1)
