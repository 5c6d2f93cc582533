// Package codeblob writes the compressed form of runtime code, as it lies under the key ":code": eight bytes of prefix and one zstd frame.
//
// Both the host, which reads that form (wasmhost.Decompress), and the build of the runtime, which writes it, know it; neither may import the other.
// Source of the form: substrate sp-maybe-compressed-blob.
package codeblob

import (
	"bytes"
	"fmt"

	"github.com/klauspost/compress/zstd"
)

// Prefix stands before compressed code. It must not be changed. Source: substrate sp-maybe-compressed-blob, ZSTD_PREFIX.
var Prefix = []byte{0x52, 0xbc, 0x53, 0x76, 0x46, 0xdb, 0x8e, 0x05}

// Compress returns module as compressed code: the prefix and a zstd frame at the strongest level. The result depends on
// nothing but module and the version of the compressor.
func Compress(module []byte) ([]byte, error) {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedBestCompression))
	if err != nil {
		return nil, fmt.Errorf("zstd encoder: %v", err)
	}
	defer e.Close()
	return e.EncodeAll(module, bytes.Clone(Prefix)), nil
}
