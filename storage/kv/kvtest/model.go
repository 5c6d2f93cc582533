package kvtest

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/storage/kv"
)

var (
	modelSeed = flag.Int64("kv.seed", -1, "run the random test of stores with this seed alone")
	modelRuns = flag.Int64("kv.runs", 8, "seeds of the random test of stores")
)

// step is one random operation: what it does follows from its kind, its seed and the state of the model, so that any step may be left out of a sequence.
type step struct {
	kind string
	seed uint64
}

func (s step) String() string { return fmt.Sprintf("%s/%d", s.kind, s.seed%1000) }

// stepKinds are the kinds as often as they are chosen.
var stepKinds = slices.Concat(
	slices.Repeat([]string{"write"}, 30), slices.Repeat([]string{"get"}, 25), slices.Repeat([]string{"walk"}, 12), slices.Repeat([]string{"seek"}, 12),
	slices.Repeat([]string{"open"}, 4), slices.Repeat([]string{"go on"}, 10), slices.Repeat([]string{"close"}, 2), []string{"sync", "large", "clear", "reopen"},
)

// testModel makes random operations on stores and on a model, a map, and compares what both answer. A sequence that fails is made as short as it can be.
func testModel(t testing.TB, h Harness) {
	first, last := int64(0), *modelRuns
	if *modelSeed >= 0 {
		first, last = *modelSeed, *modelSeed+1
	}
	for seed := first; seed < last; seed++ {
		r := rand.New(rand.NewPCG(uint64(seed), 3))
		rounds := h.Rounds
		if rounds == 0 {
			rounds = 400
		}
		steps := make([]step, rounds)
		for i := range steps {
			steps[i] = step{stepKinds[r.IntN(len(stepKinds))], r.Uint64()}
		}
		err := runSteps(t, h, steps)
		if err == nil {
			continue
		}
		short, err := shrink(t, h, steps, err)
		t.Fatalf("seed %d (-kv.seed %d does it again): %v\n%d of %d steps do it: %v", seed, seed, err, len(short), len(steps), short)
	}
}

// shrink leaves out steps for as long as an error is left, and returns the last one.
func shrink(t testing.TB, h Harness, steps []step, err error) ([]step, error) {
	runs := 300
	for size := len(steps) / 2; size > 0 && runs > 0; size /= 2 {
		for from := 0; from+size <= len(steps) && runs > 0; runs-- {
			less := slices.Delete(slices.Clone(steps), from, from+size)
			if e := runSteps(t, h, less); e != nil {
				steps, err = less, e
			} else {
				from += size
			}
		}
	}
	return steps, err
}

// machine runs steps on a store and on the model.
type machine struct {
	t     testing.TB
	h     Harness
	db    kv.DB
	model map[string]string
	held  []*heldIterator
}

// heldIterator is an iterator of the past with what it is to see.
type heldIterator struct {
	kv.Iterator
	left []string // keys and values that are still to come
	all  []string
}

func runSteps(t testing.TB, h Harness, steps []step) error {
	m := &machine{t: t, h: h, db: h.Open(t), model: map[string]string{}}
	defer func() {
		m.release()
		m.db.Close()
	}()
	for i, s := range append(slices.Clone(steps), step{"reopen", 0}) {
		if err := m.run(s); err != nil {
			return fmt.Errorf("step %d, %s: %w", i, s, err)
		}
	}
	return nil
}

func (m *machine) release() {
	for _, it := range m.held {
		it.Close()
	}
	m.held = nil
}

// pairs are the keys of a model below a prefix in their order, each with its value.
func pairs(model map[string]string, prefix string) (out []string) {
	for _, k := range slices.Sorted(maps.Keys(model)) {
		if strings.HasPrefix(k, prefix) {
			out = append(out, k, model[k])
		}
	}
	return out
}

// from returns the pairs at or after a key.
func from(pairs []string, key string) []string {
	i := 0
	for i < len(pairs) && pairs[i] < key {
		i += 2
	}
	return pairs[i:]
}

// randomKey makes keys that are often the same, and prefixes of each other.
func randomKey(r *rand.Rand) []byte {
	out := []byte{}
	for range r.IntN(5) {
		out = append(out, []string{"", "a", "b", "\x00", "\xff", "ab"}[r.IntN(6)]...)
	}
	if r.IntN(30) == 0 {
		out = append(out, bytes.Repeat([]byte{'k'}, r.IntN(kv.MaxKey/2))...)
	}
	return out
}

func randomValue(r *rand.Rand) []byte {
	switch r.IntN(40) {
	case 0:
		return nil
	case 1:
		return []byte(bytesOf(r.Uint64(), 100<<10+r.IntN(200<<10)))
	default:
		return []byte(bytesOf(r.Uint64(), r.IntN(200)))
	}
}

func (m *machine) run(s step) error {
	r := rand.New(rand.NewPCG(s.seed, 5))
	switch s.kind {
	case "write", "large", "clear":
		b := randomBatch(r, s.kind, m.model)
		for _, op := range b.Ops {
			if op.Delete {
				delete(m.model, string(op.Key))
			} else {
				m.model[string(op.Key)] = string(op.Value)
			}
		}
		return m.db.Write(b, r.IntN(10) == 0)
	case "get":
		key := randomKey(r)
		value, ok, err := m.db.Get(key)
		if want, there := m.model[string(key)]; err != nil || ok != there || string(value) != want {
			return fmt.Errorf("get %.40q: %.40q, %v, %v, expected %.40q, %v", key, value, ok, err, want, there)
		}
	case "walk":
		return m.walk(randomKey(r))
	case "seek":
		it := m.hold(r)
		defer it.Close()
		return it.goOn(r)
	case "open":
		m.held = append(m.held, m.hold(r))
	case "go on":
		if len(m.held) > 0 {
			return m.held[r.IntN(len(m.held))].goOn(r)
		}
	case "close":
		if len(m.held) > 0 {
			i := r.IntN(len(m.held))
			m.held[i].Close()
			m.held = slices.Delete(m.held, i, i+1)
		}
	case "sync":
		return m.db.Sync()
	case "reopen":
		m.release()
		m.db = m.h.Reopen(m.t, m.db)
		return m.walk(nil)
	}
	return nil
}

func (m *machine) walk(prefix []byte) error {
	it := m.db.Iterator(prefix)
	defer it.Close()
	got, err := rest(it)
	if err == nil {
		err = compare(got, pairs(m.model, string(prefix)))
	}
	if err != nil {
		return fmt.Errorf("iterate %.40q: %w", prefix, err)
	}
	return nil
}

func randomBatch(r *rand.Rand, kind string, model map[string]string) *kv.Batch {
	b := &kv.Batch{}
	switch kind {
	case "clear":
		for _, k := range slices.Sorted(maps.Keys(model)) {
			b.Delete([]byte(k))
		}
		return b
	case "large":
		for range 60 {
			b.Set(randomKey(r), []byte(bytesOf(r.Uint64(), 50<<10)))
		}
	}
	for range r.IntN(12) {
		if r.IntN(4) == 0 {
			b.Delete(randomKey(r))
		} else {
			b.Set(randomKey(r), randomValue(r))
		}
	}
	return b
}

func (m *machine) hold(r *rand.Rand) *heldIterator {
	prefix := randomKey(r)
	if r.IntN(2) == 0 {
		prefix = nil
	}
	all := pairs(m.model, string(prefix))
	return &heldIterator{m.db.Iterator(prefix), all, all}
}

// goOn makes a few steps with an iterator.
func (it *heldIterator) goOn(r *rand.Rand) error {
	for range 1 + r.IntN(8) {
		var ok bool
		did := "next"
		if r.IntN(3) == 0 {
			key := randomKey(r)
			did = fmt.Sprintf("seek %.40q", key)
			it.left = from(it.all, string(key))
			ok = it.Seek(key)
		} else {
			ok = it.Next()
		}
		if ok != (len(it.left) > 0) || it.Err() != nil {
			return fmt.Errorf("%s: %v, %v, with %d keys to come", did, ok, it.Err(), len(it.left)/2)
		}
		if !ok {
			continue
		}
		value, err := it.Value()
		if err != nil || string(it.Key()) != it.left[0] || string(value) != it.left[1] {
			return fmt.Errorf("%s: %.40q = %.40q, %v, expected %.40q = %.40q", did, it.Key(), value, err, it.left[0], it.left[1])
		}
		it.left = it.left[2:]
	}
	return nil
}
