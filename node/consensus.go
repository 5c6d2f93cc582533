package node

import (
	"context"
	"fmt"

	"github.com/gotensor/gotensor/consensus/aura"
	"github.com/gotensor/gotensor/consensus/grandpa"
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
	backoff, err := n.backoff()
	if err != nil {
		return err
	}
	author, err := authoring.New(authoring.Config{
		Client: n.client, Import: n.finality.Import, Pool: n.pool, Keystore: n.keystore, Clock: n.cfg.Clock, Force: n.cfg.ForceAuthoring, Backoff: backoff,
		Log: n.log, Metrics: n.registry,
	})
	if err != nil {
		return err
	}
	n.tasks = append(n.tasks, task{"authoring", author.Run})
	return nil
}

// unfinalisedSlack is how many blocks may wait for finality before the node rests. Source: opentensor/subtensor node/src/service.rs.
const unfinalisedSlack = 6

// backoff has the node rest where finality lags, if it votes: a chain that nobody makes final would come to a standstill by it.
func (n *Node) backoff() (*aura.Backoff, error) {
	voters, _ := n.finality.Voters()
	if n.cfg.NoGrandpa {
		return nil, nil
	}
	for _, v := range voters {
		votes, err := n.keystore.Has(grandpa.KeyType, v.ID[:])
		if err != nil {
			return nil, err
		}
		if votes {
			backoff := aura.DefaultBackoff
			backoff.UnfinalizedSlack = unfinalisedSlack
			return &backoff, nil
		}
	}
	return nil, nil
}
