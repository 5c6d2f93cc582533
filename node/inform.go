package node

import (
	"context"
	"errors"
	"time"

	"github.com/gotensor/gotensor/node/client"
	"github.com/gotensor/gotensor/node/logging"
	"github.com/gotensor/gotensor/storage/db"
)

// inform logs imported blocks and, every few seconds, how the chain stands, and keeps the gauges.
func (n *Node) inform(ctx context.Context) error {
	log := n.target("substrate")
	events := n.client.Subscribe(eventsKept)
	defer events.Close()
	ticks := time.NewTicker(logging.InformantInterval)
	defer ticks.Stop()
	informant := logging.NewInformant(time.Now())

	next := make(chan client.Event)
	go func() {
		defer close(next)
		for {
			event, err := events.Next(ctx)
			if lagged := new(client.LaggedError); errors.As(err, &lagged) {
				continue
			}
			if err != nil {
				return
			}
			select {
			case next <- event:
			case <-ctx.Done():
				return
			}
		}
	}()
	n.gauge(n.client.Head())
	n.gaugeStore()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case event, ok := <-next:
			if !ok {
				return ctx.Err()
			}
			n.gauge(n.client.Head())
			if i := event.Imported; i != nil {
				full := n.cfg.Log.FullHashes()
				if i.NewBest && len(i.Route.Retracted) > 0 {
					old := i.Route.Retracted[0]
					log.Info(logging.Reorg(uint64(old.Number), old.Hash, uint64(i.Number), i.Hash, uint64(i.Route.Common.Number), i.Route.Common.Hash, full))
				}
				log.Info(logging.Imported(i.NewBest, uint64(i.Number), i.Header.ParentHash, i.Hash, full))
			}
		case now := <-ticks.C:
			n.gaugeStore() // here alone: it walks all that is not final
			if n.cfg.Quiet {
				continue
			}
			head := n.client.Head()
			log.Info(informant.Line(now, logging.Status{
				BestNumber: uint64(head.Best.Number), Best: head.Best.Hash, FinalizedNumber: uint64(head.Finalised.Number), Finalized: head.Finalised.Hash,
			}, n.cfg.Log.FullHashes()))
		}
	}
}

func (n *Node) gauge(head db.Head) {
	n.gauges.Heights(uint64(head.Best.Number), uint64(head.Finalised.Number), uint64(head.Best.Number))
	n.gauges.Ready(n.pool.Status().Ready)
}

// gaugeStore tells of leaves, and what the store takes of memory: its engine, and the changes that blocks above the last final one made to the state.
func (n *Node) gaugeStore() {
	n.gauges.Leaves(len(n.store.Leaves()))
	stats := n.store.Stats()
	n.gauges.Caches(stats.Store.MemoryBytes, uint64(stats.LayerMemory))
}
