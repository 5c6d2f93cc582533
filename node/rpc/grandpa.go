package rpc

import (
	"context"
	"errors"

	"github.com/gotensor/gotensor/node/finality"
	"github.com/gotensor/gotensor/node/jsonrpc"
	"github.com/gotensor/gotensor/primitives/chain"
)

var (
	errNotReady     = &jsonrpc.Error{Code: grandpaNotReady, Message: "GRANDPA RPC endpoint not ready"}
	errLargeSet     = &jsonrpc.Error{Code: grandpaSetTooLarge, Message: "GRANDPA reports authority set id unreasonably large"}
	errLargeNumbers = &jsonrpc.Error{Code: grandpaStateTooLarge, Message: "GRANDPA reports voter state as unreasonably large"}
)

// registerGrandpa adds grandpa_*. Source: sc-consensus-grandpa-rpc, lib.rs.
func (a *api) registerGrandpa(m *jsonrpc.Methods) {
	m.Method("grandpa_roundState", a.roundState)
	m.Method("grandpa_proveFinality", a.proveFinality, jsonrpc.Names("block"))
	m.Subscription("grandpa_subscribeJustifications", "grandpa_justifications", "grandpa_unsubscribeJustifications", a.subscribeJustifications)
}

type votes struct {
	CurrentWeight uint64            `json:"currentWeight"`
	Missing       []chain.AccountID `json:"missing"`
}

type roundState struct {
	Round           uint64 `json:"round"`
	TotalWeight     uint64 `json:"totalWeight"`
	ThresholdWeight uint64 `json:"thresholdWeight"`
	Prevotes        votes  `json:"prevotes"`
	Precommits      votes  `json:"precommits"`
}

type roundStates struct {
	SetID      uint64       `json:"setId"`
	Best       roundState   `json:"best"`
	Background []roundState `json:"background"`
}

func reportRound(r finality.Round) (roundState, error) {
	const most = 1<<32 - 1
	for _, n := range []uint64{r.Number, r.Total, r.Threshold, r.Prevotes, r.Precommits} {
		if n > most {
			return roundState{}, errLargeNumbers
		}
	}
	return roundState{r.Number, r.Total, r.Threshold, votes{r.Prevotes, orEmpty(r.NoPrevote)}, votes{r.Precommits, orEmpty(r.NoPrecommit)}}, nil
}

func (a *api) roundState(context.Context, *jsonrpc.Params) (any, error) {
	if a.Finality == nil {
		return nil, errNotReady
	}
	state, ok := a.Finality.RoundState()
	if !ok {
		return nil, errNotReady
	}
	if state.SetID > 1<<32-1 {
		return nil, errLargeSet
	}
	best, err := reportRound(state.Best)
	if err != nil {
		return nil, err
	}
	out := roundStates{state.SetID, best, []roundState{}}
	for _, r := range state.Background {
		round, err := reportRound(r)
		if err != nil {
			return nil, err
		}
		out.Background = append(out.Background, round)
	}
	return out, nil
}

func (a *api) proveFinality(ctx context.Context, p *jsonrpc.Params) (any, error) {
	var block u32
	if err := p.Next(&block); err != nil {
		return nil, err
	}
	if a.Finality == nil {
		return nil, errNotReady
	}
	ctx, cancel := a.bounded(ctx)
	defer cancel()
	proof, err := a.Finality.ProveFinality(ctx, chain.BlockNumber(block))
	if err != nil {
		return nil, &jsonrpc.Error{Code: grandpaProve, Message: "GRANDPA prove finality rpc failed: " + err.Error()}
	}
	return hexOption{proof, proof != nil}, nil
}

func (a *api) subscribeJustifications(ctx context.Context, _ *jsonrpc.Params, s *jsonrpc.Sink) error {
	if err := s.Accept(); err != nil {
		return err
	}
	if a.Finality == nil {
		<-ctx.Done() // as with a voter that never comes to an end
		return nil
	}
	err := a.Finality.Justifications(ctx, func(justification []byte) error { return s.Send(jsonrpc.Hex(justification)) })
	if errors.Is(err, jsonrpc.ErrSlow) || errors.Is(err, jsonrpc.ErrClosed) {
		return err
	}
	return ended(ctx, err)
}
