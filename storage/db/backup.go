package db

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	stdhash "hash"
	"io"

	"github.com/cespare/xxhash/v2"
	"golang.org/x/crypto/blake2b"

	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
	"github.com/gotensor/gotensor/storage/kv"
)

// A backup is a store as it was at one moment, as a stream. All integers are little-endian:
//
//	backupMagic
//	version u32      of this form of a backup: BackupVersion
//	format u32       of the store in it: Format
//	frames           length u32, that many bytes of the records, xxhash64 of length and bytes u64; each has frameSize bytes but the last
//	end              length 0 u32, count of the records u64
//	blake2b-256 of all before
//
// and the records are, the frames' bytes put together, each
//
//	length of the key u16, length of the value u32, key, value
//
// first those of kindMeta, which say what is in it, then all others, both in ascending order of keys. So the same store gives the same bytes, and there is
// one backup alone of what is in it.
const (
	backupMagic = "gotensor-backup\n"
	// BackupVersion goes up where the form of a backup changes. A newer one is refused.
	BackupVersion = 1

	frameSize   = 1 << 20
	recordStart = 2 + 4
	// maxBackupValue bounds the values in a backup. Who reads one holds a frame, one value, and of the records before it less than writeSize.
	// Those of kindMeta he holds to the end, and maxMetaValue bounds them.
	maxBackupValue = 512 << 20
	maxMetaValue   = 1 << 10
)

// keyRestore is in a store from before the first record of a restore until the last one is on the disk. Its value is empty.
var keyRestore = []byte("mrestore")

// metaKeys are the records of kindMeta that a complete store has, in order.
var metaKeys = [][]byte{keyFolded, keyFormat, keyGenesis, keyHead, keyPruned}

// Errors of backups.
var (
	// ErrBackup: what was read is no backup, or not a whole one.
	ErrBackup = errors.New("not a whole backup")
	// ErrRestore: a restore into the store was interrupted.
	ErrRestore = errors.New("a restore was interrupted")
)

// BackupInfo says what is in a backup.
type BackupInfo struct {
	Genesis hash.H256
	Head    Head
	Records Count
}

// Backup writes the store as it is when it begins to w, while blocks are imported and all else goes on. What the writes meanwhile take the place of stays on
// the disk, and what is in the tables in memory in memory, until it returns; Close must not be called before. The same store gives the same bytes. progress, unless nil,
// is told from time to time what has been written.
//
// What it gives is not on a disk before w has brought it there. Errors: those of w and ctx; kv.ErrCorrupt.
func (db *DB) Backup(ctx context.Context, w io.Writer, progress func(Count)) (BackupInfo, error) {
	info, err := writeBackup(ctx, db.store, w, progress)
	if err != nil {
		return BackupInfo{}, fmt.Errorf("back up: %w", err)
	}
	return info, nil
}

func writeBackup(ctx context.Context, store kv.DB, w io.Writer, progress func(Count)) (BackupInfo, error) {
	it := store.Iterator(nil)
	defer it.Close()
	meta := map[string][]byte{}
	for ok := it.Seek([]byte{kindMeta}); ok && it.Key()[0] == kindMeta; ok = it.Next() {
		value, err := it.Value()
		if err != nil {
			return BackupInfo{}, err
		}
		meta[string(it.Key())] = bytes.Clone(value)
	}
	if err := it.Err(); err != nil {
		return BackupInfo{}, err
	}
	format, info, err := parseMeta(meta)
	if err != nil {
		return BackupInfo{}, fmt.Errorf("%w: %w", kv.ErrCorrupt, err)
	}
	out, err := newFrameWriter(w, format)
	if err != nil {
		return BackupInfo{}, err
	}
	var start [recordStart]byte
	record := func(key, value []byte) error {
		if _, ok := kinds[key[0]]; !ok {
			return fmt.Errorf("%w: key 0x%x", ErrForeign, key)
		}
		if len(key) > kv.MaxKey || len(value) > maxBackupValue || key[0] == kindMeta && len(value) > maxMetaValue {
			return corrupt("record 0x%x… has a key of %d bytes and a value of %d", key[:min(len(key), 40)], len(key), len(value))
		}
		binary.LittleEndian.PutUint16(start[:], uint16(len(key)))
		binary.LittleEndian.PutUint32(start[2:], uint32(len(value)))
		for _, part := range [][]byte{start[:], key, value} {
			full, err := out.write(part)
			if err != nil {
				return err
			}
			if full {
				if err := report(ctx, progress, info.Records); err != nil {
					return err
				}
			}
		}
		info.Records.add(key, value)
		return nil
	}
	for _, key := range metaKeys {
		if err := record(key, meta[string(key)]); err != nil {
			return BackupInfo{}, err
		}
	}
	for ok := it.Seek(nil); ok; {
		if it.Key()[0] == kindMeta {
			ok = it.Seek([]byte{kindMeta + 1})
			continue
		}
		value, err := it.Value()
		if err == nil {
			err = record(it.Key(), value)
		}
		if err != nil {
			return BackupInfo{}, err
		}
		ok = it.Next()
	}
	if err := it.Err(); err != nil {
		return BackupInfo{}, err
	}
	if err := out.end(info.Records.Keys); err != nil {
		return BackupInfo{}, err
	}
	return info, report(ctx, progress, info.Records)
}

// report tells how far a long work is, and whether it is to go on.
func report(ctx context.Context, progress func(Count), done Count) error {
	if progress != nil {
		progress(done)
	}
	return context.Cause(ctx)
}

func (c *Count) add(key, value []byte) {
	c.Keys++
	c.Bytes += uint64(len(key) + len(value))
}

// parseMeta reads the records of kindMeta of a complete store.
func parseMeta(meta map[string][]byte) (format uint32, info BackupInfo, err error) {
	for _, key := range metaKeys {
		if _, ok := meta[string(key)]; !ok {
			return 0, info, fmt.Errorf("record %q is missing", key)
		}
	}
	if len(meta) != len(metaKeys) {
		return 0, info, fmt.Errorf("%d records of its kind, expected %q", len(meta), metaKeys)
	}
	if format, err = scale.UnmarshalFunc(meta[string(keyFormat)], (*scale.Decoder).U32); err != nil {
		return 0, info, fmt.Errorf("record %q: %v", keyFormat, err)
	}
	if info.Genesis, err = scale.UnmarshalFunc(meta[string(keyGenesis)], decodeHash); err != nil {
		return 0, info, fmt.Errorf("record %q: %v", keyGenesis, err)
	}
	if info.Head, err = scale.UnmarshalFunc(meta[string(keyHead)], scale.Decode[Head]); err != nil {
		return 0, info, fmt.Errorf("record %q: %v", keyHead, err)
	}
	return format, info, nil
}

// frameWriter cuts bytes into frames.
type frameWriter struct {
	w     io.Writer
	sum   stdhash.Hash // of all that was written
	frame []byte       // length and bytes of the next frame
}

// newFrameWriter begins a backup.
func newFrameWriter(w io.Writer, format uint32) (*frameWriter, error) {
	f := &frameWriter{sum: newSum(), frame: make([]byte, 4, 4+frameSize+8)}
	f.w = io.MultiWriter(w, f.sum)
	start := binary.LittleEndian.AppendUint32([]byte(backupMagic), BackupVersion)
	_, err := f.w.Write(binary.LittleEndian.AppendUint32(start, format))
	return f, err
}

func newSum() stdhash.Hash {
	sum, err := blake2b.New256(nil)
	if err != nil {
		panic("BUG: blake2b without a key: " + err.Error())
	}
	return sum
}

// write takes in bytes, and tells whether a frame was written.
func (f *frameWriter) write(p []byte) (full bool, err error) {
	for len(p) > 0 {
		n := min(len(p), 4+frameSize-len(f.frame))
		f.frame = append(f.frame, p[:n]...)
		if p = p[n:]; len(f.frame) == 4+frameSize {
			if err := f.flush(); err != nil {
				return true, err
			}
			full = true
		}
	}
	return full, nil
}

func (f *frameWriter) flush() error {
	if len(f.frame) == 4 {
		return nil
	}
	binary.LittleEndian.PutUint32(f.frame, uint32(len(f.frame)-4))
	f.frame = binary.LittleEndian.AppendUint64(f.frame, xxhash.Sum64(f.frame))
	_, err := f.w.Write(f.frame)
	f.frame = f.frame[:4]
	return err
}

// end writes what is left, the end and the checksum.
func (f *frameWriter) end(records uint64) error {
	if err := f.flush(); err != nil {
		return err
	}
	if _, err := f.w.Write(binary.LittleEndian.AppendUint64(make([]byte, 4, 12), records)); err != nil {
		return err
	}
	_, err := f.w.Write(f.sum.Sum(nil))
	return err
}

// frameReader gives the bytes in frames, each frame after its hash was compared. What it holds does not depend on the lengths that it reads.
type frameReader struct {
	r      io.Reader
	sum    stdhash.Hash // of all that was read
	format uint32
	frame  [4 + frameSize + 8]byte
	rest   []byte // bytes of the frame that were not given yet
	frames int
	last   bool // no frame may follow
	ended  bool
}

// newFrameReader reads how a backup begins.
func newFrameReader(r io.Reader) (*frameReader, error) {
	f := &frameReader{r: r, sum: newSum()}
	start := f.frame[:len(backupMagic)+8]
	switch n, err := io.ReadFull(f.r, start); {
	case cutOff(err):
		return nil, fmt.Errorf("%w: it has %d bytes", ErrBackup, n)
	case err != nil:
		return nil, err
	case string(start[:len(backupMagic)]) != backupMagic:
		return nil, fmt.Errorf("%w: it begins with %q, a backup begins with %q", ErrBackup, start[:len(backupMagic)], backupMagic)
	}
	f.sum.Write(start)
	version := binary.LittleEndian.Uint32(start[len(backupMagic):])
	f.format = binary.LittleEndian.Uint32(start[len(backupMagic)+4:])
	switch {
	case version == 0 || f.format == 0:
		return nil, fmt.Errorf("%w: version %d, format %d", ErrBackup, version, f.format)
	case version > BackupVersion || f.format > Format:
		return nil, fmt.Errorf("%w: a backup of version %d of a store of format %d, this program knows %d and %d; use the program that wrote it, or a newer one",
			ErrFormat, version, f.format, BackupVersion, Format)
	}
	return f, nil
}

func cutOff(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) }

// more returns bytes that were not taken yet, at most n and at least one, or none at the end. They are valid until the next call.
func (f *frameReader) more(n int) ([]byte, error) {
	if len(f.rest) == 0 && !f.ended {
		if err := f.next(); err != nil {
			return nil, fmt.Errorf("frame %d: %w", f.frames, err)
		}
	}
	part := f.rest[:min(n, len(f.rest))]
	f.rest = f.rest[len(part):]
	return part, nil
}

// full fills p, and returns how many bytes it took: fewer at the end alone.
func (f *frameReader) full(p []byte) (n int, err error) {
	for n < len(p) {
		part, err := f.more(len(p) - n)
		if err != nil || len(part) == 0 {
			return n, err
		}
		n += copy(p[n:], part)
	}
	return n, nil
}

// next reads a frame, or the length of the end.
func (f *frameReader) next() error {
	start := f.frame[:4]
	if err := f.read(start); err != nil {
		return err
	}
	length := binary.LittleEndian.Uint32(start)
	switch {
	case length == 0:
		f.ended = true
		f.sum.Write(start)
		return nil
	case f.last:
		return fmt.Errorf("%w: the one before has fewer than %d bytes", ErrBackup, frameSize)
	case length > frameSize:
		return fmt.Errorf("%w: length %d, at most %d", ErrBackup, length, frameSize)
	}
	f.last = length < frameSize
	n := int(length)
	if err := f.read(f.frame[4 : 4+n+8]); err != nil {
		return err
	}
	whole := f.frame[:4+n+8]
	want := binary.LittleEndian.Uint64(whole[4+n:])
	if got := xxhash.Sum64(whole[:4+n]); got != want {
		return fmt.Errorf("%w: its bytes have hash 0x%016x, expected 0x%016x", ErrBackup, got, want)
	}
	f.sum.Write(whole)
	f.rest = whole[4 : 4+n]
	f.frames++
	return nil
}

func (f *frameReader) read(p []byte) error {
	_, err := io.ReadFull(f.r, p)
	if cutOff(err) {
		return fmt.Errorf("%w: it is cut off", ErrBackup)
	}
	return err
}

// end reads what follows the length of the end, and compares it with what was read.
func (f *frameReader) end(records uint64) error {
	tail := f.frame[:8+blake2b.Size256]
	if err := f.read(tail); err != nil {
		return err
	}
	f.sum.Write(tail[:8])
	if want := binary.LittleEndian.Uint64(tail); want != records {
		return fmt.Errorf("%w: %d records, expected %d", ErrBackup, records, want)
	}
	if got := f.sum.Sum(nil); !bytes.Equal(got, tail[8:]) {
		return fmt.Errorf("%w: it has hash 0x%x, expected 0x%x", ErrBackup, got, tail[8:])
	}
	switch n, err := io.ReadFull(f.r, tail[:1]); {
	case n > 0:
		return fmt.Errorf("%w: something follows its end", ErrBackup)
	case !cutOff(err):
		return err
	}
	return nil
}

// backup is one that is being read, from behind the records of kindMeta on.
type backup struct {
	frames *frameReader
	meta   map[string][]byte
	info   BackupInfo // Records are those read so far
	// key and value are the record that it stands at; key is nil at the end.
	key, value []byte
}

// openBackup reads a backup up to what it says about itself.
func openBackup(r io.Reader) (*backup, error) {
	frames, err := newFrameReader(r)
	if err != nil {
		return nil, err
	}
	b := &backup{frames: frames, meta: map[string][]byte{}}
	for {
		if err := b.next(); err != nil {
			return nil, err
		}
		if b.key == nil || b.key[0] != kindMeta {
			break
		}
		if len(b.meta) == len(metaKeys) {
			return nil, fmt.Errorf("%w: record %q", ErrBackup, b.key)
		}
		b.meta[string(b.key)] = b.value
	}
	format, info, err := parseMeta(b.meta)
	if err != nil {
		return nil, fmt.Errorf("%w: %v", ErrBackup, err)
	}
	if format != frames.format {
		return nil, fmt.Errorf("%w: it has format %d, its record %q has %d", ErrBackup, frames.format, keyFormat, format)
	}
	b.info.Genesis, b.info.Head = info.Genesis, info.Head
	return b, nil
}

// next reads the next record, each into slices of its own.
func (b *backup) next() error {
	err := b.read()
	if err != nil {
		return fmt.Errorf("record %d: %w", b.info.Records.Keys, err)
	}
	return nil
}

func (b *backup) read() error {
	var start [recordStart]byte
	switch n, err := b.frames.full(start[:]); {
	case err != nil:
		return err
	case n == 0:
		b.key, b.value = nil, nil
		return nil
	case n < recordStart:
		return fmt.Errorf("%w: it ends within the record", ErrBackup)
	}
	keySize, valueSize := binary.LittleEndian.Uint16(start[:]), binary.LittleEndian.Uint32(start[2:])
	if keySize == 0 || keySize > kv.MaxKey || valueSize > maxBackupValue {
		return fmt.Errorf("%w: a key of %d bytes, a value of %d", ErrBackup, keySize, valueSize)
	}
	key, err := b.take(int(keySize))
	if err != nil {
		return err
	}
	if b.key != nil && bytes.Compare(backupOrder(b.key), backupOrder(key)) >= 0 {
		return fmt.Errorf("%w: key 0x%x comes after 0x%x", ErrBackup, key, b.key)
	}
	if _, ok := kinds[key[0]]; !ok {
		return fmt.Errorf("%w: key 0x%x is of no known kind", ErrBackup, key)
	}
	if key[0] == kindMeta && valueSize > maxMetaValue {
		return fmt.Errorf("%w: record %q has a value of %d bytes, at most %d", ErrBackup, key, valueSize, maxMetaValue)
	}
	value, err := b.take(int(valueSize))
	if err != nil {
		return err
	}
	b.key, b.value = key, value
	b.info.Records.add(key, value)
	return nil
}

// backupOrder is a key as what it is in order by.
func backupOrder(key []byte) []byte {
	if key[0] == kindMeta {
		return append([]byte{0}, key...)
	}
	return key
}

// take reads n bytes. It takes memory for those that came, not for those that were announced.
func (b *backup) take(n int) ([]byte, error) {
	var out []byte
	for out == nil || len(out) < n {
		part, err := b.frames.more(n - len(out))
		if err != nil {
			return nil, err
		}
		if len(part) == 0 && n > 0 {
			return nil, fmt.Errorf("%w: it ends within the record", ErrBackup)
		}
		if out == nil {
			out = make([]byte, 0, len(part))
		}
		out = append(out, part...)
	}
	return out, nil
}

// Restore makes an empty store of what Backup wrote. Until all of it is there, on the disk, and compared with its checksum, the store is none:
// Open refuses it. A backup that cannot be read from its beginning is refused before anything is written. progress, unless nil, is told from time
// to time what has been read. The store stays open, and the caller's.
// Errors: ErrBackup; ErrFormat; ErrExists where the store is not empty; ErrRestore where a restore into it was interrupted; those of r, ctx and the store.
func Restore(ctx context.Context, r io.Reader, store kv.DB, progress func(Count)) (BackupInfo, error) {
	b, err := openBackup(r)
	if err == nil {
		err = b.restore(ctx, store, progress)
	}
	if err != nil {
		return BackupInfo{}, fmt.Errorf("restore: %w", err)
	}
	return b.info, nil
}

func (b *backup) restore(ctx context.Context, store kv.DB, progress func(Count)) error {
	if err := restorable(store); err != nil {
		return err
	}
	var batch kv.Batch
	batch.Set(keyRestore, nil)
	if err := store.Write(&batch, true); err != nil {
		return err
	}
	batch = kv.Batch{}
	for size := 0; b.key != nil; {
		batch.Set(b.key, b.value)
		if size += len(b.key) + len(b.value); size >= writeSize {
			if err := store.Write(&batch, false); err != nil {
				return err
			}
			batch, size = kv.Batch{}, 0
			if err := report(ctx, progress, b.info.Records); err != nil {
				return err
			}
		}
		if err := b.next(); err != nil {
			return err
		}
	}
	if err := b.frames.end(b.info.Records.Keys); err != nil {
		return err
	}
	if err := report(ctx, progress, b.info.Records); err != nil {
		return err
	}
	for _, key := range metaKeys {
		batch.Set(key, b.meta[string(key)])
	}
	batch.Delete(keyRestore)
	return store.Write(&batch, true)
}

// restorable tells whether a store is empty.
func restorable(store kv.DB) error {
	if err := checkRestored(store); err != nil {
		return err
	}
	it := store.Iterator(nil)
	defer it.Close()
	if it.Next() {
		return fmt.Errorf("%w: it has key 0x%x; restore into another folder", ErrExists, it.Key())
	}
	return it.Err()
}

// checkRestored refuses a store of which a restore wrote a part.
func checkRestored(store kv.DB) error {
	_, ok, err := store.Get(keyRestore)
	if err == nil && ok {
		err = fmt.Errorf("%w: what is here is a part of a backup; delete the folder and restore again", ErrRestore)
	}
	return err
}
