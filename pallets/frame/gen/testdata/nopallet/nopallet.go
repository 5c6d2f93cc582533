// Package nopallet has what only a pallet may have.
package nopallet

import "github.com/gotensor/gotensor/pallets/frame"

type Storage struct {
	Count frame.Value[uint32]
}

//frame:event 0
type Added struct{ A uint32 }

//frame:call 0
//frame:weight frame.RefTime(1)
func Add(origin frame.Origin) error { return nil }
