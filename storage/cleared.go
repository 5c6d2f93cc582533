package storage

// Cleared tells what a clear by prefix did.
type Cleared struct {
	Backend uint32 // keys deleted that were in the parent state
	Unique  uint32 // keys deleted in all: those of the parent state and those of the overlay alone
	Loops   uint32 // keys of the parent state looked at
	Next    []byte // cursor to resume from; nil when all was deleted
}
