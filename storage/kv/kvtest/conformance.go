package kvtest

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/gotensor/gotensor/storage/kv"
)

// Harness makes the stores that Run tests.
type Harness struct {
	// Open returns an empty store, which the harness cleans up.
	Open func(tb testing.TB) kv.DB
	// Reopen closes a store and opens it again.
	Reopen func(tb testing.TB, db kv.DB) kv.DB
	// Rounds is how many operations the random test makes for each of its seeds; 0 for 400.
	Rounds int
}

// Run tests everything that package kv promises and that needs no crash.
func Run(t *testing.T, h Harness) {
	for _, test := range conformance {
		t.Run(test.name, func(t *testing.T) { test.run(t, h) })
	}
	t.Run("model", func(t *testing.T) { testModel(t, h) })
}

type conformanceTest struct {
	name string
	run  func(t testing.TB, h Harness)
}

var conformance = []conformanceTest{
	{"overwrite", testOverwrite},
	{"iterate", testIterate},
	{"seek", testSeek},
	{"values", testValues},
	{"keys", testKeys},
	{"batches", testBatches},
	{"large batches", testLargeBatches},
	{"slices", testSlices},
	{"iterator keeps its view", testIteratorView},
	{"many iterators", testIterators},
	{"reopen", testReopen},
	{"closed", testClosed},
	{"concurrent", testConcurrent},
}

func set(pairs ...string) *kv.Batch {
	b := &kv.Batch{}
	for i := 0; i < len(pairs); i += 2 {
		b.Set([]byte(pairs[i]), []byte(pairs[i+1]))
	}
	return b
}

func write(t testing.TB, db kv.DB, b *kv.Batch, durable bool) {
	t.Helper()
	if err := db.Write(b, durable); err != nil {
		t.Fatal(err)
	}
}

// absent stands for a value where there is none.
const absent = "\x00absent"

func expect(t testing.TB, db kv.DB, key, want string) {
	t.Helper()
	value, ok, err := db.Get([]byte(key))
	if err != nil {
		t.Fatal(err)
	}
	got := string(value)
	if !ok {
		got = absent
	}
	if got != want {
		t.Fatalf("get %.40q: %.60q (%d bytes), expected %.60q (%d bytes)", key, got, len(got), want, len(want))
	}
}

// walk returns what an iterator gives, key and value by turns.
func walk(t testing.TB, db kv.DB, prefix string) []string {
	t.Helper()
	it := db.Iterator([]byte(prefix))
	defer it.Close()
	out, err := rest(it)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// rest returns what an iterator has left, key and value by turns.
func rest(it kv.Iterator) (out []string, err error) {
	for it.Next() {
		value, err := it.Value()
		if err != nil {
			return nil, fmt.Errorf("value at %.40q: %w", it.Key(), err)
		}
		out = append(out, string(it.Key()), string(value))
	}
	return out, it.Err()
}

// compare says where keys and values, by turns, begin to differ from what is wanted.
func compare(got, want []string) error {
	show := func(pairs []string, i int) string {
		if i >= len(pairs) {
			return "the end"
		}
		return fmt.Sprintf("%.40q = %.40q (%d bytes)", pairs[i], pairs[i+1], len(pairs[i+1]))
	}
	for i := 0; i < max(len(got), len(want)); i += 2 {
		if i >= len(got) || i >= len(want) || got[i] != want[i] || got[i+1] != want[i+1] {
			return fmt.Errorf("%d keys, expected %d; number %d is %s, expected %s", len(got)/2, len(want)/2, i/2, show(got, i), show(want, i))
		}
	}
	return nil
}

// bytesOf are n bytes that compress badly and are told apart by seed.
func bytesOf(seed uint64, n int) string {
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16), byte(seed >> 24), byte(n), byte(n >> 8), byte(n >> 16)})
	out := make([]byte, n)
	r.Read(out)
	return string(out)
}

func testOverwrite(t testing.TB, h Harness) {
	db := h.Open(t)
	expect(t, db, "key", absent)
	for i := range 1001 {
		want := fmt.Sprint(i)
		if i%7 == 5 {
			b := &kv.Batch{}
			b.Delete([]byte("key"))
			write(t, db, b, i%100 == 0)
			want = absent
		} else {
			write(t, db, set("key", want, "other", ""), i%100 == 0)
		}
		expect(t, db, "key", want)
	}
	expect(t, db, "other", "")
	expect(t, db, "ke", absent)
	expect(t, db, "key\x00", absent)
	db = h.Reopen(t, db)
	expect(t, db, "key", "1000")
	expect(t, db, "other", "")
}

// edges are keys where orders and prefixes go wrong.
var edges = []string{"", "\x00", "\x00\x00", "a", "a\x00", "ab", "b", "b\x00", "b\xff", "b\xff\xff", "b\xff\xff\x00", "c", "\xff", "\xff\x00", "\xff\xff", "\xff\xff\xff"}

// filled returns a store with the edges, which stand for themselves, after writes and deletes of them and of keys between.
func filled(t testing.TB, h Harness) kv.DB {
	db := h.Open(t)
	b := &kv.Batch{}
	for _, k := range edges {
		b.Set([]byte(k), []byte("old"))
		b.Set([]byte(k+"\x01"), []byte("gone"))
	}
	write(t, db, b, false)
	b = &kv.Batch{}
	for i, k := range edges {
		if i%3 > 0 {
			b.Delete([]byte(k))
		}
		b.Delete([]byte(k + "\x01"))
	}
	b.Delete([]byte("never there"))
	write(t, db, b, true)
	b = &kv.Batch{}
	for _, k := range edges {
		b.Set([]byte(k), []byte("value of "+k))
	}
	write(t, db, b, false)
	return db
}

func testIterate(t testing.TB, h Harness) {
	db := filled(t, h)
	prefixes := append([]string{"x", "bb", "b\xff\xff\xff", "\xff\xff\xff\xff"}, edges...)
	for range 2 {
		for _, prefix := range prefixes {
			var want []string
			for _, k := range edges {
				if strings.HasPrefix(k, prefix) {
					want = append(want, k, "value of "+k)
				}
			}
			if err := compare(walk(t, db, prefix), want); err != nil {
				t.Errorf("iterate %q: %v", prefix, err)
			}
		}
		db = h.Reopen(t, db)
	}
}

// testSeek goes from every key to every other, within and outside of each prefix.
func testSeek(t testing.TB, h Harness) {
	db := filled(t, h)
	targets := append([]string{"\x00\x01", "aa", "bb", "b\xfe", "x", "b\xff\xff\xff", "\xff\xff\xff\xff"}, edges...)
	for _, prefix := range append([]string{"x"}, edges...) {
		var within []string
		for _, k := range edges {
			if strings.HasPrefix(k, prefix) {
				within = append(within, k)
			}
		}
		it := db.Iterator([]byte(prefix))
		// at says what the iterator is to answer where the last step said ok.
		at := func(step string, ok bool, i int) {
			t.Helper()
			if ok != (i < len(within)) || it.Err() != nil {
				t.Fatalf("prefix %q, %s: %v, %v, expected %v", prefix, step, ok, it.Err(), !ok)
			}
			if !ok {
				return
			}
			value, err := it.Value()
			if err != nil || string(it.Key()) != within[i] || string(value) != "value of "+within[i] {
				t.Fatalf("prefix %q, %s: %q = %q, %v, expected %q", prefix, step, it.Key(), value, err, within[i])
			}
		}
		for _, from := range targets {
			for _, to := range targets {
				i, _ := slices.BinarySearch(within, from)
				at(fmt.Sprintf("seek %q", from), it.Seek([]byte(from)), i)
				i, _ = slices.BinarySearch(within, to)
				at(fmt.Sprintf("seek %q from %q", to, from), it.Seek([]byte(to)), i)
				at(fmt.Sprintf("next after seek %q", to), it.Next(), i+1)
			}
		}
		for it.Next() {
		}
		at("next at the end", it.Next(), len(within))
		at("seek nil from the end", it.Seek(nil), 0)
		at("next after seek nil", it.Next(), 1)
		at("seek behind the prefix", it.Seek([]byte(prefix+"\xff\xff\xff\xff")), len(within))
		at("next there", it.Next(), len(within))
		at("seek back", it.Seek([]byte(prefix)), 0)
		it.Close()
		// A seek is a first step too.
		it = db.Iterator([]byte(prefix))
		last := max(len(within)-1, 0)
		at("first seek", it.Seek([]byte(prefix+"\xff\xff\xff"+"\xff")), len(within))
		if len(within) > 0 {
			at("seek the last", it.Seek([]byte(within[last])), last)
			at("next of the last", it.Next(), len(within))
		}
		it.Close()
	}
}

func testValues(t testing.TB, h Harness) {
	db := h.Open(t)
	// Around what stores do differently, up to what the code of a runtime needs.
	sizes := []int{0, 1, 31, 4 << 10, 64 << 10, 128<<10 - 1, 128 << 10, 128<<10 + 1, 256 << 10, 1 << 20, 3<<20 + 17, 8 << 20}
	key := func(i int) string { return fmt.Sprintf("size%02d", i) }
	b := &kv.Batch{}
	for i, n := range sizes {
		b.Set([]byte(key(i)), []byte(bytesOf(1, n)))
	}
	write(t, db, b, false)
	for i, n := range sizes {
		expect(t, db, key(i), bytesOf(1, n))
	}
	// Each size takes the place of another, one write each.
	for i, n := range sizes {
		write(t, db, set(key(len(sizes)-1-i), bytesOf(2, n)), i%3 == 0)
	}
	b = &kv.Batch{}
	b.Delete([]byte(key(0))) // the largest
	b.Delete([]byte(key(len(sizes) - 1)))
	write(t, db, b, true)
	for range 2 {
		got := walk(t, db, "size")
		if len(got) != 2*(len(sizes)-2) {
			t.Fatalf("%d keys and values, expected %d", len(got), 2*(len(sizes)-2))
		}
		for i := range sizes {
			want := bytesOf(2, sizes[len(sizes)-1-i])
			if i == 0 || i == len(sizes)-1 {
				expect(t, db, key(i), absent)
				continue
			}
			expect(t, db, key(i), want)
			if at := 2 * (i - 1); got[at] != key(i) || got[at+1] != want {
				t.Fatalf("iterator has %q with %d bytes, expected %q with %d", got[at], len(got[at+1]), key(i), len(want))
			}
		}
		db = h.Reopen(t, db)
	}
	// Nothing of what was removed comes back in the place of a new value.
	write(t, db, set(key(0), bytesOf(3, 200<<10)), false)
	expect(t, db, key(0), bytesOf(3, 200<<10))
}

func testKeys(t testing.TB, h Harness) {
	db := h.Open(t)
	long := bytesOf(1, kv.MaxKey-1)
	// Keys that differ in their last byte alone, and in whether there is one.
	keys := []string{"", "k", strings.Repeat("k", 255), strings.Repeat("k", 256), strings.Repeat("k", 1<<15), long, long + "\x00", long + "\xff"}
	b := &kv.Batch{}
	for i, k := range keys {
		b.Set([]byte(k), fmt.Append(nil, i))
	}
	write(t, db, b, true)
	for range 2 {
		for i, k := range keys {
			expect(t, db, k, fmt.Sprint(i))
		}
		if err := compare(walk(t, db, long), []string{long, "5", long + "\x00", "6", long + "\xff", "7"}); err != nil {
			t.Fatalf("iterate a long prefix: %v", err)
		}
		if got := walk(t, db, "k"); len(got) != 8 || got[6] != keys[4] {
			t.Fatalf("%d keys and values, expected 8", len(got))
		}
		it := db.Iterator(nil)
		if !it.Seek([]byte(long+"\x01")) || string(it.Key()) != long+"\xff" {
			t.Fatalf("seek a long key: %d bytes, %v", len(it.Key()), it.Err())
		}
		it.Close()
		db = h.Reopen(t, db)
	}
	before := walk(t, db, "")
	tooLong := make([]byte, kv.MaxKey+1)
	for _, refused := range []*kv.Batch{
		{Ops: []kv.Op{{Key: []byte("k"), Value: []byte("new")}, {Key: tooLong}}},
		{Ops: []kv.Op{{Key: tooLong, Delete: true}, {Key: []byte("k"), Delete: true}}},
		{Ops: []kv.Op{{Key: []byte("m"), Value: make([]byte, 20<<20)}, {Key: tooLong, Value: []byte("1")}}},
	} {
		if err := db.Write(refused, true); !errors.Is(err, kv.ErrKeyTooLong) {
			t.Fatalf("a key of %d bytes: %v, expected %v", len(tooLong), err, kv.ErrKeyTooLong)
		}
		if err := compare(walk(t, db, ""), before); err != nil {
			t.Fatalf("a write that was refused changed something: %v", err)
		}
	}
	// What is too long to be written can be asked for.
	expect(t, db, string(tooLong), absent)
	if got := walk(t, db, string(tooLong)); got != nil {
		t.Fatalf("%d keys below a prefix that is longer than a key", len(got)/2)
	}
	write(t, db, set("k", "new"), true) // it was no failure
	expect(t, db, "k", "new")
}

func testBatches(t testing.TB, h Harness) {
	db := h.Open(t)
	b := set("a", "1", "a", "2", "b", "1")
	b.Delete([]byte("b"))
	b.Delete([]byte("c"))
	b.Set([]byte("c"), []byte("3"))
	b.Delete([]byte("d"))
	b.Set([]byte("big"), make([]byte, 300<<10))
	b.Set([]byte("big"), []byte("small"))
	for range 500 {
		b.Delete([]byte("a"))
		b.Set([]byte("a"), []byte("many times"))
	}
	write(t, db, b, true)
	write(t, db, &kv.Batch{}, false)
	write(t, db, &kv.Batch{}, true)
	want := []string{"a", "many times", "big", "small", "c", "3"}
	if err := compare(walk(t, db, ""), want); err != nil {
		t.Fatal(err)
	}
	if err := db.Sync(); err != nil {
		t.Fatal(err)
	}
	expect(t, db, "a", "many times")
	expect(t, db, "b", absent)
	if s := db.Stats(); s.Writes != 3 || s.Reads != 2 {
		t.Errorf("stats count %d writes and %d reads, expected 3 and 2", s.Writes, s.Reads)
	}
	db = h.Reopen(t, db)
	if err := compare(walk(t, db, ""), want); err != nil {
		t.Fatalf("reopened: %v", err)
	}
	if s := db.Stats(); s.Writes != 0 || s.Reads != 0 {
		t.Errorf("reopened: stats count %d writes and %d reads, expected none", s.Writes, s.Reads)
	}
}

// testLargeBatches writes batches of 20 MB, of small values and of large ones, one over the other, and deletes all of it in one.
func testLargeBatches(t testing.TB, h Harness) {
	db := h.Open(t)
	const small = 160_000
	key := func(i int) []byte { return fmt.Appendf(nil, "many%06d", i) }
	b := &kv.Batch{}
	for i := range small {
		b.Set(key(i*7919%small), bytes.Repeat([]byte{byte(i)}, 120))
	}
	b.Set(key(0), []byte("last"))
	write(t, db, b, true)
	check := func() {
		t.Helper()
		expect(t, db, "many000000", "last")
		expect(t, db, "many007919", strings.Repeat("\x01", 120))
		it := db.Iterator([]byte("many"))
		defer it.Close()
		for i := range small {
			if !it.Next() || string(it.Key()) != string(key(i)) {
				t.Fatalf("key %d is %.40q: %v", i, it.Key(), it.Err())
			}
		}
		if it.Next() {
			t.Fatalf("more than %d keys: %.40q", small, it.Key())
		}
	}
	check()
	db = h.Reopen(t, db)
	check()
	b = &kv.Batch{}
	for i := range 20 {
		b.Set(key(i), []byte(bytesOf(uint64(i), 1<<20)))
	}
	write(t, db, b, false)
	for i := range 20 {
		expect(t, db, string(key(i)), bytesOf(uint64(i), 1<<20))
	}
	b = &kv.Batch{}
	for i := range small {
		b.Delete(key(i))
	}
	b.Set([]byte("left"), nil)
	write(t, db, b, true)
	for range 2 {
		if err := compare(walk(t, db, ""), []string{"left", ""}); err != nil {
			t.Fatal(err)
		}
		db = h.Reopen(t, db)
	}
}

// testSlices changes what it gave to the store and what it got from it.
func testSlices(t testing.TB, h Harness) {
	db := h.Open(t)
	spoil := func(b []byte) {
		for i := range b {
			b[i] ^= 0xff
		}
	}
	big := bytesOf(1, 300<<10)
	b := set("a", "one", "b", big, "c", "three")
	write(t, db, b, false)
	for _, op := range b.Ops {
		spoil(op.Key)
		spoil(op.Value)
	}
	want := []string{"a", "one", "b", big, "c", "three"}
	for range 2 {
		for i := 0; i < len(want); i += 2 {
			key := []byte(want[i])
			value, ok, err := db.Get(key)
			spoil(key)
			if !ok || err != nil || string(value) != want[i+1] {
				t.Fatalf("get %q: %.40q, %v, %v", want[i], value, ok, err)
			}
			spoil(value)
		}
		if err := compare(walk(t, db, ""), want); err != nil {
			t.Fatalf("what was given or got was changed, and the store with it: %v", err)
		}
	}
	prefix := []byte("b")
	it := db.Iterator(prefix)
	defer it.Close()
	spoil(prefix)
	seek := []byte("a")
	if !it.Seek(seek) {
		t.Fatal(it.Err())
	}
	spoil(seek)
	if got, err := it.Value(); string(it.Key()) != "b" || string(got) != big || err != nil || it.Next() {
		t.Fatalf("iterator whose prefix was changed: %q", it.Key())
	}
	// A value that Get gave outlives its key and what comes after.
	value, _, err := db.Get([]byte("c"))
	if err != nil {
		t.Fatal(err)
	}
	for i := range 300 {
		write(t, db, set("c", fmt.Sprint(i)), false)
	}
	if string(value) != "three" {
		t.Fatalf("a value that was got became %q", value)
	}
}

// testIteratorView keeps iterators across 1,000 writes and deletes.
func testIteratorView(t testing.TB, h Harness) {
	db := h.Open(t)
	const n = 300
	key := func(i int) []byte { return fmt.Appendf(nil, "%03d", i) }
	big := bytesOf(1, 200<<10)
	b := &kv.Batch{}
	var want []string
	for i := range n {
		value := fmt.Sprint("old", i)
		if i%50 == 7 {
			value = big
		}
		b.Set(key(i), []byte(value))
		want = append(want, string(key(i)), value)
	}
	write(t, db, b, false)
	fresh, begun := db.Iterator(nil), db.Iterator(nil)
	defer fresh.Close()
	defer begun.Close()
	for range 100 {
		if !begun.Next() {
			t.Fatal(begun.Err())
		}
	}
	kept, err := begun.Value()
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 1))
	for i := range 1000 {
		b := &kv.Batch{}
		b.Delete(key(i % n))
		b.Delete(key(r.IntN(n)))
		b.Set(append(key(r.IntN(n)), 'x'), []byte("new"))
		b.Set(key(r.IntN(n)), []byte("new"))
		if i == 500 {
			b.Set([]byte("large"), []byte(bytesOf(2, 20<<20)))
		}
		write(t, db, b, i%100 == 0)
	}
	// Key and value stay until the next step.
	if string(begun.Key()) != want[198] || string(kept) != want[199] {
		t.Fatalf("where an iterator stood became %q = %q, was %q", begun.Key(), kept, want[198:200])
	}
	for i, it := range []kv.Iterator{begun, fresh, begun} {
		from := 0
		if i == 0 {
			from = 200
		} else if it == begun {
			from = 2 * 50
			if !it.Seek(key(49)) {
				t.Fatal(it.Err())
			}
		}
		got, err := rest(it)
		if err == nil {
			err = compare(got, want[from:])
		}
		if err != nil {
			t.Fatalf("an iterator from before the writes: %v", err)
		}
	}
	b = &kv.Batch{}
	for i := range n {
		b.Delete(key(i))
		b.Delete(append(key(i), 'x'))
	}
	write(t, db, b, false)
	now := walk(t, db, "")
	if len(now) != 2 || now[0] != "large" {
		t.Fatalf("%d keys are left, expected 1", len(now)/2)
	}
}

// testIterators has many open at once, of different moments, and closes them out of order.
func testIterators(t testing.TB, h Harness) {
	db := h.Open(t)
	const n = 64
	var open []kv.Iterator
	for i := range n {
		write(t, db, set(fmt.Sprintf("%02d", i), "", "last", fmt.Sprint(i)), false)
		open = append(open, db.Iterator(nil))
	}
	for j := range n {
		i := j * 37 % n
		got, err := rest(open[i])
		if err != nil || len(got) != 2*(i+2) || got[len(got)-1] != fmt.Sprint(i) {
			t.Errorf("iterator %d sees %d keys, %v, expected %d", i, len(got)/2, err, i+2)
		}
		open[i].Close()
	}
}

// testReopen checks that closing keeps everything, durable or not.
func testReopen(t testing.TB, h Harness) {
	db := h.Open(t)
	want := map[string]string{}
	for round := range 5 {
		for i := range 40 {
			k, v := fmt.Sprint(i*round%60), bytesOf(uint64(round), i*i)
			write(t, db, set(k, v), i == 20 && round%2 == 0)
			want[k] = v
		}
		b := &kv.Batch{}
		b.Delete(fmt.Append(nil, round))
		write(t, db, b, false)
		delete(want, fmt.Sprint(round))
		if round == 3 {
			if err := db.Sync(); err != nil {
				t.Fatal(err)
			}
		}
		db = h.Reopen(t, db)
		if err := compare(walk(t, db, ""), pairs(want, "")); err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
	}
}

func testClosed(t testing.TB, h Harness) {
	db := h.Open(t)
	write(t, db, set("a", "1"), false)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, err := db.Get([]byte("a")); !errors.Is(err, kv.ErrClosed) {
		t.Errorf("get: %v", err)
	}
	if err := db.Write(set("a", "2"), false); !errors.Is(err, kv.ErrClosed) {
		t.Errorf("write: %v", err)
	}
	if err := db.Write(&kv.Batch{}, true); !errors.Is(err, kv.ErrClosed) {
		t.Errorf("empty write: %v", err)
	}
	if err := db.Sync(); !errors.Is(err, kv.ErrClosed) {
		t.Errorf("sync: %v", err)
	}
	it := db.Iterator(nil)
	if it.Next() || it.Seek([]byte("a")) || !errors.Is(it.Err(), kv.ErrClosed) {
		t.Errorf("iterator: %v", it.Err())
	}
	if _, err := it.Value(); err == nil {
		t.Error("the iterator of a closed store has a value")
	}
	it.Close()
	db.Stats()
	if err := db.Close(); err != nil && !errors.Is(err, kv.ErrClosed) {
		t.Errorf("close again: %v", err)
	}
}

// testConcurrent has one writer that sets one number under many keys, in batches small and large, while others read.
func testConcurrent(t testing.TB, h Harness) {
	db := h.Open(t)
	const keys, writes = 200, 300
	key := func(i int) []byte { return fmt.Appendf(nil, "c%03d", i) }
	batch := func(n int) *kv.Batch {
		size := 8
		if n%30 == 29 {
			size = 20_000 // 4 MB in all, more than engines write at once
		}
		b := &kv.Batch{}
		for i := range keys {
			value := make([]byte, size)
			copy(value, fmt.Sprintf("%08d", n))
			b.Set(key(i), value)
		}
		// A key that comes and goes with its number.
		b.Set(fmt.Appendf(nil, "d%08d", n), nil)
		b.Delete(fmt.Appendf(nil, "d%08d", n-1))
		return b
	}
	number := func(value []byte) int {
		if len(value) < 8 {
			return -1
		}
		n, err := strconv.Atoi(string(value[:8]))
		if err != nil {
			return -1
		}
		return n
	}
	// A read that began when write number returned had returned, and ended before begun+1 began, sees one from returned to begun.
	var returned, begun atomic.Int64
	write(t, db, batch(0), false)
	stop := make(chan struct{})
	var wg sync.WaitGroup
	reader := func(name string, read func(r *rand.Rand) (n int, err error)) {
		for g := range 2 {
			r := rand.New(rand.NewPCG(uint64(g), 1))
			wg.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					low := int(returned.Load())
					n, err := read(r)
					if high := int(begun.Load()); err != nil || n < low || n > high {
						t.Errorf("%s sees write %d, expected %d to %d: %v", name, n, low, high, err)
						return
					}
					db.Stats()
				}
			})
		}
	}
	reader("iterator", func(r *rand.Rand) (int, error) {
		it := db.Iterator(nil)
		defer it.Close()
		first, count, marks := 0, 0, 0
		for it.Next() {
			value, err := it.Value()
			if err != nil {
				return 0, err
			}
			if it.Key()[0] == 'd' {
				if marks++; string(it.Key()[1:]) != fmt.Sprintf("%08d", first) {
					return 0, fmt.Errorf("%q beside number %d", it.Key(), first)
				}
				continue
			}
			n := number(value)
			if count == 0 {
				first = n
			}
			if n != first {
				return 0, fmt.Errorf("numbers %d and %d at once", first, n)
			}
			if count++; count == keys/2 && r.IntN(4) == 0 {
				if !it.Seek(key(0)) {
					return 0, fmt.Errorf("seek back: %w", it.Err())
				}
				if value, err := it.Value(); err != nil || number(value) != first {
					return 0, fmt.Errorf("number %d, after a seek back %d: %w", first, number(value), err)
				}
				it.Seek(key(keys/2 - 1))
			}
		}
		if count != keys || marks != 1 {
			return 0, fmt.Errorf("%d keys and %d marks, expected %d and 1: %w", count, marks, keys, it.Err())
		}
		return first, it.Err()
	})
	newest := make([]atomic.Int64, keys)
	reader("get", func(r *rand.Rand) (int, error) {
		i := r.IntN(keys)
		before := int(newest[i].Load())
		value, ok, err := db.Get(key(i))
		n := number(value)
		if !ok || err != nil {
			return 0, fmt.Errorf("key %d: %v, %w", i, ok, err)
		}
		if n < before {
			return 0, fmt.Errorf("key %d: %d after %d", i, n, before)
		}
		for old := newest[i].Load(); int64(n) > old && !newest[i].CompareAndSwap(old, int64(n)); {
			old = newest[i].Load()
		}
		return n, nil
	})
	for n := 1; n <= writes; n++ {
		begun.Store(int64(n))
		if err := db.Write(batch(n), n%50 == 0); err != nil {
			t.Error(err)
			break
		}
		returned.Store(int64(n))
	}
	close(stop)
	wg.Wait()
	if err := compare(walk(t, db, "d"), []string{fmt.Sprintf("d%08d", writes), ""}); err != nil && !t.Failed() {
		t.Errorf("after the last write: %v", err)
	}
}
