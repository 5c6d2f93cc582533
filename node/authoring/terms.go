package authoring

import (
	"context"
	"fmt"
	"sync"

	"github.com/gotensor/gotensor/consensus/aura"
	"github.com/gotensor/gotensor/node/client"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
)

// maxTerms bounds the blocks whose terms are remembered.
const maxTerms = 64

// terms asks the runtime for what Aura demands after a block, and remembers the last answers. It asks for each block anew: authorities may change without a word
// in the header, by a call that writes storage.
type terms struct {
	client *client.Client

	mu    sync.Mutex
	known map[hash.H256]aura.Terms
	order [maxTerms]hash.H256 // a ring
	next  int
	last  aura.Terms // the last ones that were asked for
}

func newTerms(c *client.Client) *terms {
	return &terms{client: c, known: make(map[hash.H256]aura.Terms, maxTerms)}
}

// after returns what the state after block demands of its children.
func (t *terms) after(ctx context.Context, block hash.H256) (aura.Terms, error) {
	t.mu.Lock()
	found, ok := t.known[block]
	t.mu.Unlock()
	if ok {
		return found, nil
	}
	answer, err := t.client.Call(ctx, block, "AuraApi_slot_duration", nil)
	if err != nil {
		return aura.Terms{}, err
	}
	milliseconds, err := scale.UnmarshalFunc(answer, (*scale.Decoder).U64)
	if err != nil {
		return aura.Terms{}, fmt.Errorf("answer of AuraApi_slot_duration: %w", err)
	}
	if found.Duration, err = aura.SlotDuration(milliseconds); err != nil {
		return aura.Terms{}, fmt.Errorf("answer of AuraApi_slot_duration: %w", err)
	}
	if answer, err = t.client.Call(ctx, block, "AuraApi_authorities", nil); err != nil {
		return aura.Terms{}, err
	}
	if found.Authorities, err = aura.DecodeAuthorities(answer); err != nil {
		return aura.Terms{}, fmt.Errorf("answer of AuraApi_authorities: %w", err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.last = found
	if _, ok := t.known[block]; !ok {
		delete(t.known, t.order[t.next])
		t.order[t.next] = block
		t.next = (t.next + 1) % maxTerms
		t.known[block] = found
	}
	return found, nil
}

// assumed returns the terms that were asked for last: most likely those of the next block, too. ok is false where none were.
func (t *terms) assumed() (aura.Terms, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last, t.last.Duration > 0
}
