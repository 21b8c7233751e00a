"""policy.py BROKERS TOPIC: prints the cleanup policy of a topic."""

import sys

from confluent_kafka.admin import AdminClient, ConfigResource

brokers, topic = sys.argv[1:]
asked = ConfigResource("topic", topic)
admin = AdminClient({"bootstrap.servers": brokers})
answer = admin.describe_configs([asked])
print(answer[asked].result(timeout=30)["cleanup.policy"].value)
