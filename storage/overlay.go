package storage

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage/trie"
)

// MaxTransactions is how many transactions may be open at once. Substrate's overlay sets no bound; its runtimes stop at
// 255 (frame_support, TRANSACTIONAL_LIMIT).
const MaxTransactions = 4096

// Overlay is the mutable state of one execution, or of several one after another: a block's. It holds what was
// written over a parent state and leaves the parent as it is. It is for one goroutine at a time.
//
// Key and value arguments are copied. Slices that come back must not be changed by the caller, and the overlay will not
// change them either.
type Overlay struct {
	base     State // what Wipe goes back to
	parent   State
	top      *changeset
	children map[string]*changeset // none is empty
	offchain *changeset            // no trie: writes for offchain use, with nothing below

	journal []undo // versions that open transactions have replaced, oldest first
	starts  []int  // where in the journal each open transaction starts
	guest   bool   // between EnterRuntime and ExitRuntime
	floor   int    // transactions that were open at EnterRuntime; the guest cannot close them

	held  int // bytes that entries and journal take, about
	limit int // 0 for none

	// derived is the parent state with all that was written when it was made; nil before the first root.
	derived        State
	derivedVersion trie.Version
	stale          bool // derived holds a write that was taken back since: derive anew from parent
	written        bool // something may have been written since derived was made
}

// undo is a version that a transaction replaced.
type undo struct {
	set   *changeset
	entry *entry
	was   version
	depth int
}

// What an entry and a journalled version take besides their bytes, about.
const (
	entryCost = 160
	undoCost  = 88
)

// NewOverlay returns an empty overlay over parent.
func NewOverlay(parent State) *Overlay {
	return &Overlay{base: parent, parent: parent, top: newChangeset(""), children: map[string]*changeset{}, offchain: newChangeset("")}
}

// Parent returns the state below: the one given to NewOverlay, or the last that Finish or Persist made.
func (o *Overlay) Parent() State { return o.parent }

// SetLimit bounds the memory that what is written may take, in bytes, counted roughly; 0 lifts the bound. Beyond it Set, Delete,
// Append, ClearPrefix, KillChild and IndexOffchain give ErrLimit, which ends the guest's call. It is for calls that serve one node, such as
// those of RPC clients: a bound on the execution of blocks would let nodes disagree.
func (o *Overlay) SetLimit(bytes int) { o.limit = bytes }

// full is the error of a write when the overlay holds too much.
func (o *Overlay) full() error {
	if o.limit > 0 && o.held > o.limit {
		return fmt.Errorf("%d bytes written, limit %d: %w", o.held, o.limit, ErrLimit)
	}
	return nil
}

// changes returns the changeset of a trie, which is nil for a child trie that was not written to.
func (o *Overlay) changes(child []byte) *changeset {
	if child == nil {
		return o.top
	}
	return o.children[string(child)]
}

// Get implements Reader: what was written, and else the parent state's value.
func (o *Overlay) Get(child, key []byte) ([]byte, bool, error) {
	if e := o.changes(child).get(key); e != nil {
		value, ok := e.value()
		return value, ok, nil
	}
	return o.parent.Get(child, key)
}

// Has implements Reader.
func (o *Overlay) Has(child, key []byte) (bool, error) {
	if e := o.changes(child).get(key); e != nil {
		return e.live(), nil
	}
	return o.parent.Has(child, key)
}

// NextKey implements Reader. It costs one look into the overlay and one into the parent state, and one more for each
// key of the parent state in between that was deleted here.
func (o *Overlay) NextKey(child, after []byte) ([]byte, bool, error) {
	below, ok, err := o.parent.NextKey(child, after)
	if err != nil {
		return nil, false, err
	}
	set := o.changes(child)
	if set == nil {
		return below, ok, nil
	}
	keys := set.sorted()
	for p := keys.seek(string(after), true); ; p = keys.next(p) {
		e := keys.at(p)
		if e == nil || ok && string(below) < e.key {
			return below, ok, nil
		}
		if e.live() {
			return []byte(e.key), true, nil
		}
		if ok && string(below) == e.key {
			if below, ok, err = o.parent.NextKey(child, below); err != nil {
				return nil, false, err
			}
		}
	}
}

// Set writes a value. In the top trie a key of the child roots is left alone, without an error, as Substrate does.
func (o *Overlay) Set(child, key, value []byte) error {
	if child == nil && isChildKey(key) {
		return nil
	}
	o.write(child, key, version{kind: plain, value: bytes.Clone(value)})
	return o.full()
}

// Delete removes a value. In the top trie a key of the child roots is left alone, without an error, as Substrate does.
func (o *Overlay) Delete(child, key []byte) error {
	if child == nil && isChildKey(key) {
		return nil
	}
	o.write(child, key, version{kind: deleted})
	return o.full()
}

// write makes v the present version of a key.
func (o *Overlay) write(child, key []byte, v version) {
	set := o.top
	if child != nil {
		if set = o.children[string(child)]; set == nil {
			set = newChangeset(string(child))
			o.children[string(child)] = set
		}
	}
	o.replace(set, o.entry(set, key), v)
}

// entry returns the entry of a key, making an absent one where there is none. The caller writes to it at once.
func (o *Overlay) entry(set *changeset, key []byte) *entry {
	e := set.entries[string(key)]
	if e == nil {
		e = set.add(key)
		o.held += entryCost + len(key)
	}
	return e
}

// replace makes v the present version of an entry, journalling the version before where a transaction is open.
func (o *Overlay) replace(set *changeset, e *entry, v version) {
	o.written = true
	if depth := len(o.starts); e.depth != depth {
		o.journal = append(o.journal, undo{set, e, e.now, e.depth})
		e.depth = depth
		o.held += undoCost
	} else {
		o.held -= e.now.cost()
	}
	e.now = v
	o.held += v.cost()
	set.mark(e)
}

// IndexOffchain notes a write for offchain use: key gets value, or, where set is false, is cleared. It follows transactions
// like every write, is no part of the state and its roots, and comes out as Changes.Offchain.
// Source: sp_state_machine, OverlayedChanges::set_offchain_storage.
func (o *Overlay) IndexOffchain(key, value []byte, set bool) error {
	v := version{kind: deleted}
	if set {
		v = version{kind: plain, value: bytes.Clone(value)}
	}
	written := o.written // a root is as fresh after this as before
	o.replace(o.offchain, o.entry(o.offchain, key), v)
	o.written = written
	return o.full()
}

// Append adds an item to the sequence at key of the top trie and counts it in the compact length in front. Where there is
// no value, or it does not start with a length, the value becomes the sequence of this one item. Items are not
// looked at. The length wraps at 2^32. It costs the size of the item, and that of the value where the value was set as a
// whole, comes from the parent state, or was read since the last append.
// Keys of child roots give ErrChildKey.
func (o *Overlay) Append(key, item []byte) error {
	if isChildKey(key) {
		return fmt.Errorf("append to 0x%x: %w", key, ErrChildKey)
	}
	e := o.top.get(key)
	if e == nil {
		value, ok, err := o.parent.Get(nil, key)
		if err != nil {
			return err
		}
		e = o.entry(o.top, key)
		v := version{kind: deleted}
		if ok {
			v = version{kind: plain, value: value}
		}
		o.replace(o.top, e, v)
	}
	before := e.now.cost()
	sequence := e.openSequence(len(item))
	o.held += e.now.cost() - before
	if !sequence {
		o.replace(o.top, e, version{kind: appended, count: 1, size: len(item), seq: newSequence(item, 0)})
		return o.full()
	}
	v := e.now
	v.seq.buf = append(v.seq.buf[:headroom+v.size], item...)
	v.count++
	v.size += len(item)
	o.replace(o.top, e, v)
	return o.full()
}

// ClearPrefix deletes the keys of a trie that start with prefix: all those that were written here, and those of the
// parent state from cursor on. A limit bounds how many keys of the parent state are looked at, those deleted before
// included; where it ends the walk, Cleared.Next is the first key that was not looked at. In the top trie a prefix that is
// part of the prefix of child roots, the empty one included, or goes on from it, clears nothing.
// Source: sp_state_machine, Ext::clear_prefix and limit_remove_from_backend.
func (o *Overlay) ClearPrefix(child, prefix []byte, limit *uint32, cursor []byte) (Cleared, error) {
	if child == nil && touchesChildKeys(prefix) {
		return Cleared{}, nil
	}
	return o.clear(child, prefix, limit, cursor)
}

// KillChild is ClearPrefix of a whole child trie.
func (o *Overlay) KillChild(child []byte, limit *uint32, cursor []byte) (Cleared, error) {
	if child == nil {
		child = []byte{}
	}
	return o.clear(child, nil, limit, cursor)
}

func (o *Overlay) clear(child, prefix []byte, limit *uint32, cursor []byte) (cleared Cleared, err error) {
	o.written = true
	if set := o.changes(child); set != nil {
		keys := set.sorted()
		for p := keys.seek(string(prefix), false); ; p = keys.next(p) {
			e := keys.at(p)
			if e == nil || !prefixed(e.key, prefix) {
				break
			}
			if e.live() {
				cleared.Unique++
				o.replace(set, e, version{kind: deleted})
			}
		}
	}
	keys := o.parent.Iterate(child, prefix, cursor)
	defer keys.Close()
	for keys.Next() {
		key := keys.Key()
		if limit != nil && cleared.Loops == *limit {
			cleared.Next = append([]byte{}, key...) // not nil: the empty key is a key
			break
		}
		if e := o.changes(child).get(key); e == nil {
			o.write(child, key, version{kind: deleted})
			cleared.Backend++
			if err := o.full(); err != nil {
				return cleared, err
			}
		}
		cleared.Loops++
	}
	if err := keys.Err(); err != nil {
		return cleared, err
	}
	cleared.Unique += cleared.Backend
	return cleared, nil
}

// Root returns the root of the top trie with all that was written so far, also in open transactions. Where nothing was
// written since the last root it is that one, whatever its version was; else only what was written since is applied.
// Source: sp_state_machine, OverlayedChanges::storage_root.
func (o *Overlay) Root(version trie.Version) (hash.H256, error) {
	if o.derived == nil || o.written {
		if err := o.derive(version); err != nil {
			return hash.H256{}, err
		}
		o.written = false
	}
	return o.derived.Root(), nil
}

// ChildRoot returns the root of a child trie with all that was written so far, and writes it into the top trie (removes
// it there when the child is empty) where the child was written to.
//
// When nothing was written since the last Root, the answer is what Get finds in the top trie: the root that the last
// ChildRoot left there or else the parent state's, although Root counted with a newer one. A chain whose authors
// run Substrate agrees on that, so we do. Source: sp_state_machine, OverlayedChanges::child_storage_root.
func (o *Overlay) ChildRoot(child []byte, version trie.Version) (hash.H256, error) {
	if child == nil {
		child = []byte{}
	}
	set := o.changes(child)
	if set == nil || o.derived != nil && !o.written {
		return o.childRootInTop(child)
	}
	if err := o.derive(version); err != nil {
		return hash.H256{}, err
	}
	root, err := o.derived.ChildRoot(child)
	if err != nil {
		return hash.H256{}, err
	}
	o.write(nil, ChildRootKey(child), childRootVersion(root))
	return root, nil
}

func (o *Overlay) childRootInTop(child []byte) (hash.H256, error) {
	value, ok, err := o.Get(nil, ChildRootKey(child))
	if err != nil || !ok || len(value) < len(hash.H256{}) {
		return trie.EmptyRoot, err
	}
	return hash.H256(value[:len(hash.H256{})]), nil
}

// childRootVersion is what the top trie has for a child trie's root.
func childRootVersion(root hash.H256) version {
	if root == trie.EmptyRoot {
		return version{kind: deleted}
	}
	return version{kind: plain, value: root[:]}
}

// derive makes o.derived hold all that was written.
func (o *Overlay) derive(version trie.Version) error {
	// A write that was rolled back cannot be undone in the derived state: the parent's leaf may be of another version than
	// the one that would be written over it. Then everything is applied to the parent state again.
	anew := o.derived == nil || o.stale || version != o.derivedVersion || o.derived.Derivation().Ordered
	from := o.derived
	if anew {
		from = o.parent
	}
	changes := o.delta(anew)
	if !anew && len(changes.Top) == 0 && len(changes.Child) == 0 {
		return nil
	}
	derived, err := from.Derive(changes, version)
	if !anew && (errors.Is(err, trie.ErrSubstratePanics) || err == nil && derived.Derivation().Ordered) {
		// What was new did not go well with the order that Substrate writes in.
		derived, err = o.parent.Derive(o.delta(true), version)
	}
	if err != nil {
		o.stale = true // the dirty lists are used up
		return fmt.Errorf("derive state: %w", err)
	}
	o.derived, o.derivedVersion, o.stale = derived, version, false
	return nil
}

// delta returns what was written since the last derivation, or everything, without the roots of child tries: those are
// for State.Derive to write.
func (o *Overlay) delta(everything bool) *Changes {
	top := slices.DeleteFunc(o.top.take(everything), func(e *entry) bool { return isChildKey([]byte(e.key)) })
	changes := &Changes{Top: changesOf(top)}
	for _, child := range o.childKeys() {
		if list := o.children[child].take(everything); len(list) > 0 {
			changes.Child = append(changes.Child, ChildChanges{Child: []byte(child), Changes: changesOf(list)})
		}
	}
	return changes
}

// childKeys returns the storage keys of the child tries that were written to, in ascending order.
func (o *Overlay) childKeys() []string { return slices.Sorted(maps.Keys(o.children)) }

// Changes returns all that was written so far, also in open transactions. The roots of child tries are among the changes
// of the top trie only as far as ChildRoot wrote them there; Finish gives them all.
func (o *Overlay) Changes() *Changes {
	changes := &Changes{Top: changesOf(o.top.all()), Offchain: changesOf(o.offchain.all())}
	for _, child := range o.childKeys() {
		changes.Child = append(changes.Child, ChildChanges{Child: []byte(child), Changes: changesOf(o.children[child].all())})
	}
	return changes
}

// Finish returns the state with all that was written and the changes that lead there from the parent state, the roots of
// changed child tries among those of the top trie: applied to flat values they give the flat values of the new
// state. The overlay is then empty, over the new state. Changes has the writes for offchain use as well. Open transactions give ErrOpenTransaction.
func (o *Overlay) Finish(version trie.Version) (State, *Changes, error) {
	if len(o.starts) > 0 {
		return nil, nil, fmt.Errorf("finish with %d open: %w", len(o.starts), ErrOpenTransaction)
	}
	if _, err := o.Root(version); err != nil {
		return nil, nil, err
	}
	for _, child := range o.childKeys() {
		root, err := o.derived.ChildRoot([]byte(child))
		if err != nil {
			return nil, nil, err
		}
		o.write(nil, ChildRootKey([]byte(child)), childRootVersion(root))
	}
	state, changes := o.derived, o.Changes()
	changes.add(state.Derivation().Stripped)
	o.reset(state)
	return state, changes, nil
}

// reset empties the overlay and puts it over parent. The mode stays.
func (o *Overlay) reset(parent State) {
	guest, base, limit := o.guest, o.base, o.limit
	*o = *NewOverlay(parent)
	o.guest, o.base, o.limit = guest, base, limit
}

// EnterRuntime begins a guest call: transactions that are open now are out of the guest's reach. ErrMode where a call
// is under way.
func (o *Overlay) EnterRuntime() error {
	if o.guest {
		return fmt.Errorf("enter runtime: %w", ErrMode)
	}
	o.guest, o.floor = true, len(o.starts)
	return nil
}

// ExitRuntime ends a guest call and rolls back the transactions that the guest left open; dangling tells how many. ErrMode
// where no call is under way.
func (o *Overlay) ExitRuntime() (dangling int, err error) {
	if !o.guest {
		return 0, fmt.Errorf("exit runtime: %w", ErrMode)
	}
	for ; len(o.starts) > o.floor; dangling++ {
		o.rollback()
	}
	o.guest, o.floor = false, 0
	return dangling, nil
}

// Begin opens a transaction inside those that are open. ErrTooDeep where MaxTransactions are.
func (o *Overlay) Begin() error {
	if len(o.starts) == MaxTransactions {
		return fmt.Errorf("begin transaction %d: %w", MaxTransactions+1, ErrTooDeep)
	}
	o.starts = append(o.starts, len(o.journal))
	return nil
}

// Rollback closes the innermost transaction and takes back what was written in it. ErrNoTransaction where none is
// open, or, in a guest call, none that the guest opened.
func (o *Overlay) Rollback() error {
	if len(o.starts) == o.floor {
		return fmt.Errorf("rollback: %w", ErrNoTransaction)
	}
	o.rollback()
	return nil
}

func (o *Overlay) rollback() {
	o.written = true
	start := o.starts[len(o.starts)-1]
	for i := len(o.journal) - 1; i >= start; i-- {
		u := &o.journal[i]
		e := u.entry
		o.held -= undoCost + e.now.cost()
		e.now, e.depth = u.was, u.depth
		if e.now.kind == absent {
			o.held -= entryCost + len(e.key)
			o.stale = o.stale || e.derived
			u.set.drop(e)
			if len(u.set.entries) == 0 && u.set != o.top && u.set != o.offchain {
				delete(o.children, u.set.child)
			}
		} else {
			u.set.mark(e)
		}
	}
	clear(o.journal[start:])
	o.journal = o.journal[:start]
	o.starts = o.starts[:len(o.starts)-1]
}

// Commit closes the innermost transaction and leaves what was written in it to the one around. Errors as Rollback.
func (o *Overlay) Commit() error {
	if len(o.starts) == o.floor {
		return fmt.Errorf("commit: %w", ErrNoTransaction)
	}
	start := o.starts[len(o.starts)-1]
	o.starts = o.starts[:len(o.starts)-1]
	depth := len(o.starts)
	kept := start
	for _, u := range o.journal[start:] {
		u.entry.depth = depth
		// What the transaction around wrote itself has its older version further down in the journal.
		if depth > 0 && u.depth != depth {
			o.journal[kept] = u
			kept++
		} else {
			o.held -= undoCost + u.was.cost()
		}
	}
	clear(o.journal[kept:])
	o.journal = o.journal[:kept]
	return nil
}

// hostTransactions returns how many transactions are open that are not the guest's.
func (o *Overlay) hostTransactions() int {
	if o.guest {
		return o.floor
	}
	return len(o.starts)
}

// Wipe drops all that was written and persisted since NewOverlay, for ext_benchmarking_wipe_db. Transactions of the
// guest are closed; those of the host give ErrOpenTransaction.
func (o *Overlay) Wipe() error {
	if n := o.hostTransactions(); n > 0 {
		return fmt.Errorf("wipe with %d open outside the guest: %w", n, ErrOpenTransaction)
	}
	o.reset(o.base)
	return nil
}

// Persist commits all transactions of the guest and folds what was written into the parent state, under the latest state
// version, for ext_benchmarking_commit_db. Transactions of the host give ErrOpenTransaction.
func (o *Overlay) Persist() error {
	if n := o.hostTransactions(); n > 0 {
		return fmt.Errorf("persist with %d open outside the guest: %w", n, ErrOpenTransaction)
	}
	for len(o.starts) > 0 {
		if err := o.Commit(); err != nil {
			return err
		}
	}
	_, _, err := o.Finish(trie.V1)
	return err
}
