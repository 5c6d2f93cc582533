package rpc

import (
	"context"
	"errors"

	"github.com/gotensor/gotensor/node/jsonrpc"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage/db"
)

// registerChain adds chain_*. Source: sc-rpc-api, chain/mod.rs.
func (a *api) registerChain(m *jsonrpc.Methods) {
	m.Method("chain_getHeader", a.chainHeader, jsonrpc.Names("hash"))
	m.Method("chain_getBlock", a.chainBlock, jsonrpc.Names("hash"))
	m.Method("chain_getBlockHash", a.chainBlockHash, jsonrpc.Alias("chain_getHead"), jsonrpc.Names("hash"))
	m.Method("chain_getFinalizedHead", a.chainFinalizedHead, jsonrpc.Alias("chain_getFinalisedHead"))

	m.Subscription("chain_subscribeAllHeads", "chain_allHead", "chain_unsubscribeAllHeads", a.heads(
		func(f *feed) *head { return f.best }, func(e *event) *head { return e.imported }))
	m.Subscription("chain_subscribeNewHeads", "chain_newHead", "chain_unsubscribeNewHeads", a.heads(
		func(f *feed) *head { return f.best }, func(e *event) *head { return e.best }),
		jsonrpc.Alias("subscribe_newHead", "chain_subscribeNewHead"), jsonrpc.UnsubscribeAlias("unsubscribe_newHead", "chain_unsubscribeNewHead"))
	m.Subscription("chain_subscribeFinalizedHeads", "chain_finalizedHead", "chain_unsubscribeFinalizedHeads", a.heads(
		func(f *feed) *head { return f.finalised }, func(e *event) *head { return e.finalised }),
		jsonrpc.Alias("chain_subscribeFinalisedHeads"), jsonrpc.UnsubscribeAlias("chain_unsubscribeFinalisedHeads"))
}

func (a *api) chainHeader(_ context.Context, p *jsonrpc.Params) (any, error) {
	at, err := blockParam(p)
	if err != nil {
		return nil, err
	}
	block := a.orBest(at)
	h, err := a.Client.Store().Header(block)
	if errors.Is(err, db.ErrUnknownBlock) {
		return nil, nil
	}
	if err != nil {
		return nil, backendError(chainClient, err, block)
	}
	return header{&h}, nil
}

func (a *api) chainBlock(_ context.Context, p *jsonrpc.Params) (any, error) {
	at, err := blockParam(p)
	if err != nil {
		return nil, err
	}
	block := a.orBest(at)
	b, err := a.Client.Store().SignedBlock(block)
	if errors.Is(err, db.ErrUnknownBlock) || errors.Is(err, db.ErrPruned) {
		return nil, nil
	}
	if err != nil {
		return nil, backendError(chainClient, err, block)
	}
	return signedBlock{&b}, nil
}

func (a *api) chainBlockHash(ctx context.Context, p *jsonrpc.Params) (any, error) {
	given := numbers{most: a.MaxResponse / hexHash}
	if err := p.Optional(&given); err != nil {
		return nil, err
	}
	if given.list == nil {
		best := a.Client.Head().Best.Hash
		return option{&best}, nil
	}
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	bound := collected{ctx: ctx, left: a.MaxResponse}
	out := make(optionList, len(given.list))
	for i := range given.list {
		err := bound.add(len(hash.H256{}))
		if err == nil {
			out[i], err = a.hashAt(&given.list[i])
		}
		if err != nil {
			return nil, backendError(chainClient, err, hash.H256{})
		}
	}
	if given.isList {
		return out, nil
	}
	return out[0], nil
}

func (a *api) hashAt(given *numberOrHex) (option, error) {
	n, err := given.blockNumber()
	if err != nil {
		return option{}, err
	}
	h, err := a.Client.Store().Hash(n)
	if errors.Is(err, db.ErrUnknownBlock) {
		return option{}, nil
	}
	if err != nil {
		return option{}, backendError(chainClient, err, hash.H256{})
	}
	return option{&h}, nil
}

func (a *api) chainFinalizedHead(context.Context, *jsonrpc.Params) (any, error) {
	return jsonrpc.Hex(clone(a.Client.Head().Finalised.Hash)), nil
}

func clone(h hash.H256) []byte { return h[:] }

// heads serves a subscription to headers: first the head as it is, then those that pick finds in events.
func (a *api) heads(first func(*feed) *head, pick func(*event) *head) jsonrpc.SubscriptionHandler {
	return func(ctx context.Context, _ *jsonrpc.Params, s *jsonrpc.Sink) error {
		f := a.hub.subscribe()
		defer f.close()
		if err := s.Accept(); err != nil {
			return err
		}
		last := first(f)
		if last != nil {
			if err := s.Send(last); err != nil {
				return err
			}
		}
		for {
			e, err := f.next(ctx)
			if err != nil {
				return ended(ctx, err)
			}
			h := pick(e)
			if h == nil || last != nil && h.Hash == last.Hash {
				continue
			}
			if err := s.Send(h); err != nil {
				return err
			}
			last = h
		}
	}
}

// ended makes nothing of an error that only says that the subscription is over.
func ended(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// registerChainSpec adds chainSpec_v1_*. Source: sc-rpc-spec-v2, chain_spec/api.rs.
func (a *api) registerChainSpec(m *jsonrpc.Methods) {
	m.Method("chainSpec_v1_chainName", func(context.Context, *jsonrpc.Params) (any, error) { return a.Spec.Name, nil })
	m.Method("chainSpec_v1_genesisHash", func(context.Context, *jsonrpc.Params) (any, error) {
		return jsonrpc.Hex(clone(a.Client.Genesis())), nil
	})
	m.Method("chainSpec_v1_properties", func(context.Context, *jsonrpc.Params) (any, error) { return a.properties(), nil })
}
