package rpc

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gotensor/gotensor/node/client"
	"github.com/gotensor/gotensor/node/jsonrpc"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/db"
	"github.com/gotensor/gotensor/wasmhost"
)

// maxPage is how many keys one page may have. Source: sc-rpc, STORAGE_KEYS_PAGED_MAX_COUNT.
const maxPage = 1000

// registerState adds state_*. Source: sc-rpc-api, state/mod.rs.
func (a *api) registerState(m *jsonrpc.Methods) {
	m.Method("state_call", a.stateCall, jsonrpc.Alias("state_callAt"), jsonrpc.Names("name", "bytes", "hash"))
	m.Method("state_getKeys", a.stateKeys, jsonrpc.Names("prefix", "hash"))
	m.Method("state_getPairs", a.statePairs, jsonrpc.Unsafe(), jsonrpc.Names("prefix", "hash"))
	m.Method("state_getKeysPaged", a.stateKeysPaged, jsonrpc.Alias("state_getKeysPagedAt"), jsonrpc.Names("prefix", "count", "start_key", "hash"))
	m.Method("state_getStorage", a.entry(storageValue), jsonrpc.Alias("state_getStorageAt"), jsonrpc.Names("key", "hash"))
	m.Method("state_getStorageHash", a.entry(storageHash), jsonrpc.Alias("state_getStorageHashAt"), jsonrpc.Names("key", "hash"))
	m.Method("state_getStorageSize", a.stateStorageSize, jsonrpc.Alias("state_getStorageSizeAt"), jsonrpc.Names("key", "hash"))
	m.Method("state_getMetadata", a.stateMetadata, jsonrpc.Names("hash"))
	m.Method("state_getRuntimeVersion", a.stateRuntimeVersion, jsonrpc.Alias("chain_getRuntimeVersion"), jsonrpc.Names("hash"))
	m.Method("state_queryStorage", a.stateQueryStorage, jsonrpc.Unsafe(), jsonrpc.Names("keys", "block", "hash"))
	m.Method("state_queryStorageAt", a.stateQueryStorageAt, jsonrpc.Names("keys", "at"))
	m.Method("state_getReadProof", a.stateReadProof, jsonrpc.Names("keys", "hash"))

	m.Subscription("state_subscribeRuntimeVersion", "state_runtimeVersion", "state_unsubscribeRuntimeVersion", a.subscribeRuntimeVersion,
		jsonrpc.Alias("chain_subscribeRuntimeVersion"), jsonrpc.UnsubscribeAlias("chain_unsubscribeRuntimeVersion"))
	m.Subscription("state_subscribeStorage", "state_storage", "state_unsubscribeStorage", a.subscribeStorage, jsonrpc.Names("keys"))
}

func (a *api) stateCall(ctx context.Context, p *jsonrpc.Params) (any, error) {
	var name text
	var args octets
	if err := read(p, &name, &args); err != nil {
		return nil, err
	}
	at, err := blockParam(p)
	if err != nil {
		return nil, err
	}
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	block := a.orBest(at)
	out, err := a.call(ctx, block, string(name), args, limited)
	if err != nil {
		return nil, withReason(stateClient, err, block, string(name), ofCall)
	}
	return jsonrpc.Hex(out), nil
}

// limited bounds the memory of what a call on behalf of a client writes, and keeps what it logs out of the way.
func limited(env *wasmhost.Env) {
	client.Quiet(env)
	if overlay, ok := env.Storage.(*storage.Overlay); ok {
		overlay.SetLimit(DefaultCallMemory)
	}
}

// reading calls f with the state that a client named.
func (a *api) reading(at *hash.H256, f func(*db.State) (any, error)) (any, error) {
	block := a.orBest(at)
	state, err := a.Client.Store().State(block)
	if err == nil {
		defer state.Close()
		var out any
		if out, err = f(state); err == nil {
			return out, nil
		}
	}
	return nil, backendError(stateClient, err, block)
}

// hexHash is how many bytes a hash takes in a list.
const hexHash = 2*len(hash.H256{}) + 5

// errTooMuch is the answer to who asks for more than is answered at most.
var errTooMuch = &jsonrpc.Error{Code: jsonrpc.CodeOversizedResponse, Message: "Response is too big", Data: "ask for less at a time"}

// collected bounds a list that is collected from a state: by the time of the call and by what may be answered at most.
type collected struct {
	ctx  context.Context
	left int
	n    int
}

// add counts an item of so many bytes, in hexadecimal.
func (c *collected) add(bytes int) error {
	if c.n++; c.n%256 == 0 && c.ctx.Err() != nil {
		return fmt.Errorf("after %d of them: %w", c.n, c.ctx.Err())
	}
	if c.left -= 2*bytes + 5; c.left < 0 {
		return errTooMuch
	}
	return nil
}

func (a *api) stateKeys(ctx context.Context, p *jsonrpc.Params) (any, error) {
	var prefix octets
	if err := p.Next(&prefix); err != nil {
		return nil, err
	}
	at, err := blockParam(p)
	if err != nil {
		return nil, err
	}
	return a.reading(at, func(s *db.State) (any, error) { return a.keys(ctx, s, nil, prefix, nil, -1) })
}

// keys returns the keys with a prefix that follow after, no more than most of them unless that is negative.
func (a *api) keys(ctx context.Context, s *db.State, child, prefix, after []byte, most int) (any, error) {
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	bound := collected{ctx: ctx, left: a.MaxResponse}
	from := prefix
	if after != nil {
		if next := append(slices.Clone(after), 0); bytes.Compare(next, from) > 0 {
			from = next
		}
	}
	out := hexList{}
	if most == 0 {
		return out, nil
	}
	it := s.Iterate(child, prefix, from)
	defer it.Close()
	for it.Next() {
		if err := bound.add(len(it.Key())); err != nil {
			return nil, err
		}
		out = append(out, slices.Clone(it.Key()))
		if len(out) == most {
			break
		}
	}
	return out, it.Err()
}

func (a *api) statePairs(ctx context.Context, p *jsonrpc.Params) (any, error) {
	var prefix octets
	if err := p.Next(&prefix); err != nil {
		return nil, err
	}
	at, err := blockParam(p)
	if err != nil {
		return nil, err
	}
	return a.reading(at, func(s *db.State) (any, error) {
		ctx, cancel := a.bounded(ctx)
		defer cancel()
		bound := collected{ctx: ctx, left: a.MaxResponse}
		out := pairs{}
		it := s.Iterate(nil, prefix, prefix)
		defer it.Close()
		for it.Next() {
			value, err := it.Value()
			if err == nil {
				err = bound.add(len(it.Key()) + len(value))
			}
			if err != nil {
				return nil, err
			}
			out = append(out, entry{slices.Clone(it.Key()), value, true})
		}
		return out, it.Err()
	})
}

// pairs are keys with their values.
type pairs []entry

// AppendJSON implements jsonrpc.Appender.
func (l pairs) AppendJSON(b []byte) []byte { return appendList(b, l, appendEntry) }

// page reads the parameters of a page of keys.
func page(p *jsonrpc.Params) (prefix, after []byte, count int, at *hash.H256, err error) {
	start, err := optional[octets](p)
	if err != nil {
		return
	}
	var n u32
	if err = p.Next(&n); err != nil {
		return
	}
	follow, err := optional[octets](p)
	if err != nil {
		return
	}
	if at, err = blockParam(p); err != nil {
		return
	}
	if start != nil {
		prefix = *start
	}
	if follow != nil {
		after = append([]byte{}, *follow...)
	}
	if n > maxPage {
		err = &jsonrpc.Error{Code: stateCount, Message: fmt.Sprintf("count exceeds maximum value. value: %d, max: %d", n, maxPage)}
	}
	return prefix, after, int(n), at, err
}

func (a *api) stateKeysPaged(ctx context.Context, p *jsonrpc.Params) (any, error) {
	prefix, after, count, at, err := page(p)
	if err != nil {
		return nil, err
	}
	return a.reading(at, func(s *db.State) (any, error) { return a.keys(ctx, s, nil, prefix, after, count) })
}

// An answer about the value at one key.
type ofValue func(value []byte, ok bool) any

func storageValue(value []byte, ok bool) any { return hexOption{value, ok} }

func storageHash(value []byte, ok bool) any {
	if !ok {
		return nil
	}
	h := hash.Blake2b256(value)
	return option{&h}
}

func storageSize(value []byte, ok bool) any {
	if !ok {
		return nil
	}
	return uint64(len(value))
}

// entry answers about the value at one key of the top trie.
func (a *api) entry(answer ofValue) jsonrpc.Handler {
	return func(_ context.Context, p *jsonrpc.Params) (any, error) {
		var key octets
		if err := p.Next(&key); err != nil {
			return nil, err
		}
		at, err := blockParam(p)
		if err != nil {
			return nil, err
		}
		return a.reading(at, func(s *db.State) (any, error) {
			value, ok, err := s.Get(nil, key)
			if err != nil {
				return nil, err
			}
			return answer(value, ok), nil
		})
	}
}

// stateStorageSize answers the bytes at a key, or, where it has no value, of all values that it is a prefix of.
func (a *api) stateStorageSize(ctx context.Context, p *jsonrpc.Params) (any, error) {
	var key octets
	if err := p.Next(&key); err != nil {
		return nil, err
	}
	at, err := blockParam(p)
	if err != nil {
		return nil, err
	}
	return a.reading(at, func(s *db.State) (any, error) {
		value, ok, err := s.Get(nil, key)
		if err != nil || ok {
			return storageSize(value, ok), err
		}
		ctx, cancel := a.bounded(ctx)
		defer cancel()
		var sum uint64
		it := s.Iterate(nil, key, key)
		defer it.Close()
		for it.Next() {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			value, err := it.Value()
			if err != nil {
				return nil, err
			}
			sum += uint64(len(value))
		}
		if err := it.Err(); err != nil || sum == 0 {
			return nil, err
		}
		return sum, nil
	})
}

func (a *api) stateMetadata(ctx context.Context, p *jsonrpc.Params) (any, error) {
	at, err := blockParam(p)
	if err != nil {
		return nil, err
	}
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	block := a.orBest(at)
	metadata, err := a.metadata(ctx, block)
	if err != nil {
		return nil, apiError(stateClient, err, block, "Metadata_metadata")
	}
	return jsonrpc.Hex(metadata), nil
}

func (a *api) stateRuntimeVersion(ctx context.Context, p *jsonrpc.Params) (any, error) {
	at, err := blockParam(p)
	if err != nil {
		return nil, err
	}
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	block := a.orBest(at)
	version, err := a.version(ctx, block)
	if err != nil {
		return nil, apiError(stateClient, err, block, "Core_version")
	}
	return runtimeVersion{version}, nil
}

// values reads keys at a state, in their order; of those that are given again, the values are known.
func values(bound *collected, s *db.State, keys [][]byte) ([]entry, error) {
	out := make([]entry, 0, len(keys))
	at := make(map[string]int, len(keys))
	for _, key := range keys {
		i, again := at[string(key)]
		if !again {
			i = len(out)
			at[string(key)] = i
			value, ok, err := s.Get(nil, key)
			if err != nil {
				return nil, err
			}
			out = append(out, entry{key, value, ok})
		} else {
			out = append(out, out[i])
		}
		if err := bound.add(len(key) + len(out[i].value)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// changed reads keys, which are all different, at a state, and returns those that have not what they had last. Source: sc-rpc, FullState::query_storage_unfiltered.
func changed(bound *collected, s *db.State, keys [][]byte, last map[string]entry) ([]entry, error) {
	var out []entry
	for _, key := range keys {
		if err := bound.ctx.Err(); err != nil {
			return nil, err
		}
		value, ok, err := s.Get(nil, key)
		if err != nil {
			return nil, err
		}
		before, known := last[string(key)]
		if known && before.ok == ok && bytes.Equal(before.value, value) {
			continue
		}
		if err := bound.add(len(key) + len(value)); err != nil {
			return nil, err
		}
		now := entry{key, value, ok}
		out = append(out, now)
		last[string(key)] = now
	}
	return out, nil
}

// distinct returns keys without those that are given again.
func distinct(keys [][]byte) [][]byte {
	seen := make(map[string]struct{}, len(keys))
	return slices.DeleteFunc(keys, func(key []byte) bool {
		_, again := seen[string(key)]
		seen[string(key)] = struct{}{}
		return again
	})
}

// keyFrame is what stands around the digits of a key and of its value in a list of both.
const keyFrame = len(`["0x","0x"],`)

func (a *api) stateQueryStorageAt(ctx context.Context, p *jsonrpc.Params) (any, error) {
	keys, err := a.keysParam(p, keyFrame)
	if err != nil {
		return nil, err
	}
	at, err := blockParam(p)
	if err != nil {
		return nil, err
	}
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	block := a.orBest(at)
	return a.query(ctx, keys, block, &block)
}

func (a *api) stateQueryStorage(ctx context.Context, p *jsonrpc.Params) (any, error) {
	keys, err := a.keysParam(p, keyFrame)
	if err != nil {
		return nil, err
	}
	var from h256
	if err := p.Next(&from); err != nil {
		return nil, err
	}
	to, err := blockParam(p)
	if err != nil {
		return nil, err
	}
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	return a.query(ctx, keys, from.hash(), to)
}

// query returns what keys have at the first of a range of blocks, and then what changed in each of the others. Source: sc-rpc, FullState::query_storage.
func (a *api) query(ctx context.Context, keys [][]byte, from hash.H256, to *hash.H256) (any, error) {
	store := a.Client.Store()
	last := a.orBest(to)
	invalid := func(from, to, details string) error {
		return &jsonrpc.Error{Code: stateBlockRange, Message: fmt.Sprintf("Cannot resolve a block range ['%q' ... '%q]. %s", from, to, details)}
	}
	number := func(block hash.H256) (chain.BlockNumber, error) {
		h, err := store.Header(block)
		if err != nil {
			return 0, invalid(from.String(), "Some("+last.String()+")", reason(err, block, "", ofBackend))
		}
		return h.Number, nil
	}
	n, err := number(from)
	if err != nil {
		return nil, err
	}
	end, err := number(last)
	if err != nil {
		return nil, err
	}
	point := func(n chain.BlockNumber, h hash.H256) string { return fmt.Sprintf("%d (%s)", n, h) }
	if n > end {
		return nil, invalid(point(n, from), point(end, last), "from number > to number")
	}
	if start, err := store.Ancestor(last, n); err != nil || start != from {
		return nil, invalid(point(n, start), point(end, last), "from and to are on different forks")
	}
	out := changeSets{}
	keys = distinct(keys)
	before := make(map[string]entry, len(keys))
	bound := collected{ctx: ctx, left: a.MaxResponse}
	for ; ; n++ {
		block, err := store.Ancestor(last, n)
		if err != nil {
			return nil, backendError(stateClient, err, last)
		}
		state, err := store.State(block)
		if err != nil {
			return nil, backendError(stateClient, err, block)
		}
		changes, err := changed(&bound, state, keys, before)
		state.Close()
		if err != nil {
			return nil, backendError(stateClient, err, block)
		}
		if len(changes) > 0 {
			out = append(out, changeSet{block, changes})
		}
		if n == end {
			return out, nil
		}
	}
}

func (a *api) stateReadProof(ctx context.Context, p *jsonrpc.Params) (any, error) {
	keys, err := a.keysParam(p, keyFrame)
	if err != nil {
		return nil, err
	}
	at, err := blockParam(p)
	if err != nil {
		return nil, err
	}
	return a.proof(ctx, at, nil, keys)
}

// proof proves keys, each once, within the bounds of a call: storage.Prove has none.
func (a *api) proof(ctx context.Context, at *hash.H256, child []byte, keys [][]byte) (any, error) {
	return a.reading(at, func(s *db.State) (any, error) {
		ctx, cancel := a.bounded(ctx)
		defer cancel()
		view, recorder, err := storage.Record(s)
		if err != nil {
			return nil, err
		}
		for i, key := range distinct(keys) {
			if _, _, err := view.Get(child, key); err != nil {
				return nil, err
			}
			if 2*recorder.Size() > a.MaxResponse {
				return nil, errTooMuch
			}
			if err := ctx.Err(); err != nil {
				return nil, fmt.Errorf("after %d of %d keys: %w", i+1, len(keys), err)
			}
		}
		return readProof{s.Block().Hash, recorder.Proof()}, nil
	})
}

func (a *api) subscribeRuntimeVersion(ctx context.Context, _ *jsonrpc.Params, s *jsonrpc.Sink) error {
	f := a.hub.subscribe()
	defer f.close()
	best := a.orBest(nil)
	if f.best != nil {
		best = f.best.Hash
	}
	limited, cancel := a.bounded(ctx)
	last, err := a.version(limited, best)
	cancel()
	if err != nil {
		return apiError(stateClient, err, best, "Core_version")
	}
	if err := s.Accept(); err != nil {
		return err
	}
	if err := s.Send(runtimeVersion{last}); err != nil {
		return err
	}
	for {
		e, err := f.next(ctx)
		if err != nil {
			return ended(ctx, err)
		}
		if e.best == nil {
			continue
		}
		// A block that is gone again, or whose runtime says no version, is passed over: the next best block tells.
		version, err := e.version(ctx)
		if err != nil || equalVersions(version, last) {
			continue
		}
		if err := s.Send(runtimeVersion{version}); err != nil {
			return err
		}
		last = version
	}
}

// keyCost is about what a subscription holds for a key beyond its bytes.
const keyCost = 64

// subscribeStorage sends what keys have, in their order, and then, for each new best block, those among them that it wrote. Where the best block is no child of the one
// before, all of them are read again. Without keys it sends all that each block writes, which is unsafe. Source: sc-rpc, FullState::subscribe_storage.
func (a *api) subscribeStorage(ctx context.Context, p *jsonrpc.Params, s *jsonrpc.Sink) error {
	given := keyList{each: keyCost, left: a.MaxResponse}
	if err := p.Optional(&given); err != nil {
		return err
	}
	keys := given.keys
	if keys == nil && !jsonrpc.UnsafeAllowed(ctx) {
		return jsonrpc.ErrUnsafe
	}
	size := 0
	for _, key := range keys {
		size += keyCost + len(key)
	}
	if err := s.Keep(size); err != nil {
		return err
	}
	f := a.hub.subscribe()
	defer f.close()
	last := a.orBest(nil)
	if f.best != nil {
		last = f.best.Hash
	}
	first, err := a.storageAt(ctx, last, keys)
	if err != nil {
		return backendError(stateClient, err, last)
	}
	if err := s.Accept(); err != nil {
		return err
	}
	// From here on, each once, and in order, to be found.
	slices.SortFunc(keys, bytes.Compare)
	keys = slices.CompactFunc(keys, bytes.Equal)
	send := func(set changeSet) error {
		if len(set.changes) == 0 {
			return nil
		}
		return s.Send(set)
	}
	if err := send(changeSet{last, first}); err != nil {
		return err
	}
	first = nil
	for {
		e, err := f.next(ctx)
		if err != nil {
			return ended(ctx, err)
		}
		switch {
		case keys == nil:
			if e.imported != nil {
				err = send(changeSet{e.imported.Hash, written(e.changes)})
			}
		case e.best == nil:
			continue
		case e.imported != nil && e.best.header.ParentHash == last:
			err = send(changeSet{e.best.Hash, writtenOf(e.changes, keys)})
		default:
			all, err := a.storageAt(ctx, e.best.Hash, keys)
			if err != nil {
				return ended(ctx, err)
			}
			if err := send(changeSet{e.best.Hash, all}); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
		if e.best != nil {
			last = e.best.Hash
		}
	}
}

// storageAt reads keys after a block, within the bounds of a call. Of a block that is gone meanwhile there is nothing to tell: the next best block tells.
func (a *api) storageAt(ctx context.Context, block hash.H256, keys [][]byte) ([]entry, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	state, err := a.Client.Store().State(block)
	if err != nil {
		return nil, nil
	}
	defer state.Close()
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	return values(&collected{ctx: ctx, left: a.MaxResponse}, state, keys)
}

// written returns what a block wrote to the top trie.
func written(changes *storage.Changes) []entry {
	out := make([]entry, len(changes.Top))
	for i, c := range changes.Top {
		out[i] = entry{c.Key, c.Value, !c.Delete}
	}
	return out
}

// writtenOf returns what a block wrote to keys, which are in ascending order and all different: the fewer, keys or writes, are looked for among the others.
func writtenOf(changes *storage.Changes, keys [][]byte) (out []entry) {
	if len(keys) < len(changes.Top) {
		for _, key := range keys {
			if i, ok := slices.BinarySearchFunc(changes.Top, key, func(c storage.Change, key []byte) int { return bytes.Compare(c.Key, key) }); ok {
				c := changes.Top[i]
				out = append(out, entry{c.Key, c.Value, !c.Delete})
			}
		}
		return out
	}
	for _, c := range changes.Top {
		if _, ok := slices.BinarySearchFunc(keys, c.Key, bytes.Compare); ok {
			out = append(out, entry{c.Key, c.Value, !c.Delete})
		}
	}
	return out
}

// childPrefix is in front of the storage keys of default child tries.
const childPrefix = ":child_storage:default:"

// registerChildState adds childstate_* and the proof of child tries. Source: sc-rpc-api, child_state/mod.rs.
func (a *api) registerChildState(m *jsonrpc.Methods) {
	m.Method("childstate_getKeys", a.childKeys, jsonrpc.Names("child_storage_key", "prefix", "hash"))
	m.Method("childstate_getKeysPaged", a.childKeysPaged, jsonrpc.Alias("childstate_getKeysPagedAt"), jsonrpc.Names("child_storage_key", "prefix", "count", "start_key", "hash"))
	m.Method("childstate_getStorage", a.childEntry(storageValue), jsonrpc.Names("child_storage_key", "key", "hash"))
	m.Method("childstate_getStorageEntries", a.childEntries, jsonrpc.Names("child_storage_key", "keys", "hash"))
	m.Method("childstate_getStorageHash", a.childEntry(storageHash), jsonrpc.Names("child_storage_key", "key", "hash"))
	m.Method("childstate_getStorageSize", a.childEntry(storageSize), jsonrpc.Names("child_storage_key", "key", "hash"))
	m.Method("state_getChildReadProof", a.childReadProof, jsonrpc.Names("child_storage_key", "keys", "hash"))
}

// childParam reads the key of a child trie: with its prefix as clients give it, without as the store wants it.
func childParam(p *jsonrpc.Params) ([]byte, error) {
	var prefixed octets
	if err := p.Next(&prefixed); err != nil {
		return nil, err
	}
	key, ok := strings.CutPrefix(string(prefixed), childPrefix)
	if !ok {
		return nil, backendError(stateClient, errChildKey, hash.H256{})
	}
	return []byte(key), nil
}

func (a *api) childKeys(ctx context.Context, p *jsonrpc.Params) (any, error) {
	child, err := childParam(p)
	if err != nil {
		return nil, err
	}
	var prefix octets
	if err := p.Next(&prefix); err != nil {
		return nil, err
	}
	at, err := blockParam(p)
	if err != nil {
		return nil, err
	}
	return a.reading(at, func(s *db.State) (any, error) { return a.keys(ctx, s, child, prefix, nil, -1) })
}

func (a *api) childKeysPaged(ctx context.Context, p *jsonrpc.Params) (any, error) {
	child, err := childParam(p)
	if err != nil {
		return nil, err
	}
	prefix, after, count, at, err := page(p)
	if err != nil {
		return nil, err
	}
	return a.reading(at, func(s *db.State) (any, error) { return a.keys(ctx, s, child, prefix, after, count) })
}

// childEntry answers about the value at one key of a child trie.
func (a *api) childEntry(answer ofValue) jsonrpc.Handler {
	return func(_ context.Context, p *jsonrpc.Params) (any, error) {
		child, err := childParam(p)
		if err != nil {
			return nil, err
		}
		var key octets
		if err := p.Next(&key); err != nil {
			return nil, err
		}
		at, err := blockParam(p)
		if err != nil {
			return nil, err
		}
		return a.reading(at, func(s *db.State) (any, error) {
			value, ok, err := s.Get(child, key)
			if err != nil {
				return nil, err
			}
			return answer(value, ok), nil
		})
	}
}

// hexOptions is a list of bytes and nulls.
type hexOptions []hexOption

// AppendJSON implements jsonrpc.Appender.
func (l hexOptions) AppendJSON(b []byte) []byte {
	return appendList(b, l, func(b []byte, o hexOption) []byte { return o.AppendJSON(b) })
}

func (a *api) childEntries(ctx context.Context, p *jsonrpc.Params) (any, error) {
	child, err := childParam(p)
	if err != nil {
		return nil, err
	}
	keys, err := a.keysParam(p, len(`null,`))
	if err != nil {
		return nil, err
	}
	at, err := blockParam(p)
	if err != nil {
		return nil, err
	}
	return a.reading(at, func(s *db.State) (any, error) {
		ctx, cancel := a.bounded(ctx)
		defer cancel()
		bound := collected{ctx: ctx, left: a.MaxResponse}
		out := make(hexOptions, len(keys))
		for i, key := range keys {
			value, ok, err := s.Get(child, key)
			if err == nil {
				err = bound.add(len(value))
			}
			if err != nil {
				return nil, err
			}
			out[i] = hexOption{value, ok}
		}
		return out, nil
	})
}

func (a *api) childReadProof(ctx context.Context, p *jsonrpc.Params) (any, error) {
	child, err := childParam(p)
	if err != nil {
		return nil, err
	}
	keys, err := a.keysParam(p, keyFrame)
	if err != nil {
		return nil, err
	}
	at, err := blockParam(p)
	if err != nil {
		return nil, err
	}
	return a.proof(ctx, at, child, keys)
}
