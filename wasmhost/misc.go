package wasmhost

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/gotensor/gotensor/internal/wasmbin"
	"github.com/gotensor/gotensor/primitives/chain"
)

// Chapter "Miscellaneous".

var miscFuncs = []hostFunc{
	{"ext_misc_print_num_version_1", params(i64), nil, miscPrintNum},
	{"ext_misc_print_utf8_version_1", params(i64), nil, miscPrintUTF8},
	{"ext_misc_print_hex_version_1", params(i64), nil, miscPrintHex},
	{"ext_misc_runtime_version_version_1", params(i64), results(i64), miscRuntimeVersion},
}

// printTarget is the target of what the print functions log, at debug level.
const printTarget = "runtime"

// prints tells whether anybody wants what the print functions say, before it is made into text.
func (c *call) prints() bool { return c.env.Log != nil && c.env.MaxLogLevel >= LogDebug }

// miscPrintNum implements ext_misc_print_num_version_1: i64 number → nothing. It is logged as an unsigned decimal.
func miscPrintNum(c *call, stack []uint64) {
	if c.prints() {
		c.log(LogDebug, printTarget, strconv.AppendUint(nil, stack[0], 10))
	}
}

// miscPrintUTF8 implements ext_misc_print_utf8_version_1: span → nothing. What is no UTF-8 is dropped.
func miscPrintUTF8(c *call, stack []uint64) {
	if text := c.bytes(stack[0], 0); utf8.Valid(text) {
		c.log(LogDebug, printTarget, text)
	}
}

// miscPrintHex implements ext_misc_print_hex_version_1: span → nothing. It is logged as hex digits without 0x.
func miscPrintHex(c *call, stack []uint64) {
	if data := c.bytes(stack[0], 0); c.prints() {
		c.log(LogDebug, printTarget, hex.AppendEncode(nil, data))
	}
}

// miscRuntimeVersion implements ext_misc_runtime_version_version_1: code → SCALE Option<Vec<u8>>.
//
//	code: span of a runtime, with or without zstd
//	result: the SCALE encoding of its RuntimeVersion; None where it cannot be loaded or does not tell its version
//	traps: within a call that answers this very function; where the host fails or the call's context ends meanwhile
//
// The version comes from the custom sections where the code has them, else from a call of Core_version over an empty state, with the
// default ceiling of memory whatever that of this call.
// The code is the guest's claim: loading it is bounded like loading any other, and its own faults cost the guest the answer only. Faults of
// the host are no answer: nodes would differ.
func miscRuntimeVersion(c *call, stack []uint64) {
	if c.env.nested {
		c.trap(ErrForbidden)
	}
	version, err := c.readVersion(c.bytes(stack[0], 0))
	if hostFault(err) {
		c.trap(err)
	}
	stack[0] = c.allocOption(version, err == nil)
}

// readVersion returns the encoded version of code.
func (c *call) readVersion(code []byte) ([]byte, error) {
	module, err := Decompress(code)
	if err != nil {
		return nil, err
	}
	m, err := wasmbin.Parse(module)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrNotWasm, err)
	}
	if section, ok := m.Custom("runtime_version"); ok {
		apis, _ := m.Custom("runtime_apis")
		version, err := chain.EmbeddedVersion(section, apis)
		if err != nil {
			return nil, err
		}
		return encodeVersion(version), nil
	}
	rt, err := c.rt.engine.loadOnce(c.ctx, bytes.Clone(code))
	if err != nil {
		if ctxErr := c.ctx.Err(); ctxErr != nil {
			err = fmt.Errorf("%w: %w", ErrDeadline, ctxErr)
		}
		return nil, err
	}
	defer rt.free()
	env := stateless()
	env.nested = true
	return rt.Call(c.ctx, env, "Core_version", nil)
}

// hostFault tells whether err says nothing about the code that was loaded or called, but something about the host or its caller.
func hostFault(err error) bool {
	return errors.Is(err, ErrHost) || errors.Is(err, ErrDeadline) || errors.Is(err, ErrClosed) ||
		errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// encodeVersion encodes a version that was read from custom sections with all its fields, whatever the Core API of the runtime: it is
// how Substrate writes what it has read.
func encodeVersion(version chain.RuntimeVersion) []byte {
	out := version.AppendScale(nil)
	core, _ := version.APIVersion("Core")
	if core < 3 {
		out = binary.LittleEndian.AppendUint32(out, version.TransactionVersion)
	}
	if core < 4 {
		out = append(out, version.SystemVersion)
	}
	return out
}
