package rpc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"iter"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gotensor/gotensor/node/jsonrpc"
	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/ss58"
)

// Parameters are read as serde reads them in Substrate, null and numbers of the wrong kind refused, and its words are used where a client sees them. encoding/json
// alone would take null for an empty string and for 0.

// kind names the type of a JSON value as serde does in its errors.
func kind(b []byte) string {
	switch {
	case len(b) == 0:
		return "end of input"
	case b[0] == '"':
		var s string
		_ = json.Unmarshal(b, &s) // the scanner accepted it; where its text is not UTF-8, s is empty
		return "string " + strconv.Quote(clip(s))
	case b[0] == '{':
		return "map"
	case b[0] == '[':
		return "sequence"
	case b[0] == 't' || b[0] == 'f':
		return "boolean `" + string(b) + "`"
	case b[0] == 'n':
		return "null"
	case bytes.ContainsAny(b, ".eE"):
		return "floating point `" + clip(string(b)) + "`"
	}
	return "integer `" + clip(string(b)) + "`"
}

// clip bounds what an error repeats of what a client sent.
func clip(s string) string {
	const most = 128
	if len(s) <= most {
		return s
	}
	n := most
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}

func wrongType(b []byte, expected string) error {
	return jsonrpc.InvalidParams("invalid type: " + kind(b) + ", expected " + expected)
}

// stringOf returns the text of a JSON string.
func stringOf(b []byte, expected string) (string, error) {
	if len(b) < 2 || b[0] != '"' {
		return "", wrongType(b, expected)
	}
	if inner := b[1 : len(b)-1]; bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return string(inner), nil
	}
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return "", jsonrpc.InvalidParams(err.Error())
	}
	return s, nil
}

// text is a string.
type text string

func (t *text) UnmarshalJSON(b []byte) error {
	s, err := stringOf(b, "a string")
	*t = text(s)
	return err
}

// boolean is true or false.
type boolean bool

func (v *boolean) UnmarshalJSON(b []byte) error {
	switch string(b) {
	case "true":
		*v = true
	case "false":
		*v = false
	default:
		return wrongType(b, "a boolean")
	}
	return nil
}

// u32 is an integer from 0 to 2^32-1.
type u32 uint32

func (n *u32) UnmarshalJSON(b []byte) error {
	v, err := strconv.ParseUint(string(b), 10, 32)
	if err == nil {
		*n = u32(v)
		return nil
	}
	if k := kind(b); len(b) > 0 && (b[0] == '-' || b[0] >= '0' && b[0] <= '9') && k[0] == 'i' {
		return jsonrpc.InvalidParams("invalid value: " + k + ", expected u32")
	}
	return wrongType(b, "u32")
}

const hexText = "a (both 0x-prefixed or not) hex string"

// octets are bytes in hexadecimal, with 0x in front or without it. An odd number of digits is read as if a 0 stood in front, as impl-serde reads it.
type octets []byte

func (o *octets) UnmarshalJSON(b []byte) error {
	if len(b) < 2 || b[0] != '"' {
		return wrongType(b, hexText)
	}
	digits := b[1 : len(b)-1]
	if bytes.IndexByte(digits, '\\') >= 0 {
		s, err := stringOf(b, hexText)
		if err != nil {
			return err
		}
		digits = []byte(s)
	}
	out, err := unhex(digits)
	*o = out
	return err
}

// unhex decodes hexadecimal digits behind an optional 0x.
func unhex(digits []byte) ([]byte, error) {
	stripped := 0
	if len(digits) >= 2 && digits[0] == '0' && digits[1] == 'x' {
		digits, stripped = digits[2:], 2
	}
	out := make([]byte, (len(digits)+1)/2)
	odd := len(digits) % 2
	for i, c := range digits {
		v := nibbles[c]
		if v > 15 {
			r, _ := utf8.DecodeRune(digits[i:])
			return nil, jsonrpc.InvalidParams(fmt.Sprintf("invalid hex character: %c, at %d", r, i+stripped))
		}
		out[(i+odd)/2] = out[(i+odd)/2]<<4 | v
	}
	return out, nil
}

// nibbles is the value of each hexadecimal digit, 0xff for what is none.
var nibbles = func() (t [256]byte) {
	for i := range t {
		t[i] = 0xff
	}
	for i := range byte(10) {
		t['0'+i] = i
	}
	for i := range byte(6) {
		t['a'+i], t['A'+i] = 10+i, 10+i
	}
	return t
}()

// h256 is a hash in hexadecimal.
type h256 hash.H256

func (h h256) hash() hash.H256 { return hash.H256(h) }

func (h *h256) UnmarshalJSON(b []byte) error {
	const expected = hexText + " with length of 64"
	s, err := stringOf(b, expected)
	if err != nil {
		return err
	}
	digits := []byte(s)
	n := len(digits)
	if n >= 2 && s[:2] == "0x" {
		n -= 2
	}
	if n != 64 {
		return jsonrpc.InvalidParams(fmt.Sprintf("invalid length %d, expected %s", n, expected))
	}
	out, err := unhex(digits)
	if err != nil {
		return err
	}
	copy(h[:], out)
	return nil
}

// optional reads a parameter that may be missing or null: nil then. Source: jsonrpsee, Params::optional_next.
func optional[T any](p *jsonrpc.Params) (*T, error) {
	var v *T
	err := p.Optional(&v)
	return v, err
}

// read reads parameters that must be there, in their order.
func read(p *jsonrpc.Params, into ...any) error {
	for _, v := range into {
		if err := p.Next(v); err != nil {
			return err
		}
	}
	return nil
}

// list is a list of parameters of one kind.
type list[T any] []T

func (l *list[T]) UnmarshalJSON(b []byte) error {
	if len(b) == 0 || b[0] != '[' {
		return wrongType(b, "a sequence")
	}
	return json.Unmarshal(b, (*[]T)(l))
}

// keyList is a list of bytes: the keys of a query, a thousand of them in every page of a map that a client reads. What encoding/json would do, to look at each byte three
// times, is saved. It is refused where its keys, each with so many bytes beyond its digits, are more than what is left.
type keyList struct {
	keys       [][]byte
	each, left int
}

func (l *keyList) UnmarshalJSON(b []byte) error {
	if len(b) == 0 || b[0] != '[' {
		return wrongType(b, "a sequence")
	}
	l.keys = make([][]byte, 0, min(bytes.Count(b, []byte(`"`))/2, l.left/l.each+1))
	for element := range elements(b) {
		var key octets
		if err := key.UnmarshalJSON(element); err != nil {
			return err
		}
		if l.left -= l.each + 2*len(key); l.left < 0 {
			return errTooMuch
		}
		l.keys = append(l.keys, key)
	}
	return nil
}

// elements yields the strings, numbers and literals of a list that is valid JSON, one at a time. Of a list or an object in it, it yields the beginning, enough to say
// what it is: whoever meets one goes no further.
func elements(b []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for i := 1; ; i++ { // between elements there is space, and one comma
			for b[i] == ' ' || b[i] == '\t' || b[i] == '\n' || b[i] == '\r' || b[i] == ',' {
				i++
			}
			if b[i] == ']' {
				return
			}
			start := i
			if b[i] == '"' {
				for i++; b[i] != '"'; i++ {
					if b[i] == '\\' {
						i++
					}
				}
			} else {
				i += max(bytes.IndexAny(b[i:], ",] \t\r\n")-1, 0)
			}
			if !yield(b[start : i+1]) {
				return
			}
		}
	}
}

// keysParam reads a list of keys that must be there, no more than could be answered with so many bytes each beyond its digits.
func (a *api) keysParam(p *jsonrpc.Params, each int) ([][]byte, error) {
	var raw json.RawMessage // the transport has looked at its syntax
	keys := keyList{each: each, left: a.MaxResponse}
	err := p.Next(&raw)
	if err == nil {
		err = keys.UnmarshalJSON(raw)
	}
	return keys.keys, err
}

// blockParam reads the parameter that names a block by its hash; nil where it is missing, for the best block.
func blockParam(p *jsonrpc.Params) (*hash.H256, error) {
	h, err := optional[h256](p)
	return (*hash.H256)(h), err
}

// address is an account id as an SS58 address of any network. Custom prefixes beyond the one that everybody uses are taken as well: what matters is the key.
// Source: sp_core, AccountId32's Deserialize.
type address chain.AccountID

func (a *address) UnmarshalJSON(b []byte) error {
	s, err := stringOf(b, "a string")
	if err != nil {
		return err
	}
	_, payload, err := ss58.Decode(s)
	if err == nil && len(payload) != len(a) {
		err = ss58.ErrLength
	}
	if err != nil {
		return jsonrpc.InvalidParams(fmt.Sprintf("account address %q: %v", clip(s), err))
	}
	copy(a[:], payload)
	return nil
}

// numberOrHex is an integer as a number, up to 2^64-1, or as a string of hexadecimal digits, up to 2^256-1. Source: sp_rpc::number.
type numberOrHex struct {
	n      uint64
	digits string // hexadecimal, of a value over 2^64-1; n is 0 then
	hex    bool
}

func (n *numberOrHex) UnmarshalJSON(b []byte) error {
	const expected = "data did not match any variant of untagged enum NumberOrHex"
	if len(b) > 0 && b[0] == '"' {
		digits, err := stringOf(b, "a string")
		if err != nil {
			return err
		}
		digits = strings.TrimPrefix(digits, "0x")
		if len(digits) == 0 || len(digits) > 64 || strings.ContainsFunc(digits, func(r rune) bool { return r > 255 || nibbles[r] > 15 }) {
			return jsonrpc.InvalidParams(expected)
		}
		n.hex = true
		if digits = strings.TrimLeft(digits, "0"); len(digits) > 16 {
			n.digits = digits
		} else if digits != "" {
			n.n, err = strconv.ParseUint(digits, 16, 64)
		}
		return err
	}
	v, err := strconv.ParseUint(string(b), 10, 64)
	if err != nil {
		return jsonrpc.InvalidParams(expected)
	}
	n.n = v
	return nil
}

// blockNumber returns n as a block number. Source: sc-rpc, ChainBackend::block_hash.
func (n *numberOrHex) blockNumber() (chain.BlockNumber, error) {
	if n.digits == "" && n.n <= 1<<32-1 {
		return chain.BlockNumber(n.n), nil
	}
	variant, value := "Number", strconv.FormatUint(n.n, 10)
	if n.hex {
		variant = "Hex"
	}
	if large, ok := new(big.Int).SetString(n.digits, 16); ok {
		value = large.String()
	}
	return 0, &jsonrpc.Error{Code: chainOther, Message: fmt.Sprintf("`%s(%s)` > u32::MAX, the max block number is u32.", variant, value)}
}

// numbers is one number or a list of no more than most. Source: sp_rpc::list.
type numbers struct {
	list   []numberOrHex
	isList bool
	most   int
}

func (n *numbers) UnmarshalJSON(b []byte) error {
	const expected = "data did not match any variant of untagged enum ListOrValue"
	n.isList = len(b) > 0 && b[0] == '['
	if !n.isList {
		n.list = make([]numberOrHex, 1)
		if n.list[0].UnmarshalJSON(b) != nil {
			return jsonrpc.InvalidParams(expected)
		}
		return nil
	}
	n.list = []numberOrHex{}
	for element := range elements(b) {
		var one numberOrHex
		if one.UnmarshalJSON(element) != nil {
			return jsonrpc.InvalidParams(expected)
		}
		if len(n.list) == n.most {
			return errTooMuch
		}
		n.list = append(n.list, one)
	}
	return nil
}

// extrinsicOrHash names a transaction of the pool: {"hash": "0x…"} or {"extrinsic": "0x…"}. Source: sc-rpc-api, author/hash.rs.
type extrinsicOrHash struct {
	hash      *h256
	extrinsic octets
}

func (e *extrinsicOrHash) UnmarshalJSON(b []byte) error {
	var object map[string]json.RawMessage
	if len(b) == 0 || b[0] != '{' || json.Unmarshal(b, &object) != nil || len(object) != 1 {
		return wrongType(b, "an object with either hash or extrinsic")
	}
	for name, value := range object {
		switch name {
		case "hash":
			e.hash = new(h256)
			return e.hash.UnmarshalJSON(value)
		case "extrinsic":
			return e.extrinsic.UnmarshalJSON(value)
		default:
			return jsonrpc.InvalidParams(fmt.Sprintf("unknown variant `%s`, expected `hash` or `extrinsic`", clip(name)))
		}
	}
	return nil
}

// storageKind is where offchain data lies. Source: sp_core::offchain::StorageKind.
type storageKind bool

const (
	persistentStorage storageKind = false
	localStorage      storageKind = true // of one fork: Substrate does not have it either
)

func (k *storageKind) UnmarshalJSON(b []byte) error {
	s, err := stringOf(b, "variant identifier")
	if err != nil {
		return err
	}
	switch s {
	case "PERSISTENT":
		*k = persistentStorage
	case "LOCAL":
		*k = localStorage
	default:
		return jsonrpc.InvalidParams(fmt.Sprintf("unknown variant `%s`, expected `PERSISTENT` or `LOCAL`", clip(s)))
	}
	return nil
}
