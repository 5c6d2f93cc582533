package node

import "context"

func (n *Node) openConsensus(context.Context) error { return nil }
