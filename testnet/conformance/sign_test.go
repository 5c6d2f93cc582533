package conformance

import (
	"testing"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/metadata"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/testnet/driver"
)

// terms are what a signature is bound to besides the call.
type terms struct {
	era   chain.Era
	birth hash.H256 // of the block that era begins with; that of genesis for an immortal one
	nonce uint32
	tip   uint64
	// digest is the metadata hash that is signed, or nil.
	digest *[32]byte
}

// parts returns what the extensions that the metadata lists put into the extrinsic, and what is signed besides. An extension that is not known here must
// have nothing to say.
func (c *testChain) parts(t *testing.T, with terms) (extra, implicit []byte) {
	t.Helper()
	m, err := metadata.Decode(c.metadata[14])
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range m.Extrinsic.Extensions {
		switch e.Name {
		case "CheckSpecVersion":
			implicit = scale.AppendU32(implicit, c.version.SpecVersion)
		case "CheckTxVersion":
			implicit = scale.AppendU32(implicit, c.version.TransactionVersion)
		case "CheckGenesis":
			implicit = append(implicit, c.genesis.Hash[:]...)
		case "CheckMortality":
			extra = with.era.AppendScale(extra)
			implicit = append(implicit, with.birth[:]...)
		case "CheckNonce":
			extra = scale.AppendCompact(extra, uint64(with.nonce))
		case "ChargeTransactionPayment":
			extra = scale.AppendCompact(extra, with.tip)
		case "CheckMetadataHash":
			if with.digest == nil {
				extra, implicit = append(extra, 0), append(implicit, 0)
			} else {
				extra, implicit = append(extra, 1), append(append(implicit, 1), with.digest[:]...)
			}
		default:
			if !empty(m, e.Type) || !empty(m, e.AdditionalSigned) {
				t.Fatalf("extension %s is not empty", e.Name)
			}
		}
	}
	return extra, implicit
}

// empty tells whether values of the type take no bytes.
func empty(m *metadata.Metadata, id metadata.TypeID) bool {
	d := m.Type(id).Def
	switch d.Kind {
	case metadata.Composite:
		for _, f := range d.Fields {
			if !empty(m, f.Type) {
				return false
			}
		}
		return true
	case metadata.Tuple:
		for _, e := range d.Elems {
			if !empty(m, e) {
				return false
			}
		}
		return true
	default:
		return false
	}
}

// sign returns call signed by from.
func (c *testChain) sign(t *testing.T, from *driver.Sender, call []byte, with terms) chain.OpaqueExtrinsic {
	t.Helper()
	extra, implicit := c.parts(t, with)
	signature := from.Pair.Sign(chain.SigningPayload(call, extra, implicit))
	return chain.NewSigned(chain.AddressOf(from.Account()), chain.MultiSignature{Kind: chain.SignatureKind(from.Pair.Scheme()), Bytes: signature}, extra, call).Opaque()
}

// transferKeepAlive is Balances.transfer_keep_alive, by the indices that the metadata states.
func (c *testChain) transferKeepAlive(t *testing.T, to chain.AccountID, amount uint64) []byte {
	t.Helper()
	m, err := metadata.Decode(c.metadata[14])
	if err != nil {
		t.Fatal(err)
	}
	pallet := m.Pallet("Balances")
	if pallet == nil {
		t.Fatal("no pallet Balances")
	}
	for _, v := range m.Variants(pallet.Calls) {
		if v.Name == "transfer_keep_alive" {
			return scale.AppendCompact(append([]byte{pallet.Index, v.Index, 0}, to[:]...), amount)
		}
	}
	t.Fatal("no call Balances.transfer_keep_alive")
	return nil
}

// sender returns a development account, whose keys everybody knows.
func sender(t *testing.T, uri string) *driver.Sender {
	t.Helper()
	s, err := driver.NewSender(uri)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// slot0 is the slot of block 0 in these chains, some time in 2023.
const slot0 = 141_000_000

// author makes the block after parent with the extrinsics, all of which must succeed.
func (c *testChain) author(t *testing.T, parent *driver.Block, extrinsics []chain.OpaqueExtrinsic) (*driver.Block, []driver.Applied) {
	t.Helper()
	duration, err := c.SlotDuration(t.Context(), c.genesis)
	if err != nil {
		t.Fatal(err)
	}
	digest, inherents := driver.Slot(slot0+uint64(parent.Header.Number)+1, duration)
	block, applied, err := c.Author(t.Context(), parent, digest, inherents, extrinsics)
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range applied {
		if !a.Included || !a.OK {
			t.Errorf("extrinsic %d: runtime answered 0x%x %v", i, a.Result, a.Err)
		}
	}
	return block, applied
}
