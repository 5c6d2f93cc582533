// Package payers finds out who pays the fee of a transaction whose call is made for others.
//
// # Picture
//
//	signer S ── proxy(B, …)                          B pays, if B pays for S
//	signer S ── proxy(B, proxy(A, …))                A pays, if besides A pays for B
//	signer S ── proxy(B, batch[proxy(A, …), …])      the same, if all calls of the batch are proxy calls for one A
//
// That an account pays for a delegate it says with the call set_real_pays_fee of package proxy. In all other cases the signer pays, or B where
// only the first step holds. Calls that were announced, deeper nesting, and batches of others are not looked into.
//
// # What it does not do
//
// It does not look whether the delegate is a proxy of the account: such a call fails, and the account that has said so pays for it all the same.
//
//	charge := payment.ChargeReal{Charge: …, Payer: payers.Of(&proxies).Find}
//
// Source: opentensor/subtensor runtime/src/transaction_payment_wrapper.rs, spec 425.
package payers

import (
	"github.com/gotensor/gotensor/pallets/frame"
	"github.com/gotensor/gotensor/pallets/proxy"
	"github.com/gotensor/gotensor/pallets/utility"
	"github.com/gotensor/gotensor/primitives/chain"
)

// Payers finds payers in the state of package proxy.
type Payers struct{ proxies *proxy.Pallet }

// Of returns the payers that the pallet knows.
func Of(proxies *proxy.Pallet) Payers { return Payers{proxies} }

// Find returns who pays for the call of signer, and false where that is signer.
func (p Payers) Find(c frame.Call, signer chain.AccountID) (payer chain.AccountID, ok bool) {
	outer, inner, ok := proxied(c)
	if !ok || !p.pays(outer, signer) {
		return payer, false
	}
	if real, _, ok := proxied(inner); ok && p.pays(real, outer) {
		return real, true
	}
	if real, ok := common(inner); ok && p.pays(real, outer) {
		return real, true
	}
	return outer, true
}

// pays tells whether the account pays what the delegate does for it.
func (p Payers) pays(account, delegate chain.AccountID) bool {
	return p.proxies.RealPaysFee.Has(account, delegate)
}

// proxied returns for whom a proxy call is made, and what it calls.
func proxied(c frame.Call) (account chain.AccountID, inner frame.Call, ok bool) {
	call, ok := c.(*proxy.ProxyCall)
	if !ok {
		return account, nil, false
	}
	account, err := frame.Lookup(call.Real)
	return account, call.Call, err == nil
}

// common returns the account for which all calls of a batch are made.
func common(c frame.Call) (account chain.AccountID, ok bool) {
	var calls []frame.Call
	switch c := c.(type) {
	case *utility.BatchCall:
		calls = c.Calls
	case *utility.BatchAllCall:
		calls = c.Calls
	case *utility.ForceBatchCall:
		calls = c.Calls
	}
	for i, call := range calls {
		real, _, ok := proxied(call)
		if !ok || i > 0 && real != account {
			return account, false
		}
		account = real
	}
	return account, len(calls) > 0
}
