package rpc

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/gotensor/gotensor/node/jsonrpc"
	"github.com/gotensor/gotensor/node/pool"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/keys"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/wasmhost"
)

// registerAuthor adds author_*. Source: sc-rpc-api, author/mod.rs.
func (a *api) registerAuthor(m *jsonrpc.Methods) {
	m.Method("author_submitExtrinsic", a.submitExtrinsic, jsonrpc.Names("extrinsic"))
	m.Method("author_pendingExtrinsics", func(context.Context, *jsonrpc.Params) (any, error) { return extrinsicList(a.Pool.Pending()), nil })
	m.Method("author_removeExtrinsic", a.removeExtrinsic, jsonrpc.Unsafe(), jsonrpc.Names("bytes_or_hash"))
	m.Method("author_insertKey", a.insertKey, jsonrpc.Unsafe(), jsonrpc.Names("key_type", "suri", "public"))
	m.Method("author_rotateKeys", a.rotateKeys, jsonrpc.Unsafe())
	m.Method("author_hasKey", a.hasKey, jsonrpc.Unsafe(), jsonrpc.Names("public_key", "key_type"))
	m.Method("author_hasSessionKeys", a.hasSessionKeys, jsonrpc.Unsafe(), jsonrpc.Names("session_keys"))
	m.Subscription("author_submitAndWatchExtrinsic", "author_extrinsicUpdate", "author_unwatchExtrinsic", a.watchExtrinsic, jsonrpc.Names("bytes"))
}

// extrinsic takes the length off an extrinsic as clients send it. What follows its end is ignored, as in Substrate.
func extrinsic(encoded []byte) (chain.OpaqueExtrinsic, error) {
	d := scale.NewDecoder(encoded)
	x := d.Bytes()
	return x, d.Err()
}

func (a *api) submitExtrinsic(ctx context.Context, p *jsonrpc.Params) (any, error) {
	var encoded octets
	if err := p.Next(&encoded); err != nil {
		return nil, err
	}
	x, err := extrinsic(encoded)
	if err != nil {
		return nil, &jsonrpc.Error{Code: authorOther, Message: "Client error: " + err.Error()}
	}
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	h, err := a.Pool.Submit(ctx, pool.External, x)
	if err != nil {
		return nil, poolError(err)
	}
	return jsonrpc.Hex(clone(h)), nil
}

func (a *api) watchExtrinsic(ctx context.Context, p *jsonrpc.Params, s *jsonrpc.Sink) error {
	var encoded octets
	if err := p.Next(&encoded); err != nil {
		return err
	}
	x, err := extrinsic(encoded)
	if err != nil {
		return &jsonrpc.Error{Code: authorBadFormat, Message: "Extrinsic has invalid format: " + err.Error()}
	}
	limited, cancel := a.bounded(ctx)
	_, w, err := a.Pool.SubmitAndWatch(limited, pool.External, x)
	cancel()
	if err != nil {
		return poolError(err)
	}
	defer w.Close()
	if err := s.Accept(); err != nil {
		return err
	}
	for {
		status, err := w.Next(ctx)
		if errors.Is(err, pool.ErrWatchEnded) {
			return nil
		}
		if err != nil {
			return ended(ctx, err)
		}
		if err := s.Send(transactionStatus(status)); err != nil {
			return err
		}
	}
}

// transactionStatus is what happened to a transaction. Source: sc-transaction-pool-api, TransactionStatus, whose indices within blocks are left out for old clients.
type transactionStatus pool.Status

// AppendJSON implements jsonrpc.Appender.
func (t transactionStatus) AppendJSON(b []byte) []byte {
	of := func(name string, h hash.H256) []byte {
		b = append(strconv.AppendQuote(append(b, '{'), name), ':')
		return append(appendHex(b, h[:]), '}')
	}
	switch t.Kind {
	case pool.StatusFuture:
		return append(b, `"future"`...)
	case pool.StatusReady:
		return append(b, `"ready"`...)
	case pool.StatusBroadcast:
		return append(appendList(append(b, `{"broadcast":`...), t.Peers, appendText), '}')
	case pool.StatusInBlock:
		return of("inBlock", t.Block)
	case pool.StatusRetracted:
		return of("retracted", t.Block)
	case pool.StatusFinalityTimeout:
		return of("finalityTimeout", t.Block)
	case pool.StatusFinalized:
		return of("finalized", t.Block)
	case pool.StatusUsurped:
		return of("usurped", t.By)
	case pool.StatusDropped:
		return append(b, `"dropped"`...)
	case pool.StatusInvalid:
		return append(b, `"invalid"`...)
	}
	panic(fmt.Sprintf("BUG: transaction status %s", t.Kind)) // the pool has no other
}

func (a *api) removeExtrinsic(_ context.Context, p *jsonrpc.Params) (any, error) {
	var given list[extrinsicOrHash]
	if err := p.Next(&given); err != nil {
		return nil, err
	}
	hashes := make([]hash.H256, len(given))
	for i, g := range given {
		if g.hash != nil {
			hashes[i] = hash.H256(*g.hash)
			continue
		}
		x, err := extrinsic(g.extrinsic)
		if err != nil {
			return nil, &jsonrpc.Error{Code: authorBadFormat, Message: "Extrinsic has invalid format: " + err.Error()}
		}
		hashes[i] = x.Hash()
	}
	removed := hexList{}
	for _, tx := range a.Pool.RemoveInvalid(hashes...) {
		removed = append(removed, tx.Hash[:])
	}
	return removed, nil
}

var (
	errKeyType     = &jsonrpc.Error{Code: authorOther, Message: "Invalid key type ID format (should be of length four)"}
	errKeystore    = &jsonrpc.Error{Code: authorOther, Message: "The key store is unavailable"}
	errSessionKeys = &jsonrpc.Error{Code: authorOther, Message: "Session keys are not encoded correctly"}
)

func keyType(t text) (id keys.TypeID, err error) {
	if len(t) != len(id) {
		return id, errKeyType
	}
	copy(id[:], t)
	return id, nil
}

// keystoreError hides what is wrong with the keystore from clients, and tells the log.
func (a *api) keystoreError(step string, err error) error {
	a.Logger.Warn("keystore: "+step, "target", "rpc", "err", err)
	return errKeystore
}

func (a *api) insertKey(_ context.Context, p *jsonrpc.Params) (any, error) {
	var kind, suri text
	var public octets
	if err := read(p, &kind, &suri, &public); err != nil {
		return nil, err
	}
	id, err := keyType(kind)
	if err != nil {
		return nil, err
	}
	if err := a.Keystore.Insert(id, string(suri), public); err != nil {
		return nil, a.keystoreError("insert", err)
	}
	return nil, nil
}

func (a *api) hasKey(_ context.Context, p *jsonrpc.Params) (any, error) {
	var public octets
	var kind text
	if err := read(p, &public, &kind); err != nil {
		return nil, err
	}
	id, err := keyType(kind)
	if err != nil {
		return nil, err
	}
	return a.hasKeys(id, public)
}

func (a *api) hasKeys(id keys.TypeID, public []byte) (bool, error) {
	has, err := a.Keystore.Has(id, public)
	if err != nil {
		return false, a.keystoreError("look for a key", err)
	}
	return has, nil
}

// sessionCall calls a runtime API with the keystore at hand.
func (a *api) sessionCall(ctx context.Context, api string, args []byte) ([]byte, error) {
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	best := a.orBest(nil)
	out, err := a.call(ctx, best, api, args, limited, func(env *wasmhost.Env) { env.Keystore = a.Keystore })
	if err != nil {
		return nil, apiError(authorOther, err, best, api)
	}
	return out, nil
}

func (a *api) rotateKeys(ctx context.Context, _ *jsonrpc.Params) (any, error) {
	out, err := a.sessionCall(ctx, "SessionKeys_generate_session_keys", []byte{0}) // no seed
	if err != nil {
		return nil, err
	}
	made, err := scale.UnmarshalFunc(out, (*scale.Decoder).Bytes)
	if err != nil {
		return nil, &jsonrpc.Error{Code: authorOther, Message: "Client error: decode session keys: " + err.Error()}
	}
	return jsonrpc.Hex(made), nil
}

func (a *api) hasSessionKeys(ctx context.Context, p *jsonrpc.Params) (any, error) {
	var session octets
	if err := p.Next(&session); err != nil {
		return nil, err
	}
	out, err := a.sessionCall(ctx, "SessionKeys_decode_session_keys", scale.AppendBytes(nil, session))
	if err != nil {
		return nil, err
	}
	type key struct {
		public []byte
		id     keys.TypeID
	}
	decoded, err := scale.UnmarshalFunc(out, func(d *scale.Decoder) *[]key {
		if !d.Bool() {
			return nil
		}
		all := scale.DecodeSeq(d, func(d *scale.Decoder) (k key) {
			k.public = d.Bytes()
			d.Read(k.id[:])
			return k
		})
		return &all
	})
	if err != nil {
		return nil, &jsonrpc.Error{Code: authorOther, Message: "Client error: decode session keys: " + err.Error()}
	}
	if decoded == nil {
		return nil, errSessionKeys
	}
	for _, k := range *decoded {
		if has, err := a.hasKeys(k.id, k.public); err != nil || !has {
			return false, err
		}
	}
	return true, nil
}
