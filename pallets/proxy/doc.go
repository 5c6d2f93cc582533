// Package proxy lets accounts act for other accounts, within what the kind of the proxy allows.
//
// # Picture
//
//	real ──add_proxy(delegate, kind, delay)──► Proxies[real] = [(delegate, kind, delay) …], deposit of real
//
//	delay 0:   delegate ──proxy(real, call)──► call runs as real, if the kind allows it
//	delay > 0: delegate ──announce(real, hash)──► Announcements[delegate], deposit of delegate
//	              … delay blocks, in which real may reject_announcement …
//	           anybody ──proxy_announced(delegate, real, call)──► announcement removed, call runs as real
//
//	create_pure makes an account without a key, whose only master is its first proxy; kill_pure ends it
//
// # Rules
//
//   - The call runs with the origin of the real account and the base filter, restricted to what the kind allows: also the calls inside of it.
//     Whatever the kind, a proxy makes and removes only proxies that can do no more than itself, and only the kind Any removes all
//     proxies or a pure account.
//   - Among several entries for one delegate the first in the order of the list counts, unless the call names the kind.
//   - Lists are in ascending order of delegate, kind and delay, without doubles, and at most MaxProxies long; announcements stand in the
//     order in which they were made, at most MaxPending.
//   - Deposits are a base and a part for each entry. poke_deposit brings them to what the constants now say, and is free if it changed something.
//     The deposit of a pure account is held by who created it.
//   - The outcome of the inner call is an event and, until the end of the block, LastCallResult of the real account (contracts read it).
//     The outer call succeeds. proxy pays a fee if the inner call does.
//   - With set_real_pays_fee the real account pays the fees of a delegate's proxy calls; the payment extension asks PaysFee. The setting
//     ends with the proxy.
//   - Invariants (TryState): lists are ordered and within their limits, and no delegate has less in reserve than its announcements' deposit.
//
// # What it does not do
//
// It does not know what the kinds mean: the runtime fills in Allows and Superset (package kinds has Subtensor's). An announcement does not
// expire. Money that a pure account holds when it is killed is lost. The invariant of deposits does not hold after root has taken reserves
// away by force.
//
// Source: opentensor/subtensor pallets/proxy, a fork of paritytech/polkadot-sdk substrate/frame/proxy.
package proxy
