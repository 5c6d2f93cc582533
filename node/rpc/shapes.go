package rpc

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strconv"

	"github.com/gotensor/gotensor/node/jsonrpc"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
)

// Results are written by hand, in the order of fields that serde gives them in Substrate: a page of a thousand keys or a block of two megabytes then costs one pass
// and no reflection.

func appendHex(b []byte, data []byte) []byte {
	return append(hex.AppendEncode(append(b, `"0x`...), data), '"')
}

func appendHexOption(b []byte, data []byte, ok bool) []byte {
	if !ok {
		return append(b, "null"...)
	}
	return appendHex(b, data)
}

// appendText appends a JSON string.
func appendText(b []byte, s string) []byte {
	quoted, err := json.Marshal(s)
	if err != nil {
		panic(fmt.Sprintf("BUG: a string does not encode: %v", err)) // encoding/json replaces what is not UTF-8
	}
	return append(b, quoted...)
}

func appendList[T any](b []byte, items []T, item func([]byte, T) []byte) []byte {
	b = append(b, '[')
	for i, v := range items {
		if i > 0 {
			b = append(b, ',')
		}
		b = item(b, v)
	}
	return append(b, ']')
}

// option is a hash or null.
type option struct{ hash *hash.H256 }

// AppendJSON implements jsonrpc.Appender.
func (o option) AppendJSON(b []byte) []byte {
	if o.hash == nil {
		return append(b, "null"...)
	}
	return appendHex(b, o.hash[:])
}

// optionList is a list of hashes and nulls.
type optionList []option

// AppendJSON implements jsonrpc.Appender.
func (l optionList) AppendJSON(b []byte) []byte {
	return appendList(b, l, func(b []byte, o option) []byte { return o.AppendJSON(b) })
}

// hexOption is bytes or null.
type hexOption struct {
	data []byte
	ok   bool
}

// AppendJSON implements jsonrpc.Appender.
func (o hexOption) AppendJSON(b []byte) []byte { return appendHexOption(b, o.data, o.ok) }

// hexList is a list of bytes.
type hexList [][]byte

// AppendJSON implements jsonrpc.Appender.
func (l hexList) AppendJSON(b []byte) []byte { return appendList(b, l, appendHex) }

// header is a block header. Source: sp_runtime::generic::Header: the number is hexadecimal without leading zeros, and digest items are their SCALE encoding.
type header struct{ *chain.Header }

// AppendJSON implements jsonrpc.Appender.
func (h header) AppendJSON(b []byte) []byte {
	b = appendHex(append(b, `{"parentHash":`...), h.ParentHash[:])
	b = strconv.AppendUint(append(b, `,"number":"0x`...), uint64(h.Number), 16)
	b = appendHex(append(b, `","stateRoot":`...), h.StateRoot[:])
	b = appendHex(append(b, `,"extrinsicsRoot":`...), h.ExtrinsicsRoot[:])
	b = append(b, `,"digest":{"logs":`...)
	b = appendList(b, h.Digest, func(b []byte, item chain.DigestItem) []byte { return appendHex(b, scale.Marshal(item)) })
	return append(b, "}}"...)
}

// signedBlock is a block with its justifications. Source: sp_runtime::generic::SignedBlock; extrinsics are their SCALE encoding, length included.
type signedBlock struct{ *chain.SignedBlock }

// AppendJSON implements jsonrpc.Appender.
func (s signedBlock) AppendJSON(b []byte) []byte {
	b = append(b, `{"block":{"header":`...)
	b = header{&s.Block.Header}.AppendJSON(b)
	b = append(b, `,"extrinsics":`...)
	b = appendList(b, s.Block.Extrinsics, appendExtrinsic)
	b = append(b, `},"justifications":`...)
	if s.Justifications == nil {
		return append(b, "null}"...)
	}
	b = appendList(b, *s.Justifications, func(b []byte, j chain.Justification) []byte {
		b = appendOctets(append(b, '['), j.Engine[:])
		return append(appendOctets(append(b, ','), j.Data), ']')
	})
	return append(b, '}')
}

// appendOctets appends bytes as serde writes a Vec<u8>: a list of numbers.
func appendOctets(b []byte, data []byte) []byte {
	return appendList(b, data, func(b []byte, v byte) []byte { return strconv.AppendUint(b, uint64(v), 10) })
}

// appendExtrinsic appends an extrinsic with its length in front.
func appendExtrinsic(b []byte, x chain.OpaqueExtrinsic) []byte {
	var prefix [9]byte
	b = hex.AppendEncode(append(b, `"0x`...), scale.AppendCompact(prefix[:0], uint64(len(x))))
	return append(hex.AppendEncode(b, x), '"')
}

// extrinsicList is a list of extrinsics.
type extrinsicList []chain.OpaqueExtrinsic

// AppendJSON implements jsonrpc.Appender.
func (l extrinsicList) AppendJSON(b []byte) []byte { return appendList(b, l, appendExtrinsic) }

// runtimeVersion is the version of a runtime. Source: sp_version, Serialize: systemVersion appears as stateVersion too.
type runtimeVersion struct{ chain.RuntimeVersion }

// AppendJSON implements jsonrpc.Appender.
func (v runtimeVersion) AppendJSON(b []byte) []byte {
	b = appendText(append(b, `{"specName":`...), v.SpecName)
	b = appendText(append(b, `,"implName":`...), v.ImplName)
	b = strconv.AppendUint(append(b, `,"authoringVersion":`...), uint64(v.AuthoringVersion), 10)
	b = strconv.AppendUint(append(b, `,"specVersion":`...), uint64(v.SpecVersion), 10)
	b = strconv.AppendUint(append(b, `,"implVersion":`...), uint64(v.ImplVersion), 10)
	b = appendList(append(b, `,"apis":`...), v.APIs, func(b []byte, a chain.API) []byte {
		b = appendHex(append(b, '['), a.ID[:])
		return append(strconv.AppendUint(append(b, ','), uint64(a.Version), 10), ']')
	})
	b = strconv.AppendUint(append(b, `,"transactionVersion":`...), uint64(v.TransactionVersion), 10)
	b = strconv.AppendUint(append(b, `,"systemVersion":`...), uint64(v.SystemVersion), 10)
	b = strconv.AppendUint(append(b, `,"stateVersion":`...), uint64(v.SystemVersion), 10)
	return append(b, '}')
}

// equalVersions tells whether two versions are one to a client.
func equalVersions(a, b chain.RuntimeVersion) bool {
	return a.SpecName == b.SpecName && a.ImplName == b.ImplName && a.AuthoringVersion == b.AuthoringVersion && a.SpecVersion == b.SpecVersion &&
		a.ImplVersion == b.ImplVersion && a.TransactionVersion == b.TransactionVersion && a.SystemVersion == b.SystemVersion && slices.Equal(a.APIs, b.APIs)
}

// entry is a key and its value, nil where it has none.
type entry struct {
	key   []byte
	value []byte
	ok    bool
}

func appendEntry(b []byte, e entry) []byte {
	b = appendHex(append(b, '['), e.key)
	return append(appendHexOption(append(b, ','), e.value, e.ok), ']')
}

// changeSet is what keys have at a block. Source: sp_storage, StorageChangeSet.
type changeSet struct {
	block   hash.H256
	changes []entry
}

// AppendJSON implements jsonrpc.Appender.
func (c changeSet) AppendJSON(b []byte) []byte {
	b = appendHex(append(b, `{"block":`...), c.block[:])
	b = appendList(append(b, `,"changes":`...), c.changes, appendEntry)
	return append(b, '}')
}

// changeSets is a list of them.
type changeSets []changeSet

// AppendJSON implements jsonrpc.Appender.
func (l changeSets) AppendJSON(b []byte) []byte {
	return appendList(b, l, func(b []byte, c changeSet) []byte { return c.AppendJSON(b) })
}

// readProof is a storage proof. Source: sc-rpc-api, state/helpers.rs.
type readProof struct {
	at    hash.H256
	nodes [][]byte
}

// AppendJSON implements jsonrpc.Appender.
func (p readProof) AppendJSON(b []byte) []byte {
	b = appendHex(append(b, `{"at":`...), p.at[:])
	b = appendList(append(b, `,"proof":`...), p.nodes, appendHex)
	return append(b, '}')
}

// health is the answer of system_health. Source: sc-rpc-api, system/helpers.rs; syncState as well.
type health struct {
	Peers           int  `json:"peers"`
	IsSyncing       bool `json:"isSyncing"`
	ShouldHavePeers bool `json:"shouldHavePeers"`
}

// syncState is the answer of system_syncState.
type syncState struct {
	StartingBlock chain.BlockNumber `json:"startingBlock"`
	CurrentBlock  chain.BlockNumber `json:"currentBlock"`
	HighestBlock  chain.BlockNumber `json:"highestBlock"`
}

// chainType is a string, or {"Custom": name} where it is none of Substrate's. Source: sc_chain_spec::ChainType.
type chainType string

// AppendJSON implements jsonrpc.Appender.
func (t chainType) AppendJSON(b []byte) []byte {
	switch t {
	case "Development", "Local", "Live":
		return appendText(b, string(t))
	}
	return append(appendText(append(b, `{"Custom":`...), string(t)), '}')
}

// dispatchInfo is what a transaction weighs and costs, as TransactionPaymentApi_query_info answers it. Source: pallet_transaction_payment, RuntimeDispatchInfo.
type dispatchInfo struct {
	refTime, proofSize uint64
	class              string
	fee                *big.Int
}

// errBalance: the answer of the runtime has another length than amounts of 8 or 16 bytes give.
var errBalance = fmt.Errorf("amounts are of neither 8 nor 16 bytes: %w", scale.ErrInvalid)

// amount reads an integer of all of b, little-endian.
func amount(b []byte) (*big.Int, error) {
	if len(b) != 8 && len(b) != 16 {
		return nil, errBalance
	}
	be := slices.Clone(b)
	slices.Reverse(be)
	return new(big.Int).SetBytes(be), nil
}

// decodeDispatchInfo reads the answer of the runtime. How wide an amount is the runtime's to say, and what is left of the answer says it: u64 in Subtensor, u128 in
// most others.
func decodeDispatchInfo(raw []byte) (info dispatchInfo, err error) {
	var rest []byte
	_, err = scale.UnmarshalFunc(raw, func(d *scale.Decoder) struct{} {
		info.refTime, info.proofSize = d.Compact(), d.Compact()
		switch class := d.U8(); class {
		case 0:
			info.class = "normal"
		case 1:
			info.class = "operational"
		case 2:
			info.class = "mandatory"
		default:
			d.FailVariant("dispatch class", class)
		}
		rest = d.Rest()
		return struct{}{}
	})
	if err != nil {
		return dispatchInfo{}, err
	}
	info.fee, err = amount(rest)
	return info, err
}

// AppendJSON implements jsonrpc.Appender.
func (i dispatchInfo) AppendJSON(b []byte) []byte {
	b = strconv.AppendUint(append(b, `{"weight":{"ref_time":`...), i.refTime, 10)
	b = strconv.AppendUint(append(b, `,"proof_size":`...), i.proofSize, 10)
	b = appendText(append(b, `},"class":`...), i.class)
	b = append(b, `,"partialFee":"`...)
	return append(i.fee.Append(b, 10), `"}`...)
}

// feeDetails are the parts of a fee, as TransactionPaymentApi_query_fee_details answers them; nil for a transaction that pays none. Source: pallet_transaction_payment,
// FeeDetails: the tip is not among the fields of the answer.
type feeDetails struct {
	parts []*big.Int // base, length, adjusted weight
	width int        // bytes of an amount
}

func decodeFeeDetails(raw []byte) (feeDetails, error) {
	if len(raw) == 0 {
		return feeDetails{}, scale.ErrEnd
	}
	amounts := 0
	switch raw[0] {
	case 0:
		amounts = 1
	case 1:
		amounts = 4
	default:
		return feeDetails{}, fmt.Errorf("option tag %d: %w", raw[0], scale.ErrInvalid)
	}
	rest := raw[1:]
	f := feeDetails{width: len(rest) / amounts}
	if len(rest)%amounts != 0 || f.width != 8 && f.width != 16 {
		return feeDetails{}, errBalance
	}
	for i := range amounts - 1 {
		part, err := amount(rest[i*f.width : (i+1)*f.width])
		if err != nil {
			return feeDetails{}, err
		}
		f.parts = append(f.parts, part)
	}
	return f, nil
}

// AppendJSON implements jsonrpc.Appender. Amounts are numbers where the runtime's have 64 bits, and hexadecimal where they have more: sp_rpc::number, From<u64> and
// From<u128>.
func (f feeDetails) AppendJSON(b []byte) []byte {
	if f.parts == nil {
		return append(b, `{"inclusionFee":null}`...)
	}
	b = append(b, `{"inclusionFee":{`...)
	for i, name := range []string{`"baseFee":`, `,"lenFee":`, `,"adjustedWeightFee":`} {
		b = append(b, name...)
		if f.width == 8 {
			b = f.parts[i].Append(b, 10)
		} else {
			b = append(f.parts[i].Append(append(b, `"0x`...), 16), '"')
		}
	}
	return append(b, "}}"...)
}

// decodeNonce reads the answer of AccountNonceApi_account_nonce: an integer as wide as the runtime has it, 4 bytes in most, 8 where it is wide.
func decodeNonce(raw []byte) (nonce uint64, wide bool, err error) {
	switch len(raw) {
	case 4:
		return uint64(binary.LittleEndian.Uint32(raw)), false, nil
	case 8:
		return binary.LittleEndian.Uint64(raw), true, nil
	}
	return 0, false, fmt.Errorf("nonce of %d bytes: %w", len(raw), scale.ErrInvalid)
}

var (
	_ jsonrpc.Appender = header{}
	_ jsonrpc.Appender = signedBlock{}
	_ jsonrpc.Appender = runtimeVersion{}
	_ jsonrpc.Appender = changeSet{}
	_ jsonrpc.Appender = changeSets{}
	_ jsonrpc.Appender = readProof{}
	_ jsonrpc.Appender = dispatchInfo{}
	_ jsonrpc.Appender = feeDetails{}
	_ jsonrpc.Appender = chainType("")
)
