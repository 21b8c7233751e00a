"""delete.py BROKERS TOPIC KEEP: deletes the records of each partition of a topic but the last KEEP; prints how many are left."""

import sys

from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient

brokers, topic, keep = sys.argv[1:]
consumer = Consumer({"bootstrap.servers": brokers, "group.id": "delete", "enable.auto.commit": False})
partitions = consumer.list_topics(topic, timeout=30).topics[topic].partitions
ends = {p: consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=30) for p in partitions}
consumer.close()
begins = {p: max(low, high - int(keep)) for p, (low, high) in ends.items()}
admin = AdminClient({"bootstrap.servers": brokers})
for done in admin.delete_records([TopicPartition(topic, p, begin) for p, begin in begins.items()]).values():
    done.result(timeout=30)
print(sum(ends[p][1] - begin for p, begin in begins.items()))
