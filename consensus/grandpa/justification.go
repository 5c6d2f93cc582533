package grandpa

import (
	"errors"
	"fmt"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/keys"
	"github.com/gotensor/gotensor/primitives/scale"
)

// MaxJustification is the most bytes that a justification may have. With 1,000 voters it has some 140 kB.
const MaxJustification = 16 << 20

// Errors of justifications and commits, which callers may match.
var (
	// ErrJustification: a justification proves nothing. All others of this list wrap it.
	ErrJustification = errors.New("bad justification")
	// ErrTarget: it is for another block.
	ErrTarget = fmt.Errorf("%w: other target", ErrJustification)
	// ErrMinority: its precommits make no block final, or another one.
	ErrMinority = fmt.Errorf("%w: no supermajority for the target", ErrJustification)
	// ErrAncestry: a precommit is for a block that does not descend from the lowest one, or has another number.
	ErrAncestry = fmt.Errorf("%w: precommits are not for one chain", ErrJustification)
	// ErrSignature: a signature is not that of the voter for that round and set.
	ErrSignature = fmt.Errorf("%w: bad signature", ErrJustification)
	// ErrHeaders: the headers are not those between the lowest precommit and the others.
	ErrHeaders = fmt.Errorf("%w: headers that no precommit needs", ErrJustification)
)

// Justification is a proof that a block is final: a commit, and the headers that show all its precommits to be for one chain.
type Justification struct {
	Round  uint64
	Commit Commit
	// Ancestries are the headers from each precommit's block down to the lowest of these, without that one.
	Ancestries []chain.Header
}

// AppendScale appends round, commit and headers.
func (j Justification) AppendScale(dst []byte) []byte {
	dst = scale.AppendU64(dst, j.Round)
	return scale.AppendSlice(j.Commit.AppendScale(dst), j.Ancestries)
}

// DecodeScale reads a justification.
func (j *Justification) DecodeScale(d *scale.Decoder) {
	j.Round = d.U64()
	j.Commit.DecodeScale(d)
	j.Ancestries = scale.DecodeSlice[chain.Header](d)
}

// lowest returns the first of the lowest precommits that the filter takes.
func lowest(precommits []SignedVote, take func(AuthorityID) bool) (base Target, ok bool) {
	for i := range precommits {
		if p := &precommits[i]; (!ok || p.Target.Number < base.Number) && take(p.ID) {
			base, ok = p.Target, true
		}
	}
	return base, ok
}

func everyone(AuthorityID) bool { return true }

// NewJustification makes the justification of a commit that is good. header gives headers of the blocks that precommits are for, and of those below. Errors:
// ErrJustification where the commit has no precommits or they are not for one chain; those of header.
func NewJustification(round uint64, commit Commit, header func(hash.H256) (chain.Header, error)) (Justification, error) {
	j := Justification{Round: round, Commit: commit}
	base, ok := lowest(commit.Precommits, everyone)
	if !ok {
		return j, fmt.Errorf("%w: commit of %s has no precommits", ErrJustification, commit.Target)
	}
	seen := make(map[hash.H256]bool)
	for i := range commit.Precommits {
		for at := commit.Precommits[i].Target.Hash; at != base.Hash && !seen[at]; {
			h, err := header(at)
			if err != nil {
				return j, fmt.Errorf("header of %s: %w", at, err)
			}
			if h.Number <= base.Number {
				return j, fmt.Errorf("%w: %s is not above %s", ErrAncestry, commit.Precommits[i].Target, base)
			}
			seen[at] = true
			j.Ancestries = append(j.Ancestries, h)
			at = h.ParentHash
		}
	}
	return j, nil
}

// CommitResult says what is in a commit.
type CommitResult struct {
	Valid                                            bool
	Precommits, Duplicates, Equivocations, Strangers int
}

// CheckCommit reports whether a commit makes its target final. Precommits of strangers, duplicates, and what a voter says after two votes, count for nothing;
// signatures are not looked at. The error says why it is not valid: ErrMinority or ErrAncestry. Source: finality-grandpa, validate_commit.
func CheckCommit(commit *Commit, voters *VoterSet, c Chain) (CommitResult, error) {
	result := CommitResult{Precommits: len(commit.Precommits)}
	known := func(id AuthorityID) bool { _, ok := voters.Position(id); return ok }
	base, ok := lowest(commit.Precommits, known)
	round := NewRound(0, voters, base)
	for i := range commit.Precommits {
		p := &commit.Precommits[i]
		if !known(p.ID) {
			result.Strangers++
			continue
		}
		if !Descends(c, base, p.Target) {
			return result, fmt.Errorf("%w: %s does not descend from %s", ErrAncestry, p.Target, base)
		}
		imported, err := round.Import(c, p.message(Precommit))
		switch {
		case err != nil:
			return result, fmt.Errorf("%w: %v", ErrAncestry, err)
		case imported.Duplicate:
			result.Duplicates++
		case imported.Equivocation != nil:
			result.Equivocations++
		}
	}
	if !ok {
		return result, fmt.Errorf("%w: no precommit is a voter's", ErrMinority)
	}
	ghost := round.PrecommitGhost()
	switch {
	case ghost == nil:
		return result, fmt.Errorf("%w: weight of precommits is %d, threshold %d", ErrMinority, round.Weight(Precommit), voters.threshold)
	case *ghost != commit.Target:
		return result, fmt.Errorf("%w: expected %s, got %s", ErrMinority, commit.Target, ghost)
	}
	result.Valid = true
	return result, nil
}

// VerifyJustification decodes a justification and checks that it makes target final in the set: that the precommits of voters do, that every signature is good,
// those of strangers too, and that the headers are just those that are needed. It returns the justification. Source: sc-consensus-grandpa, justification.rs;
// stricter than that in the numbers of blocks, which must be those of their chain.
//
// Errors: ErrTarget, ErrWeight, ErrMinority, ErrAncestry, ErrSignature, ErrHeaders, which all come with ErrJustification; ErrJustification alone where it does
// not decode.
func VerifyJustification(data []byte, target Target, setID uint64, voters *VoterSet) (*Justification, error) {
	j, err := DecodeJustification(data)
	if err != nil {
		return nil, err
	}
	if j.Commit.Target != target {
		return nil, fmt.Errorf("%w: expected %s, got %s", ErrTarget, target, j.Commit.Target)
	}
	return j, j.Verify(setID, voters)
}

// DecodeJustification decodes a justification of at most MaxJustification bytes. ErrJustification.
func DecodeJustification(data []byte) (*Justification, error) {
	if len(data) > MaxJustification {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrJustification, len(data), MaxJustification)
	}
	j, err := scale.Unmarshal[Justification](data)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrJustification, err)
	}
	return &j, nil
}

// Verify is what VerifyJustification checks of a justification for its own target. More precommits than two of each voter, as an equivocator gives, are refused
// before any signature is looked at, which Substrate does not.
func (j *Justification) Verify(setID uint64, voters *VoterSet) error {
	if got := len(j.Commit.Precommits); got > 2*voters.Len() {
		return fmt.Errorf("%w: %w: %d precommits of %d voters", ErrJustification, ErrWeight, got, voters.Len())
	}
	base, ok := lowest(j.Commit.Precommits, everyone)
	if !ok {
		return fmt.Errorf("%w: no precommits", ErrMinority)
	}
	// The base of the count is the lowest precommit of a voter. A stranger's may be lower: then this is what the headers must reach down to.
	tree := newHeaderTree(base, j.Ancestries)
	if _, err := CheckCommit(&j.Commit, voters, tree); err != nil {
		return err
	}
	batch := keys.NewBatch(len(j.Commit.Precommits))
	var buffer [payloadSize]byte
	for i := range j.Commit.Precommits {
		p := &j.Commit.Precommits[i]
		if !tree.use(p.Target) {
			return fmt.Errorf("%w: %s does not descend from %s", ErrAncestry, p.Target, base)
		}
		batch.Add(keys.Ed25519, p.Signature[:], Payload(buffer[:0], Message{Precommit, p.Target}, j.Round, setID), p.ID[:])
	}
	if tree.used != tree.given {
		return fmt.Errorf("%w: %d of %d", ErrHeaders, tree.given-tree.used, tree.given)
	}
	if !batch.Verify() {
		for i, good := range batch.VerifyEach() {
			if p := &j.Commit.Precommits[i]; !good {
				return fmt.Errorf("%w: of %s in round %d of set %d", ErrSignature, p.ID, j.Round, setID)
			}
		}
	}
	return nil
}

// headerTree is the Chain that the headers of a justification make over a base.
type headerTree struct {
	index   map[hash.H256]int32
	headers []treeHeader
	// given is how many different headers there were, used how many of them lie between a precommit and the base.
	given, used int
}

// treeHeader is a block of the tree. jump is an ancestor further down: with it each ancestor is some steps away that grow as the logarithm of the distance.
// Source: Eugene W. Myers, "An applicative random-access stack", 1983.
type treeHeader struct {
	hash         hash.H256
	parent, jump int32
	number       chain.BlockNumber
	used         bool
}

// newHeaderTree makes the tree. Headers that do not lead down to the base are left out; one may come twice, as Substrate allows.
func newHeaderTree(base Target, headers []chain.Header) *headerTree {
	hashes := make([]hash.H256, len(headers))
	given := make(map[hash.H256]int, len(headers))
	for i := range headers {
		hashes[i] = headers[i].Hash()
		given[hashes[i]] = i
	}
	t := &headerTree{
		given:   len(given),
		index:   map[hash.H256]int32{base.Hash: 0},
		headers: []treeHeader{{hash: base.Hash, number: base.Number, used: true}},
	}
	lost := make(map[hash.H256]bool)
	var way []int
	for i := range headers {
		// Down to a block that is in the tree, or to one that is not there; then up again.
		way = way[:0]
		at := hashes[i]
		parent, found := t.index[at]
		for !found && !lost[at] {
			k, ok := given[at]
			if !ok {
				lost[at] = true
				break
			}
			way = append(way, k)
			at = headers[k].ParentHash
			parent, found = t.index[at]
		}
		for k := len(way) - 1; k >= 0; k-- {
			if !found {
				lost[hashes[way[k]]] = true
				continue
			}
			parent = t.add(hashes[way[k]], parent)
		}
	}
	return t
}

func (t *headerTree) add(h hash.H256, parent int32) int32 {
	i := int32(len(t.headers))
	p := &t.headers[parent]
	jump := parent
	if j := &t.headers[p.jump]; p.number-j.number == j.number-t.headers[j.jump].number {
		jump = j.jump
	}
	t.headers = append(t.headers, treeHeader{hash: h, parent: parent, jump: jump, number: p.number + 1})
	t.index[h] = i
	return i
}

// Ancestor implements Chain.
func (t *headerTree) Ancestor(block hash.H256, n chain.BlockNumber) (hash.H256, error) {
	at, ok := t.index[block]
	if !ok || n > t.headers[at].number || n < t.headers[0].number {
		return hash.H256{}, ErrNotDescendant
	}
	for t.headers[at].number > n {
		if jump := t.headers[at].jump; t.headers[jump].number >= n {
			at = jump
		} else {
			at = t.headers[at].parent
		}
	}
	return t.headers[at].hash, nil
}

// use marks the headers of a block and all below it as needed. It reports whether the block is in the tree, with that number.
func (t *headerTree) use(block Target) bool {
	at, ok := t.index[block.Hash]
	if !ok || t.headers[at].number != block.Number {
		return false
	}
	for ; !t.headers[at].used; at = t.headers[at].parent {
		t.headers[at].used = true
		t.used++
	}
	return true
}

// FinalityProof proves that a block is final by a justification of a descendant. Source: sc-consensus-grandpa, finality_proof.rs.
type FinalityProof struct {
	Block          hash.H256 // that the justification is for
	Justification  []byte
	UnknownHeaders []chain.Header // of the blocks after the one that was asked for, up to Block
}

// AppendScale appends block, justification and headers.
func (p FinalityProof) AppendScale(dst []byte) []byte {
	dst = append(dst, p.Block[:]...)
	dst = scale.AppendBytes(dst, p.Justification)
	return scale.AppendSlice(dst, p.UnknownHeaders)
}

// DecodeScale reads a proof.
func (p *FinalityProof) DecodeScale(d *scale.Decoder) {
	p.Block = d.Array32()
	p.Justification = d.Bytes()
	p.UnknownHeaders = scale.DecodeSlice[chain.Header](d)
}
