package node_test

import (
	"strings"
	"testing"

	"github.com/gotensor/gotensor/node/chainspec"
	"github.com/gotensor/gotensor/testnet/upgrades"
	"github.com/gotensor/gotensor/wasmhost"
)

// A node that votes rests where finality lags, here because the two other voters are nowhere. One that does not vote goes on.
func TestBackoff(t *testing.T) {
	const rests = "Backing off claiming new slot for block authorship: finality is lagging."
	t.Run("votes", func(t *testing.T) {
		engine, err := wasmhost.NewEngine(wasmhost.Config{CacheDir: cache()})
		if err != nil {
			t.Fatal(err)
		}
		defer engine.Close()
		spec := devSpec(t)
		genesis, err := chainspec.FromPreset(t.Context(), engine, upgrades.Base(t).Compressed, "local_testnet")
		if err != nil {
			t.Fatal(err)
		}
		spec.Genesis = *genesis
		cfg := config(t, spec)
		log := logged(t, &cfg)
		n, stop := run(t, cfg)
		waitFor(t, "a rest", func() bool { return strings.Contains(log(), rests) })
		if head := n.Client().Head(); head.Finalised.Number != 0 || head.Best.Number <= 6 {
			t.Errorf("it rests at %+v", head)
		}
		stop()
	})
	t.Run("does not vote", func(t *testing.T) {
		cfg := config(t, devSpec(t))
		cfg.NoGrandpa = true
		log := logged(t, &cfg)
		n, stop := run(t, cfg)
		waitFor(t, "20 blocks", func() bool { return n.Client().Head().Best.Number >= 20 })
		if n.Client().Head().Finalised.Number != 0 || strings.Contains(log(), rests) {
			t.Errorf("%+v: %s", n.Client().Head(), log())
		}
		stop()
	})
}
