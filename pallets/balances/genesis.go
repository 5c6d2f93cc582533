package balances

import (
	"bytes"
	"slices"

	"github.com/gotensor/gotensor/pallets/frame/json"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/units"
)

// Endowment is an account of the first state.
type Endowment struct {
	Who  chain.AccountID
	Free units.Rao
}

// BuildGenesis reads {"balances": [[address, RAO], …]} and opens these accounts. Error: *json.Error that names the entry: an account twice, or
// one with less than the existential deposit. The original's devAccounts, keys derived from a phrase, are refused: there is no key derivation
// in this runtime; name the accounts instead.
func (p *Pallet) BuildGenesis(config []byte) error {
	endowments, err := p.readGenesis(config)
	if err != nil {
		return err
	}
	return p.Endow(endowments)
}

func (p *Pallet) readGenesis(config []byte) (endowments []Endowment, err error) {
	if config == nil {
		return nil, nil
	}
	v, err := json.Parse(config)
	if err != nil {
		return nil, err
	}
	if !v.Field("devAccounts").IsNull() {
		return nil, json.At("devAccounts", &json.Error{What: "expected null: keys are not derived here"})
	}
	balances := v.Field("balances")
	if balances.IsNull() {
		return nil, nil
	}
	err = balances.Items(func(i int, item json.Value) error {
		pair, err := item.Tuple(2)
		if err != nil {
			return err
		}
		who, err := pair[0].Account()
		if err != nil {
			return json.At(json.Index(0), err)
		}
		free, err := pair[1].Uint64()
		if err != nil {
			return json.At(json.Index(1), err)
		}
		endowments = append(endowments, Endowment{who, units.Rao(free)})
		return nil
	})
	return endowments, json.At("balances", err)
}

// Endow opens the accounts of the first state and sets the issuance to their sum. It writes nothing where it returns an error: *json.Error that
// names the entry.
func (p *Pallet) Endow(endowments []Endowment) error {
	sorted := make([]int, len(endowments))
	var issuance units.Rao
	for i, e := range endowments {
		sorted[i] = i
		if e.Free < p.ExistentialDeposit {
			return entryError(i, "balance below the existential deposit")
		}
		var ok bool
		if issuance, ok = units.CheckedAdd(issuance, e.Free); !ok {
			return entryError(i, "the balances up to here exceed 64 bits")
		}
	}
	slices.SortStableFunc(sorted, func(i, j int) int { return bytes.Compare(endowments[i].Who[:], endowments[j].Who[:]) })
	for n := 1; n < len(sorted); n++ {
		if endowments[sorted[n-1]].Who == endowments[sorted[n]].Who {
			return entryError(sorted[n], "account is there twice")
		}
	}
	p.SetTotalIssuance(issuance)
	for _, e := range endowments {
		system.IncProviders(e.Who)
		err := system.TryMutateExists(e.Who, func(a *system.AccountData, _ bool) (bool, error) {
			*a = system.AccountData{Free: e.Free, Flags: system.NewLogic}
			return true, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func entryError(i int, what string) error {
	return json.At("balances", json.At(json.Index(i), &json.Error{What: what}))
}
