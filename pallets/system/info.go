package system

import (
	"iter"

	"github.com/gotensor/gotensor/primitives/chain"
)

// AccountOf returns all that is known of the account; the default where there is none.
func AccountOf(who chain.AccountID) AccountInfo { return instance.Account.Get(who) }

// Accounts walks all accounts in the order of the state.
func Accounts() iter.Seq2[chain.AccountID, AccountInfo] { return instance.Account.All() }

// UpdateAccount stores what AccountOf returned, with other data. An account without providers and sufficients is removed instead. It is
// what TryMutateExists ends with, for who has read the account already and changed no reference since.
func UpdateAccount(who chain.AccountID, a AccountInfo) {
	if a.Providers > 0 || a.Sufficients > 0 {
		instance.Account.Put(who, a)
	} else {
		instance.Account.Remove(who)
	}
}
