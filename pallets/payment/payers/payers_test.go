package payers_test

import (
	"testing"

	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/payment/payers"
	"github.com/gotensor/gotensor/pallets/proxy"
	"github.com/gotensor/gotensor/pallets/system"
	"github.com/gotensor/gotensor/pallets/utility"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/testnet/native"
)

// The accounts: a signer, and two for whom calls are made.
var signer, outer, inner, other = chain.AccountID{1}, chain.AccountID{2}, chain.AccountID{3}, chain.AccountID{4}

func proxied(real chain.AccountID, c frame.Call) frame.Call {
	return &proxy.ProxyCall{Real: chain.AddressOf(real), Call: c}
}

// Who pays, for each shape of call that Subtensor looks into and for those that it does not. Source: opentensor/subtensor
// runtime/src/transaction_payment_wrapper.rs, extract_real_fee_payer.
func TestFind(t *testing.T) {
	var (
		sys system.Pallet
		u   utility.Pallet
		p   proxy.Pallet
	)
	frame.Install(nil, frame.Entry{Index: 0, Name: "System", Pallet: &sys}, frame.Entry{Index: 11, Name: "Utility", Pallet: &u},
		frame.Entry{Index: 16, Name: "Proxy", Pallet: &p})
	remark := frame.Call(&system.RemarkCall{})
	type pair = [2]chain.AccountID
	one, two, both := []pair{{outer, signer}}, []pair{{inner, outer}}, []pair{{outer, signer}, {inner, outer}}
	batch := func(calls ...frame.Call) frame.Call { return &utility.BatchCall{Calls: calls} }
	alike := []frame.Call{proxied(inner, remark), proxied(inner, remark)}
	for name, c := range map[string]struct {
		call frame.Call
		pays []pair // who pays for whom
		want chain.AccountID
	}{
		"no proxy call":                              {remark, both, signer},
		"proxy, nobody pays":                         {proxied(outer, remark), nil, signer},
		"proxy, outer pays":                          {proxied(outer, remark), one, outer},
		"proxy in proxy, outer pays":                 {proxied(outer, proxied(inner, remark)), one, outer},
		"proxy in proxy, only inner pays":            {proxied(outer, proxied(inner, remark)), two, signer},
		"proxy in proxy, both pay":                   {proxied(outer, proxied(inner, remark)), both, inner},
		"proxy in proxy in proxy":                    {proxied(outer, proxied(inner, proxied(other, remark))), append(both, pair{other, inner}), inner},
		"batch, outer pays":                          {proxied(outer, batch(alike...)), one, outer},
		"batch, both pay":                            {proxied(outer, batch(alike...)), both, inner},
		"batch_all, both pay":                        {proxied(outer, &utility.BatchAllCall{Calls: alike}), both, inner},
		"force_batch, both pay":                      {proxied(outer, &utility.ForceBatchCall{Calls: alike}), both, inner},
		"batch of different accounts":                {proxied(outer, batch(proxied(inner, remark), proxied(other, remark))), append(both, pair{other, outer}), outer},
		"batch with another call":                    {proxied(outer, batch(proxied(inner, remark), remark)), both, outer},
		"empty batch":                                {proxied(outer, batch()), both, outer},
		"batch outside of proxy":                     {batch(proxied(outer, remark)), both, signer},
		"batch in batch":                             {proxied(outer, batch(batch(alike...))), both, outer},
		"announced":                                  {&proxy.ProxyAnnouncedCall{Delegate: chain.AddressOf(signer), Real: chain.AddressOf(outer), Call: remark}, one, signer},
		"address that is none":                       {&proxy.ProxyCall{Real: chain.MultiAddress{Kind: chain.AddressRaw}, Call: remark}, one, signer},
		"proxy in proxy, inner address that is none": {proxied(outer, &proxy.ProxyCall{Real: chain.MultiAddress{Kind: chain.AddressIndex}, Call: remark}), both, outer},
	} {
		t.Run(name, func(t *testing.T) {
			native.New(t).Run(func() {
				for _, pair := range c.pays {
					p.RealPaysFee.Put(pair[0], pair[1], proxy.Nothing{})
				}
				got, ok := payers.Of(&p).Find(c.call, signer)
				if !ok {
					got = signer
				}
				if got != c.want {
					t.Errorf("account %d pays, want %d", got[0], c.want[0])
				}
			})
		})
	}
}
