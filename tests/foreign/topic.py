"""topic.py BROKERS TOPIC PARTITIONS [NAME=VALUE]...: makes a topic with such settings, or lets it grow."""

import sys

from confluent_kafka.admin import AdminClient, NewPartitions, NewTopic

brokers, topic, partitions, *settings = sys.argv[1:]
partitions = int(partitions)
admin = AdminClient({"bootstrap.servers": brokers})
if topic in admin.list_topics(timeout=30).topics:
    done = admin.create_partitions([NewPartitions(topic, partitions)])
else:
    config = {"max.message.bytes": str(16 << 20)} | dict(setting.split("=", 1) for setting in settings)
    done = admin.create_topics([NewTopic(topic, partitions, 1, config=config)])
done[topic].result(timeout=30)
