"""Does what JSON lines on stdin ask with confluent-kafka, and answers in JSON lines. See operations.ts."""

import base64
import json
import os
import re
import sys
import threading
import time
import urllib.request

import confluent_kafka
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, ShareConsumer
from confluent_kafka import TopicCollection, TopicPartition
from confluent_kafka.admin import AdminClient

printing = threading.Lock()
newest = {}


class Failure(Exception):
    """Kafka's name of an error."""

    def __init__(self, name, message=""):
        super().__init__(message)
        self.name = name


def say(**line):
    with printing:
        print(json.dumps(line), flush=True)


def name_of(error):
    if isinstance(error, KafkaException):
        error = error.args[0]
    if isinstance(error, KafkaError):
        return "NONE" if error.code() == 0 else error.name()
    return getattr(error, "name", None) or type(error).__name__


class Log:
    """What librdkafka logs of its requests: the newest version of each."""

    def log(self, level, text, *rest):
        text = text % rest if rest else text
        for api, version in re.findall(r"Sent (\w+)Request \(v(\d+)", text):
            newest[api] = max(newest.get(api, 0), int(version))


def token_of(login):
    if not login.get("tokenUrl"):
        return login["password"], time.time() + 3600
    basic = base64.b64encode(f"{login['user']}:{login['clientSecret']}".encode()).decode()
    headers = {"authorization": f"Basic {basic}", "content-type": "application/x-www-form-urlencoded"}
    asked = urllib.request.Request(login["tokenUrl"], b"grant_type=client_credentials", headers)
    with urllib.request.urlopen(asked, timeout=5) as answer:
        token = json.load(answer)["access_token"]
    claims = token.split(".")[1]
    return token, json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["exp"]


def config_of(asked, fatal):
    """`fatal` gets the name of an error that no call of the client returns, such as that of a login."""
    login = asked["login"]

    def on_error(error):
        if error.code() not in (KafkaError._ALL_BROKERS_DOWN, KafkaError._TRANSPORT):
            fatal.append(error.name())

    config = {
        "bootstrap.servers": login["address"],
        "security.protocol": "SASL_SSL" if login.get("ca") else "SASL_PLAINTEXT",
        "sasl.mechanism": login["mechanism"],
        "error_cb": on_error,
        "logger": Log(),
        "debug": "protocol",
        "socket.timeout.ms": 10000,
    }
    if login.get("ca"):
        config["ssl.ca.location"] = login["ca"]
    if login["mechanism"] == "OAUTHBEARER":
        config["oauth_cb"] = lambda _: token_of(login)
    else:
        config |= {"sasl.username": login["user"], "sasl.password": login["password"]}
    return config


def produce(asked):
    fatal = []
    config = config_of(asked, fatal) | {
        "compression.type": asked.get("codec", "none"),
        "enable.idempotence": asked.get("idempotent", False) or "transactionalId" in asked,
        "acks": asked.get("acks", -1),
        "linger.ms": 5,
        "message.timeout.ms": 10000,
    }
    if "transactionalId" in asked:
        config["transactional.id"] = asked["transactionalId"]
    producer = Producer(config)
    results = ["_NEVER"] * len(asked["records"])
    if "transactionalId" in asked:
        producer.init_transactions(15)
        producer.begin_transaction()
    for i, record in enumerate(asked["records"]):
        done = lambda error, _, i=i: results.__setitem__(i, name_of(error) if error else "NONE")
        producer.produce(record["topic"], record["value"].encode(), on_delivery=done)
    producer.flush(12)
    if "transactionalId" in asked:
        (producer.abort_transaction if asked.get("abort") else producer.commit_transaction)(15)
    return {"results": results}


def read(asked):
    fatal = []
    share = asked.get("protocol") == "share"
    config = config_of(asked, fatal) | {"group.id": asked.get("group", asked["anyGroup"])}
    if not share:
        config |= {
            "auto.offset.reset": "earliest",
            "check.crcs": True,
            "fetch.wait.max.ms": 500,
            "isolation.level": "read_committed" if asked.get("committed") else "read_uncommitted",
            "group.protocol": asked.get("protocol", "classic"),
            "allow.auto.create.topics": False,
        }
    consumer = (ShareConsumer if share else Consumer)(config)
    if share or "group" in asked:
        consumer.subscribe(asked["topics"])
    else:
        consumer.assign([TopicPartition(topic, 0, confluent_kafka.OFFSET_BEGINNING) for topic in asked["topics"]])
    records, errors = [], []
    wrong = asked.get("errors", 0)
    tolerated = asked.get("tolerated", wrong)
    end = time.time() + asked.get("timeoutMs", 20000) / 1000
    while time.time() < end and len(errors) <= tolerated:
        if len(records) >= asked["records"] and len(errors) >= wrong:
            break
        try:
            one = consumer.poll(0.2)
        except KafkaException as error:
            errors.append(name_of(error))
            continue
        for message in [one] if isinstance(one, Message) else one or []:
            if message.error():
                errors.append(name_of(message.error()))
                continue
            record = {"topic": message.topic(), "value": message.value().decode()}
            records.append(record)
            say(id=asked["id"], record=record)
        errors += [name for name in fatal if name not in errors]
    # Closing may wait for a group that it may not leave any more.
    threading.Thread(target=consumer.close, daemon=True).start()
    return {"records": records, "errors": errors}


def pipe(asked):
    fatal = []
    common = config_of(asked, fatal)
    producer = Producer(common | {"transactional.id": asked["transactionalId"]})
    consumer = Consumer(
        common
        | {
            "group.id": asked["group"],
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
            "fetch.wait.max.ms": 100,
        }
    )
    producer.init_transactions(15)
    consumer.subscribe([asked["from"]])
    count, end = 0, time.time() + 25
    while count < asked["records"]:
        if time.time() > end:
            raise Failure("_TIMED_OUT", f"only {count} were read")
        batch = [one for one in consumer.consume(5, 0.3) if not one.error()]
        if not batch:
            continue
        producer.begin_transaction()
        for one in batch:
            producer.produce(asked["to"], b"did " + one.value())
        offsets = consumer.position(consumer.assignment())
        producer.send_offsets_to_transaction(offsets, consumer.consumer_group_metadata(), 15)
        producer.commit_transaction(15)
        count += len(batch)
    consumer.close()
    return {}


def ask(asked):
    fatal = []
    admin = AdminClient(config_of(asked, fatal))
    try:
        return answer_of(admin, asked)
    except KafkaException as error:
        admin.poll(0)
        # A login that failed shows as brokers that are down.
        raise Failure(fatal[0], str(error)) if fatal else error


def answer_of(admin, asked):
    operation = asked["operation"]
    if operation == "topics":
        return {"topics": list(admin.list_topics(timeout=5).topics)}
    if operation == "describeTopic":
        topic = asked["topic"]
        described = admin.describe_topics(TopicCollection([topic]), request_timeout=10)[topic].result()
        return {"topicId": str(described.topic_id)}
    if operation == "groups":
        return {"groups": [one.group_id for one in admin.list_consumer_groups(request_timeout=10).result().valid]}
    if operation == "describeGroups":
        results = {}
        for group, future in admin.describe_consumer_groups(asked["groups"], request_timeout=10).items():
            try:
                future.result()
                results[group] = "NONE"
            except KafkaException as error:
                results[group] = name_of(error)
        return {"results": results}
    raise Failure("UNSUPPORTED", operation)


operations = {
    "version": lambda _: {"version": confluent_kafka.libversion()[0]},
    "versions": lambda _: {"versions": newest},
    "produce": produce,
    "read": read,
    "pipe": pipe,
}


def answer(asked):
    try:
        say(id=asked["id"], result=operations.get(asked["operation"], ask)(asked))
    except Exception as error:  # whatever it is, it is the answer
        say(id=asked["id"], failed=name_of(error), message=str(error))


for line in sys.stdin:
    threading.Thread(target=answer, args=(json.loads(line),), daemon=True).start()
os._exit(0)
