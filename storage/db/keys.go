package db

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage/kv"
)

// Format is the version of the layout below. It goes up by one with each change, and never down: a store of a newer format is refused, one of an
// older format is brought forward by Open, one step after the other.
//
//	1: the first.
const Format = 1

// Every key starts with one byte for its kind. Numbers of blocks are big-endian in keys, so that they are in order; all values are SCALE.
//
//	key                          value
//	m "format"                   u32: Format. The first record of a store, written before anything else
//	m "genesis"                  hash of block 0. Written before the state of genesis, so that half of one is never taken for another chain's
//	m "head"                     head: best and finalised block. What it names is there, whatever the crash. Absent until genesis is complete
//	m "folded"                   point: the finalised block up to which diffs are in v and n
//	m "restore"                  empty, from before the first record of a restore until it is complete
//	m "pruned"                   pruned: oldest block with a state, oldest block with a body, how far history is swept
//	h hash                       header. One whose hash is neither under c nor under u belongs to no block any more
//	b hash                       body: Vec<OpaqueExtrinsic>
//	j hash                       justifications: Vec<(engine, bytes)>; absent where there are none
//	c number                     hash of the finalised block
//	u number hash                unfolded: a block that is not in v and n yet, with its parent and the size of its journal
//	d hash chunk                 journal of the block's diff, chunk by chunk (u32): Vec<(key, Option<value>)>, see journal.go
//	x hash                       dying: a block whose journal is to be taken away, or all that there is of it
//	o prefix key                 value for offchain use, as it is; the prefix is part of the key
//	a key                        value of the auxiliary storage, as it is
//	v trie key                   head record: number of the folded block that wrote it, u32 little-endian, and the value as it is
//	n trie path                  head record of an encoded node of the trie; path is packed nibbles and one byte more: 1 where the last half byte is none
//	w head-key number            history: what block number overwrote at a key of v or n: 0 for nothing, or 1 and the value as it was
//	i number chunk               Vec<head-key>: of which keys block number has a history; chunk is u32
//
// where trie is 0 for the top trie, and 1 and the SCALE form of its storage key for a child trie, and head-key is a key of v or n in a form that is in the same order and
// never the beginning of another: each zero byte is followed by 0xff, and 0x00 0x01 ends it.
const (
	kindMeta           = 'm'
	kindHeader         = 'h'
	kindBody           = 'b'
	kindJustifications = 'j'
	kindCanonical      = 'c'
	kindUnfolded       = 'u'
	kindJournal        = 'd'
	kindDying          = 'x'
	kindOffchain       = 'o'
	kindAux            = 'a'
	kindValue          = 'v'
	kindNode           = 'n'
	kindHistory        = 'w'
	kindIndex          = 'i'
)

var (
	keyFormat  = []byte("mformat")
	keyGenesis = []byte("mgenesis")
	keyHead    = []byte("mhead")
	keyFolded  = []byte("mfolded")
	keyPruned  = []byte("mpruned")
)

func hashKey(kind byte, h hash.H256) []byte { return append([]byte{kind}, h[:]...) }

func numberKey(kind byte, n chain.BlockNumber) []byte {
	return binary.BigEndian.AppendUint32([]byte{kind}, uint32(n))
}

func unfoldedKey(n chain.BlockNumber, h hash.H256) []byte {
	return append(numberKey(kindUnfolded, n), h[:]...)
}

func journalKey(h hash.H256, chunk uint32) []byte {
	return binary.BigEndian.AppendUint32(hashKey(kindJournal, h), chunk)
}

func offchainKey(prefix, key []byte) []byte {
	return append(append(append(make([]byte, 0, 1+len(prefix)+len(key)), kindOffchain), prefix...), key...)
}

func auxKey(key []byte) []byte { return append([]byte{kindAux}, key...) }

// triePrefix is what the keys of one trie start with; kind is kindValue or kindNode.
func triePrefix(kind byte, child []byte, room int) []byte {
	if child == nil {
		return append(make([]byte, 0, 2+room), kind, 0)
	}
	return scale.AppendBytes(append(make([]byte, 0, 7+len(child)+room), kind, 1), child)
}

func valueKey(child, key []byte) []byte {
	return append(triePrefix(kindValue, child, len(key)), key...)
}

// nodeKey is the key of a node; path is nibbles, one a byte.
func nodeKey(child, path []byte) []byte {
	k := triePrefix(kindNode, child, len(path)/2+2)
	for pair := range slices.Chunk(path, 2) {
		if len(pair) == 1 {
			return append(k, pair[0]<<4, 1)
		}
		k = append(k, pair[0]<<4|pair[1])
	}
	return append(k, 0)
}

func indexKey(n chain.BlockNumber, chunk uint32) []byte {
	return binary.BigEndian.AppendUint32(numberKey(kindIndex, n), chunk)
}

// historyPrefix is what the keys of the history of all keys of v or n with prefix start with.
func historyPrefix(prefix []byte) []byte {
	out := append(make([]byte, 0, len(prefix)+16), kindHistory)
	for _, b := range prefix {
		if out = append(out, b); b == 0 {
			out = append(out, 0xff)
		}
	}
	return out
}

// historyOf is what the keys of the history of one key of v or n start with; the number follows.
func historyOf(key []byte) []byte { return append(historyPrefix(key), 0, 1) }

// historyKey is where it says what block n overwrote at a key of v or n.
func historyKey(key []byte, n chain.BlockNumber) []byte {
	return binary.BigEndian.AppendUint32(historyOf(key), uint32(n))
}

// storable refuses a key of v or n that is too long for the store, or for its history: there each zero byte takes two.
func storable(key []byte) error {
	if len(key) > kv.MaxKey/2-8 && len(historyKey(key, 0)) > kv.MaxKey {
		return fmt.Errorf("%w: key 0x%x… of %d bytes", kv.ErrKeyTooLong, key[:34], len(key))
	}
	return nil
}

// parseHistoryKey appends the key of v or n to dst, and returns it and the number.
func parseHistoryKey(dst, key []byte) ([]byte, chain.BlockNumber, error) {
	for i := 1; i < len(key); i++ {
		if dst = append(dst, key[i]); key[i] != 0 {
			continue
		}
		switch i++; {
		case i < len(key) && key[i] == 0xff:
		case i == len(key)-5 && key[i] == 1:
			return dst[:len(dst)-1], chain.BlockNumber(binary.BigEndian.Uint32(key[i+1:])), nil
		default:
			return nil, 0, corrupt("key 0x%x of a history", key)
		}
	}
	return nil, 0, corrupt("key 0x%x of a history", key)
}
