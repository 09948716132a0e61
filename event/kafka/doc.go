// Package kafka is the [event.Bus] on Apache Kafka and brokers that speak its protocol.
//
// The facts of a service are in one topic, evt.<service>, so that a broker's access
// lists keep services apart. The key chooses the partition, and the header amends-topic
// names the fact, and the style if it has one: by that a consumer leaves out what its group
// does not follow. Attributes of CloudEvents are headers with the prefix ce_, as its
// binding for Kafka asks (https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md).
// A group of listeners is a consumer group of the same name.
//
// # Order
//
// A partition has one process of a group at a time. A batch that fails is not skipped:
// its partitions are read again from its first message. While a batch is handled no
// partition changes hands; if one is to, the batch is interrupted, and whichever process
// has the partition then reads it again. A process that was away for too long cannot
// acknowledge: the broker refuses an offset of a former member of the group.
//
// The order of a key holds while its topic has the same number of partitions: they must
// not be added to.
//
// # Limits
//
// Kafka acknowledges a message when all replicas in sync have it, so the bus does not
// tell whether it still holds one: it is no [event.Tail], and its positions are 0. It has
// no [event.Bell] either.
package kafka
