// Package blockfile reads and writes files of blocks, as Substrate's export-blocks and import-blocks have them.
//
// A file is a roll of film: signed blocks, one behind the other, in the order of their numbers. There are two makes. In the binary one the roll begins with the number
// of its pictures, as u64, and each block is its SCALE encoding. In the JSON one each block is an object as RPC's chain_getBlock has it, with nothing in between.
//
//	{"block":{"header":{"parentHash":"0x…","number":"0x1",…,"digest":{"logs":["0x…"]}},"extrinsics":["0x…"]},"justifications":[[[70,82,78,75],[1,255]]]}
//
// # Rules
//
//   - A reader holds one block, and of the file one block's worth of bytes: [MaxBlock] bounds both, in either form.
//   - What is read is bytes of a stranger. That a header belongs to its parent, or a body to its header, is for others to see.
//   - A binary file that ends before its number of blocks is broken ([io.ErrUnexpectedEOF]); a JSON file cannot know.
//
// Source: paritytech/polkadot-sdk (stable2506) substrate/client/service/src/chain_ops/{export,import}_blocks.rs; sp-runtime generic::{SignedBlock, Header, Digest}.
package blockfile

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/gotensor/gotensor/primitives/chain"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
)

// MaxBlock bounds the bytes of one block in a file: a block of any chain we know has at most 10 MiB, three times as many in JSON.
const MaxBlock = 64 << 20

// ErrTooLarge: a block has more than MaxBlock bytes.
var ErrTooLarge = fmt.Errorf("block of more than %d bytes", MaxBlock)

// BlockError says which block of a file could not be read.
type BlockError struct {
	Index uint64 // from 1 on
	Err   error
}

func (e *BlockError) Error() string {
	return fmt.Sprintf("read block %d of the file: %v", e.Index, e.Err)
}

// Unwrap returns what is wrong.
func (e *BlockError) Unwrap() error { return e.Err }

// Writer writes blocks.
type Writer struct {
	w      io.Writer
	binary bool
	buffer []byte
}

// NewWriter begins a file; count is how many blocks will be written, which the binary form has in front. Errors are those of w.
func NewWriter(w io.Writer, binary bool, count uint64) (*Writer, error) {
	if binary {
		if _, err := w.Write(scale.AppendU64(nil, count)); err != nil {
			return nil, err
		}
	}
	return &Writer{w: w, binary: binary}, nil
}

// Write writes one block.
func (w *Writer) Write(b *chain.SignedBlock) error {
	if w.binary {
		w.buffer = b.AppendScale(w.buffer[:0])
	} else {
		w.buffer = appendBlock(w.buffer[:0], b)
	}
	_, err := w.w.Write(w.buffer)
	return err
}

// Reader reads blocks.
type Reader struct {
	next  func() (*chain.SignedBlock, error)
	index uint64
	count uint64
	known bool
}

// NewReader begins to read a file. Errors are those of r.
func NewReader(r io.Reader, binary bool) (*Reader, error) {
	if !binary {
		in := &limited{r: r, left: MaxBlock}
		dec := json.NewDecoder(in)
		return &Reader{next: func() (*chain.SignedBlock, error) { return nextJSON(dec, in) }}, nil
	}
	in := &scaleReader{r: bufio.NewReader(r)}
	var count [8]byte
	if _, err := io.ReadFull(in.r, count[:]); err != nil {
		return nil, fmt.Errorf("read the number of blocks: %w", unexpected(err))
	}
	n := scale.NewDecoder(count[:]).U64()
	return &Reader{next: in.next, count: n, known: true}, nil
}

// Count returns how many blocks the file says it has; ok is false for the JSON form.
func (r *Reader) Count() (n uint64, ok bool) { return r.count, r.known }

// Next returns the next block. Errors: io.EOF behind the last one; *BlockError, which wraps ErrTooLarge, io.ErrUnexpectedEOF, an error of the reader, or what is malformed.
func (r *Reader) Next() (*chain.SignedBlock, error) {
	if r.known && r.index == r.count {
		return nil, io.EOF
	}
	b, err := r.next()
	if err == io.EOF && !r.known {
		return nil, io.EOF
	}
	r.index++
	if err != nil {
		return nil, &BlockError{r.index, unexpected(err)}
	}
	return b, nil
}

// unexpected is err, but for the end of the file where more has to come.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// scaleReader decodes blocks one after the other, whose length is not known before they are decoded.
type scaleReader struct {
	r      *bufio.Reader
	buffer []byte
	done   int   // bytes of buffer that are decoded
	end    error // of r; what it gave before counts first
}

func (s *scaleReader) next() (*chain.SignedBlock, error) {
	for {
		d := scale.NewDecoder(s.buffer[s.done:])
		b := new(chain.SignedBlock)
		b.DecodeScale(d)
		err := d.Err()
		if err == nil {
			s.done += d.Offset()
			return b, nil
		}
		if !errors.Is(err, scale.ErrEnd) {
			return nil, err
		}
		if s.end != nil {
			return nil, s.end
		}
		if err := s.more(); err != nil {
			return nil, err
		}
	}
}

// more reads about as much as there is, so that decoding a block anew costs little.
func (s *scaleReader) more() error {
	s.buffer = append(s.buffer[:0], s.buffer[s.done:]...)
	s.done = 0
	have := len(s.buffer)
	if have >= MaxBlock {
		return ErrTooLarge
	}
	s.buffer = append(s.buffer, make([]byte, min(max(have, 64<<10), MaxBlock-have))...)
	n, err := io.ReadFull(s.r, s.buffer[have:])
	s.buffer = s.buffer[:have+n]
	s.end = err
	return nil
}

// limited refuses to read more than one block's worth.
type limited struct {
	r    io.Reader
	left int
}

func (l *limited) Read(b []byte) (int, error) {
	if l.left <= 0 {
		return 0, ErrTooLarge
	}
	n, err := l.r.Read(b[:min(len(b), l.left)])
	l.left -= n
	return n, err
}

// The objects of the JSON form.
type (
	blockJSON struct {
		Block          *bodyJSON    `json:"block"`
		Justifications *[][2]octets `json:"justifications"`
	}
	bodyJSON struct {
		Header     *headerJSON `json:"header"`
		Extrinsics []hexJSON   `json:"extrinsics"`
	}
	headerJSON struct {
		ParentHash     *hashJSON   `json:"parentHash"`
		Number         *numberJSON `json:"number"`
		StateRoot      *hashJSON   `json:"stateRoot"`
		ExtrinsicsRoot *hashJSON   `json:"extrinsicsRoot"`
		Digest         *struct {
			Logs []hexJSON `json:"logs"`
		} `json:"digest"`
	}
)

func nextJSON(dec *json.Decoder, in *limited) (*chain.SignedBlock, error) {
	in.left = MaxBlock
	var j blockJSON
	if err := dec.Decode(&j); err != nil {
		return nil, err
	}
	if j.Block == nil || j.Block.Header == nil {
		return nil, errors.New("no member block.header")
	}
	h := j.Block.Header
	if h.ParentHash == nil || h.Number == nil || h.StateRoot == nil || h.ExtrinsicsRoot == nil || h.Digest == nil {
		return nil, errors.New("block.header: expected parentHash, number, stateRoot, extrinsicsRoot and digest")
	}
	b := &chain.SignedBlock{Block: chain.Block{Header: chain.Header{
		ParentHash: hash.H256(*h.ParentHash), Number: chain.BlockNumber(*h.Number), StateRoot: hash.H256(*h.StateRoot), ExtrinsicsRoot: hash.H256(*h.ExtrinsicsRoot),
	}}}
	for i, log := range h.Digest.Logs {
		item, err := scale.Unmarshal[chain.DigestItem](log)
		if err != nil {
			return nil, fmt.Errorf("digest item %d: %w", i, err)
		}
		b.Block.Header.Digest = append(b.Block.Header.Digest, item)
	}
	for i, x := range j.Block.Extrinsics {
		extrinsic, err := scale.Unmarshal[chain.OpaqueExtrinsic](x)
		if err != nil {
			return nil, fmt.Errorf("extrinsic %d: %w", i, err)
		}
		b.Block.Extrinsics = append(b.Block.Extrinsics, extrinsic)
	}
	if j.Justifications != nil {
		list := make(chain.Justifications, 0, len(*j.Justifications))
		for i, pair := range *j.Justifications {
			var one chain.Justification
			if copy(one.Engine[:], pair[0]) != len(one.Engine) || len(pair[0]) != len(one.Engine) {
				return nil, fmt.Errorf("justification %d: expected an engine of 4 bytes, got %d", i, len(pair[0]))
			}
			one.Data = pair[1]
			list = append(list, one)
		}
		b.Justifications = &list
	}
	return b, nil
}

// hexJSON is bytes in hex behind 0x.
type hexJSON []byte

// UnmarshalJSON implements json.Unmarshaler.
func (h *hexJSON) UnmarshalJSON(raw []byte) (err error) {
	*h, err = unhex(raw)
	return err
}

type hashJSON hash.H256

// UnmarshalJSON implements json.Unmarshaler.
func (h *hashJSON) UnmarshalJSON(raw []byte) error {
	b, err := unhex(raw)
	if err != nil {
		return err
	}
	if len(b) != len(h) {
		return fmt.Errorf("expected a hash of 32 bytes, got %d", len(b))
	}
	*h = hashJSON(b)
	return nil
}

// numberJSON is a block number: hex digits behind 0x, or a plain number.
type numberJSON chain.BlockNumber

// UnmarshalJSON implements json.Unmarshaler.
func (n *numberJSON) UnmarshalJSON(raw []byte) error {
	digits, base := string(raw), 10
	if text, ok := strings.CutPrefix(digits, `"0x`); ok {
		digits, base = strings.TrimSuffix(text, `"`), 16
	}
	v, err := strconv.ParseUint(digits, base, 32)
	if err != nil {
		return fmt.Errorf("expected a block number, got %s", raw)
	}
	*n = numberJSON(v)
	return nil
}

func unhex(raw []byte) ([]byte, error) {
	digits, ok := bytes.CutPrefix(raw, []byte(`"0x`))
	if !ok || len(digits) == 0 {
		return nil, errors.New("expected 0x and hex digits")
	}
	digits = digits[:len(digits)-1]
	out := make([]byte, hex.DecodedLen(len(digits)))
	if _, err := hex.Decode(out, digits); err != nil {
		return nil, err
	}
	return out, nil
}

// octets are bytes as serde has a Vec<u8>: a list of numbers.
type octets []byte

// UnmarshalJSON implements json.Unmarshaler.
func (o *octets) UnmarshalJSON(raw []byte) error {
	inner := bytes.TrimSpace(raw)
	if len(inner) < 2 || inner[0] != '[' || inner[len(inner)-1] != ']' {
		return errors.New("expected a list of bytes")
	}
	*o = octets{}
	if inner = bytes.TrimSpace(inner[1 : len(inner)-1]); len(inner) == 0 {
		return nil
	}
	for part := range bytes.SplitSeq(inner, []byte(",")) {
		v, err := strconv.ParseUint(string(bytes.TrimSpace(part)), 10, 8)
		if err != nil {
			return fmt.Errorf("expected a byte, got %.20s", part)
		}
		*o = append(*o, byte(v))
	}
	return nil
}

func appendBlock(b []byte, s *chain.SignedBlock) []byte {
	h := &s.Block.Header
	b = appendHex(append(b, `{"block":{"header":{"parentHash":`...), h.ParentHash[:])
	b = strconv.AppendUint(append(b, `,"number":"0x`...), uint64(h.Number), 16)
	b = appendHex(append(b, `","stateRoot":`...), h.StateRoot[:])
	b = appendHex(append(b, `,"extrinsicsRoot":`...), h.ExtrinsicsRoot[:])
	b = append(b, `,"digest":{"logs":`...)
	b = appendList(b, h.Digest, func(b []byte, item chain.DigestItem) []byte { return appendHex(b, scale.Marshal(item)) })
	b = append(b, `}},"extrinsics":`...)
	b = appendList(b, s.Block.Extrinsics, func(b []byte, x chain.OpaqueExtrinsic) []byte { return appendHex(b, scale.Marshal(x)) })
	b = append(b, `},"justifications":`...)
	if s.Justifications == nil {
		return append(b, "null}"...)
	}
	b = appendList(b, *s.Justifications, func(b []byte, j chain.Justification) []byte {
		b = appendOctets(append(b, '['), j.Engine[:])
		return append(appendOctets(append(b, ','), j.Data), ']')
	})
	return append(b, '}')
}

func appendHex(b, data []byte) []byte {
	return append(hex.AppendEncode(append(b, `"0x`...), data), '"')
}

func appendOctets(b, data []byte) []byte {
	return appendList(b, data, func(b []byte, v byte) []byte { return strconv.AppendUint(b, uint64(v), 10) })
}

func appendList[T any](b []byte, items []T, item func([]byte, T) []byte) []byte {
	b = append(b, '[')
	for i, v := range items {
		if i > 0 {
			b = append(b, ',')
		}
		b = item(b, v)
	}
	return append(b, ']')
}
