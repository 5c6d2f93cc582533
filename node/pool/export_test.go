package pool

import (
	"context"

	"github.com/gotensor/gotensor/storage/db"
)

// CallBeforeVersion3 validates as runtimes before version 3 of the API want it: in a block that was begun for them.
func CallBeforeVersion3(ctx context.Context, c Chain, at db.Point, args []byte) ([]byte, error) {
	return c.(*clientChain).call(ctx, at, 2, args)
}
