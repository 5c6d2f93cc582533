package db

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/storage/kv"
	"github.com/gotensor/gotensor/storage/kv/badgerdb"
	"github.com/gotensor/gotensor/storage/kv/kvtest"
)

func hashOf(b []byte) string { return hash.Blake2b256(b).String() }

// contents are all records of a store, in order.
func contents(t testing.TB, store kv.DB) string {
	t.Helper()
	var out strings.Builder
	it := store.Iterator(nil)
	defer it.Close()
	for it.Next() {
		value, err := it.Value()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&out, "%x=%x\n", it.Key(), value)
	}
	if err := it.Err(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// sameAs checks everything in a store against the model of another one.
func sameAs(db *DB, m *machine) error {
	theirs := m.db
	defer func() { m.db = theirs }()
	m.db = db
	return m.settle()
}

// letGo closes what a model holds of its store, so that nothing stays for its sake.
func letGo(m *machine) {
	for _, w := range m.walks {
		w.it.Close()
		w.state.Close()
	}
	for _, h := range m.held {
		h.state.Close()
	}
	m.walks, m.held = nil, nil
}

// TestBackupFormat has the bytes of a backup of a small store. Where one of them changes, BackupVersion goes up.
func TestBackupFormat(t *testing.T) {
	store := kv.NewMemory()
	var batch kv.Batch
	h := hash.H256{0: 0xaa}
	zeros := strings.Repeat("00", 31)
	point := "00000000" + "aa" + zeros
	batch.Set(keyFormat, []byte{1, 0, 0, 0})
	batch.Set(keyGenesis, h[:])
	batch.Set(keyHead, unhex(t, point+point))
	batch.Set(keyFolded, unhex(t, point))
	batch.Set(keyPruned, make([]byte, 12))
	batch.Set([]byte("zz"), nil)
	batch.Set([]byte("c"), []byte{7})
	if err := store.Write(&batch, true); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := writeBackup(t.Context(), store, &out, nil); !errors.Is(err, ErrForeign) {
		t.Errorf("a key of no kind: %v", err)
	}
	batch = kv.Batch{}
	batch.Delete([]byte("zz"))
	batch.Set([]byte("v"), nil)
	if err := store.Write(&batch, true); err != nil {
		t.Fatal(err)
	}
	out.Reset()
	info, err := writeBackup(t.Context(), store, &out, nil)
	if err != nil || info.Genesis != h || info.Records != (Count{7, uint64(7 + 7 + 8 + 5 + 7 + 36 + 4 + 32 + 72 + 12 + 2 + 1)}) {
		t.Fatalf("got %+v, %v", info, err)
	}
	records := "0700" + "24000000" + hex.EncodeToString([]byte("mfolded")) + point +
		"0700" + "04000000" + hex.EncodeToString([]byte("mformat")) + "01000000" +
		"0800" + "20000000" + hex.EncodeToString([]byte("mgenesis")) + "aa" + zeros +
		"0500" + "48000000" + hex.EncodeToString([]byte("mhead")) + point + point +
		"0700" + "0c000000" + hex.EncodeToString([]byte("mpruned")) + strings.Repeat("00", 12) +
		"0100" + "01000000" + "63" + "07" +
		"0100" + "00000000" + "76"
	length := hex.EncodeToString(binary.LittleEndian.AppendUint32(nil, uint32(len(records)/2)))
	want := hex.EncodeToString([]byte("gotensor-backup\n")) + "01000000" + "01000000" + length + records
	got := hex.EncodeToString(out.Bytes())
	if rest := strings.TrimPrefix(got, want); rest == got || len(rest) != 2*(8+4+8+32) || rest[16:40] != "00000000"+"0700000000000000" {
		t.Errorf("got %s\nwant %s…", got, want)
	}
	sum := hash.Blake2b256(out.Bytes()[:out.Len()-32])
	if !bytes.Equal(sum[:], out.Bytes()[out.Len()-32:]) {
		t.Errorf("checksum is not that of all before")
	}
	restored := kv.NewMemory()
	if again, err := Restore(t.Context(), bytes.NewReader(out.Bytes()), restored, nil); err != nil || again != info {
		t.Errorf("got %+v, %v, want %+v", again, err, info)
	}
	if got, want := contents(t, restored), contents(t, store); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestBackup backs up stores of many shapes, restores them, and reads all blocks and states. A quiet store gives the same bytes twice, and the restored one
// gives them too.
func TestBackup(t *testing.T) {
	for seed := range uint64(12) {
		m, err := newMachine(seed)
		if err != nil {
			t.Fatal(err)
		}
		r := rand.New(rand.NewPCG(seed, 41))
		for i := range 80 {
			if err := m.run(step{stepKinds[r.IntN(len(stepKinds))], r.Uint64()}); err != nil {
				t.Fatalf("seed %d step %d: %v", seed, i, err)
			}
		}
		letGo(m)
		if err := m.db.Settle(); err != nil {
			t.Fatal(err)
		}
		var one, two, three bytes.Buffer
		info, err := m.db.Backup(t.Context(), &one, nil)
		if err != nil || info.Head != m.head || info.Genesis != m.genesis.Hash {
			t.Fatalf("seed %d: %+v, %v", seed, info, err)
		}
		if _, err := m.db.Backup(t.Context(), &two, nil); err != nil || !bytes.Equal(one.Bytes(), two.Bytes()) {
			t.Errorf("seed %d: two backups of a quiet store differ: %v", seed, err)
		}
		restored := kv.NewMemory()
		if got, err := Restore(t.Context(), iotestReader{&two}, restored, nil); err != nil || got != info {
			t.Fatalf("seed %d: got %+v, %v, want %+v", seed, got, err, info)
		}
		if got, want := contents(t, restored), contents(t, m.db.store); got != want {
			t.Errorf("seed %d: got\n%s\nwant\n%s", seed, got, want)
		}
		if _, err := writeBackup(t.Context(), restored, &three, nil); err != nil || !bytes.Equal(one.Bytes(), three.Bytes()) {
			t.Errorf("seed %d: the backup of what was restored differs: %v", seed, err)
		}
		db, err := Open(restored, m.options)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if err := sameAs(db, m); err != nil {
			t.Errorf("seed %d: %v", seed, err)
		}
		db.Close()
		m.close()
	}
}

// iotestReader reads in odd pieces.
type iotestReader struct{ r io.Reader }

func (r iotestReader) Read(p []byte) (int, error) { return r.r.Read(p[:min(len(p), 7)]) }

// gate is a writer that lets bytes through as the test goes on, so that a backup takes as long as that.
type gate struct {
	bytes.Buffer
	step chan struct{}
}

func (g *gate) Write(p []byte) (int, error) {
	<-g.step
	return g.Buffer.Write(p)
}

// TestBackupOnline takes backups while blocks are imported, finalised, folded, pruned and reverted. Each is the store as it was at one moment between its beginning
// and its end, to the byte, and the blocks and states in it are the model's.
func TestBackupOnline(t *testing.T) {
	backupOnline(t, kv.NewMemory(), 8)
}

// TestBackupOnlineBadger is TestBackupOnline over Badger.
func TestBackupOnlineBadger(t *testing.T) {
	store, err := badgerdb.Open(t.TempDir(), badgerdb.Options{Memory: badgerdb.MinMemory})
	if err != nil {
		t.Fatal(err)
	}
	backupOnline(t, store, 3)
}

// twin is a store whose writes go to a recorder too.
type twin struct {
	kv.DB
	recorder *kvtest.Recorder
}

func (s *twin) Write(batch *kv.Batch, durable bool) error {
	if err := s.DB.Write(batch, durable); err != nil {
		return err
	}
	return s.recorder.Write(batch, durable)
}

func backupOnline(t *testing.T, store kv.DB, rounds int) {
	g, err := newGenesis(5)
	if err != nil {
		t.Fatal(err)
	}
	recorder := kvtest.NewRecorder(kv.NewMemory())
	m, err := machineOn(&twin{store, recorder}, g, Options{KeepStates: 3, KeepBodies: 5, chunk: 300, write: 1500})
	if err != nil {
		t.Fatal(err)
	}
	defer m.close()
	// A value of several frames, so that there are steps between which the writer is busy.
	if err := m.db.SetOffchain([]byte("test"), []byte("large"), make([]byte, 5*frameSize)); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(5, 43))
	kinds := []string{"import", "import", "import", "import", "import", "finalise", "revert", "best", "read"}
	all := map[hash.H256]*modelBlock{g.Hash: g}
	work := func(n int) {
		for range n {
			if err := m.run(step{kinds[r.IntN(len(kinds))], r.Uint64()}); err != nil {
				t.Fatal(err)
			}
			for _, b := range m.order {
				all[b.Hash] = b
			}
		}
	}
	work(30)
	for round := range rounds {
		out := &gate{step: make(chan struct{})}
		before := recorder.Now()
		type result struct {
			info BackupInfo
			err  error
		}
		done := make(chan result, 1)
		go func() {
			info, err := m.db.Backup(context.Background(), out, nil)
			done <- result{info, err}
		}()
		var got result
		steps := 0
		for running := true; running; {
			select {
			case out.step <- struct{}{}:
				steps++
				work(6)
			case got = <-done:
				running = false
			}
		}
		if got.err != nil || steps < 6 {
			t.Fatalf("round %d: %d steps: %v", round, steps, got.err)
		}
		after := recorder.Now()
		restored := kv.NewMemory()
		if _, err := Restore(t.Context(), &out.Buffer, restored, nil); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		want := contents(t, restored)
		found := -1
		// The recorder has each write a little after the store, so what the backup saw of one before it began is among these, too.
		for moment := before; moment <= after && found < 0; moment++ {
			if contents(t, recorder.At(moment)) == want {
				found = moment
			}
		}
		if found < 0 {
			t.Fatalf("round %d: the backup is no state of the store from moment %d to %d", round, before, after)
		}
		t.Logf("round %d: the state of moment %d of %d to %d", round, found, before, after)
		checkRound(t, round, restored, got.info, all)
	}
}

// checkRound holds what was restored against the model's blocks.
func checkRound(t *testing.T, round int, restored kv.DB, info BackupInfo, all map[hash.H256]*modelBlock) {
	t.Helper()
	db, err := Open(restored, Options{})
	if err != nil {
		t.Fatalf("round %d: %v", round, err)
	}
	defer db.Close()
	if db.Head() != info.Head {
		t.Errorf("round %d: head %v, want %v", round, db.Head(), info.Head)
	}
	for _, p := range append(db.Leaves(), db.Head().Best, db.Head().Finalised) {
		b := all[p.Hash]
		if b == nil {
			t.Fatalf("round %d: %s is not the model's", round, p)
		}
		state, err := db.State(p.Hash)
		if err == nil {
			err = checkState(state, b)
			state.Close()
		}
		if err != nil {
			t.Errorf("round %d: %s: %v", round, p, err)
		}
	}
	if checked, err := db.Check(1 << 20); err != nil || checked.Found > 0 {
		t.Errorf("round %d: check: %v, %q", round, err, checked.Problems)
	}
}

// TestRestoreCrash looks at what a crash at any moment of a restore leaves: nothing, or what is refused with what to do, or all of it.
func TestRestoreCrash(t *testing.T) {
	m, err := newMachine(3)
	if err != nil {
		t.Fatal(err)
	}
	defer m.close()
	for i := range uint64(40) {
		if err := m.run(step{stepKinds[i%11], i}); err != nil {
			t.Fatal(err)
		}
	}
	// Values enough for a few writes.
	for i := range 3 {
		if err := m.db.SetOffchain([]byte("test"), []byte{byte(i)}, make([]byte, writeSize)); err != nil {
			t.Fatal(err)
		}
	}
	var backup bytes.Buffer
	if _, err := m.db.Backup(t.Context(), &backup, nil); err != nil {
		t.Fatal(err)
	}
	recorder := kvtest.NewRecorder(kv.NewMemory())
	if _, err := Restore(t.Context(), &backup, recorder, nil); err != nil {
		t.Fatal(err)
	}
	last := recorder.Now()
	if last < 5 {
		t.Fatalf("a restore of %d writes", last)
	}
	if recorder.Durable(last) != last {
		t.Errorf("the last write of a restore is not durable")
	}
	for moment := range last + 1 {
		left := recorder.At(moment)
		err := checkRestored(left)
		db, errOpen := Open(left, Options{})
		switch {
		case moment == 0 && (err != nil || !errors.Is(errOpen, ErrEmpty)),
			moment > 0 && moment < last && (!errors.Is(err, ErrRestore) || !errors.Is(errOpen, ErrRestore)),
			moment == last && (err != nil || errOpen != nil || db.Head() != m.head):
			t.Errorf("moment %d of %d: %v, %v", moment, last, err, errOpen)
		}
		if errOpen == nil {
			db.Close()
		}
	}
}

// TestCloseInBackup closes a store on Badger while it is backed up: the backup ends with an error or with all of it.
func TestCloseInBackup(t *testing.T) {
	dir := t.TempDir()
	g, err := newGenesis(1)
	if err != nil {
		t.Fatal(err)
	}
	db, err := CreateFolder(dir, MinMemory, g.header, g.memory, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 8 {
		if err := db.SetOffchain([]byte("test"), []byte{byte(i)}, make([]byte, frameSize)); err != nil {
			t.Fatal(err)
		}
	}
	out := &gate{step: make(chan struct{})}
	done := make(chan error, 1)
	go func() {
		_, err := db.Backup(context.Background(), out, nil)
		done <- err
	}()
	out.step <- struct{}{}
	out.step <- struct{}{}
	closed := make(chan error, 1)
	go func() { closed <- db.Close() }()
	for {
		select {
		case out.step <- struct{}{}:
			continue
		case err = <-done:
		}
		break
	}
	t.Logf("the backup ended with %v", err)
	if err != nil && !errors.Is(err, kv.ErrClosed) {
		t.Errorf("got %v, want ErrClosed or a whole backup", err)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if db, err = OpenFolder(dir, MinMemory, Options{}); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

// smallBackup is a backup with an offchain value of two frames.
func smallBackup(t testing.TB) []byte {
	t.Helper()
	g, err := newGenesis(1)
	if err != nil {
		t.Fatal(err)
	}
	db, err := Create(kv.NewMemory(), g.header, g.memory, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.SetOffchain([]byte("test"), []byte("large"), make([]byte, frameSize+1000)); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := db.Backup(t.Context(), &out, nil); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestRestoreHostile restores what is no backup, or was: cut off at every place, with each byte changed, with bytes after it.
// All is refused with ErrBackup, and what was written by then is no store.
func TestRestoreHostile(t *testing.T) {
	good := smallBackup(t)
	refused := func(name string, backup []byte) {
		t.Helper()
		store := kv.NewMemory()
		_, err := Restore(t.Context(), bytes.NewReader(backup), store, nil)
		if !errors.Is(err, ErrBackup) {
			t.Errorf("%s: got %v, want ErrBackup", name, err)
		}
		if db, err := Open(store, Options{}); !errors.Is(err, ErrEmpty) && !errors.Is(err, ErrForeign) && !errors.Is(err, ErrRestore) {
			t.Errorf("%s: the store opens: %v, %v", name, db, err)
		}
		if store.Stats().Writes > 0 {
			if _, err := Restore(t.Context(), bytes.NewReader(good), store, nil); !errors.Is(err, ErrRestore) {
				t.Errorf("%s: restore on top: %v", name, err)
			}
		}
	}
	places := []int{0, 1, 15, 16, 17, 20, 23, 24, 25, 27, 28, 29, 40, 100, 200, 300, 400, 1000, 2000, frameSize + 27, frameSize + 28, frameSize + 35, frameSize + 36, frameSize + 40, frameSize + 41}
	for i := len(good) - 60; i < len(good); i++ {
		places = append(places, i)
	}
	for _, i := range places {
		refused(fmt.Sprintf("cut off at %d", i), good[:i])
		bad := bytes.Clone(good)
		bad[i] ^= 0x10
		if i >= 16 && i < 24 { // version and format
			if _, err := Restore(t.Context(), bytes.NewReader(bad), kv.NewMemory(), nil); !errors.Is(err, ErrFormat) {
				t.Errorf("version or format, byte %d: %v", i, err)
			}
			continue
		}
		refused(fmt.Sprintf("changed at %d", i), bad)
	}
	refused("something behind it", append(bytes.Clone(good), 0))
	refused("twice", append(bytes.Clone(good), good...))
	refused("empty", nil)
	refused("a file", []byte("#!/bin/sh\necho a file of something else\n"))
	if _, err := Restore(t.Context(), bytes.NewReader(good), copyOf(t, kv.NewMemory()), nil); err != nil {
		t.Fatal(err)
	}
}

// framed makes a backup of records as they are, whole and with the right hashes.
func framed(t testing.TB, records []byte, format uint32, count uint64) []byte {
	t.Helper()
	var out bytes.Buffer
	f, err := newFrameWriter(&out, format)
	if err == nil {
		_, err = f.write(records)
	}
	if err == nil {
		err = f.end(count)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func record1(key string, value []byte) []byte {
	out := binary.LittleEndian.AppendUint16(nil, uint16(len(key)))
	out = binary.LittleEndian.AppendUint32(out, uint32(len(value)))
	return append(append(out, key...), value...)
}

// TestRestoreRecords restores backups whose hashes are right, and whose records are not.
func TestRestoreRecords(t *testing.T) {
	point := make([]byte, 36)
	meta := slicesConcat(record1("mfolded", point), record1("mformat", []byte{1, 0, 0, 0}), record1("mgenesis", make([]byte, 32)),
		record1("mhead", make([]byte, 72)), record1("mpruned", make([]byte, 12)))
	long := record1("c", nil)
	binary.LittleEndian.PutUint32(long[2:], maxBackupValue)
	longer := record1("c", nil)
	binary.LittleEndian.PutUint32(longer[2:], maxBackupValue+1)
	key := record1("c", nil)
	binary.LittleEndian.PutUint16(key, kv.MaxKey+1)
	for _, test := range []struct {
		name    string
		records []byte
		count   uint64
		text    string // "" where it is good
	}{
		{"good", slicesConcat(meta, record1("c", nil), record1("c1", []byte{1}), record1("x", nil)), 8, ""},
		{"no meta", record1("c", nil), 1, `record "mfolded" is missing`},
		{"nothing", nil, 0, `record "mfolded" is missing`},
		{"half of meta", meta[:49], 1, `record "mformat" is missing`},
		{"other meta", slicesConcat(record1("m", nil), meta), 6, `record "mpruned"`},
		{"meta without format", slicesConcat(record1("mfolded", point), record1("mfoo", nil), meta[49+17:]), 5, `record "mformat" is missing`},
		{"meta after others", slicesConcat(meta, record1("c", nil), record1("mz", nil)), 7, "key 0x6d7a comes after 0x63"},
		{"unsorted", slicesConcat(meta, record1("d", nil), record1("c", nil)), 7, "key 0x63 comes after 0x64"},
		{"duplicate", slicesConcat(meta, record1("c", nil), record1("c", nil)), 7, "key 0x63 comes after 0x63"},
		{"unknown kind", slicesConcat(meta, record1("zz", nil)), 6, "key 0x7a7a is of no known kind"},
		{"empty key", slicesConcat(meta, record1("", nil)), 6, "a key of 0 bytes"},
		{"long key", slicesConcat(meta, key), 6, "a key of 60001 bytes"},
		{"long value", slicesConcat(meta, longer), 6, "a value of 536870913"},
		{"long meta", slicesConcat(record1("mfolded", make([]byte, maxMetaValue+1)), meta[49:]), 5, `record "mfolded" has a value of 1025 bytes`},
		{"announced value", slicesConcat(meta, long, make([]byte, 3<<20)), 6, "ends within the record"},
		{"half a record", slicesConcat(meta, record1("c", nil)[:5]), 6, "ends within the record"},
		{"count", slicesConcat(meta, record1("c", nil)), 7, "6 records, expected 7"},
		{"head", slicesConcat(meta[:49+17+46], record1("mhead", nil), record1("mpruned", nil)), 5, `record "mhead"`},
		{"format", slicesConcat(meta[:49], record1("mformat", []byte{9, 0, 0, 0}), meta[49+17:]), 5, `it has format 1, its record "mformat" has 9`},
	} {
		_, err := Restore(t.Context(), bytes.NewReader(framed(t, test.records, Format, test.count)), kv.NewMemory(), nil)
		if test.text == "" {
			if err != nil {
				t.Errorf("%s: %v", test.name, err)
			}
			continue
		}
		if !errors.Is(err, ErrBackup) || !strings.Contains(err.Error(), test.text) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.text)
		}
	}
	if _, err := Restore(t.Context(), bytes.NewReader(framed(t, meta, Format+1, 5)), kv.NewMemory(), nil); !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), "use the program that wrote it") {
		t.Errorf("newer: %v", err)
	}
}

func slicesConcat(parts ...[]byte) []byte { return bytes.Join(parts, nil) }

// TestRestoreMemory: a length in a backup takes no memory before its bytes come.
func TestRestoreMemory(t *testing.T) {
	point := make([]byte, 36)
	long := record1("c", nil)
	binary.LittleEndian.PutUint32(long[2:], maxBackupValue)
	records := slicesConcat(record1("mfolded", point), record1("mformat", []byte{1, 0, 0, 0}), record1("mgenesis", make([]byte, 32)),
		record1("mhead", make([]byte, 72)), record1("mpruned", make([]byte, 12)), long)
	backup := framed(t, records, Format, 6)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := Restore(t.Context(), bytes.NewReader(backup), kv.NewMemory(), nil)
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; !errors.Is(err, ErrBackup) || got > 8<<20 {
		t.Errorf("took %d bytes: %v", got, err)
	}
}

// TestBackupFaults: a store that fails a read, a writer and a reader that fail, a store that takes no more, a context that ends: each error comes out, and what a
// restore left is refused.
func TestBackupFaults(t *testing.T) {
	good := smallBackup(t)
	store := kv.NewMemory()
	if _, err := Restore(t.Context(), bytes.NewReader(good), store, nil); err != nil {
		t.Fatal(err)
	}
	count := kvtest.NewFaults(store.Clone())
	if _, err := writeBackup(t.Context(), count, io.Discard, nil); err != nil {
		t.Fatal(err)
	}
	reads := count.Count(kvtest.Reads)
	if reads < 20 {
		t.Fatalf("a backup of %d reads", reads)
	}
	failure := errors.New("failure")
	for i := 1; i <= reads; i += 3 {
		faults := kvtest.NewFaults(store.Clone())
		faults.FailAt(kvtest.Reads, i, failure)
		if _, err := writeBackup(t.Context(), faults, io.Discard, nil); !errors.Is(err, failure) {
			t.Errorf("read %d: %v", i, err)
		}
	}
	for room := range 3 {
		if _, err := writeBackup(t.Context(), store, &limited{left: room, err: failure}, nil); !errors.Is(err, failure) {
			t.Errorf("writer of %d writes: %v", room, err)
		}
	}
	for _, n := range []int{0, 100, len(good) - 1, len(good)} {
		r := io.MultiReader(bytes.NewReader(good[:n]), failing{failure})
		if _, err := Restore(t.Context(), r, kv.NewMemory(), nil); !errors.Is(err, failure) {
			t.Errorf("reader of %d bytes: %v", n, err)
		}
	}
	for i := 1; ; i++ {
		memory := kv.NewMemory()
		faults := kvtest.NewFaults(memory)
		faults.FailAt(kvtest.Writes, i, failure)
		_, err := Restore(t.Context(), bytes.NewReader(good), faults, nil)
		if err == nil {
			if i < 3 {
				t.Errorf("a restore of %d writes", i-1)
			}
			break
		}
		if !errors.Is(err, failure) {
			t.Errorf("write %d: %v", i, err)
		}
		if _, err := Open(memory, Options{}); err == nil {
			t.Errorf("write %d: what is left opens", i)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	stop := func(c Count) {
		if calls++; c.Keys == 0 {
			t.Error("progress of nothing")
		}
		cancel()
	}
	if _, err := writeBackup(ctx, store, io.Discard, stop); !errors.Is(err, context.Canceled) || calls != 1 {
		t.Errorf("back up: %d calls, %v", calls, err)
	}
	left := kv.NewMemory()
	if _, err := Restore(ctx, bytes.NewReader(good), left, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("restore: %v", err)
	}
	if err := checkRestored(left); !errors.Is(err, ErrRestore) {
		t.Errorf("after a restore that was stopped: %v", err)
	}
}

type limited struct {
	left int
	err  error
}

func (l *limited) Write(p []byte) (int, error) {
	if l.left--; l.left < 0 {
		return 0, l.err
	}
	return len(p), nil
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// FuzzRestore restores any bytes, as they are, or as records with the right hashes around them. There is no panic; what is accepted is what Backup makes of the store.
func FuzzRestore(f *testing.F) {
	point := make([]byte, 36)
	meta := slicesConcat(record1("mfolded", point), record1("mformat", []byte{1, 0, 0, 0}), record1("mgenesis", make([]byte, 32)),
		record1("mhead", make([]byte, 72)), record1("mpruned", make([]byte, 12)))
	f.Add([]byte{}, true, uint64(0))
	f.Add(meta, true, uint64(5))
	f.Add(slicesConcat(meta, record1("c", nil), record1("h1", []byte{1, 2, 3})), true, uint64(7))
	f.Add(framed(f, slicesConcat(meta, record1("c", nil)), Format, 6), false, uint64(0))
	f.Fuzz(func(t *testing.T, data []byte, whole bool, count uint64) {
		if whole {
			data = framed(t, data, Format, count)
		}
		store := kv.NewMemory()
		info, err := Restore(t.Context(), bytes.NewReader(data), store, nil)
		if err != nil {
			if !errors.Is(err, ErrBackup) && !errors.Is(err, ErrFormat) {
				t.Fatalf("untyped error: %v", err)
			}
			return
		}
		var again bytes.Buffer
		got, err := writeBackup(t.Context(), store, &again, nil)
		if err != nil || got != info || !bytes.Equal(again.Bytes(), data) {
			t.Fatalf("%x is restored, and backed up as %x: %v", data, again.Bytes(), err)
		}
	})
}

// BenchmarkBackup and BenchmarkRestore go at the speed of the framing and the hashes, over memory.
func BenchmarkBackup(b *testing.B) {
	store, size := benchBackup(b)
	b.SetBytes(size)
	for b.Loop() {
		if info, err := writeBackup(b.Context(), store, io.Discard, nil); err != nil || info.Records.Keys < 100_000 {
			b.Fatal(info, err)
		}
	}
}

func BenchmarkRestore(b *testing.B) {
	store, size := benchBackup(b)
	var backup bytes.Buffer
	if _, err := writeBackup(b.Context(), store, &backup, nil); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(size)
	for b.Loop() {
		if info, err := Restore(b.Context(), bytes.NewReader(backup.Bytes()), kv.NewMemory(), nil); err != nil || info.Records.Keys < 100_000 {
			b.Fatal(info, err)
		}
	}
}

func benchBackup(b *testing.B) (kv.DB, int64) {
	g, err := newGenesis(1)
	if err != nil {
		b.Fatal(err)
	}
	memory := kv.NewMemory()
	db, err := Create(memory, g.header, g.memory, Options{})
	if err != nil {
		b.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 1))
	var batch kv.Batch
	for i := range 100_000 {
		value := make([]byte, 100+r.IntN(100))
		for j := range value {
			value[j] = byte(r.Uint32())
		}
		batch.Set(offchainKey([]byte("bench"), binary.BigEndian.AppendUint32(nil, uint32(i))), value)
	}
	if err := memory.Write(&batch, true); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	return memory, int64(memory.Stats().MemoryBytes)
}
