package node

import (
	"context"
	"fmt"

	"github.com/gotensor/gotensor/node/authoring"
	"github.com/gotensor/gotensor/node/client"
	"github.com/gotensor/gotensor/node/finality"
)

// openConsensus makes the voter and the author.
func (n *Node) openConsensus(ctx context.Context) (err error) {
	voters := n.keystore
	if n.cfg.NoGrandpa || !n.cfg.Authority {
		voters = nil
	}
	n.finality, err = finality.New(ctx, finality.Config{Client: n.client, Keystore: voters, Clock: n.cfg.Clock, Log: n.log, Metrics: n.registry})
	if unloadable(err) { // on the first start the authorities are asked from the runtime, and there is no node without
		return fmt.Errorf("%w; to go on: %s", err, client.Remedy(n.client.Head().Finalised))
	}
	if err != nil {
		return err
	}
	n.tasks = append(n.tasks, task{"finality", n.finality.Run})
	if !n.cfg.Authority {
		return nil
	}
	author, err := authoring.New(authoring.Config{
		Client: n.client, Import: n.finality.Import, Pool: n.pool, Keystore: n.keystore, Clock: n.cfg.Clock, Force: n.cfg.ForceAuthoring, Log: n.log, Metrics: n.registry,
	})
	if err != nil {
		return err
	}
	n.tasks = append(n.tasks, task{"authoring", author.Run})
	return nil
}
