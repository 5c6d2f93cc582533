package badgerdb

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/dgraph-io/badger/v4"

	"github.com/gotensor/gotensor/storage/kv"
)

// The tests of this file run parts of themselves in other processes: TestMain does what childEnv says.
const childEnv = "GOTENSOR_KV_TEST_CHILD"

func TestMain(m *testing.M) {
	if job := os.Getenv(childEnv); job != "" {
		name, arg, _ := strings.Cut(job, ":")
		if err := children[name](arg); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(3)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

var children = map[string]func(arg string) error{
	"write": writeForever,
	"hold":  hold,
}

func child(name, arg string) *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+name+":"+arg)
	cmd.Stderr = os.Stderr
	return cmd
}

func long() bool { return os.Getenv("GOTENSOR_LONG") == "1" }

// rounds is n, or 300 where GOTENSOR_LONG asks for more.
func rounds(n int) int {
	if long() {
		return 300
	}
	return n
}

// stepBatch is what step i of the history writes that the processes make: the same whoever makes it. The key "i" has the step's number, so a store tells
// at which step it is.
func stepBatch(i uint64) (batch *kv.Batch, durable bool) {
	r := rand.New(rand.NewPCG(i, 77))
	batch = &kv.Batch{}
	value := func(limit int) []byte {
		out := make([]byte, r.IntN(limit))
		for j := range out {
			out[j] = byte(r.Uint32())
		}
		return append(binary.BigEndian.AppendUint64(nil, i), out...)
	}
	batch.Set([]byte("i"), binary.BigEndian.AppendUint64(nil, i))
	for range r.IntN(20) {
		key := fmt.Appendf(nil, "k%03d", r.IntN(300))
		switch r.IntN(20) {
		case 0, 1, 2, 3:
			batch.Delete(key)
		case 4:
			batch.Set(key, value(20_000))
		default:
			batch.Set(key, value(300))
		}
	}
	if r.IntN(20) == 0 {
		batch.Set(fmt.Appendf(nil, "k big %d", r.IntN(3)), value(1_500_000))
	}
	if r.IntN(20) == 0 {
		batch.Delete(fmt.Appendf(nil, "k big %d", r.IntN(3)))
	}
	if r.IntN(10) == 0 { // several of Badger's transactions
		for j := range 1000 + r.IntN(9000) {
			if key := fmt.Appendf(nil, "m%05d", j); r.IntN(5) == 0 {
				batch.Delete(key)
			} else {
				batch.Set(key, value(100))
			}
		}
	}
	durable = r.IntN(5) == 0
	if i > growing {
		batch.Set(fmt.Appendf(nil, "n%d", i), value(200_000))
	}
	return batch, durable
}

// growing is the number above which each step leaves something that no later one overwrites.
const growing = 1 << 40

// where is the last step that is in a store.
func where(db kv.DB) (i uint64, err error) {
	v, ok, err := db.Get([]byte("i"))
	if err != nil || !ok {
		return 0, err
	}
	if len(v) != 8 {
		return 0, fmt.Errorf("%w: step has %d bytes", kv.ErrCorrupt, len(v))
	}
	return binary.BigEndian.Uint64(v), nil
}

func take(db kv.DB, i uint64) error {
	batch, durable := stepBatch(i)
	return db.Write(batch, durable)
}

// writeForever takes step after step, and prints each when it is done.
func writeForever(dir string) error {
	db, err := Open(dir, small)
	if err != nil {
		return err
	}
	i, err := where(db)
	if err != nil {
		return err
	}
	for {
		i++
		if err := take(db, i); err != nil {
			return err
		}
		fmt.Println(i)
	}
}

// history is what a store should hold after each step from a first one on.
type history struct {
	first  uint64
	states []*kv.Memory
}

func newHistory() *history { return &history{states: []*kv.Memory{kv.NewMemory()}} }

func (h *history) at(i uint64) *kv.Memory {
	for last := h.first + uint64(len(h.states)) - 1; last < i; last++ {
		next := h.states[len(h.states)-1].Clone()
		if err := take(next, last+1); err != nil {
			panic("BUG: " + err.Error())
		}
		h.states = append(h.states, next)
	}
	return h.states[i-h.first]
}

// forget drops the states before a step.
func (h *history) forget(before uint64) { h.states, h.first = h.states[before-h.first:], before }

// compare checks that a store holds what it does after a step, no more and no less.
func (h *history) compare(db kv.DB, i uint64) error {
	return same(db, h.at(i), i)
}

func same(db, wanted kv.DB, i uint64) error {
	want, got := wanted.Iterator(nil), db.Iterator(nil)
	defer want.Close()
	defer got.Close()
	for want.Next() {
		if !got.Next() {
			return fmt.Errorf("step %d: %q is missing: %v", i, want.Key(), got.Err())
		}
		w, _ := want.Value()
		g, err := got.Value()
		if err != nil {
			return err
		}
		if !bytes.Equal(want.Key(), got.Key()) || !bytes.Equal(w, g) {
			return fmt.Errorf("step %d: %q with %d bytes, expected %q with %d", i, got.Key(), len(g), want.Key(), len(w))
		}
	}
	if got.Next() {
		return fmt.Errorf("step %d: %q is too much", i, got.Key())
	}
	return got.Err()
}

func TestKill(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "db")
	h := newHistory()
	r := rand.New(rand.NewPCG(1, uint64(time.Now().UnixNano())))
	var reached uint64
	var unfinished int
	n := rounds(12)
	for round := range n {
		cmd := child("write", dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// At any moment of its life, its start among them.
		time.AfterFunc(time.Duration(r.Int64N(int64(700*time.Millisecond))), func() { cmd.Process.Kill() })
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if i, err := strconv.ParseUint(lines.Text(), 10, 64); err == nil { // the last line may be cut off
				reached = max(reached, i)
			}
		}
		if err := cmd.Wait(); cmd.ProcessState.ExitCode() != -1 {
			t.Fatalf("round %d: the writing process ended by itself: %v", round, err)
		}
		if round%5 == 4 {
			if err := Check(dir); err != nil && !errors.Is(err, kv.ErrForeign) {
				t.Fatalf("round %d: %v", round, err)
			}
		}
		if found, err := inspect(filepath.Join(dir, badgerDir)); err == nil && found.judge() == nil && found.top > found.base {
			unfinished++
		}
		db, err := Open(dir, small)
		if err != nil {
			t.Fatalf("round %d, step %d: %v", round, reached, err)
		}
		i, err := where(db)
		// The system outlives the process, so what was not durable is there too.
		if err != nil || i < reached || i > reached+1 {
			t.Fatalf("round %d: the store is at step %d (%v), the process was at %d", round, i, err, reached)
		}
		if err := h.compare(db, i); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		h.forget(i)
		if err := db.Close(); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
	}
	if reached == 0 {
		t.Fatal("no process got as far as a step")
	}
	if long() && unfinished == 0 {
		t.Error("no kill left a part of a write")
	}
	t.Logf("FAULTS: %d kills of the key-value store, %d steps, %d writes were taken back", n, reached, unfinished)
}

// image copies a folder whose store is open, as a crash of the process would leave it: at a moment when no compaction makes or removes a file.
func image(t testing.TB, from string) (to string) {
	t.Helper()
	to = filepath.Join(t.TempDir(), "db")
	names := func() (names []string) {
		filepath.WalkDir(from, func(path string, _ os.DirEntry, err error) error {
			names = append(names, path)
			return err
		})
		return names
	}
	eventually(t, "copy of a folder at rest", func() bool {
		before := names()
		err := exec.Command("cp", "-a", "--sparse=always", from, to).Run()
		if err != nil { // a file went away, or cp is another
			os.RemoveAll(to)
			err = os.CopyFS(to, os.DirFS(from))
		}
		if err == nil && slices.Equal(before, names()) {
			return true
		}
		os.RemoveAll(to)
		return false
	})
	return to
}

// openStalled opens a store whose logs pile up: two tables in level 0 stall the next, and nothing is compacted.
func openStalled(t *testing.T, dir string) *DB {
	t.Helper()
	o := small
	o.tune = func(b *badger.Options) {
		tuneSmall(b)
		b.NumLevelZeroTables, b.NumLevelZeroTablesStall, b.NumCompactors = 1, 2, 0
	}
	db, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// stalled makes a store with n logs and returns an image of it, its last step, and the steps that began logs.
func stalled(t *testing.T, n int, h *history, after uint64) (dir string, last uint64, began []uint64) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "db")
	db := openStalled(t, dir)
	first := db.log.number
	for began = []uint64{1}; len(began) < n || last < began[n-1]+after; {
		last++
		batch, _ := stepBatch(last)
		if err := db.Write(batch, false); err != nil {
			t.Fatal(err)
		}
		for db.log.number > first+len(began)-1 {
			began = append(began, last)
		}
	}
	h.at(last)
	made := db.log.number - first + 1
	eventually(t, "flush of the tables that level 0 takes", func() bool {
		numbers, err := logs(db.dir)
		return err == nil && len(numbers) == made-min(made-1, 2)
	})
	return image(t, dir), last, began
}

// damage changes a log behind a share of what is in it, and says what it did.
func damage(t *testing.T, path string, r *rand.Rand, share float64) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	end := len(bytes.TrimRight(data, "\x00"))
	cut := logHeader + int(float64(end-logHeader-1)*share)
	switch r.IntN(4) {
	case 0:
		if err := os.Truncate(path, int64(cut)); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprintf("cut off at %d of %d", cut, end)
	case 1:
		clear(data[cut:])
	case 2:
		for i := cut; i < len(data); i++ {
			data[i] = byte(r.Uint32())
		}
	default:
		data[cut] ^= 1 << r.IntN(8)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("damaged at %d of %d", cut, end)
}

// TestTornTail damages the newest log: what opens is an earlier state, and a whole one.
func TestTornTail(t *testing.T) {
	h := newHistory()
	r := rand.New(rand.NewPCG(2, 3))
	var earlier, undone int
	n := rounds(25)
	var from string
	var last uint64
	for round := range n {
		if round%5 == 0 {
			if from != "" {
				os.RemoveAll(from)
			}
			from, last, _ = stalled(t, 2, h, uint64(5+round%50))
		}
		dir := image(t, from)
		numbers, err := logs(filepath.Join(dir, badgerDir))
		if err != nil || len(numbers) == 0 {
			t.Fatalf("no logs: %v", err)
		}
		what := damage(t, logPath(filepath.Join(dir, badgerDir), numbers[len(numbers)-1]), r, r.Float64())
		if found, err := inspect(filepath.Join(dir, badgerDir)); err == nil && found.judge() == nil && found.top > found.base {
			undone++
		}
		db, err := Open(dir, small)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		i, err := where(db)
		if err == nil {
			err = h.compare(db, i)
		}
		if err != nil || i > last {
			t.Fatalf("%s: step %d of %d: %v", what, i, last, err)
		}
		if i < last {
			earlier++
		}
		// And it goes on.
		if err := take(db, i+1); err != nil {
			t.Fatal(err)
		}
		if err := h.compare(db, i+1); err != nil {
			t.Fatalf("%s: step after it: %v", what, err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		os.RemoveAll(dir)
	}
	if earlier < n/2 {
		t.Errorf("only %d of %d damages cost a step: the test does not reach the log", earlier, n)
	}
	if undone == 0 {
		t.Error("no damage left a part of a write: the test does not reach the large ones")
	}
	t.Logf("FAULTS: %d logs damaged: %d stores at an earlier step, %d writes were taken back", n, earlier, undone)
}

// TestHole damages a log before the newest: steps are missing below others, and nothing opens, nor is anything changed.
func TestHole(t *testing.T) {
	h := newHistory()
	from, last, _ := stalled(t, 6, h, 5)
	numbers, err := logs(filepath.Join(from, badgerDir))
	if err != nil {
		t.Fatal(err)
	}
	found, err := inspect(filepath.Join(from, badgerDir))
	if err != nil {
		t.Fatal(err)
	}
	var older []int // logs before the newest that are not in a table
	for _, log := range found.logs[:len(found.logs)-1] {
		if log.max > found.inTables {
			older = append(older, log.number)
		}
	}
	if len(older) == 0 {
		t.Fatalf("no log of %v is left to be damaged", numbers)
	}
	r := rand.New(rand.NewPCG(2, 4))
	for round := range rounds(25) {
		dir := image(t, from)
		number := older[round%len(older)]
		path := logPath(filepath.Join(dir, badgerDir), number)
		what := "removed"
		if round%5 == 4 {
			os.Remove(path)
		} else {
			what = damage(t, path, r, r.Float64()*0.99)
		}
		before := contents(t, dir)
		for range 2 {
			if db, err := Open(dir, small); !errors.Is(err, kv.ErrCorrupt) {
				if err == nil {
					i, _ := where(db)
					t.Logf("at step %d of %d", i, last)
				}
				t.Fatalf("log %d of %v: %s: %v, expected ErrCorrupt", number, numbers, what, err)
			}
			if err := Check(dir); !errors.Is(err, kv.ErrCorrupt) {
				t.Fatalf("log %d of %v: %s: check: %v, expected ErrCorrupt", number, numbers, what, err)
			}
		}
		unchanged(t, dir, before)
		os.RemoveAll(dir)
	}
}

// TestStopAtLogTurn damages the end of a log where the next one holds the one write that began it: what a crash of the machine leaves in the moment
// before the first of the two is synced. Nothing of that was durable but the beginning of the log, so an earlier state opens.
func TestStopAtLogTurn(t *testing.T) {
	h := newHistory()
	from, last, began := stalled(t, 6, h, 0)
	if began[5] != last {
		t.Fatalf("step %d is the last, %d began the log", last, began[5])
	}
	r := rand.New(rand.NewPCG(2, 5))
	var earlier int
	for range rounds(6) {
		dir := image(t, from)
		numbers, _ := logs(filepath.Join(dir, badgerDir))
		what := damage(t, logPath(filepath.Join(dir, badgerDir), numbers[len(numbers)-2]), r, 0.5+r.Float64()/2)
		db, err := Open(dir, small)
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		i, err := where(db)
		if err == nil {
			err = h.compare(db, i)
		}
		if err != nil || i < began[4] {
			t.Fatalf("%s: step %d, log begins with %d: %v", what, i, began[4], err)
		}
		if i < last {
			earlier++
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if earlier == 0 {
		t.Error("no damage cost a step")
	}
}

// TestUnfinished leaves a large write without its end, in tables and logs, after compactions: it is taken back, as often as that is interrupted.
func TestUnfinished(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "db")
	db := mustOpen(t, dir)
	const n = 40_000
	key := func(i int) []byte { return fmt.Appendf(nil, "%05d", i*7919%n) }
	b := &kv.Batch{}
	for i := range n {
		if i%2 == 0 {
			b.Set(key(i), fmt.Appendf(nil, "former %d", i))
		}
	}
	b.Set([]byte("big"), bytes.Repeat([]byte{1}, 1_000_000))
	b.Set([]byte("big, then small"), bytes.Repeat([]byte{1}, 1_000_000))
	b.Set([]byte("small, then big"), []byte("small"))
	if err := db.Write(b, true); err != nil {
		t.Fatal(err)
	}
	want := kv.NewMemory()
	want.Write(b, true)

	last := db.last
	b = &kv.Batch{}
	for round := range 2 {
		for i := range n {
			if (i+round)%3 == 0 {
				b.Delete(key(i))
			} else {
				b.Set(key(i), bytes.Repeat([]byte{byte(i)}, 200))
			}
		}
	}
	b.Set([]byte("big"), bytes.Repeat([]byte{2}, 2_000_000))
	b.Set([]byte("big, then small"), []byte("small"))
	b.Set([]byte("small, then big"), bytes.Repeat([]byte{2}, 1_000_000))
	for _, share := range []int{100, 30} {
		w := db.newWriter(last)
		ops := inOrder(b.Ops)
		if err := w.ops(ops[:len(ops)*share/100], map[uint64]uint32{}); err != nil {
			t.Fatal(err)
		}
		if err := w.room(1 << 30); err != nil { // ends the transaction under way
			t.Fatal(err)
		}
		if w.steps < 3 {
			t.Fatalf("%d steps: the write is not large", w.steps)
		}
		db.last = w.before // as if nothing had been written, but what Badger has
		db.advanceDiscard()
		if err := same(db, want, 0); err != nil {
			t.Fatalf("an unfinished write is seen: %v", err)
		}
		flushed(t, db)
		crashed := image(t, dir)
		found, err := inspect(filepath.Join(crashed, badgerDir))
		if err == nil {
			err = found.judge()
		}
		if err != nil || found.top != w.number || found.base != w.before || found.inTables <= found.base {
			t.Fatalf("found %d to %d, %d in tables, expected %d to %d: %v", found.base, found.top, found.inTables, w.before, w.number, err)
		}
		// Taking it back is interrupted.
		opened, err := openBadger(badgerOptions(filepath.Join(crashed, badgerDir), small))
		if err != nil {
			t.Fatal(err)
		}
		half := &DB{db: opened, last: found.top}
		w = half.newWriter(found.base)
		for i := range n / 2 {
			if err := w.delete(userKey(key(i))); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.room(1 << 30); err != nil {
			t.Fatal(err)
		}
		again := image(t, crashed)
		opened.Close()
		for _, dir := range []string{crashed, again} {
			recovered := mustOpen(t, dir)
			if err := same(recovered, want, 0); err != nil {
				t.Fatal(err)
			}
			if err := recovered.Write(b, true); err != nil {
				t.Fatal(err)
			}
			if v, ok, err := recovered.Get([]byte("big")); !ok || err != nil || len(v) != 2_000_000 {
				t.Fatal(len(v), ok, err)
			}
			if err := recovered.Close(); err != nil {
				t.Fatal(err)
			}
			if err := Check(dir); err != nil {
				t.Fatal(err)
			}
		}
		// The store that was open all the time goes on: its next number is above.
		db.last = w.number
	}
}

// TestHeldLog crashes while an iterator holds a table in memory, and so its log, whose keys were deleted and forgotten since.
func TestHeldLog(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "db")
	db := openCalm(t, dir)
	b := &kv.Batch{}
	b.Set([]byte("gone"), []byte("former"))
	if err := db.Write(b, false); err != nil {
		t.Fatal(err)
	}
	it := db.Iterator(nil)
	held := db.log.number
	b = &kv.Batch{}
	b.Delete([]byte("gone"))
	if err := db.Write(b, false); err != nil {
		t.Fatal(err)
	}
	for i := 0; db.log.number < held+40; i++ {
		b := &kv.Batch{}
		b.Set([]byte("filler"), bytes.Repeat([]byte{byte(i)}, 200_000))
		if err := db.Write(b, false); err != nil {
			t.Fatal(err)
		}
	}
	flushed(t, db)
	if err := db.db.Flatten(1); err != nil {
		t.Fatal(err)
	}
	crashed := image(t, dir)
	if _, err := os.Stat(logPath(filepath.Join(crashed, badgerDir), held)); err != nil {
		t.Fatalf("the log is not held: %v", err)
	}
	recovered := mustOpen(t, crashed)
	if v, ok, err := recovered.Get([]byte("gone")); ok || err != nil {
		t.Fatalf("a deleted key came back: %q, %v", v, err)
	}
	if !it.Next() || string(it.Key()) != "gone" {
		t.Fatalf("iterator lost its view: %q, %v", it.Key(), it.Err())
	}
	it.Close()
}

// eventually waits until something is so.
func eventually(t testing.TB, what string, so func() bool) {
	t.Helper()
	for begun := time.Now(); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Since(begun) > time.Minute {
			t.Fatalf("%s: not after a minute", what)
		}
	}
}

// openCalm opens a store that compacts nothing by itself, and takes what is written all the same.
func openCalm(t testing.TB, dir string) *DB {
	t.Helper()
	o := small
	o.tune = func(b *badger.Options) {
		tuneSmall(b)
		b.NumLevelZeroTablesStall, b.NumCompactors = 1000, 0
	}
	db, err := Open(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// flushed waits until Badger has brought all tables in memory but the one in use to the disk.
func flushed(t testing.TB, db *DB) {
	t.Helper()
	last := db.log.number - 1
	eventually(t, "flush of the tables in memory", func() bool {
		found, err := inspect(db.dir)
		if err != nil {
			return false // a table was removed in the meantime
		}
		for _, log := range found.logs {
			if log.number <= last && log.max > 0 && log.max >= found.inTables && !log.inTable {
				return false
			}
		}
		return true
	})
}

// TestHeldLogOfLargeWrite crashes while an iterator holds a log that ends with the first transactions of a write, whose later ones deleted what is in the
// log: all is in tables, the deletion compacted away.
func TestHeldLogOfLargeWrite(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "db")
	db := openCalm(t, dir)
	b := &kv.Batch{}
	b.Set([]byte("m gone"), []byte("former"))
	if err := db.Write(b, false); err != nil {
		t.Fatal(err)
	}
	it := db.Iterator(nil)
	defer it.Close()
	held := db.log.number
	b = &kv.Batch{}
	for i := range 150 {
		b.Set(fmt.Appendf(nil, "k%05d", i), bytes.Repeat([]byte{byte(i)}, 50_000))
	}
	b.Delete([]byte("m gone"))
	for i := range 150 { // so that its log is done as well
		b.Set(fmt.Appendf(nil, "n%05d", i), bytes.Repeat([]byte{byte(i)}, 50_000))
	}
	if err := db.Write(b, false); err != nil {
		t.Fatal(err)
	}
	flushed(t, db)
	if err := db.db.Flatten(1); err != nil {
		t.Fatal(err)
	}
	crashed := image(t, dir)
	found, err := inspect(filepath.Join(crashed, badgerDir))
	if err != nil || found.logs[0].number != held || found.logs[0].max != found.inTables {
		t.Fatalf("logs %v, write %d in tables: the log is not held: %v", found.logs, found.inTables, err)
	}
	recovered := mustOpen(t, crashed)
	if v, ok, err := recovered.Get([]byte("m gone")); ok || err != nil {
		t.Errorf("a deleted key came back: %q, %v", v, err)
	}
	if err := same(recovered, db, 0); err != nil {
		t.Error(err)
	}
}

// TestFirstWriteUnfinished crashes in the first write of a store, and again while that is taken back: the store opens, empty.
func TestFirstWriteUnfinished(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "db")
	db := mustOpen(t, dir)
	key := func(i int) []byte { return fmt.Appendf(nil, "k%05d", i) }
	first := db.last // the mark that every store begins with
	w := db.newWriter(first)
	for i := range 300 {
		if err := w.op(kv.Op{Key: key(i), Value: bytes.Repeat([]byte{byte(i)}, 20_000)}, map[uint64]uint32{}); err != nil {
			t.Fatal(err)
		}
	}
	crashed := image(t, dir)
	opened, err := openBadger(badgerOptions(filepath.Join(crashed, badgerDir), small))
	if err != nil {
		t.Fatal(err)
	}
	half := &DB{db: opened, last: opened.MaxVersion()}
	w = half.newWriter(first)
	for i := range 100 {
		if err := w.delete(userKey(key(i))); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.room(1 << 30); err != nil {
		t.Fatal(err)
	}
	if err := opened.Close(); err != nil {
		t.Fatal(err)
	}
	if err := same(mustOpen(t, crashed), kv.NewMemory(), 0); err != nil {
		t.Fatal(err)
	}
}

// TestDeepFromTheBeginning: a level below 0 has a mark before anything is written, so that compactions within level 0 drop no deletions.
func TestDeepFromTheBeginning(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "db")
	deep := func(what string) {
		t.Helper()
		found, err := inspect(filepath.Join(dir, badgerDir))
		if err != nil || !found.deep || len(found.marks) == 0 {
			t.Errorf("%s: tables %v, marks %v, all in level 0: %v", what, found.tables, found.marks, err)
		}
	}
	db := openCalm(t, dir)
	deep("fresh store")
	for i := range uint64(50) {
		if err := take(db, i+1); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	deep("closed store")
}

// TestOtherMemory crashes and opens with less memory, whose tables are smaller than the logs.
func TestOtherMemory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "db")
	db, err := Open(dir, Options{Memory: 4 * MinMemory})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	h := newHistory()
	const last = 200
	for i := range uint64(last) {
		if err := take(db, i+1); err != nil {
			t.Fatal(err)
		}
	}
	for _, o := range []Options{small, {Memory: 8 * MinMemory}} {
		crashed, err := Open(image(t, dir), o)
		if err != nil {
			t.Fatal(err)
		}
		if err := h.compare(crashed, last); err != nil {
			t.Fatal(err)
		}
		if err := crashed.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSyncError lets the system refuse a sync: the store stops, and what is opened then is the state after a step, no earlier than the last durable one.
func TestSyncError(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "db")
	h := newHistory()
	var done uint64
	for round := range rounds(25) {
		db := mustOpen(t, dir)
		it := db.Iterator(nil)
		for range round % 7 {
			done++
			if err := take(db, done); err != nil {
				t.Fatal(err)
			}
		}
		db.log.current.Close() // a sync of its descriptor is refused from now on
		var err error
		if round%2 == 0 {
			err = db.Sync()
		} else {
			b, _ := stepBatch(done + 1)
			err = db.Write(b, true)
		}
		_, _, getErr := db.Get([]byte("i"))
		if it.Next() {
			t.Fatalf("round %d: an iterator goes on", round)
		}
		for _, err := range []error{err, getErr, it.Err(), db.Sync(), db.Write(&kv.Batch{}, false), db.Iterator(nil).Err()} {
			if !errors.Is(err, kv.ErrFailed) {
				t.Fatalf("round %d: %v, expected ErrFailed", round, err)
			}
		}
		it.Close()
		if err := db.Close(); !errors.Is(err, kv.ErrFailed) {
			t.Fatalf("round %d: close: %v, expected ErrFailed", round, err)
		}
		db = mustOpen(t, dir)
		i, err := where(db)
		if err == nil {
			err = h.compare(db, i)
		}
		if err != nil || i < done || i > done+1 {
			t.Fatalf("round %d: step %d of %d: %v", round, i, done, err)
		}
		done = i
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// hold opens a store, says so, and waits for the end of its input.
func hold(dir string) error {
	db, err := Open(dir, small)
	if err != nil {
		return err
	}
	fmt.Println("open")
	io.Copy(io.Discard, os.Stdin)
	return db.Close()
}

func TestTwoProcesses(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "db")
	cmd := child("hold", dir)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(out).ReadString('\n'); line != "open\n" {
		t.Fatalf("%q, %v", line, err)
	}
	before := contents(t, dir)
	for range rounds(25) {
		if _, err := Open(dir, small); !errors.Is(err, kv.ErrLocked) {
			t.Fatalf("second process: %v, expected ErrLocked", err)
		}
		if err := Check(dir); !errors.Is(err, kv.ErrLocked) {
			t.Fatalf("check by a second process: %v, expected ErrLocked", err)
		}
	}
	unchanged(t, dir, before)
	in.Close()
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, dir)
	if _, err := Open(dir, small); !errors.Is(err, kv.ErrLocked) {
		t.Fatalf("the same process again: %v, expected ErrLocked", err)
	}
}

// contents are all files below a folder.
func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		out[path] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func unchanged(t *testing.T, dir string, before map[string]string) {
	t.Helper()
	after := contents(t, dir)
	for path, data := range before {
		if got, ok := after[path]; !ok || got != data {
			t.Errorf("%s was changed or removed", path)
		}
		delete(after, path)
	}
	for path := range after {
		if filepath.Base(path) != lockFile {
			t.Errorf("%s was made", path)
		}
	}
}
