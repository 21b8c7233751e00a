"""lag.py BROKERS GROUP TOPIC...: prints the partitions of a group as JSON, [topic, partition, committed, end] each."""

import json
import sys

from confluent_kafka import Consumer, TopicPartition

brokers, group, *topics = sys.argv[1:]
consumer = Consumer({"bootstrap.servers": brokers, "group.id": group, "enable.auto.commit": False})
partitions = [
    TopicPartition(topic, partition)
    for topic in topics
    for partition in sorted(consumer.list_topics(topic, timeout=30).topics[topic].partitions)
]
rows = []
for committed in consumer.committed(partitions, timeout=30):
    _, end = consumer.get_watermark_offsets(TopicPartition(committed.topic, committed.partition), timeout=30)
    rows.append([committed.topic, committed.partition, committed.offset, end])
consumer.close()
print(json.dumps(rows))
