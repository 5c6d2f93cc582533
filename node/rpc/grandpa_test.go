package rpc_test

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/gotensor/gotensor/consensus/grandpa"
	"github.com/gotensor/gotensor/node/finality"
	"github.com/gotensor/gotensor/node/keystore"
	"github.com/gotensor/gotensor/node/rpc"
	"github.com/gotensor/gotensor/primitives/keys"
)

// A voter finalises: its rounds, justifications and proofs are there for clients.
func TestGrandpa(t *testing.T) {
	store := keystore.New("")
	_, err := store.Generate(keys.Ed25519, grandpa.KeyType, "//One")
	check(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	defer func() { cancel(); running.Wait() }()
	var f *finality.Finality
	n := start(t, func(d *rpc.Deps) {
		f, err = finality.New(ctx, finality.Config{Client: d.Client, Keystore: store})
		check(t, err)
		d.Finality = f
	})
	n.imports = f.Import
	c := n.dial(n.safe)
	if _, e := c.try("grandpa_roundState", "[]"); e.String() != "1 GRANDPA RPC endpoint not ready" {
		t.Errorf("before it runs: %s", e)
	}
	running.Go(func() {
		if err := f.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	id := c.text("grandpa_subscribeJustifications")
	finals := c.text("chain_subscribeFinalizedHeads")
	c.notified(finals)
	for range 5 {
		n.author()
	}
	justification, err := grandpa.DecodeJustification(unquote(t, c.notified(id)))
	check(t, err)
	for number := numberOf(t, c.notified(finals)); number < justification.Commit.Target.Number; {
		number = numberOf(t, c.notified(finals))
	}
	if got := justification.Commit.Target; got.Number == 0 {
		t.Errorf("justification of %+v", got)
	}
	for _, text := range []string{`"setId":0`, `"best":{"round":`, `"totalWeight":1,"thresholdWeight":1,"prevotes":{"currentWeight":`, `"background":[`} {
		if got := c.raw("grandpa_roundState"); !strings.Contains(got, text) {
			t.Errorf("%s lacks %s", got, text)
		}
	}
	// Proofs are of sets that came to an end, and this one did not. Source: sc-consensus-grandpa, AuthoritySetChanges::get_set_id.
	if _, e := c.try("grandpa_proveFinality", "[1]"); e.String() != "4 GRANDPA prove finality rpc failed: Block not covered by authority set changes" {
		t.Errorf("of a block of the first set: %s", e)
	}
	if _, e := c.try("grandpa_proveFinality", "[1000]"); e.String() != "4 GRANDPA prove finality rpc failed: Block not yet finalized" {
		t.Errorf("of a block that is not there: %s", e)
	}
	if got := c.raw("grandpa_unsubscribeJustifications", id); got != "true" {
		t.Error(got)
	}
}

// A node without finality says so.
func TestNoGrandpa(t *testing.T) {
	n := start(t, nil)
	c := n.dial(n.safe)
	for method, params := range map[string]string{"grandpa_roundState": "[]", "grandpa_proveFinality": "[0]"} {
		if _, e := c.try(method, params); e.String() != "1 GRANDPA RPC endpoint not ready" {
			t.Errorf("%s: %s", method, e)
		}
	}
	id := c.text("grandpa_subscribeJustifications")
	if got := c.raw("grandpa_unsubscribeJustifications", "FOO"); got != "false" {
		t.Errorf("an id that is none: %s", got)
	}
	if got := c.raw("grandpa_unsubscribeJustifications", id); got != "true" {
		t.Error(got)
	}
}

// unquote reads a JSON string of hexadecimal digits.
func unquote(t *testing.T, text string) []byte {
	t.Helper()
	return unhex(t, strings.Trim(text, `"`))
}
