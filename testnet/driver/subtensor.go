package driver

import (
	"context"
	"encoding/binary"
	"fmt"

	"github.com/gotensor/gotensor/node/chainspec"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/keys"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/primitives/units"
)

// StorageKey returns the key of a storage item of a pallet, with what follows it in a map.
func StorageKey(pallet, item string, suffix ...[]byte) []byte {
	p, i := hash.Twox128([]byte(pallet)), hash.Twox128([]byte(item))
	key := append(p[:], i[:]...)
	for _, s := range suffix {
		key = append(key, s...)
	}
	return key
}

// Blake2_128Concat returns blake2b-128 of key and key: the hasher of maps whose keys users choose.
func Blake2_128Concat(key []byte) []byte {
	h := hash.Blake2b128(key)
	return append(h[:], key...)
}

// DevGenesis changes the raw genesis of a Subtensor chain of spec 103 to 143 so that a test may drive it: authority is the only one of Aura and
// GRANDPA and the sudo key, and each of the accounts has funds. code, where not nil, takes the place of :code.
func DevGenesis(genesis *chainspec.Genesis, code []byte, authority, finaliser, sudo chain.AccountID, accounts []chain.AccountID, funds units.Rao) error {
	top := &genesis.Top
	if code != nil {
		top.Set(codeKey, code)
	}
	one := scale.AppendCompact(nil, 1)
	top.Set(StorageKey("Aura", "Authorities"), append(one, authority[:]...))
	// VersionedAuthorityList: version 1, then (key, weight) pairs.
	list := append([]byte{1}, one...)
	top.Set([]byte(":grandpa_authorities"), scale.AppendU64(append(list, finaliser[:]...), 1))
	top.Set(StorageKey("Sudo", "Key"), sudo[:])

	issuanceKey := StorageKey("Balances", "TotalIssuance")
	var issuance uint64
	if old, ok := top.Get(issuanceKey); ok {
		if len(old) != 8 {
			return fmt.Errorf("genesis Balances.TotalIssuance: expected 8 bytes, got %d", len(old))
		}
		issuance = binary.LittleEndian.Uint64(old)
	}
	for _, account := range accounts {
		key := StorageKey("System", "Account", Blake2_128Concat(account[:]))
		if _, ok := top.Get(key); ok {
			return fmt.Errorf("genesis account %s exists already", account)
		}
		// AccountInfo: nonce, consumers, providers, sufficients; free, reserved, two frozen amounts of 8 bytes each.
		info := scale.AppendU32(nil, 0)
		info = scale.AppendU32(info, 0)
		info = scale.AppendU32(info, 1)
		info = scale.AppendU32(info, 0)
		info = scale.AppendU64(info, uint64(funds))
		top.Set(key, append(info, make([]byte, 24)...))
		issuance += uint64(funds)
	}
	top.Set(issuanceKey, scale.AppendU64(nil, issuance))
	return nil
}

// Slot returns digest and inherents of a block that Aura authors in slot, where a slot lasts duration milliseconds.
func Slot(slot, duration uint64) ([]chain.DigestItem, []Inherent) {
	number := scale.AppendU64(nil, slot)
	return []chain.DigestItem{{Kind: chain.DigestPreRuntime, Engine: chain.EngineAura, Data: number}}, []Inherent{
		{ID: [8]byte([]byte("timstap0")), Data: scale.AppendU64(nil, slot*duration)},
		{ID: [8]byte([]byte("auraslot")), Data: number},
	}
}

// Sender signs extrinsics of version 4 with the extensions that Substrate's chains have had from the beginning (spec version, transaction version, genesis,
// mortality, nonce, weight, tip); extensions behind them may exist as long as they are empty, or are CheckMetadataHash (Terms). It counts its nonce itself.
type Sender struct {
	Pair  keys.Pair
	Nonce uint32
}

// NewSender returns the sender with the secret URI, an sr25519 key.
func NewSender(uri string) (*Sender, error) {
	pair, err := keys.FromURI(keys.Sr25519, uri, "")
	if err != nil {
		return nil, err
	}
	return &Sender{Pair: pair}, nil
}

// Account returns the sender's account.
func (s *Sender) Account() chain.AccountID { return chain.AccountID(s.Pair.Public()) }

// Terms are what a signature is bound to besides the call.
type Terms struct {
	Version chain.RuntimeVersion
	Genesis hash.H256
	Era     chain.Era
	// Birth is the hash of the block that Era begins with; that of genesis for an immortal one.
	Birth hash.H256
	Tip   uint64
	// MetadataHash: the runtime has the extension CheckMetadataHash, behind all others. It is signed as disabled.
	MetadataHash bool
}

// Sign returns call as an extrinsic of the sender and counts its nonce up.
func (s *Sender) Sign(call []byte, terms Terms) chain.OpaqueExtrinsic {
	extensions := terms.Era.AppendScale(nil)
	extensions = scale.AppendCompact(extensions, uint64(s.Nonce))
	extensions = scale.AppendCompact(extensions, terms.Tip)
	implicit := scale.AppendU32(nil, terms.Version.SpecVersion)
	implicit = scale.AppendU32(implicit, terms.Version.TransactionVersion)
	implicit = append(implicit, terms.Genesis[:]...)
	implicit = append(implicit, terms.Birth[:]...)
	if terms.MetadataHash {
		extensions, implicit = append(extensions, 0), append(implicit, 0)
	}
	signature := s.Pair.Sign(chain.SigningPayload(call, extensions, implicit))
	s.Nonce++
	return chain.NewSigned(chain.AddressOf(s.Account()), chain.MultiSignature{Kind: chain.SignatureKind(s.Pair.Scheme()), Bytes: signature}, extensions, call).Opaque()
}

// SlotDuration returns the slot duration of an Aura chain in milliseconds.
func (c *Chain) SlotDuration(ctx context.Context, block *Block) (uint64, error) {
	answer, err := c.Query(ctx, block, "AuraApi_slot_duration", nil)
	if err != nil {
		return 0, err
	}
	return scale.UnmarshalFunc(answer, (*scale.Decoder).U64)
}
