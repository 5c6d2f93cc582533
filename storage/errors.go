package storage

import "errors"

// Errors that callers may match with errors.Is. All of them are the doing of the guest or of the caller; an error
// that matches none of them comes from the parent state.
var (
	// ErrNoTransaction is returned where a transaction is closed and none is open, or none that the guest opened.
	ErrNoTransaction = errors.New("no open transaction")
	// ErrTooDeep is returned by Begin when MaxTransactions are open.
	ErrTooDeep = errors.New("too many nested transactions")
	// ErrLimit is returned by writes once the overlay holds more than SetLimit allows.
	ErrLimit = errors.New("memory limit of the overlay reached")
	// ErrOpenTransaction is returned where all transactions must be closed and some are open.
	ErrOpenTransaction = errors.New("transaction still open")
	// ErrMode is returned when a guest call is entered twice, or left without having been entered.
	ErrMode = errors.New("guest call entered or left out of turn")
	// ErrChildKey is returned where a write would change a child trie's root by hand.
	ErrChildKey = errors.New("key belongs to a child trie's root")
	// ErrUnsorted is returned for changes that are not in strictly ascending order of their keys.
	ErrUnsorted = errors.New("changes out of order")
)
