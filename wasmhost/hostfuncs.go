package wasmhost

import (
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/tetratelabs/wazero/api"

	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage"
	"github.com/gotensor/gotensor/storage/trie"
)

// hostFuncs is the Host API: every function that a runtime may import from "env", one row each, chapter by chapter of the
// specification. A module that imports anything else, or one of these under another signature, is refused when it is loaded.
//
// Names, versions and encodings follow sp_io (paritytech/polkadot-sdk substrate/primitives/io/src/lib.rs), the versions that are kept
// for old runtimes included. An argument or a result takes one of these forms:
//
//	span     i64  bytes in guest memory: pointer in the low, length in the high 32 bits
//	SCALE    i64  a span that holds the SCALE encoding of the value
//	pointer  i32  address of bytes whose number the function knows: hashes, keys, signatures
//	number   i32 or i64; a narrower type counts its low bits only. A boolean result is 0 or 1
//
// A result that is a span or a pointer is a fresh allocation on the guest's heap, which the guest frees.
var hostFuncs = slices.Concat(
	storageFuncs,
	childStorageFuncs,
	cryptoFuncs,
	hashingFuncs,
	offchainFuncs,
	offchainIndexFuncs,
	trieFuncs,
	miscFuncs,
	allocatorFuncs,
	loggingFuncs,
	panicHandlerFuncs,
	transactionIndexFuncs,
	tracingFuncs,
	blsFuncs,
	benchmarkingFuncs,
	unofferedFuncs,
)

const (
	i32 = api.ValueTypeI32
	i64 = api.ValueTypeI64
)

func params(types ...api.ValueType) []api.ValueType { return types }

func results(types ...api.ValueType) []api.ValueType { return types }

// hostState is what host functions remember from one to the next within a call.
type hostState struct {
	batch  batchState
	worked int // bytes handled since the deadline was last looked at
}

// Errors of arguments. They reach the caller inside a Trap, which names the function and the parameter.
var (
	// ErrArgument: an argument is none that the host function takes.
	ErrArgument = errors.New("invalid argument")
	// ErrMisuse: a host function was called where an earlier call does not allow it, or one that it needs is missing.
	ErrMisuse = errors.New("host function called out of order")
)

// storage returns the state of the call. Traps where the context has none.
func (c *call) storage() Storage {
	if c.env.Storage == nil {
		c.trap(ErrForbidden)
	}
	return c.env.Storage
}

// check ends the call where err is not nil.
func (c *call) check(err error) {
	if err != nil {
		c.trap(err)
	}
}

// guestErrors are the errors of a state that are the guest's doing: every node has them alike.
var guestErrors = []error{storage.ErrNoTransaction, storage.ErrTooDeep, storage.ErrLimit, storage.ErrChildKey, trie.ErrSubstratePanics}

// checkState is check for errors of the state. Those of its back end are ErrHost: a disk that fails says nothing about the block.
func (c *call) checkState(err error) {
	if err == nil {
		return
	}
	for _, guest := range guestErrors {
		if errors.Is(err, guest) {
			c.trap(err)
		}
	}
	c.trap(fmt.Errorf("%w: state: %w", ErrHost, err))
}

// text returns the guest bytes that span names as a string. Traps where they are outside memory or no UTF-8.
func (c *call) text(s uint64, param int) string {
	data := c.bytes(s, param)
	if !utf8.Valid(data) {
		c.trapParam(param, fmt.Errorf("%w: %d bytes that are no UTF-8", ErrArgument, len(data)))
	}
	return string(data)
}

// decode reads the SCALE value in the guest bytes that span names. Bytes behind the value are ignored, as Substrate does.
// Views that read takes alias guest memory. Traps where the bytes are outside memory or no such value.
//
// What the bytes say is not bounded further: such a bound would be a rule of consensus that Substrate does not have.
func decode[T any](c *call, s uint64, param int, read func(*scale.Decoder) T) T {
	data := c.bytes(s, param)
	d := scale.NewDecoder(data)
	d.SetBudget(memoryPerByte * (len(data) + 1))
	value := read(d)
	c.decoded(d, param)
	return value
}

// memoryPerByte is how many bytes of memory a byte of an encoding may be worth, which is more than any value that host functions decode needs: the
// most are the 24 of an optional byte string whose encoding has one or two bytes. Sequences of byte strings are read in place (call.items).
const memoryPerByte = 64

// decoded ends the call where d could not read what the guest gave.
func (c *call) decoded(d *scale.Decoder, param int) {
	if err := d.Err(); err != nil {
		c.trapParam(param, fmt.Errorf("%w: %w", ErrArgument, err))
	}
}

// workInterval is how many bytes a host function handles between two looks at the deadline.
const workInterval = 1 << 20

// work counts bytes that a host function handles, and ends the call where its time is up. An item costs more than its bytes.
func (c *call) work(bytes int) {
	if c.worked += bytes + 64; c.worked >= workInterval {
		c.worked = 0
		c.waited()
	}
}

// optionU32 and optionU64 read SCALE options.
func optionU32(d *scale.Decoder) *uint32 { return scale.DecodeOption(d, (*scale.Decoder).U32) }

func optionU64(d *scale.Decoder) *uint64 { return scale.DecodeOption(d, (*scale.Decoder).U64) }

// optionView reads a SCALE Option<Vec<u8>> as a view: nil for none, not nil but empty for an empty value.
func optionView(d *scale.Decoder) []byte {
	value := scale.DecodeOption(d, (*scale.Decoder).View)
	if value == nil {
		return nil
	}
	return nonNil(*value)
}

// nonNil turns nil into an empty slice, where nil means something else to the callee.
func nonNil(data []byte) []byte {
	if data == nil {
		return []byte{}
	}
	return data
}

// allocPointer is alloc where the guest knows the length: it returns the address alone.
func (c *call) allocPointer(data []byte) uint64 { return c.alloc(data) & 0xffffffff }

// allocOption returns the span of a fresh SCALE Option<Vec<u8>>.
func (c *call) allocOption(value []byte, ok bool) uint64 {
	if !ok {
		return c.alloc([]byte{0})
	}
	var buf [6]byte
	head := scale.AppendLen(append(buf[:0], 1), len(value))
	n := uint64(len(head)) + uint64(len(value))
	if n > 1<<32-1 {
		c.trap(ErrMemoryLimit)
	}
	ptr, err := c.heap.Alloc(c.mem, uint32(n))
	c.check(err)
	c.write(ptr, head, -1)
	c.write(ptr+uint32(len(head)), value, -1)
	return n<<32 | uint64(ptr)
}

// allocOptionU32 returns the span of a fresh SCALE Option<u32>.
func (c *call) allocOptionU32(value uint32, ok bool) uint64 {
	if !ok {
		return c.alloc([]byte{0})
	}
	var buf [5]byte
	return c.alloc(scale.AppendU32(append(buf[:0], 1), value))
}

// boolean is a boolean result.
func boolean(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
