// Package json reads genesis configurations: JSON, for pallets, without what encoding/json would add to a runtime.
//
// # Picture
//
// A [Value] is a piece of the text that is known to be one JSON value. Asking it for a member or an item gives another piece; nothing is copied or built.
//
//	{"balances":[["5Grw…",1000]],"devAccounts":null}
//	             └ Item ┘
//
// # Rules
//
//   - Parse takes any bytes, checks the whole text once by RFC 8259, and bounds its depth; a Value made by it, and what it gives, is well formed.
//   - A getter that meets another kind of value returns an error that says what it expected and shows what it got, not more than the first few bytes.
//   - Of two members with one name the last counts. The zero Value, what Field gives for an absent member, is null.
//
// # What it does not do
//
// It writes no JSON, and reads no numbers but non-negative integers. Numbers beyond 64 bits are errors.
//
//	v, err := json.Parse(config)
//	key, err := v.Field("key").Account()
//
// Source: RFC 8259.
package json
