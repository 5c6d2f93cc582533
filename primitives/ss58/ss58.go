package ss58

import (
	"bytes"
	"errors"
	"strconv"

	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/internal/text"
)

// Generic is the prefix of addresses for any Substrate chain. Bittensor uses it.
const Generic = 42

// MaxPrefix is the greatest prefix that two bytes hold.
const MaxPrefix = 1<<14 - 1

// maxText bounds what Decode looks at: 2 bytes of prefix, 33 of payload and 2 of checksum are at most 51 characters.
const maxText = 64

// Kinds of errors, to be matched with errors.Is.
var (
	ErrBase58   = errors.New("not base58")
	ErrLength   = errors.New("impossible length")
	ErrPrefix   = errors.New("bad address prefix")
	ErrChecksum = errors.New("checksum does not match")
)

// checkContext stands before the bytes that are hashed for the checksum.
var checkContext = []byte("SS58PRE")

// Encode returns the address of payload for the network prefix. Prefixes above MaxPrefix and the reserved 46 and 47, and payloads that are not of
// 1, 2, 4, 8, 32 or 33 bytes, are ErrPrefix and ErrLength.
func Encode(prefix uint16, payload []byte) (string, error) {
	var raw []byte
	switch {
	case reserved(prefix) || prefix > MaxPrefix:
		return "", text.Wrap("ss58 prefix "+text.Int(int(prefix))+": "+ErrPrefix.Error(), ErrPrefix)
	case prefix < 64:
		raw = []byte{byte(prefix)}
	default:
		// The bits of the prefix, 15 14 13 … 0, of which the upper two are 0, go as 01 765432 and 10 13…8 (first byte: 01, then bits 7 to 2;
		// second byte: bits 1 and 0, then bits 13 to 8).
		raw = []byte{byte(prefix>>2)&0x3f | 0x40, byte(prefix>>8) | byte(prefix&3)<<6}
	}
	sum := 1
	switch len(payload) {
	case 1, 2, 4, 8:
	case 32, 33:
		sum = 2
	default:
		return "", text.Wrap("ss58 payload of "+text.Int(len(payload))+" bytes: "+ErrLength.Error(), ErrLength)
	}
	raw = append(raw, payload...)
	check := checksum(raw)
	return Base58(append(raw, check[:sum]...)), nil
}

// Decode returns the network prefix and the payload of an address. The errors wrap ErrBase58, ErrLength, ErrPrefix or ErrChecksum.
func Decode(address string) (prefix uint16, payload []byte, err error) {
	if len(address) > maxText {
		return 0, nil, text.Wrap("address of "+text.Int(len(address))+" characters: "+ErrLength.Error()+": at most "+text.Int(maxText), ErrLength)
	}
	fail := func(kind error, what string) (uint16, []byte, error) {
		return 0, nil, text.Wrap("address "+text.Quote(address)+": "+kind.Error()+": "+what, kind)
	}
	raw, err := decode58(address)
	if err != nil {
		return 0, nil, text.Wrap("address "+text.Quote(address)+": "+err.Error(), err)
	}
	if len(raw) == 0 {
		return fail(ErrLength, "nothing there")
	}
	head := 1
	switch first := raw[0]; {
	case first < 64:
		prefix = uint16(first)
	case first < 128:
		if len(raw) < 2 {
			return fail(ErrLength, "prefix has one of two bytes")
		}
		head = 2
		prefix = uint16(first&0x3f)<<2 | uint16(raw[1]>>6) | uint16(raw[1]&0x3f)<<8
		if prefix < 64 {
			return fail(ErrPrefix, text.Int(int(prefix))+" in two bytes")
		}
	default:
		return fail(ErrPrefix, "first byte "+text.Hex(raw[:1]))
	}
	if reserved(prefix) {
		return fail(ErrPrefix, text.Int(int(prefix))+" is reserved")
	}
	sum, ok := checksumLen(len(raw) - head)
	if !ok {
		return fail(ErrLength, text.Int(len(raw)-head)+" bytes behind the prefix")
	}
	body, got := raw[:len(raw)-sum], raw[len(raw)-sum:]
	want := checksum(body)
	if !bytes.Equal(got, want[:sum]) {
		return fail(ErrChecksum, "expected "+text.Hex(want[:sum])+", got "+text.Hex(got))
	}
	return prefix, body[head:], nil
}

func reserved(prefix uint16) bool { return prefix == 46 || prefix == 47 }

// checksumLen returns how many of n bytes (payload and checksum) are checksum, by the table of the address format. Each total is unambiguous.
func checksumLen(n int) (int, bool) {
	switch n {
	case 2, 3, 5, 9: // 1, 2, 4, 8 bytes of payload
		return 1, true
	case 4, 6, 10: // 2, 4, 8
		return 2, true
	case 7, 11: // 4, 8
		return 3, true
	case 8, 12: // 4, 8
		return 4, true
	case 13, 14, 15, 16: // 8
		return n - 8, true
	case 34, 35: // 32, 33
		return 2, true
	}
	return 0, false
}

func checksum(body []byte) [64]byte {
	return hash.Blake2b512(append(append(make([]byte, 0, len(checkContext)+len(body)), checkContext...), body...))
}

const alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

// digitOf maps a character to its base58 digit plus one; 0 is no digit.
var digitOf = func() (t [256]uint8) {
	for i := range len(alphabet) {
		t[alphabet[i]] = uint8(i + 1)
	}
	return t
}()

// encode58 writes each leading zero byte as '1' and the rest as a number in base 58. It is quadratic; inputs are at most 37 bytes.
func Base58(raw []byte) string {
	zeros := 0
	for zeros < len(raw) && raw[zeros] == 0 {
		zeros++
	}
	var digits []byte // least significant first
	for _, b := range raw[zeros:] {
		carry := uint32(b)
		for i := range digits {
			carry += uint32(digits[i]) << 8
			digits[i] = byte(carry % 58)
			carry /= 58
		}
		for ; carry > 0; carry /= 58 {
			digits = append(digits, byte(carry%58))
		}
	}
	out := bytes.Repeat([]byte{alphabet[0]}, zeros)
	for i := len(digits) - 1; i >= 0; i-- {
		out = append(out, alphabet[digits[i]])
	}
	return string(out)
}

func decode58(given string) ([]byte, error) {
	zeros := 0
	for zeros < len(given) && given[zeros] == alphabet[0] {
		zeros++
	}
	var raw []byte // least significant first
	for pos := zeros; pos < len(given); pos++ {
		digit := digitOf[given[pos]]
		if digit == 0 {
			return nil, errBase58(given[pos], pos)
		}
		carry := uint32(digit - 1)
		for i := range raw {
			carry += uint32(raw[i]) * 58
			raw[i] = byte(carry)
			carry >>= 8
		}
		for ; carry > 0; carry >>= 8 {
			raw = append(raw, byte(carry))
		}
	}
	out := make([]byte, zeros, zeros+len(raw))
	for i := len(raw) - 1; i >= 0; i-- {
		out = append(out, raw[i])
	}
	return out, nil
}

// errBase58 is the error of a character that is no digit; pos counts from 0.
func errBase58(c byte, pos int) error {
	return text.Wrap(ErrBase58.Error()+": character "+strconv.QuoteRune(rune(c))+" at position "+text.Int(pos+1), ErrBase58)
}
