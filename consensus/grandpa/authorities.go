package grandpa

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
)

// Errors of authority sets.
var (
	// ErrAuthorities: a list of authorities is empty, or one has no weight.
	ErrAuthorities = errors.New("invalid authority set")
	// ErrDuplicateChange: the block has announced a change already.
	ErrDuplicateChange = errors.New("duplicate authority set change")
	// ErrForcedPending: a forced change is pending on the fork.
	ErrForcedPending = errors.New("another forced authority set change is pending on this fork")
	// ErrDependency: a change waits for another one before it.
	ErrDependency = errors.New("an earlier authority set change is pending")
	// ErrReverted: a change is announced, or enacted, below what was final when the last one was.
	ErrReverted = errors.New("below the last finalised block")
)

// PendingChange is a change that was announced and not yet enacted.
type PendingChange struct {
	Next        []Authority
	Delay       chain.BlockNumber
	AnnouncedAt Target
	// Forced: the change counts from the depth of the chain, not of what is final; for a chain on which nothing becomes final any more.
	Forced bool
	Median chain.BlockNumber // of a forced change, see Log
}

// Effective returns the number of the block that enacts the change, the greatest number where the sum is beyond it.
func (c *PendingChange) Effective() chain.BlockNumber {
	return c.AnnouncedAt.Number + min(c.Delay, ^chain.BlockNumber(0)-c.AnnouncedAt.Number)
}

// AppendScale appends the change as sc-consensus-grandpa's PendingChange has it.
func (c PendingChange) AppendScale(dst []byte) []byte {
	dst = scale.AppendSlice(dst, c.Next)
	dst = scale.AppendU32(dst, uint32(c.Delay))
	dst = scale.AppendU32(dst, uint32(c.AnnouncedAt.Number))
	dst = append(dst, c.AnnouncedAt.Hash[:]...)
	if !c.Forced {
		return append(dst, 0)
	}
	return scale.AppendU32(append(dst, 1), uint32(c.Median))
}

// DecodeScale reads a change.
func (c *PendingChange) DecodeScale(d *scale.Decoder) {
	c.Next = scale.DecodeSlice[Authority](d)
	c.Delay = chain.BlockNumber(d.U32())
	c.AnnouncedAt.Number = chain.BlockNumber(d.U32())
	c.AnnouncedAt.Hash = d.Array32()
	switch kind := d.U8(); kind {
	case 0:
	case 1:
		c.Forced = true
		c.Median = chain.BlockNumber(d.U32())
	default:
		d.FailVariant("delay kind", kind)
	}
}

// changeNode is a change in the tree of those that are pending, under the one that it comes after on its fork.
type changeNode struct {
	change   PendingChange
	children []*changeNode
}

// AppendScale appends hash, number, change and children, as a node of Substrate's ForkTree.
func (n *changeNode) AppendScale(dst []byte) []byte {
	dst = append(dst, n.change.AnnouncedAt.Hash[:]...)
	dst = scale.AppendU32(dst, uint32(n.change.AnnouncedAt.Number))
	dst = n.change.AppendScale(dst)
	return appendNodes(dst, n.children)
}

func appendNodes(dst []byte, nodes []*changeNode) []byte {
	dst = scale.AppendLen(dst, len(nodes))
	for _, n := range nodes {
		dst = n.AppendScale(dst)
	}
	return dst
}

func decodeNode(d *scale.Decoder) *changeNode {
	n := new(changeNode)
	at := d.Offset()
	key := Target{Hash: d.Array32(), Number: chain.BlockNumber(d.U32())}
	n.change.DecodeScale(d)
	if d.Err() == nil && key != n.change.AnnouncedAt {
		d.Fail(at, "pending change", scale.ErrInvalid, fmt.Sprintf("filed under %s, announced at %s", key, n.change.AnnouncedAt))
	}
	n.children = scale.DecodeSeq(d, decodeNode)
	return n
}

func (n *changeNode) depth() int {
	deepest := 0
	for _, c := range n.children {
		deepest = max(deepest, 1+c.depth())
	}
	return deepest
}

func (n *changeNode) clone() *changeNode {
	out := &changeNode{change: n.change, children: make([]*changeNode, len(n.children))}
	for i, c := range n.children {
		out.children[i] = c.clone()
	}
	return out
}

// SetChange says at which block a set ended.
type SetChange struct {
	SetID uint64
	Last  chain.BlockNumber
}

// AppendScale appends id and number.
func (c SetChange) AppendScale(dst []byte) []byte {
	return scale.AppendU32(scale.AppendU64(dst, c.SetID), uint32(c.Last))
}

// DecodeScale reads a change.
func (c *SetChange) DecodeScale(d *scale.Decoder) {
	c.SetID = d.U64()
	c.Last = chain.BlockNumber(d.U32())
}

// AuthoritySet is who votes now, who did, and who will: the sets that blocks announced, on each fork, until they are enacted. It is not safe for concurrent
// use. Encoded, it is what Substrate keeps under "grandpa_voters".
type AuthoritySet struct {
	Current []Authority
	SetID   uint64
	// standard are the changes that wait for a block to be final: those without a pending one before them on their fork first.
	standard []*changeNode
	// finalised is the block that was final when standard was last looked at, nil where there was none.
	finalised *chain.BlockNumber
	forced    []PendingChange // by effective number, then by that of the block that announced it; at most one on each fork
	// History has the last block of each former set, in order. After a set was entered in the middle of a chain, earlier ones are missing.
	History []SetChange
}

// NewAuthoritySet returns a set without pending changes or history. ErrAuthorities.
func NewAuthoritySet(current []Authority, setID uint64) (*AuthoritySet, error) {
	if err := checkAuthorities(current); err != nil {
		return nil, err
	}
	return &AuthoritySet{Current: current, SetID: setID}, nil
}

func checkAuthorities(list []Authority) error {
	if len(list) == 0 {
		return fmt.Errorf("%w: empty", ErrAuthorities)
	}
	for _, a := range list {
		if a.Weight == 0 {
			return fmt.Errorf("%w: %s has no weight", ErrAuthorities, a.ID)
		}
	}
	if _, err := NewVoterSet(list); err != nil {
		return fmt.Errorf("%w: %v", ErrAuthorities, err)
	}
	return nil
}

// AppendScale appends the set.
func (s AuthoritySet) AppendScale(dst []byte) []byte {
	dst = scale.AppendSlice(dst, s.Current)
	dst = scale.AppendU64(dst, s.SetID)
	dst = appendNodes(dst, s.standard)
	dst = scale.AppendOption(dst, s.finalised, appendNumber)
	dst = scale.AppendSlice(dst, s.forced)
	return scale.AppendSlice(dst, s.History)
}

func appendNumber(dst []byte, n chain.BlockNumber) []byte { return scale.AppendU32(dst, uint32(n)) }

// DecodeScale reads a set.
func (s *AuthoritySet) DecodeScale(d *scale.Decoder) {
	at := d.Offset()
	s.Current = scale.DecodeSlice[Authority](d)
	s.SetID = d.U64()
	s.standard = scale.DecodeSeq(d, decodeNode)
	s.finalised = scale.DecodeOption(d, func(d *scale.Decoder) chain.BlockNumber { return chain.BlockNumber(d.U32()) })
	s.forced = scale.DecodeSlice[PendingChange](d)
	s.History = scale.DecodeSlice[SetChange](d)
	if d.Err() == nil {
		if err := checkAuthorities(s.Current); err != nil {
			d.Fail(at, "authority set", scale.ErrInvalid, err.Error())
		}
	}
}

// Clone returns a copy that shares nothing that changes.
func (s *AuthoritySet) Clone() *AuthoritySet {
	out := *s
	out.standard = make([]*changeNode, len(s.standard))
	for i, n := range s.standard {
		out.standard[i] = n.clone()
	}
	out.forced = slices.Clone(s.forced)
	out.History = slices.Clip(s.History) // it grows and never changes
	return &out
}

// Voters returns the current set.
func (s *AuthoritySet) Voters() *VoterSet {
	voters, err := NewVoterSet(s.Current)
	if err != nil {
		panic("BUG: " + err.Error()) // checked wherever Current is set
	}
	return voters
}

// Pending returns the pending changes: standard ones, those of a fork one after the other, and then forced ones.
func (s *AuthoritySet) Pending() []PendingChange {
	var out []PendingChange
	var walk func([]*changeNode)
	walk = func(nodes []*changeNode) {
		for _, n := range nodes {
			out = append(out, n.change)
			walk(n.children)
		}
	}
	walk(s.standard)
	return append(out, s.forced...)
}

// Limit returns the lowest block from min on that enacts a standard change, on whatever fork: nobody votes for a block above it.
func (s *AuthoritySet) Limit(min chain.BlockNumber) (limit chain.BlockNumber, ok bool) {
	for _, n := range s.standard {
		if at := n.change.Effective(); at >= min && (!ok || at < limit) {
			limit, ok = at, true
		}
	}
	return limit, ok
}

// NextChange returns the block that announced the next change on the chain of best.
func (s *AuthoritySet) NextChange(best Target, c Chain) (next Target, ok bool) {
	for i := range s.forced {
		if at := s.forced[i].AnnouncedAt; below(c, at, best) {
			next, ok = at, true
			break
		}
	}
	for _, n := range s.standard {
		if at := n.change.AnnouncedAt; below(c, at, best) {
			if !ok || next.Number >= at.Number {
				next, ok = at, true
			}
			break
		}
	}
	return next, ok
}

// below reports whether block descends from base, and is not base.
func below(c Chain, base, block Target) bool { return base != block && Descends(c, base, block) }

// Add adds a change that the header of a block announces. Changes of a fork must come in its order. c must know the block. Errors: ErrAuthorities,
// ErrDuplicateChange, ErrForcedPending, ErrReverted.
func (s *AuthoritySet) Add(change PendingChange, c Chain) error {
	if err := checkAuthorities(change.Next); err != nil {
		return err
	}
	if change.Forced {
		return s.addForced(change, c)
	}
	if s.finalised != nil && change.AnnouncedAt.Number <= *s.finalised {
		return fmt.Errorf("%w: change of %s, block %d is final", ErrReverted, change.AnnouncedAt, *s.finalised)
	}
	// The deepest change on the fork of this one is its parent.
	siblings := &s.standard
	for i := 0; i < len(*siblings); i++ {
		if n := (*siblings)[i]; below(c, n.change.AnnouncedAt, change.AnnouncedAt) {
			siblings, i = &n.children, -1
		}
	}
	for _, n := range *siblings {
		if n.change.AnnouncedAt.Hash == change.AnnouncedAt.Hash {
			return fmt.Errorf("%w: %s", ErrDuplicateChange, change.AnnouncedAt)
		}
	}
	*siblings = append(*siblings, &changeNode{change: change})
	if len(*siblings) == 1 {
		rebalance(s.standard)
	}
	return nil
}

// rebalance puts the longest branches first, where what is looked for most likely is; the order is part of the encoding.
func rebalance(nodes []*changeNode) {
	slices.SortStableFunc(nodes, func(a, b *changeNode) int { return cmp.Compare(b.depth(), a.depth()) })
	for _, n := range nodes {
		rebalance(n.children)
	}
}

func (s *AuthoritySet) addForced(change PendingChange, c Chain) error {
	for i := range s.forced {
		at := s.forced[i].AnnouncedAt
		if at.Hash == change.AnnouncedAt.Hash {
			return fmt.Errorf("%w: %s", ErrDuplicateChange, at)
		}
		if below(c, at, change.AnnouncedAt) {
			return fmt.Errorf("%w: that of %s", ErrForcedPending, at)
		}
	}
	i, _ := slices.BinarySearchFunc(s.forced, change, func(a, b PendingChange) int {
		return cmp.Or(cmp.Compare(a.Effective(), b.Effective()), cmp.Compare(a.AnnouncedAt.Number, b.AnnouncedAt.Number))
	})
	s.forced = slices.Insert(s.forced, i, change)
	return nil
}

// ApplyForced returns the set after block, which may be the one that announced the change, where it enacts a forced change, and that change; nil where it
// enacts none. s stays as it is. ErrDependency where a standard change before it, which should be final, is not enacted.
func (s *AuthoritySet) ApplyForced(block Target, c Chain) (*AuthoritySet, *PendingChange, error) {
	for i := range s.forced {
		change := s.forced[i]
		if change.Effective() != block.Number || !Descends(c, change.AnnouncedAt, block) {
			continue
		}
		for _, n := range s.standard {
			if n.change.Effective() <= change.Median && below(c, n.change.AnnouncedAt, change.AnnouncedAt) {
				return nil, nil, fmt.Errorf("%w: change forced at %s comes after that of block %d", ErrDependency, change.AnnouncedAt, n.change.Effective())
			}
		}
		return &AuthoritySet{
			Current: change.Next,
			SetID:   s.SetID + 1,
			History: append(slices.Clip(s.History), SetChange{s.SetID, change.Median}),
		}, &change, nil
	}
	return nil, nil, nil
}

// Applied is what the finality of a block did.
type Applied struct {
	Changed bool           // the set is another one, as encoded
	Change  *PendingChange // that the block enacted, if it did
}

// ApplyStandard enacts the change, if any, that a block enacts by being final, and drops those of forks that are no more. Errors: ErrDependency where that
// would pass over another change, ErrReverted.
func (s *AuthoritySet) ApplyStandard(block Target, c Chain) (Applied, error) {
	if s.finalised != nil && block.Number <= *s.finalised {
		return Applied{}, fmt.Errorf("%w: %s, block %d is final", ErrReverted, block, *s.finalised)
	}
	var out Applied
	position := -1
	for i, n := range s.standard {
		if n.change.Effective() <= block.Number && Descends(c, n.change.AnnouncedAt, block) {
			if err := passes(n, block, c); err != nil {
				return Applied{}, err
			}
			position = i
			break
		}
	}
	roots := s.standard
	if position >= 0 {
		out.Change = &s.standard[position].change
		roots = s.standard[position].children
	}
	kept := make([]*changeNode, 0, len(roots))
	for _, n := range roots {
		if at := n.change.AnnouncedAt; Descends(c, block, at) || Descends(c, at, block) {
			kept = append(kept, n)
		}
	}
	out.Changed = position >= 0 || len(kept) != len(roots)
	s.standard = kept
	s.finalised = &block.Number
	if !out.Changed {
		return out, nil
	}
	s.forced = slices.DeleteFunc(s.forced, func(f PendingChange) bool {
		return f.Effective() <= block.Number || !below(c, block, f.AnnouncedAt)
	})
	if out.Change != nil {
		s.History = append(s.History, SetChange{s.SetID, block.Number})
		s.Current = out.Change.Next
		s.SetID++
	}
	return out, nil
}

// passes is ErrDependency where the finality of block would pass over a change that comes after the one that it enacts.
func passes(n *changeNode, block Target, c Chain) error {
	for _, child := range n.children {
		if Descends(c, child.change.AnnouncedAt, block) {
			return fmt.Errorf("%w: that of %s, before that of %s", ErrDependency, n.change.AnnouncedAt, child.change.AnnouncedAt)
		}
	}
	return nil
}

// Enacts reports whether a block enacts a standard change when it is final, and whether that change is the next one, so that it can be enacted now. Errors:
// ErrDependency, ErrReverted.
func (s *AuthoritySet) Enacts(block Target, c Chain) (enacts, next bool, err error) {
	if s.finalised != nil && block.Number <= *s.finalised {
		return false, false, fmt.Errorf("%w: %s, block %d is final", ErrReverted, block, *s.finalised)
	}
	var walk func([]*changeNode) *changeNode
	walk = func(nodes []*changeNode) *changeNode {
		for _, n := range nodes {
			if n.change.Effective() == block.Number && Descends(c, n.change.AnnouncedAt, block) {
				return n
			}
			if found := walk(n.children); found != nil {
				return found
			}
		}
		return nil
	}
	found := walk(s.standard)
	if found == nil {
		return false, false, nil
	}
	return true, slices.Contains(s.standard, found), passes(found, block, c)
}

// Retain drops the changes that were announced by blocks which are no more, and those after them on the same fork.
func (s *AuthoritySet) Retain(known func(Target) bool) {
	var prune func([]*changeNode) []*changeNode
	prune = func(nodes []*changeNode) []*changeNode {
		nodes = slices.DeleteFunc(nodes, func(n *changeNode) bool { return !known(n.change.AnnouncedAt) })
		for _, n := range nodes {
			n.children = prune(n.children)
		}
		return nodes
	}
	s.standard = prune(s.standard)
	rebalance(s.standard)
	s.forced = slices.DeleteFunc(s.forced, func(f PendingChange) bool { return !known(f.AnnouncedAt) })
}

// SetOf says which set made a block final: latest where it is the current one, or else its id and last block. ok is false where that is not known.
func (s *AuthoritySet) SetOf(n chain.BlockNumber) (change SetChange, latest, ok bool) {
	if last := len(s.History) - 1; last >= 0 && s.History[last].Last < n {
		return SetChange{}, true, true
	}
	i, _ := slices.BinarySearchFunc(s.History, n, func(c SetChange, n chain.BlockNumber) int { return cmp.Compare(c.Last, n) })
	if i == len(s.History) || i == 0 && s.History[0].SetID != 0 {
		return SetChange{}, false, false
	}
	return s.History[i], false, true
}

// importing is the view of a chain on which a block is about to stand: its parent's chain and itself.
type importing struct {
	Chain
	block  Target
	parent hash.H256
}

// Importing returns c with a block that it does not have yet, the parent of which it has.
func Importing(c Chain, block Target, parent hash.H256) Chain { return importing{c, block, parent} }

// Ancestor implements Chain.
func (i importing) Ancestor(block hash.H256, n chain.BlockNumber) (hash.H256, error) {
	switch {
	case block != i.block.Hash:
		return i.Chain.Ancestor(block, n)
	case n == i.block.Number:
		return block, nil
	}
	return i.Chain.Ancestor(i.parent, n)
}
