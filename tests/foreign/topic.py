"""topic.py BROKERS TOPIC PARTITIONS: makes a topic, or lets it grow."""

import sys

from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

brokers, topic, partitions = sys.argv[1], sys.argv[2], int(sys.argv[3])
admin = AdminClient({"bootstrap.servers": brokers})
if topic in admin.list_topics(timeout=30).topics:
    done = admin.create_partitions([NewPartitions(topic, partitions)])
else:
    config = {"max.message.bytes": str(16 << 20)}
    done = admin.create_topics([NewTopic(topic, partitions, 1, config=config)])
done[topic].result(timeout=30)
