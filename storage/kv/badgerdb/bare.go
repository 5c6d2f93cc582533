package badgerdb

import (
	"cmp"

	"github.com/dgraph-io/badger/v4"
)

// BadgerOptions returns what Badger is opened with: for who measures beside it a Badger that has nothing around it.
func BadgerOptions(dir string, o Options) badger.Options {
	o.Memory = cmp.Or(o.Memory, DefaultMemory)
	return badgerOptions(dir, o)
}
