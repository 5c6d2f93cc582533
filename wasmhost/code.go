package wasmhost

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"

	"github.com/gotensor/gotensor/internal/codeblob"
)

// MaxCode bounds a runtime's code in bytes, before and after decompression: 50 MiB.
// Source: substrate sp-maybe-compressed-blob, CODE_BLOB_BOMB_LIMIT.
const MaxCode = 50 << 20

// maxWindow bounds the window that a zstd frame may ask for, and so what its header makes the decoder allocate.
// Code up to MaxCode gains nothing from a larger one.
const maxWindow = 64 << 20

// IsCompressed tells whether code carries the prefix of compressed code.
func IsCompressed(code []byte) bool { return bytes.HasPrefix(code, codeblob.Prefix) }

// Decompress returns the WebAssembly module in code: what follows the prefix, unpacked, or code itself where it has no prefix.
// Memory grows with what really comes out, not with what the frame claims. Errors: ErrZstd, ErrCodeTooBig.
func Decompress(code []byte) ([]byte, error) {
	if len(code) > MaxCode {
		return nil, fmt.Errorf("%w: %d bytes, at most %d", ErrCodeTooBig, len(code), MaxCode)
	}
	if !IsCompressed(code) {
		return code, nil
	}
	d, err := zstd.NewReader(bytes.NewReader(code[len(codeblob.Prefix):]), zstd.WithDecoderConcurrency(1),
		zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrZstd, err)
	}
	defer d.Close()
	var out bytes.Buffer
	n, err := io.CopyN(&out, d, MaxCode+1)
	if n > MaxCode {
		return nil, fmt.Errorf("%w: it unpacks to more than %d bytes", ErrCodeTooBig, MaxCode)
	}
	if !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%w: %v", ErrZstd, err)
	}
	return out.Bytes(), nil
}
