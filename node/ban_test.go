package node_test

import (
	"testing"
	"time"

	"github.com/gotensor/gotensor/node/pool"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/testnet/driver"
	"github.com/gotensor/gotensor/testnet/upgrades"
)

// With bans that are over at once, as --dev has them, what was included is told of as included: no watcher of a transfer is told that it is invalid.
func TestNoBans(t *testing.T) {
	cfg := config(t, devSpec(t))
	cfg.Pool.BanPeriod = time.Nanosecond
	n, _ := run(t, cfg)
	alice, err := driver.NewSender("//Alice")
	if err != nil {
		t.Fatal(err)
	}
	bob, err := driver.NewSender("//Bob")
	if err != nil {
		t.Fatal(err)
	}
	genesis, to := n.Client().Genesis(), bob.Account()
	terms := driver.Terms{Version: upgrades.Base(t).Version, Genesis: genesis, Birth: genesis, MetadataHash: true}
	var watches []*pool.Watch
	for first := n.Client().Head().Best.Number; n.Client().Head().Best.Number < first+8; time.Sleep(10 * time.Millisecond) {
		_, watch, err := n.Pool().SubmitAndWatch(t.Context(), pool.Local, alice.Sign(scale.AppendCompact(append([]byte{5, 3, 0}, to[:]...), uint64(1_000_000)), terms))
		if err != nil {
			t.Fatal(err)
		}
		watches = append(watches, watch)
	}
	for i, watch := range watches {
		for included := false; !included; {
			status, err := watch.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			switch status.Kind {
			case pool.StatusReady, pool.StatusBroadcast:
			case pool.StatusInBlock:
				included = true
			default:
				t.Fatalf("transfer %d of %d: %s", i, len(watches), status)
			}
		}
		watch.Close()
	}
}
