"""topics.py BROKERS: the names of all topics but Kafka's own, and of all consumer groups, as {"topics": [], "groups": []}."""

import json
import sys

from confluent_kafka.admin import AdminClient

admin = AdminClient({"bootstrap.servers": sys.argv[1]})
topics = sorted(name for name in admin.list_topics(timeout=30).topics if not name.startswith("__"))
groups = admin.list_consumer_groups(request_timeout=30).result(timeout=60)
print(json.dumps({"topics": topics, "groups": sorted(group.group_id for group in groups.valid)}))
