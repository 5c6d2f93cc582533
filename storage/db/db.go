package db

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/kv"
	"github.com/gotensor/gotensor/storage/trie"
)

// Options say what a store keeps. They may differ each time a store is opened; what was pruned does not come back.
type Options struct {
	// KeepStates is of how many finalised blocks, counted from the last one, the state is kept; 0 stands for all. States of blocks that are not
	// final are always kept.
	KeepStates uint32
	// KeepBodies is of how many finalised blocks bodies are kept; 0 stands for all. Headers and justifications are always kept.
	KeepBodies uint32
	// Still has the background work rest, for who looks at a store as it is: nothing is folded, pruned or taken away, and Settle has nothing to wait for.
	Still bool
	// LayerMemory bounds the bytes that diffs of blocks that are not folded take in memory; beyond it the oldest are read from the disk where a
	// read asks for them. 0 stands for DefaultLayerMemory. What remains of each is 2.3 bytes a key.
	LayerMemory int
	// NodeMemory bounds the bytes of the cache of trie nodes. 0 stands for DefaultNodeMemory.
	NodeMemory int
	// Log is told of errors of the background work as they happen, unless it is nil: Stats has the last one. It must not wait for the store.
	Log func(error)

	chunk, write int // chunkSize and writeSize, unless a test sets them
}

// filled returns o with what it leaves open.
func (o Options) filled() Options {
	o.LayerMemory = cmp.Or(o.LayerMemory, DefaultLayerMemory)
	o.NodeMemory = cmp.Or(o.NodeMemory, DefaultNodeMemory)
	o.chunk, o.write = cmp.Or(o.chunk, chunkSize), cmp.Or(o.write, writeSize)
	return o
}

// Memory where Options name none.
const (
	DefaultLayerMemory = 128 << 20
	DefaultNodeMemory  = 32 << 20
)

// DB is the store of one chain: its blocks, their states, and what the runtime keeps for offchain use. It is safe for concurrent use.
type DB struct {
	store   kv.DB
	options Options
	genesis hash.H256
	nodes   *nodeCache
	layers  layers

	// writing is held by who writes, from before he looks at what his write depends on until the fields below show it.
	writing sync.Mutex
	broken  error // guarded by writing
	// failed is closed when broken is set by a write.
	failed chan struct{}

	finalised finalised

	mu     sync.Mutex
	tree   *tree
	head   Head
	folded Point // the last finalised block whose diff is in v and n
	pruned pruned
	pins   pins
	dead   []deadBlock

	folder folder
}

// Create writes block 0 into an empty store and opens it: the header, and the state after it, a *storage.TrieState. Where an earlier Create was
// interrupted, it does it again. Errors: ErrExists; ErrForeign; ErrFormat; ErrRestore; ErrBlock where an earlier Create was for another block.
func Create(store kv.DB, header chain.Header, state storage.State, options Options) (*DB, error) {
	block := header.Hash()
	if err := createGenesis(store, Point{header.Number, block}, header, state, options.filled().write); err != nil {
		return nil, fmt.Errorf("create store for genesis %s: %w", block, err)
	}
	return Open(store, options)
}

func createGenesis(store kv.DB, at Point, header chain.Header, state storage.State, pieceSize int) error {
	tries, ok := state.(*storage.TrieState)
	if !ok || header.Number != 0 || state.Root() != header.StateRoot {
		return fmt.Errorf("%w: number %d, state root %s, state %s", ErrBlock, header.Number, header.StateRoot, state.Root())
	}
	genesis, err := checkFormat(store)
	if err == nil {
		return ErrExists
	}
	if !errors.Is(err, ErrEmpty) {
		return err
	}
	if genesis != nil && *genesis != at.Hash {
		return fmt.Errorf("%w: the store was begun for genesis %s", ErrBlock, genesis)
	}
	if genesis == nil {
		var batch kv.Batch
		batch.Set(keyFormat, scale.AppendU32(nil, Format))
		batch.Set(keyGenesis, at.Hash[:])
		if err := store.Write(&batch, true); err != nil {
			return err
		}
	}
	if err := writeGenesisState(store, tries, pieceSize); err != nil {
		return err
	}
	var batch kv.Batch
	batch.Set(hashKey(kindHeader, at.Hash), scale.Marshal(header))
	batch.Set(hashKey(kindBody, at.Hash), scale.Marshal(body(nil)))
	batch.Set(numberKey(kindCanonical, 0), at.Hash[:])
	batch.Set(keyFolded, scale.Marshal(at))
	batch.Set(keyPruned, scale.Marshal(pruned{}))
	batch.Set(keyHead, scale.Marshal(Head{Best: at, Finalised: at}))
	return store.Write(&batch, true)
}

// writeGenesisState writes all values and nodes, in pieces: the head record shows them.
func writeGenesisState(store kv.DB, state *storage.TrieState, pieceSize int) error {
	p := pieces{store: store, most: pieceSize}
	values := func(child []byte) error {
		it := state.Iterate(child, nil, nil)
		defer it.Close()
		for it.Next() {
			value, err := it.Value()
			if err != nil {
				return err
			}
			if err := p.add(valueKey(child, it.Key()), value); err != nil {
				return err
			}
		}
		return it.Err()
	}
	if err := values(nil); err != nil {
		return err
	}
	prefix := storage.ChildRootKey(nil)
	children := state.Iterate(nil, prefix, nil)
	defer children.Close()
	for children.Next() {
		if err := values(bytes.Clone(children.Key()[len(prefix):])); err != nil {
			return err
		}
	}
	if err := children.Err(); err != nil {
		return err
	}
	empty, err := storage.NewMemoryState(&storage.Changes{}, trie.V0)
	if err != nil {
		return err
	}
	err = state.Diff(empty, func(child []byte) trie.NodeSink { return &genesisNodes{&p, child} })
	if err != nil {
		return err
	}
	return p.flush()
}

// genesisNodes writes the nodes of one trie of genesis.
type genesisNodes struct {
	pieces *pieces
	child  []byte
}

// PutNode implements trie.NodeSink.
func (g *genesisNodes) PutNode(path, encoded []byte) error {
	return g.pieces.add(nodeKey(g.child, path), encoded)
}

// DeleteNode implements trie.NodeSink.
func (g *genesisNodes) DeleteNode([]byte) error {
	panic("BUG: genesis takes a node from the empty trie")
}

// pieces writes head records of genesis without holding them all.
type pieces struct {
	store kv.DB
	batch kv.Batch
	size  int
	most  int // bytes of one write
}

func (p *pieces) add(key, value []byte) error {
	if err := storable(key); err != nil {
		return err
	}
	p.batch.Set(key, headRecord(0, value))
	if p.size += len(key) + len(value); p.size < p.most {
		return nil
	}
	return p.flush()
}

func (p *pieces) flush() error {
	err := p.store.Write(&p.batch, false)
	p.batch, p.size = kv.Batch{}, 0
	return err
}

// checkFormat returns the genesis that a store was begun for, nil where it is empty. ErrEmpty where it has none or not all of it.
func checkFormat(store kv.DB) (*hash.H256, error) {
	format, ok, err := record(store, keyFormat, (*scale.Decoder).U32)
	if err != nil {
		return nil, err
	}
	if !ok {
		if err := checkRestored(store); err != nil {
			return nil, err
		}
		it := store.Iterator(nil)
		defer it.Close()
		if it.Next() {
			return nil, fmt.Errorf("%w: it has key 0x%x and no record of its format; give another folder", ErrForeign, it.Key())
		}
		if err := it.Err(); err != nil {
			return nil, err
		}
		return nil, ErrEmpty
	}
	if format != Format {
		return nil, fmt.Errorf("%w: the store has %d, this program knows %d; use the program that wrote it, or a newer one", ErrFormat, format, Format)
	}
	genesis, ok, err := record(store, keyGenesis, decodeHash)
	if err == nil && !ok {
		err = corrupt("record %q is missing", keyGenesis)
	}
	if err != nil {
		return nil, err
	}
	_, ok, err = store.Get(keyHead)
	if err == nil && !ok {
		err = ErrEmpty
	}
	return &genesis, err
}

// Open opens a store and finishes what a crash interrupted; its background work starts. It owns store from then on, unless it returns an error. Nothing is changed in a store that it refuses.
// Errors: ErrEmpty; ErrForeign; ErrFormat; ErrRestore; kv.ErrCorrupt.
func Open(store kv.DB, options Options) (*DB, error) {
	options = options.filled()
	genesis, err := checkFormat(store)
	if err != nil {
		return nil, fmt.Errorf("open store: %w", err)
	}
	db := &DB{
		store:   store,
		options: options,
		genesis: *genesis,
		nodes:   newNodeCache(options.NodeMemory),
		layers:  layers{bound: options.LayerMemory},
		failed:  make(chan struct{}),
	}
	db.finalised.store = store
	db.pins = pins{owner: db, bases: map[chain.BlockNumber]int{}, ages: map[uint64]int{}}
	for _, step := range []func() error{db.loadPoints, db.loadTree, db.loadDead} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("open store: %w", err)
		}
	}
	db.folder.start(db)
	return db, nil
}

// must is record of what is always there.
func must[T any](store kv.DB, key []byte, read func(*scale.Decoder) T) (T, error) {
	v, ok, err := record(store, key, read)
	if err == nil && !ok {
		err = corrupt("record %q is missing", key)
	}
	return v, err
}

func (db *DB) loadPoints() (err error) {
	if db.head, err = must(db.store, keyHead, scale.Decode[Head]); err != nil {
		return err
	}
	if db.folded, err = must(db.store, keyFolded, scale.Decode[Point]); err != nil {
		return err
	}
	if db.pruned, err = must(db.store, keyPruned, scale.Decode[pruned]); err != nil {
		return err
	}
	// The fold of the next block may have been interrupted.
	db.finalised.folding.Store(uint32(min(db.folded.Number+1, db.head.Finalised.Number)))
	for _, p := range []Point{{0, db.genesis}, db.folded, db.head.Finalised} {
		if h, ok, err := db.canonicalHash(p.Number); err != nil {
			return err
		} else if !ok || h != p.Hash {
			return corrupt("%s is not the finalised block of its number", p)
		}
	}
	return nil
}

// loadTree builds the tree of blocks that are not folded.
func (db *DB) loadTree() error {
	db.tree = newTree(db.folded.Number)
	it := db.store.Iterator([]byte{kindUnfolded})
	defer it.Close()
	// Where deleted records of former blocks are, there is nothing to look for.
	for ok := it.Seek(numberKey(kindUnfolded, db.folded.Number+1)); ok; ok = it.Next() {
		key := it.Key()
		if len(key) != 1+4+32 {
			return corrupt("key 0x%x of an unfolded block", key)
		}
		var p Point
		p.Number = chain.BlockNumber(uint32(key[1])<<24 | uint32(key[2])<<16 | uint32(key[3])<<8 | uint32(key[4]))
		p.Hash = hash.H256(key[5:])
		raw, err := it.Value()
		if err != nil {
			return err
		}
		u, err := scale.UnmarshalFunc(raw, scale.Decode[unfolded])
		if err != nil {
			return corrupt("unfolded %s: %v", p, err)
		}
		parent := db.folded
		if n := db.tree.get(u.Parent); n != nil {
			parent = n.Point
		}
		if u.Parent != parent.Hash || p.Number != parent.Number+1 {
			return corrupt("unfolded %s: its parent %s is not there", p, u.Parent)
		}
		l, err := loadLayer(db.store, p.Hash, u.Chunks)
		if err != nil {
			return err
		}
		db.layers.keep(l)
		db.tree.add(p, u.Parent, u.Root, l)
	}
	if err := it.Err(); err != nil {
		return err
	}
	for _, p := range []Point{db.head.Best, db.head.Finalised} {
		if p != db.folded && db.tree.get(p.Hash) == nil {
			return corrupt("head %s is not there", p)
		}
	}
	return nil
}

// Close waits for the background work at hand, lets the rest of it be for the next Open, and closes the key-value store.
// States must not be read any more.
func (db *DB) Close() error {
	db.folder.stop()
	db.writing.Lock()
	defer db.writing.Unlock()
	if errors.Is(db.broken, kv.ErrClosed) {
		return nil
	}
	db.broken = kv.ErrClosed
	return db.store.Close()
}

// Genesis returns the hash of block 0.
func (db *DB) Genesis() hash.H256 { return db.genesis }

// Head returns the best and the last finalised block.
func (db *DB) Head() Head {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.head
}

// write writes a batch; writing is held. Of a batch that is refused for a key, or because the disk is full or a limit of the system near, nothing is there, and the store goes on. After any other error nobody
// knows, and the store takes no more writes.
func (db *DB) write(batch *kv.Batch, durable bool) error {
	if err := db.usable(); err != nil {
		return err
	}
	err := db.store.Write(batch, durable)
	for _, refused := range []error{kv.ErrKeyTooLong, kv.ErrFull, kv.ErrLimit} {
		if errors.Is(err, refused) {
			return err
		}
	}
	if err != nil {
		db.broken = err
		close(db.failed) // once: usable refuses the writes after it
	}
	return err
}

// Broken waits until a write leaves open whether it is on the disk, and returns why, wrapped in ErrBroken; or until ctx ends. Whoever changes the store learns of it from
// the error of the change; this is for who decides what becomes of a program that can keep nothing any more.
func (db *DB) Broken(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-db.failed:
	}
	db.writing.Lock()
	defer db.writing.Unlock()
	return db.usable()
}

func (db *DB) usable() error {
	if db.broken == nil || errors.Is(db.broken, kv.ErrClosed) {
		return db.broken
	}
	return fmt.Errorf("%w: %w", ErrBroken, db.broken)
}
