package system

import (
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
)

// CheckNonZeroSender refuses transactions of the account of zeros, of which nobody has the key. Source: frame_system,
// extensions/check_non_zero_sender.rs.
type CheckNonZeroSender struct{ frame.Plain }

// Identifier implements frame.Extension.
func (CheckNonZeroSender) Identifier() string { return "CheckNonZeroSender" }

// Weight implements frame.Extension.
func (CheckNonZeroSender) Weight(frame.Call) frame.Weight { return weightCheckNonZeroSender }

// Validate implements frame.Extension. Error: InvalidBadSigner.
func (CheckNonZeroSender) Validate(tx *frame.Tx) (frame.ValidTransaction, error) {
	if tx.Origin.Caller == (frame.OriginCaller{Kind: frame.OriginSigned}) {
		return frame.ValidTransaction{}, frame.InvalidBadSigner
	}
	return frame.DefaultValid(), nil
}

// CheckSpecVersion binds signatures to the version of the runtime. Source: frame_system, extensions/check_spec_version.rs.
type CheckSpecVersion struct{ frame.Plain }

// Identifier implements frame.Extension.
func (CheckSpecVersion) Identifier() string { return "CheckSpecVersion" }

// Weight implements frame.Extension.
func (CheckSpecVersion) Weight(frame.Call) frame.Weight { return weightCheckSpecVersion }

// AppendImplicit appends the version, a u32.
func (CheckSpecVersion) AppendImplicit(dst []byte) ([]byte, error) {
	return scale.AppendU32(dst, instance.Version.SpecVersion), nil
}

// CheckTxVersion binds signatures to the version of the encoding of calls. Source: frame_system, extensions/check_tx_version.rs.
type CheckTxVersion struct{ frame.Plain }

// Identifier implements frame.Extension.
func (CheckTxVersion) Identifier() string { return "CheckTxVersion" }

// Weight implements frame.Extension.
func (CheckTxVersion) Weight(frame.Call) frame.Weight { return weightCheckTxVersion }

// AppendImplicit appends the version, a u32.
func (CheckTxVersion) AppendImplicit(dst []byte) ([]byte, error) {
	return scale.AppendU32(dst, instance.Version.TransactionVersion), nil
}

// CheckGenesis binds signatures to the chain. Source: frame_system, extensions/check_genesis.rs.
type CheckGenesis struct{ frame.Plain }

// Identifier implements frame.Extension.
func (CheckGenesis) Identifier() string { return "CheckGenesis" }

// Weight implements frame.Extension.
func (CheckGenesis) Weight(frame.Call) frame.Weight { return weightCheckGenesis }

// AppendImplicit appends the hash of block 0.
func (CheckGenesis) AppendImplicit(dst []byte) ([]byte, error) {
	genesis := BlockHash(0)
	return append(dst, genesis[:]...), nil
}

// CheckMortality lets transactions live for the blocks of their era. Source: frame_system, extensions/check_mortality.rs.
type CheckMortality struct {
	frame.Plain
	Era chain.Era // of the transaction in hand
}

// Identifier implements frame.Extension.
func (*CheckMortality) Identifier() string { return "CheckMortality" }

// Decode reads the era.
func (m *CheckMortality) Decode(d *scale.Decoder) { m.Era.DecodeScale(d) }

// Reset implements frame.Extension.
func (m *CheckMortality) Reset() { m.Era = chain.Era{} }

// Weight implements frame.Extension.
func (m *CheckMortality) Weight(frame.Call) frame.Weight {
	if m.Era.IsImmortal() {
		return weightCheckMortalityForever
	}
	return weightCheckMortalityMortal
}

// AppendImplicit appends the hash of the block in which the era begins. Error: InvalidAncientBirthBlock where that hash is not kept, or
// lies ahead.
func (m *CheckMortality) AppendImplicit(dst []byte) ([]byte, error) {
	birth := m.Era.Birth(uint64(Number()))
	if birth > 1<<32-1 {
		return dst, frame.InvalidAncientBirthBlock
	}
	h := BlockHash(chain.BlockNumber(birth))
	if h == (hash.H256{}) && !instance.BlockHash.Has(chain.BlockNumber(birth)) {
		return dst, frame.InvalidAncientBirthBlock
	}
	return append(dst, h[:]...), nil
}

// Validate says how many blocks the transaction has left.
func (m *CheckMortality) Validate(tx *frame.Tx) (frame.ValidTransaction, error) {
	valid := frame.DefaultValid()
	if tx.Source == frame.InBlock {
		return valid, nil // in a block nobody asks
	}
	now := uint64(Number())
	valid.Longevity = m.Era.Death(now)
	valid.Longevity -= min(valid.Longevity, now)
	return valid, nil
}

// CheckNonce takes the transactions of an account in the order of their nonces, each once. As in Subtensor it weighs nothing, and an
// account that does not exist may send calls that cost no fee. Source: opentensor/subtensor runtime/src/check_nonce.rs, which
// derives from frame_system, extensions/check_nonce.rs.
type CheckNonce struct {
	frame.Plain
	Nonce uint32 // of the transaction in hand

	next uint32 // the account's nonce, as Validate saw it
}

// Identifier implements frame.Extension.
func (*CheckNonce) Identifier() string { return "CheckNonce" }

// Decode reads the nonce, a compact integer.
func (c *CheckNonce) Decode(d *scale.Decoder) { c.Nonce = d.CompactU32() }

// Reset implements frame.Extension.
func (c *CheckNonce) Reset() { c.Nonce, c.next = 0, 0 }

// Validate checks that the account can pay for its nonce, and that the nonce is not used; its tags put the account's transactions in
// order. Errors: InvalidPayment, InvalidStale.
func (c *CheckNonce) Validate(tx *frame.Tx) (frame.ValidTransaction, error) {
	valid := frame.DefaultValid()
	who, err := tx.Origin.Signed()
	if err != nil {
		return valid, nil // others answer for what is not signed
	}
	account := instance.Account.Get(who)
	if tx.Info.Pays == frame.Yes && account.Providers == 0 && account.Sufficients == 0 {
		return valid, frame.InvalidPayment
	}
	if c.Nonce < account.Nonce {
		return valid, frame.InvalidStale
	}
	c.next = account.Nonce
	if tx.Source != frame.InBlock { // in a block nobody looks at the tags
		valid.Provides = [][]byte{nonceTag(who, c.Nonce)}
		if account.Nonce < c.Nonce {
			valid.Requires = [][]byte{nonceTag(who, c.Nonce-1)}
		}
	}
	return valid, nil
}

// nonceTag is how transactions name the place in the order of an account's: account and nonce.
func nonceTag(who chain.AccountID, nonce uint32) []byte {
	return scale.AppendU32(append(make([]byte, 0, 36), who[:]...), nonce)
}

// Prepare counts the transaction. Error: InvalidFuture where others must come first.
func (c *CheckNonce) Prepare(tx *frame.Tx) error {
	who, err := tx.Origin.Signed()
	if err != nil {
		return nil
	}
	if c.Nonce > c.next {
		return frame.InvalidFuture
	}
	account := instance.Account.Get(who)
	account.Nonce = c.next + 1
	instance.Account.Put(who, account)
	return nil
}

// CheckWeight keeps blocks within BlockWeights and BlockLength, and takes back what calls declared and did not use. It looks at bare extrinsics too.
// Source: frame_system, extensions/check_weight.rs.
type CheckWeight struct {
	frame.Plain

	next uint32 // the length of the extrinsics with this one
}

// Identifier implements frame.Extension.
func (*CheckWeight) Identifier() string { return "CheckWeight" }

// Weight implements frame.Extension.
func (*CheckWeight) Weight(frame.Call) frame.Weight { return weightCheckWeight }

// Validate checks that the extrinsic fits an empty block's weight and this block's length. Error: InvalidExhaustsResources.
func (c *CheckWeight) Validate(tx *frame.Tx) (frame.ValidTransaction, error) {
	next := uint64(AllExtrinsicsLen()) + uint64(uint32(tx.Len))
	c.next = uint32(min(next, 1<<32-1))
	if c.next > instance.BlockLength.Of(tx.Info.Class) {
		return frame.ValidTransaction{}, frame.InvalidExhaustsResources
	}
	// Not how much the block has left: in the pool that says nothing.
	if most := instance.BlockWeights.Of(tx.Info.Class).MaxExtrinsic; most != nil && tx.Info.Total().AnyGT(*most) {
		return frame.ValidTransaction{}, frame.InvalidExhaustsResources
	}
	return frame.DefaultValid(), nil
}

// Prepare counts weight and length. Error: InvalidExhaustsResources where the block has no room left.
func (c *CheckWeight) Prepare(tx *frame.Tx) error {
	used, ok := addWeight(&instance.BlockWeights, instance.BlockWeight.Get(), &tx.Info, tx.Len)
	if !ok {
		return frame.InvalidExhaustsResources
	}
	instance.AllExtrinsicsLen.Put(c.next)
	instance.BlockWeight.Put(used)
	return nil
}

// addWeight returns used with the weight of an extrinsic, or false where limits do not let it in. Its length counts as proof.
func addWeight(limits *BlockWeights, used ConsumedWeight, info *frame.DispatchInfo, length int) (ConsumedWeight, bool) {
	class := limits.Of(info.Class)
	w := info.Total().Add(class.BaseExtrinsic).Add(frame.Weight{ProofSize: uint64(length)})
	of := used.Of(info.Class)
	if class.MaxTotal == nil && class.Reserved == nil {
		*of = of.Add(w)
	} else {
		sum, ok := of.CheckedAdd(w)
		if !ok {
			return used, false
		}
		*of = sum
	}
	if class.MaxTotal != nil && of.AnyGT(*class.MaxTotal) {
		return used, false
	}
	// Where the block is full, a class may still use its reserve.
	if used.Total().AnyGT(limits.MaxBlock) && class.Reserved != nil && of.AnyGT(*class.Reserved) {
		return used, false
	}
	return used, true
}

// PostDispatch takes back what was not used.
func (*CheckWeight) PostDispatch(tx *frame.Tx, post *frame.PostInfo, _ error) error {
	ReclaimWeight(tx.Info, *post)
	return nil
}

// BareValidate implements frame.BareExtension as Validate does.
func (c *CheckWeight) BareValidate(tx *frame.Tx) (frame.ValidTransaction, error) {
	return c.Validate(tx)
}

// BarePrepare implements frame.BareExtension as Prepare does.
func (c *CheckWeight) BarePrepare(tx *frame.Tx) error { return c.Prepare(tx) }

// BarePostDispatch implements frame.BareExtension as PostDispatch does.
func (c *CheckWeight) BarePostDispatch(tx *frame.Tx, post *frame.PostInfo, err error) error {
	return c.PostDispatch(tx, post, err)
}

// CheckMetadataHash lets senders sign the digest of the metadata that their wallet read the call with, so that a wallet that was shown other
// metadata makes signatures that are not valid. Source: frame-metadata-hash-extension; RFC-0078.
type CheckMetadataHash struct {
	frame.Plain
	// Hash is the digest of the runtime's metadata; nil where it is not known.
	Hash *[32]byte

	enabled bool // of the transaction in hand
}

// Identifier implements frame.Extension.
func (*CheckMetadataHash) Identifier() string { return "CheckMetadataHash" }

// Decode reads the mode: 0 without, 1 with the digest.
func (c *CheckMetadataHash) Decode(d *scale.Decoder) {
	mode := d.U8()
	if mode > 1 {
		d.FailVariant("mode of CheckMetadataHash", mode)
	}
	c.enabled = mode == 1
}

// Reset implements frame.Extension.
func (c *CheckMetadataHash) Reset() { c.enabled = false }

// AppendImplicit appends none, or the digest. Error: UnknownCannotLookup where it is asked for and not known.
func (c *CheckMetadataHash) AppendImplicit(dst []byte) ([]byte, error) {
	if !c.enabled {
		return append(dst, 0), nil
	}
	if c.Hash == nil {
		return dst, frame.UnknownCannotLookup
	}
	return append(append(dst, 1), c.Hash[:]...), nil
}

// Those that look at bare extrinsics too.
var _ frame.BareExtension = (*CheckWeight)(nil)
