package rpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/gotensor/gotensor/node/jsonrpc"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/db"
	"github.com/gotensor/gotensor/storage/trie"
	"github.com/gotensor/gotensor/wasmhost"
)

// registerSystem adds system_* and account_nextIndex. Sources: sc-rpc-api, system/mod.rs; substrate-frame-rpc-system.
func (a *api) registerSystem(m *jsonrpc.Methods) {
	say := func(name string, answer func() any, options ...jsonrpc.Option) {
		m.Method(name, func(context.Context, *jsonrpc.Params) (any, error) { return answer(), nil }, options...)
	}
	say("system_name", func() any { return a.System.Name })
	say("system_version", func() any { return a.System.Version })
	say("system_chain", func() any { return a.Spec.Name })
	say("system_chainType", func() any { return chainType(a.Spec.ChainType) })
	say("system_properties", func() any { return a.properties() })
	say("system_health", func() any { return health{ShouldHavePeers: a.System.ShouldHavePeers} })
	say("system_localPeerId", func() any { return a.System.PeerID })
	say("system_localListenAddresses", func() any { return orEmpty(a.System.ListenAddresses) })
	say("system_nodeRoles", func() any { return orEmpty(a.System.Roles) })
	say("system_syncState", func() any {
		best := a.Client.Head().Best.Number
		return syncState{a.started, best, best}
	})
	// Without a network there are no peers, and none can be reserved.
	say("system_peers", func() any { return []string{} }, jsonrpc.Unsafe())
	say("system_reservedPeers", func() any { return []string{} })
	for _, name := range []string{"system_addReservedPeer", "system_removeReservedPeer"} {
		m.Method(name, reservedPeer, jsonrpc.Unsafe(), jsonrpc.Names("peer"))
	}
	say("system_unstable_networkState", func() any { return a.networkState() }, jsonrpc.Unsafe())
	m.Method("system_addLogFilter", a.addLogFilter, jsonrpc.Unsafe(), jsonrpc.Names("directives"))
	m.Method("system_resetLogFilter", a.resetLogFilter, jsonrpc.Unsafe())

	m.Method("system_accountNextIndex", a.accountNextIndex, jsonrpc.Alias("account_nextIndex"), jsonrpc.Names("account"))
	m.Method("system_dryRun", a.dryRun, jsonrpc.Alias("system_dryRunAt"), jsonrpc.Unsafe(), jsonrpc.Names("extrinsic", "at"))
}

func orEmpty[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}

func (a *api) properties() map[string]json.RawMessage {
	if a.Spec.Properties == nil {
		return map[string]json.RawMessage{}
	}
	return a.Spec.Properties
}

// networkState is the form of system_unstable_networkState. Source: sc-network, network_state.rs.
type networkState struct {
	PeerID            string              `json:"peerId"`
	ListenedAddresses []string            `json:"listenedAddresses"`
	ExternalAddresses []string            `json:"externalAddresses"`
	ConnectedPeers    map[string]struct{} `json:"connectedPeers"`
	NotConnectedPeers map[string]struct{} `json:"notConnectedPeers"`
	Peerset           *struct{}           `json:"peerset"`
}

func (a *api) networkState() networkState {
	return networkState{PeerID: a.System.PeerID, ListenedAddresses: orEmpty(a.System.ListenAddresses), ExternalAddresses: []string{},
		ConnectedPeers: map[string]struct{}{}, NotConnectedPeers: map[string]struct{}{}}
}

func reservedPeer(_ context.Context, p *jsonrpc.Params) (any, error) {
	var peer text
	if err := p.Next(&peer); err != nil {
		return nil, err
	}
	return nil, &jsonrpc.Error{Code: systemPeerArgument, Message: "this node has no peer-to-peer network"}
}

func (a *api) addLogFilter(_ context.Context, p *jsonrpc.Params) (any, error) {
	var directives text
	if err := p.Next(&directives); err != nil {
		return nil, err
	}
	return nil, a.filter(func(f Filters) { f.AddFilter(string(directives)) })
}

func (a *api) resetLogFilter(context.Context, *jsonrpc.Params) (any, error) {
	return nil, a.filter(Filters.ResetFilter)
}

func (a *api) filter(change func(Filters)) error {
	if a.Filters == nil {
		return &jsonrpc.Error{Code: jsonrpc.CodeInternal, Message: "what this node logs cannot be changed"}
	}
	change(a.Filters)
	return nil
}

const nonceAPI = "AccountNonceApi_account_nonce"

func (a *api) accountNextIndex(ctx context.Context, p *jsonrpc.Params) (any, error) {
	var account address
	if err := p.Next(&account); err != nil {
		return nil, err
	}
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	best := a.orBest(nil)
	out, err := a.call(ctx, best, nonceAPI, account[:], limited)
	var nonce uint64
	var wide bool
	if err == nil {
		nonce, wide, err = decodeNonce(out)
	}
	if err != nil {
		return nil, frameError("Unable to query nonce.", err, best, nonceAPI)
	}
	if wide {
		return nonce, nil // the pool looks for tags with a u32
	}
	return uint64(a.Pool.NextNonce(chain.AccountID(account), uint32(nonce))), nil
}

// dryRun applies an extrinsic to the state after a block, in a block that is none: it was not begun, as in Substrate. The answer is an encoded ApplyExtrinsicResult.
func (a *api) dryRun(ctx context.Context, p *jsonrpc.Params) (any, error) {
	var encoded octets
	if err := p.Next(&encoded); err != nil {
		return nil, err
	}
	at, err := blockParam(p)
	if err != nil {
		return nil, err
	}
	x, err := extrinsic(encoded)
	if err != nil {
		return nil, &jsonrpc.Error{Code: frameDecode, Message: "Unable to dry run extrinsic", Data: err.Error()}
	}
	const apply = "BlockBuilder_apply_extrinsic"
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	block := a.orBest(at)
	out, err := a.call(ctx, block, apply, scale.Marshal(x), limited)
	if err != nil {
		return nil, frameError("Unable to dry run extrinsic.", err, block, apply)
	}
	return jsonrpc.Hex(out), nil
}

// registerPayment adds payment_*. Source: pallet-transaction-payment-rpc.
func (a *api) registerPayment(m *jsonrpc.Methods) {
	m.Method("payment_queryInfo", func(ctx context.Context, p *jsonrpc.Params) (any, error) {
		return payment(ctx, a, p, "TransactionPaymentApi_query_info", "Unable to query dispatch info.", decodeDispatchInfo)
	}, jsonrpc.Names("encoded_xt", "at"))
	m.Method("payment_queryFeeDetails", func(ctx context.Context, p *jsonrpc.Params) (any, error) {
		return payment(ctx, a, p, "TransactionPaymentApi_query_fee_details", "Unable to query fee details.", decodeFeeDetails)
	}, jsonrpc.Names("encoded_xt", "at"))
}

// payment asks the runtime what an extrinsic costs.
func payment[T jsonrpc.Appender](ctx context.Context, a *api, p *jsonrpc.Params, api, message string, decode func([]byte) (T, error)) (any, error) {
	var encoded octets
	if err := p.Next(&encoded); err != nil {
		return nil, err
	}
	at, err := blockParam(p)
	if err != nil {
		return nil, err
	}
	x, err := extrinsic(encoded)
	if err != nil {
		return nil, &jsonrpc.Error{Code: frameDecode, Message: message, Data: err.Error()}
	}
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	block := a.orBest(at)
	var answer T
	out, err := a.call(ctx, block, api, scale.AppendU32(scale.Marshal(x), uint32(len(encoded))), limited)
	if err == nil {
		answer, err = decode(out)
	}
	if err != nil {
		return nil, frameError(message, err, block, api)
	}
	return answer, nil
}

// registerOffchain adds offchain_*. Source: sc-rpc-api, offchain/mod.rs.
func (a *api) registerOffchain(m *jsonrpc.Methods) {
	of := func(name string, f func(key []byte, p *jsonrpc.Params) (any, error), more ...string) {
		m.Method(name, func(_ context.Context, p *jsonrpc.Params) (any, error) {
			var kind storageKind
			var key octets
			if err := read(p, &kind, &key); err != nil {
				return nil, err
			}
			if kind == localStorage {
				return nil, &jsonrpc.Error{Code: offchainStorageKind, Message: "This storage kind is not available yet."}
			}
			return f(key, p)
		}, jsonrpc.Unsafe(), jsonrpc.Names(append([]string{"kind", "key"}, more...)...))
	}
	store := a.Client.Store()
	of("offchain_localStorageSet", func(key []byte, p *jsonrpc.Params) (any, error) {
		var value octets
		if err := p.Next(&value); err != nil {
			return nil, err
		}
		return nil, store.SetOffchain(db.OffchainPersistent, key, value)
	}, "value")
	of("offchain_localStorageClear", func(key []byte, _ *jsonrpc.Params) (any, error) {
		return nil, store.DeleteOffchain(db.OffchainPersistent, key)
	})
	of("offchain_localStorageGet", func(key []byte, _ *jsonrpc.Params) (any, error) {
		value, ok, err := store.Offchain(db.OffchainPersistent, key)
		return hexOption{value, ok}, err
	})
}

// registerDev adds dev_*. Source: sc-rpc-api, dev/mod.rs.
func (a *api) registerDev(m *jsonrpc.Methods) {
	m.Method("dev_getBlockStats", a.blockStats, jsonrpc.Unsafe(), jsonrpc.Names("block_hash"))
}

// blockStats is what executing a block takes.
type blockStats struct {
	WitnessLen        int `json:"witnessLen"`
	WitnessCompactLen int `json:"witnessCompactLen"`
	BlockLen          int `json:"blockLen"`
	NumExtrinsics     int `json:"numExtrinsics"`
}

// blockStats executes a block again on the state of its parent, and measures the proof of what it read.
func (a *api) blockStats(ctx context.Context, p *jsonrpc.Params) (any, error) {
	var of h256
	if err := p.Next(&of); err != nil {
		return nil, err
	}
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	store := a.Client.Store()
	queryError := func(err error) error {
		return &jsonrpc.Error{Code: devBlockQuery, Message: "Error while querying block: " + err.Error()}
	}
	signed, err := store.SignedBlock(of.hash())
	if errors.Is(err, db.ErrUnknownBlock) || errors.Is(err, db.ErrPruned) {
		return nil, nil
	}
	if err != nil {
		return nil, queryError(err)
	}
	block := signed.Block
	if block.Header.Number == 0 {
		return nil, nil // its parent is not there
	}
	var unsealed []chain.DigestItem
	for _, item := range block.Header.Digest {
		if item.Kind != chain.DigestSeal {
			unsealed = append(unsealed, item)
		}
	}
	block.Header.Digest = unsealed
	parent, err := store.State(block.Header.ParentHash)
	if errors.Is(err, db.ErrUnknownBlock) || errors.Is(err, db.ErrPruned) {
		return nil, nil
	}
	if err != nil {
		return nil, queryError(err)
	}
	defer parent.Close()
	encoded := scale.Marshal(block)
	nodes, err := a.witness(ctx, parent, encoded)
	if err != nil {
		a.Logger.Warn("execute a block again", "target", "rpc", "block", of.hash(), "err", err)
		return nil, &jsonrpc.Error{Code: devBlockExecution, Message: "Failed to re-execute the specified block"}
	}
	compact, err := trie.EncodeCompact(parent.Root(), nodes)
	if err != nil {
		return nil, &jsonrpc.Error{Code: devWitnessCompaction, Message: "Failed to create to compact the witness"}
	}
	size := func(nodes [][]byte) int { return len(scale.AppendSeq(nil, nodes, scale.AppendBytes)) }
	return blockStats{size(nodes), size(compact), len(encoded), len(block.Extrinsics)}, nil
}

// witness executes an encoded block on a state and returns what it read, as a storage proof. The runtime's code is not among it, as it is not in Substrate.
func (a *api) witness(ctx context.Context, parent *db.State, block []byte) ([][]byte, error) {
	recorded, recorder, err := storage.Record(parent)
	if err != nil {
		return nil, err
	}
	_, err = a.call(ctx, parent.Block().Hash, "Core_execute_block", block, func(env *wasmhost.Env) { env.Storage = storage.NewOverlay(recorded) })
	if err != nil {
		return nil, fmt.Errorf("execute: %w", err)
	}
	return recorder.Proof(), nil
}
