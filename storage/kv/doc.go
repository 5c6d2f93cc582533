// Package kv is the seam between what the node stores and the engine that puts it on a disk: an ordered key-value store.
//
// Picture a shelf of labelled boxes in the order of their labels, and one clerk who changes it. He works in rounds (batches): whoever looks at the shelf sees
// it before a round or after it, and whoever walks along it (an iterator) sees it to the end as it was when he set out.
//
// Rules:
//
//   - S1: a batch is seen whole or not at all, by every read and after every crash, whatever its size.
//   - S2: what a crash leaves is all that was written up to some batch that is not before the last durable one.
//   - S3: what is read is what was written, or there is an error. Where an engine falls short of this, its package says how.
//   - S4: an iterator sees one moment.
//
// The interface has no more than the block store needs, so that engines stay comparable: package badgerdb is the one that is used, Memory is the one
// that says what is right, and package kvtest holds the tests that both pass and the faults that users of a store are tested with.
//
// What it does not do: older versions (package db keeps its own history under keys), transactions with reads, watching, time to live, more than one writer.
package kv
