package conformance

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/keys"
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

// call encodes a call by the indices that the metadata states, with its arguments as SCALE.
func (c *testChain) call(t *testing.T, pallet, name string, arguments ...[]byte) []byte {
	t.Helper()
	m, err := metadata.Decode(c.metadata[14])
	if err != nil {
		t.Fatal(err)
	}
	p := m.Pallet(pallet)
	if p == nil {
		t.Fatalf("no pallet %s", pallet)
	}
	for _, v := range m.Variants(p.Calls) {
		if v.Name == name {
			if len(v.Fields) != len(arguments) {
				t.Fatalf("%s.%s has %d arguments, got %d", pallet, name, len(v.Fields), len(arguments))
			}
			return append([]byte{p.Index, v.Index}, slices.Concat(arguments...)...)
		}
	}
	t.Fatalf("no call %s.%s", pallet, name)
	return nil
}

func (c *testChain) transferKeepAlive(t *testing.T, to chain.AccountID, amount uint64) []byte {
	t.Helper()
	return c.call(t, "Balances", "transfer_keep_alive", scale.Marshal(chain.AddressOf(to)), scale.AppendCompact(nil, amount))
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

// signer is a client that connects, reads the state and signs, driven by a program. It has an account of its own, so that all of them fit into one block.
type signer struct {
	name    string
	env     *environment
	program string
	uri     string
	// signsHash: the client signs the metadata hash where the chain checks it.
	signsHash bool
}

var signers = []signer{
	{"polkadot.js", npm, "polkadotjs-sign.mjs", "//Alice", true},
	{"polkadot-api", npm, "papi-sign.mjs", "//Bob", true},
	{"async-substrate-interface 1.6, py-scale-codec", sdk, "sign.py", "//Charlie", false},
	{"async-substrate-interface 2, cyscale", btcli, "sign.py", "//Dave", false},
}

type signInput struct {
	URL          string  `json:"url"`
	URI          string  `json:"uri"`
	To           string  `json:"to"`
	Amount       string  `json:"amount"`
	MetadataHash *string `json:"metadataHash"`
	V15          bool    `json:"v15"`
}

type signOutput struct {
	Nonce      uint32
	Address    string
	Free       string
	Fee        string
	Extrinsics []struct{ Name, Call, Extrinsic string }
}

// TestSign has each client connect to a server over the runtime, read its account, ask for a fee and sign transfers. The bytes must be laid out as the metadata says and signed
// over what it says; then a block of them all must apply. The last of them, where the runtime checks the metadata hash, is signed with the hash that polkadot-api calculates from
// the metadata, so that the runtime must have the same.
func TestSign(t *testing.T) {
	const each = 3
	cases := each * len(signers)
	for _, s := range subjects {
		t.Run(s.name, func(t *testing.T) {
			c := s.get(t, cases)
			recipient := sender(t, "//Eve")
			const amount = 3 * taoInRao
			call := c.transferKeepAlive(t, recipient.Account(), amount)
			fees := c.fees(t, call)
			var block []chain.OpaqueExtrinsic
			for _, by := range signers {
				t.Run(by.name, func(t *testing.T) {
					by.env.ready(t, each)
					in := signInput{URL: c.serve(t), URI: by.uri, To: recipient.Account().String(), Amount: fmt.Sprint(uint64(amount)), V15: c.metadata[15] != nil}
					digest := c.metadataHash(t)
					if by.signsHash && digest != nil {
						text := bytesHex(digest[:])
						in.MetadataHash = &text
					}
					var out signOutput
					by.env.run(t, by.program, in, &out)

					account := sender(t, by.uri)
					if out.Address != account.Account().String() {
						t.Errorf("address: got %s, want %s", out.Address, account.Account())
					}
					nonce, free := c.account(t, c.genesis, account.Account())
					if out.Nonce != nonce || out.Free != fmt.Sprint(free) {
						t.Errorf("account: read nonce %d and %s rao, want %d and %d", out.Nonce, out.Free, nonce, free)
					}
					if len(out.Extrinsics) < each {
						t.Fatalf("%d extrinsics, want %d", len(out.Extrinsics), each)
					}
					for i, x := range out.Extrinsics {
						with := terms{birth: c.genesis.Hash, nonce: nonce + uint32(i)}
						if x.Name != "immortal" {
							with.era = chain.MortalEra(64, 0)
						}
						if x.Name == "tip" {
							with.tip = 12345
						}
						if x.Name == "metadata hash" {
							with.digest = digest
						}
						opaque := c.checkSigned(t, by.name+" "+x.Name, x.Extrinsic, account, call, with)
						if x.Call != bytesHex(call) {
							t.Errorf("%s: call: got %s, want 0x%x", x.Name, x.Call, call)
						}
						block = append(block, opaque)
					}
					if (out.Fee != "" || in.V15) && !slices.Contains(fees, out.Fee) {
						t.Errorf("fee: got %q rao, want one of %s", out.Fee, fees)
					}
					t.Logf("%d extrinsics, fee of one %s rao", len(out.Extrinsics), out.Fee)
				})
			}
			if len(block) == 0 {
				return
			}
			made, _ := c.author(t, c.genesis, block)
			if _, err := c.Execute(t.Context(), c.genesis, made.Block); err != nil {
				t.Fatal(err)
			}
			_, before := c.account(t, c.genesis, recipient.Account())
			if _, after := c.account(t, made, recipient.Account()); after-before != uint64(len(block))*amount {
				t.Errorf("the recipient got %d rao by %d transfers of %d", after-before, len(block), uint64(amount))
			}
			t.Logf("block 1 with %d extrinsics of clients: state root %s", len(block), made.Header.StateRoot)
		})
	}
}

// checkSigned takes an extrinsic apart by the layout of version 4 and returns it without its length.
func (c *testChain) checkSigned(t *testing.T, name, text string, from *driver.Sender, call []byte, with terms) chain.OpaqueExtrinsic {
	t.Helper()
	data, err := hex.DecodeString(strings.TrimPrefix(text, "0x"))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	opaque, err := scale.Unmarshal[chain.OpaqueExtrinsic](data)
	if err != nil {
		t.Fatalf("%s: %s: %v", name, text, err)
	}
	account := from.Account()
	extra, implicit := c.parts(t, with)
	var signature [64]byte
	want := append([]byte{0x84, 0x00}, account[:]...)
	want = append(want, 0x01)
	at := len(want)
	want = append(want, signature[:]...)
	want = append(append(want, extra...), call...)
	if len(opaque) != len(want) {
		t.Fatalf("%s: %d bytes, want %d\n got 0x%x\nwant 0x%x", name, len(opaque), len(want), []byte(opaque), want)
	}
	copy(signature[:], opaque[at:])
	copy(want[at:], signature[:])
	if !bytes.Equal(opaque, want) {
		t.Errorf("%s:\n got 0x%x\nwant 0x%x", name, []byte(opaque), want)
	}
	if !keys.Verify(keys.Sr25519, signature[:], chain.SigningPayload(call, extra, implicit), account[:]) {
		t.Errorf("%s: the signature is not over what the extensions say", name)
	}
	return opaque
}

// fees are those of a call signed for ever and for an era, which is a byte longer: clients ask for the fee of either.
func (c *testChain) fees(t *testing.T, call []byte) []string {
	return []string{c.fee(t, call, chain.Era{}), c.fee(t, call, chain.MortalEra(64, 0))}
}

func (c *testChain) fee(t *testing.T, call []byte, era chain.Era) string {
	t.Helper()
	signed := scale.Marshal(c.sign(t, sender(t, "//Alice"), call, terms{era: era, birth: c.genesis.Hash}))
	answer, err := c.Query(t.Context(), c.genesis, "TransactionPaymentApi_query_info", scale.AppendU32(signed, uint32(len(signed))))
	if err != nil {
		t.Fatal(err)
	}
	// RuntimeDispatchInfo ends with the fee, a u64.
	d := scale.NewDecoder(answer[max(len(answer)-8, 0):])
	fee := d.U64()
	if err := d.Finish(); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(fee)
}

// account returns nonce and free balance of an account after block.
func (c *testChain) account(t *testing.T, block *driver.Block, id chain.AccountID) (nonce uint32, free uint64) {
	t.Helper()
	value, ok, err := block.State.Get(nil, driver.StorageKey("System", "Account", driver.Blake2_128Concat(id[:])))
	if err != nil {
		t.Fatal(err)
	}
	if !ok {
		return 0, 0
	}
	d := scale.NewDecoder(value)
	nonce = d.U32()
	d.U32() // consumers
	d.U32() // providers
	d.U32() // sufficients
	free = d.U64()
	if err := d.Err(); err != nil {
		t.Fatal(err)
	}
	return nonce, free
}

// metadataHash returns the metadata hash of RFC 78 that polkadot-api calculates, where the runtime checks it; else nil.
func (c *testChain) metadataHash(t *testing.T) *[32]byte {
	t.Helper()
	m, err := metadata.Decode(c.metadata[14])
	if err != nil {
		t.Fatal(err)
	}
	if c.metadata[15] == nil || !slices.ContainsFunc(m.Extrinsic.Extensions, func(e metadata.Extension) bool { return e.Name == "CheckMetadataHash" }) {
		return nil
	}
	npm.ready(t, 1)
	var out metadataOutput
	npm.run(t, "papi-metadata.mjs", metadataInput{map[uint32]string{15: bytesHex(c.metadata[15])}, hashInfo{9, "TAO"}}, &out)
	if out.Digest == nil {
		t.Fatalf("no metadata hash: %q", out.Failures)
	}
	raw, err := hex.DecodeString(strings.TrimPrefix(*out.Digest, "0x"))
	if err != nil || len(raw) != 32 {
		t.Fatalf("metadata hash %s: %v", *out.Digest, err)
	}
	return (*[32]byte)(raw)
}
