package grandpa

import (
	"fmt"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/keys"
	"github.com/gotensor/gotensor/primitives/scale"
)

// KeyType is the purpose under which a keystore holds keys of voters.
var KeyType = keys.TypeID{'g', 'r', 'a', 'n'}

// AuthorityID is the ed25519 public key of a voter.
type AuthorityID [32]byte

// String returns the key as 0x and 64 hex digits.
func (id AuthorityID) String() string { return hash.H256(id).String() }

// Signature is an ed25519 signature.
type Signature [64]byte

// Target is a block that is voted for. A vote for it is one for its ancestors, too.
type Target struct {
	Hash   hash.H256
	Number chain.BlockNumber
}

// String returns "#7 0x…".
func (t Target) String() string { return fmt.Sprintf("#%d %s", t.Number, t.Hash) }

// AppendScale appends the hash, and the number in 4 bytes.
func (t Target) AppendScale(dst []byte) []byte {
	dst = append(dst, t.Hash[:]...)
	return scale.AppendU32(dst, uint32(t.Number))
}

// DecodeScale reads a target.
func (t *Target) DecodeScale(d *scale.Decoder) {
	t.Hash = d.Array32()
	t.Number = chain.BlockNumber(d.U32())
}

// Kind is what a message is. The numbers are those on the wire.
type Kind uint8

// Kinds of messages. The first two are the phases of a round, and index its tallies.
const (
	Prevote   Kind = 0
	Precommit Kind = 1
	Propose   Kind = 2 // a hint of the round's primary voter, which counts for nothing
)

// String returns the kind's name.
func (k Kind) String() string {
	switch k {
	case Prevote:
		return "prevote"
	case Precommit:
		return "precommit"
	case Propose:
		return "primary proposal"
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// Message is what a voter says in a round.
type Message struct {
	Kind   Kind
	Target Target
}

// AppendScale appends the kind and the target.
func (m Message) AppendScale(dst []byte) []byte {
	return m.Target.AppendScale(append(dst, byte(m.Kind)))
}

// DecodeScale reads a message.
func (m *Message) DecodeScale(d *scale.Decoder) {
	m.Kind = Kind(d.U8())
	if m.Kind > Propose {
		d.FailVariant("GRANDPA message", uint8(m.Kind))
	}
	m.Target.DecodeScale(d)
}

// Payload appends what is signed for a message: the message, round and set id in 8 bytes each, so that no signature counts elsewhere. Source:
// sp_consensus_grandpa, localized_payload.
func Payload(dst []byte, m Message, round, setID uint64) []byte {
	dst = m.AppendScale(dst)
	dst = scale.AppendU64(dst, round)
	return scale.AppendU64(dst, setID)
}

// payloadSize is the length of every payload.
const payloadSize = 1 + 32 + 4 + 8 + 8

// Verify reports whether the signature is that of id for a message in a round of a set.
func Verify(id AuthorityID, signature Signature, m Message, round, setID uint64) bool {
	var buffer [payloadSize]byte
	return keys.Ed25519Verify(signature[:], Payload(buffer[:0], m, round, setID), id[:])
}

// SignedMessage is a message with its author's signature.
type SignedMessage struct {
	Message   Message
	Signature Signature
	ID        AuthorityID
}

// Verify reports whether the signature is good in a round of a set.
func (m SignedMessage) Verify(round, setID uint64) bool {
	return Verify(m.ID, m.Signature, m.Message, round, setID)
}

// AppendScale appends message, signature and id.
func (m SignedMessage) AppendScale(dst []byte) []byte {
	dst = m.Message.AppendScale(dst)
	dst = append(dst, m.Signature[:]...)
	return append(dst, m.ID[:]...)
}

// DecodeScale reads a signed message.
func (m *SignedMessage) DecodeScale(d *scale.Decoder) {
	m.Message.DecodeScale(d)
	d.Read(m.Signature[:])
	m.ID = d.Array32()
}

// SignedVote is a vote of a kind that is known from where it stands.
type SignedVote struct {
	Target    Target
	Signature Signature
	ID        AuthorityID
}

// message returns the vote as a message.
func (v SignedVote) message(kind Kind) SignedMessage {
	return SignedMessage{Message{kind, v.Target}, v.Signature, v.ID}
}

// AppendScale appends target, signature and id.
func (v SignedVote) AppendScale(dst []byte) []byte {
	dst = v.Target.AppendScale(dst)
	dst = append(dst, v.Signature[:]...)
	return append(dst, v.ID[:]...)
}

// DecodeScale reads a vote.
func (v *SignedVote) DecodeScale(d *scale.Decoder) {
	v.Target.DecodeScale(d)
	d.Read(v.Signature[:])
	v.ID = d.Array32()
}

// Commit is a target with the precommits that make it final: each for the target or a descendant, or one of two of an equivocator.
type Commit struct {
	Target     Target
	Precommits []SignedVote
}

// AppendScale appends target and precommits.
func (c Commit) AppendScale(dst []byte) []byte {
	return scale.AppendSlice(c.Target.AppendScale(dst), c.Precommits)
}

// DecodeScale reads a commit.
func (c *Commit) DecodeScale(d *scale.Decoder) {
	c.Target.DecodeScale(d)
	c.Precommits = scale.DecodeSlice[SignedVote](d)
}

// Compact returns the commit in the form in which it is gossiped.
func (c Commit) Compact() CompactCommit {
	out := CompactCommit{Target: c.Target, Precommits: make([]Target, len(c.Precommits)), Auth: make([]Auth, len(c.Precommits))}
	for i, p := range c.Precommits {
		out.Precommits[i], out.Auth[i] = p.Target, Auth{p.Signature, p.ID}
	}
	return out
}

// Auth is the signature of one precommit and who gave it.
type Auth struct {
	Signature Signature
	ID        AuthorityID
}

// AppendScale appends signature and id.
func (a Auth) AppendScale(dst []byte) []byte {
	return append(append(dst, a.Signature[:]...), a.ID[:]...)
}

// DecodeScale reads an Auth.
func (a *Auth) DecodeScale(d *scale.Decoder) {
	d.Read(a.Signature[:])
	a.ID = d.Array32()
}

// CompactCommit is a Commit with the signatures apart: the form in which it is gossiped.
type CompactCommit struct {
	Target     Target
	Precommits []Target
	Auth       []Auth // of the precommits, in their order
}

// AppendScale appends target, precommits and signatures.
func (c CompactCommit) AppendScale(dst []byte) []byte {
	dst = c.Target.AppendScale(dst)
	return scale.AppendSlice(scale.AppendSlice(dst, c.Precommits), c.Auth)
}

// DecodeScale reads a compact commit. One with more or fewer signatures than precommits is an error.
func (c *CompactCommit) DecodeScale(d *scale.Decoder) {
	c.Target.DecodeScale(d)
	c.Precommits = scale.DecodeSlice[Target](d)
	c.Auth = scale.DecodeSlice[Auth](d)
	if d.Err() == nil && len(c.Precommits) != len(c.Auth) {
		d.Fail(d.Offset(), "compact commit", scale.ErrInvalid, fmt.Sprintf("%d signatures for %d precommits", len(c.Auth), len(c.Precommits)))
	}
}

// Commit returns the commit. Of precommits and signatures those without a counterpart are left out.
func (c CompactCommit) Commit() Commit {
	out := Commit{Target: c.Target, Precommits: make([]SignedVote, min(len(c.Precommits), len(c.Auth)))}
	for i := range out.Precommits {
		out.Precommits[i] = SignedVote{c.Precommits[i], c.Auth[i].Signature, c.Auth[i].ID}
	}
	return out
}

// CatchUp has the votes that complete a round, for a voter who fell behind.
type CatchUp struct {
	Round                uint64
	Prevotes, Precommits []SignedVote
	Base                 Target // of which all targets are descendants
}

// AppendScale appends round, prevotes, precommits and base.
func (c CatchUp) AppendScale(dst []byte) []byte {
	dst = scale.AppendU64(dst, c.Round)
	dst = scale.AppendSlice(dst, c.Prevotes)
	dst = scale.AppendSlice(dst, c.Precommits)
	return c.Base.AppendScale(dst)
}

// DecodeScale reads a catch-up.
func (c *CatchUp) DecodeScale(d *scale.Decoder) {
	c.Round = d.U64()
	c.Prevotes = scale.DecodeSlice[SignedVote](d)
	c.Precommits = scale.DecodeSlice[SignedVote](d)
	c.Base.DecodeScale(d)
}

// HistoricalVotes are the votes of a round in the order in which they came, at most two of a voter in each phase.
type HistoricalVotes struct {
	Seen []SignedMessage
	// Prevoted and Precommitted are how many were there when this node voted, nil where it did not.
	Prevoted, Precommitted *uint64
}

// AppendScale appends the votes and the two counts.
func (h HistoricalVotes) AppendScale(dst []byte) []byte {
	dst = scale.AppendSlice(dst, h.Seen)
	dst = scale.AppendOption(dst, h.Prevoted, scale.AppendU64)
	return scale.AppendOption(dst, h.Precommitted, scale.AppendU64)
}

// DecodeScale reads historical votes.
func (h *HistoricalVotes) DecodeScale(d *scale.Decoder) {
	h.Seen = scale.DecodeSlice[SignedMessage](d)
	h.Prevoted = scale.DecodeOption(d, (*scale.Decoder).U64)
	h.Precommitted = scale.DecodeOption(d, (*scale.Decoder).U64)
}
