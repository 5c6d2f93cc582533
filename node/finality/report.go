package finality

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/gotensor/gotensor/consensus/grandpa"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/primitives/ss58"
)

// RoundState is how far the voters are: what grandpa_roundState answers.
type RoundState struct {
	SetID      uint64
	Best       Round
	Background []Round // rounds that are complete and still count votes
}

// Round is the votes of one round.
type Round struct {
	Number                 uint64
	Total, Threshold       uint64
	Prevotes, Precommits   uint64            // the weight of those who voted
	NoPrevote, NoPrecommit []chain.AccountID // the keys of those who did not, in ascending order
}

// RoundState returns the votes of the rounds under way; ok is false where no voter runs.
func (f *Finality) RoundState() (state RoundState, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.round, f.voting
}

// report makes the state of a voter known; nil where there is none.
func (f *Finality) report(voter *grandpa.Voter) {
	if voter == nil {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.voting = false
		return
	}
	best, background := voter.Report()
	state := RoundState{SetID: voter.SetID(), Best: reported(best)}
	for _, r := range background {
		state.Background = append(state.Background, reported(r))
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.round, f.voting = state, true
}

func reported(r grandpa.RoundReport) Round {
	accounts := func(ids []grandpa.AuthorityID) (out []chain.AccountID) {
		for _, id := range ids {
			out = append(out, chain.AccountID(id))
		}
		return out
	}
	return Round{
		Number: r.Round, Total: r.Total, Threshold: r.Threshold,
		Prevotes: r.Prevotes.Weight, Precommits: r.Precommits.Weight,
		NoPrevote: accounts(r.Prevotes.Missing), NoPrecommit: accounts(r.Precommits.Missing),
	}
}

// maxJustifications is how many justifications wait for one listener. Each proves more than those before it, which are dropped first.
const maxJustifications = 64

// listener is one who wants justifications.
type listener struct {
	mu      sync.Mutex
	waiting [][]byte
	more    chan struct{}
}

// notify gives a justification to all listeners.
func (f *Finality) notify(justification []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for l := range f.listeners {
		l.mu.Lock()
		if len(l.waiting) == maxJustifications {
			l.waiting = l.waiting[1:]
		}
		l.waiting = append(l.waiting, justification)
		l.mu.Unlock()
		select {
		case l.more <- struct{}{}:
		default:
		}
	}
}

// Justifications calls receive with each new encoded justification until ctx ends or it gives an error, and returns that. One who is slow loses the oldest
// ones. The bytes are shared and must not be changed.
func (f *Finality) Justifications(ctx context.Context, receive func(justification []byte) error) error {
	l := &listener{more: make(chan struct{}, 1)}
	f.mu.Lock()
	f.listeners[l] = struct{}{}
	f.mu.Unlock()
	defer func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.listeners, l)
	}()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-l.more:
		}
		l.mu.Lock()
		waiting := l.waiting
		l.waiting = nil
		l.mu.Unlock()
		for _, j := range waiting {
			if err := receive(j); err != nil {
				return err
			}
		}
	}
}

// maxUnknownHeaders is how many headers a proof has at most. Source: sc-consensus-grandpa, finality_proof.rs.
const maxUnknownHeaders = 100_000

// maxProof bounds the bytes of the headers in a proof; Substrate has no such bound.
const maxProof = 12 << 20

// ProveFinality returns an encoded grandpa.FinalityProof of a block: the justification of the last block of its set, or of what is final now, with the headers
// in between; nil where no such justification is kept. Errors: ErrNotFinal, ErrNotCovered, ErrOff, those of the store and of ctx.
func (f *Finality) ProveFinality(ctx context.Context, block chain.BlockNumber) ([]byte, error) {
	if f.off {
		return nil, ErrOff
	}
	if f.client.Head().Finalised.Number < block {
		return nil, ErrNotFinal
	}
	change, latest, ok := f.current().SetOf(block)
	if !ok {
		return nil, ErrNotCovered
	}
	var proof grandpa.FinalityProof
	var last chain.BlockNumber
	if latest {
		data, ok, err := f.store.Aux(keyBestJustification)
		if err != nil || !ok {
			return nil, err
		}
		j, err := grandpa.DecodeJustification(data)
		if err != nil {
			return nil, fmt.Errorf("read %q: %w", keyBestJustification, err)
		}
		proof.Justification, last = data, j.Commit.Target.Number
	} else {
		last = change.Last
		h, err := f.store.Hash(last)
		if err != nil {
			return nil, err
		}
		justifications, err := f.store.Justifications(h)
		if err != nil {
			return nil, err
		}
		if proof.Justification, ok = justifications.Of(chain.EngineGrandpa); !ok {
			return nil, nil
		}
	}
	var err error
	if proof.Block, err = f.store.Hash(last); err != nil {
		return nil, err
	}
	size := 0
	for n := block + 1; n <= last && len(proof.UnknownHeaders) < maxUnknownHeaders; n++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		header, err := f.header(n)
		if err != nil {
			return nil, err
		}
		if size += 140 + 64*len(header.Digest); size > maxProof {
			break
		}
		proof.UnknownHeaders = append(proof.UnknownHeaders, header)
	}
	return scale.Marshal(proof), nil
}

func (f *Finality) header(n chain.BlockNumber) (chain.Header, error) {
	h, err := f.store.Hash(n)
	if err != nil {
		return chain.Header{}, err
	}
	return f.store.Header(h)
}

// describe prints a set as Substrate does.
func describe(set []grandpa.Authority) string {
	out := make([]string, len(set))
	for i, a := range set {
		out[i] = fmt.Sprintf("(Public(%x (%.8s...)), %d)", a.ID[:], ss58Of(hash.H256(a.ID)), a.Weight)
	}
	return "[" + strings.Join(out, ", ") + "]"
}

func ss58Of(key hash.H256) string {
	address, err := ss58.Encode(ss58.Generic, key[:])
	if err != nil {
		panic("BUG: " + err.Error()) // 32 bytes have an address
	}
	return address
}

// metrics are under Substrate's names. Source: sc-consensus-grandpa, environment.rs.
type metrics struct {
	round                prometheus.Gauge
	prevotes, precommits prometheus.Counter
}

func newMetrics(r prometheus.Registerer) (metrics, error) {
	m := metrics{
		round:      prometheus.NewGauge(prometheus.GaugeOpts{Name: "substrate_finality_grandpa_round", Help: "Highest completed GRANDPA round."}),
		prevotes:   prometheus.NewCounter(prometheus.CounterOpts{Name: "substrate_finality_grandpa_prevotes_total", Help: "Total number of GRANDPA prevotes cast locally."}),
		precommits: prometheus.NewCounter(prometheus.CounterOpts{Name: "substrate_finality_grandpa_precommits_total", Help: "Total number of GRANDPA precommits cast locally."}),
	}
	if r == nil {
		return m, nil
	}
	return m, errors.Join(r.Register(m.round), r.Register(m.prevotes), r.Register(m.precommits))
}
