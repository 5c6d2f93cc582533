//go:build !wasm

package preimage

import (
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/frame/benchmark"
	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/primitives/units"
)

// Benchmarks implements benchmark.Benchmarked: preimages of the largest size, hashes as many as a call takes.
func (p *Pallet) Benchmarks() []benchmark.Case {
	large := make([]byte, MaxSize)
	must := func(err error) {
		if err != nil {
			panic("BUG: state of a benchmark: " + err.Error())
		}
	}
	// noted stores the large preimage for the caller.
	noted := func(e *benchmark.Env) hash.H256 {
		_, h, err := p.note(large, &e.Caller)
		must(err)
		return h
	}
	known := func(want bool) func(*benchmark.Env) bool {
		return func(*benchmark.Env) bool { return p.PreimageFor.Has(Key{host.Blake2_256(large), MaxSize}) == want }
	}
	return []benchmark.Case{
		{Call: "note_preimage", Check: known(true), Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			return &NotePreimageCall{large}, e.Signed()
		}},
		{Call: "note_preimage/requested", Check: known(true), Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			p.Request(host.Blake2_256(large))
			return &NotePreimageCall{large}, e.Signed()
		}},
		{Call: "note_preimage/empty", Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			return &NotePreimageCall{}, e.Signed()
		}},
		{Call: "unnote_preimage", Check: known(false), Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			return &UnnotePreimageCall{noted(e)}, e.Signed()
		}},
		{Call: "request_preimage", Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			return &RequestPreimageCall{noted(e)}, frame.Root()
		}},
		{Call: "unrequest_preimage", Check: known(false), Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
			_, h, err := p.note(large, nil) // the chain's own: its last request takes it away
			must(err)
			return &UnrequestPreimageCall{h}, frame.Root()
		}},
		{Call: "ensure_updated", Check: func(e *benchmark.Env) bool { return !p.StatusFor.Has(nth(maxUpdates - 1)) },
			Setup: func(e *benchmark.Env) (frame.Call, frame.Origin) {
				reserve := p.Currency.(interface {
					Reserve(who chain.AccountID, value units.Rao) error
				})
				deposit := p.BaseDeposit + 100*p.ByteDeposit
				hashes := make([]hash.H256, maxUpdates)
				for n := range hashes {
					hashes[n] = nth(n)
					who := e.Account(n)
					e.Fund(who, 3*deposit)
					must(reserve.Reserve(who, deposit))
					p.StatusFor.Put(hashes[n], OldRequestStatus{Ticket: &Ticket{who, deposit}, HasLen: true, Len: 100})
				}
				return &EnsureUpdatedCall{hashes}, e.Signed()
			}},
	}
}

// nth returns the hash of a number.
func nth(n int) hash.H256 { return host.Blake2_256(scale.AppendU32(nil, uint32(n))) }
