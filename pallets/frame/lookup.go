package frame

import "github.com/gotensor/gotensor/primitives/chain"

// Lookup returns the account that an address names. The chain has no account indices, so only account ids name one. Error: CannotLookup.
// Source: sp_runtime, AccountIdLookup.
func Lookup(a chain.MultiAddress) (chain.AccountID, error) {
	who, ok := a.AccountID()
	if !ok {
		return who, CannotLookup
	}
	return who, nil
}

// Passive holds the place of an extension in the runtime's list whose pallet is not part of the runtime: clients find its identifier
// where they expect it, it adds no byte to transactions, and there is nothing that it could check.
type Passive struct {
	Plain
	Name string
}

// Identifier implements Extension.
func (p Passive) Identifier() string { return p.Name }

// The place holders are extensions.
var _ Extension = Passive{}
