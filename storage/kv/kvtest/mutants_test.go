package kvtest

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gotensor/gotensor/storage/kv"
)

// mutant is a store in memory that is wrong in what its functions say, and right in the rest.
type mutant struct {
	*kv.Memory
	get      func(m *mutant, key []byte) ([]byte, bool, error)
	write    func(m *mutant, b *kv.Batch, durable bool) error
	iterator func(m *mutant, prefix []byte) kv.Iterator
	closes   func(m *mutant) error
	reopen   func(m *mutant) *kv.Memory

	mu   sync.Mutex
	past *kv.Memory // for those that look back
	kept map[string][]byte
}

func (m *mutant) Get(key []byte) ([]byte, bool, error) {
	if m.get != nil {
		return m.get(m, key)
	}
	return m.Memory.Get(key)
}

func (m *mutant) Write(b *kv.Batch, durable bool) error {
	if m.write != nil {
		return m.write(m, b, durable)
	}
	return m.Memory.Write(b, durable)
}

func (m *mutant) Iterator(prefix []byte) kv.Iterator {
	if m.iterator != nil {
		return m.iterator(m, prefix)
	}
	return m.Memory.Iterator(prefix)
}

func (m *mutant) Close() error {
	if m.closes != nil {
		return m.closes(m)
	}
	return m.Memory.Close()
}

// walker is an iterator that is wrong in what its functions say.
type walker struct {
	kv.Iterator
	next  func(kv.Iterator) bool
	seek  func(kv.Iterator, []byte) bool
	value func(kv.Iterator) ([]byte, error)
}

func (w *walker) Next() bool {
	if w.next != nil {
		return w.next(w.Iterator)
	}
	return w.Iterator.Next()
}

func (w *walker) Seek(key []byte) bool {
	if w.seek != nil {
		return w.seek(w.Iterator, key)
	}
	return w.Iterator.Seek(key)
}

func (w *walker) Value() ([]byte, error) {
	if w.value != nil {
		return w.value(w.Iterator)
	}
	return w.Iterator.Value()
}

// live sees the present instead of one moment.
type live struct {
	kv.Iterator
	m      *mutant
	prefix []byte
}

func (l *live) Next() bool {
	last := l.Key()
	if last == nil {
		return l.Iterator.Next()
	}
	return l.Seek(append(bytes.Clone(last), 0))
}

func (l *live) Seek(key []byte) bool {
	l.Iterator.Close()
	l.Iterator = l.m.Memory.Iterator(l.prefix)
	return l.Iterator.Seek(key)
}

// each changes a batch on its way, operation by operation.
func each(f func(op kv.Op) []kv.Op) func(*mutant, *kv.Batch, bool) error {
	return func(m *mutant, b *kv.Batch, durable bool) error {
		var ops []kv.Op
		for _, op := range b.Ops {
			ops = append(ops, f(op)...)
		}
		return m.Memory.Write(&kv.Batch{Ops: ops}, durable)
	}
}

// apart writes a batch in pieces.
func apart(size int) func(*mutant, *kv.Batch, bool) error {
	return func(m *mutant, b *kv.Batch, durable bool) error {
		if len(b.Ops) == 0 {
			return m.Memory.Write(b, durable)
		}
		for ops := range slices.Chunk(b.Ops, size) {
			if err := m.Memory.Write(&kv.Batch{Ops: ops}, durable); err != nil {
				return err
			}
		}
		return nil
	}
}

// mutants are faults that engines have had or come near to, each with the conformance test that finds it; model where random operations find it too.
var mutants = []struct {
	name, by string
	model    bool
	make     func(m *mutant)
}{
	{"empty key is not written", "iterate", true, func(m *mutant) {
		m.write = each(func(op kv.Op) []kv.Op {
			if len(op.Key) == 0 {
				return nil
			}
			return []kv.Op{op}
		})
	}},
	{"empty value is absent", "values", true, func(m *mutant) {
		m.get = func(m *mutant, key []byte) ([]byte, bool, error) {
			v, _, err := m.Memory.Get(key)
			return v, len(v) > 0, err
		}
	}},
	{"first write of a key in a batch counts", "batches", true, func(m *mutant) {
		m.write = func(m *mutant, b *kv.Batch, durable bool) error {
			ops := slices.Clone(b.Ops)
			slices.Reverse(ops)
			return m.Memory.Write(&kv.Batch{Ops: ops}, durable)
		}
	}},
	{"deletes are forgotten", "overwrite", true, func(m *mutant) {
		m.write = each(func(op kv.Op) []kv.Op {
			if op.Delete {
				return nil
			}
			return []kv.Op{op}
		})
	}},
	{"large values are cut", "values", true, func(m *mutant) {
		m.get = func(m *mutant, key []byte) ([]byte, bool, error) {
			v, ok, err := m.Memory.Get(key)
			return v[:min(len(v), 128<<10)], ok, err
		}
	}},
	{"long keys are cut", "keys", true, func(m *mutant) {
		m.write = each(func(op kv.Op) []kv.Op {
			if len(op.Key) <= kv.MaxKey { // a longer one is still refused
				op.Key = op.Key[:min(len(op.Key), 1<<10)]
			}
			return []kv.Op{op}
		})
	}},
	{"a refused batch is there in part", "keys", false, func(m *mutant) { m.write = apart(1) }},
	{"iterator sees the present", "iterator keeps its view", true, func(m *mutant) {
		m.iterator = func(m *mutant, prefix []byte) kv.Iterator {
			return &live{m.Memory.Iterator(prefix), m, bytes.Clone(prefix)}
		}
	}},
	{"iterator does not see the last write", "iterate", true, func(m *mutant) {
		m.write = func(m *mutant, b *kv.Batch, durable bool) error {
			m.past = m.Clone()
			return m.Memory.Write(b, durable)
		}
		m.iterator = func(m *mutant, prefix []byte) kv.Iterator {
			if m.past == nil {
				return m.Memory.Iterator(prefix)
			}
			return m.past.Iterator(prefix)
		}
	}},
	{"iterator values are of the present", "iterator keeps its view", true, func(m *mutant) {
		m.iterator = func(m *mutant, prefix []byte) kv.Iterator {
			return &walker{Iterator: m.Memory.Iterator(prefix), value: func(it kv.Iterator) ([]byte, error) {
				v, _, err := m.Memory.Get(it.Key())
				return v, err
			}}
		}
	}},
	{"seek goes forwards alone", "seek", true, func(m *mutant) {
		m.iterator = func(m *mutant, prefix []byte) kv.Iterator {
			return &walker{Iterator: m.Memory.Iterator(prefix), seek: func(it kv.Iterator, key []byte) bool {
				if it.Key() != nil && bytes.Compare(key, it.Key()) <= 0 {
					return true
				}
				return it.Seek(key)
			}}
		}
	}},
	{"seek at the end stays there", "seek", true, func(m *mutant) {
		m.iterator = func(m *mutant, prefix []byte) kv.Iterator {
			ended := false
			return &walker{
				Iterator: m.Memory.Iterator(prefix),
				next: func(it kv.Iterator) bool {
					ended = !it.Next()
					return !ended
				},
				seek: func(it kv.Iterator, key []byte) bool { return !ended && it.Seek(key) },
			}
		}
	}},
	{"seek before the prefix finds nothing", "seek", true, func(m *mutant) {
		m.iterator = func(m *mutant, prefix []byte) kv.Iterator {
			return &walker{Iterator: m.Memory.Iterator(prefix), seek: func(it kv.Iterator, key []byte) bool {
				if bytes.Compare(key, prefix) < 0 {
					it.Seek([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"))
					return false
				}
				return it.Seek(key)
			}}
		}
	}},
	{"seek leaves the prefix", "seek", true, func(m *mutant) {
		m.iterator = func(m *mutant, prefix []byte) kv.Iterator {
			begun := false
			return &walker{
				Iterator: m.Memory.Iterator(nil),
				next: func(it kv.Iterator) bool {
					if begun {
						return it.Next() && bytes.HasPrefix(it.Key(), prefix)
					}
					begun = true
					return it.Seek(prefix) && bytes.HasPrefix(it.Key(), prefix)
				},
				seek: func(it kv.Iterator, key []byte) bool {
					begun = true
					return it.Seek(key)
				},
			}
		}
	}},
	{"no end of a prefix of 0xff", "iterate", true, func(m *mutant) {
		m.iterator = func(m *mutant, prefix []byte) kv.Iterator {
			if len(prefix) > 0 && bytes.Count(prefix, []byte{0xff}) == len(prefix) {
				return (&kv.Memory{}).Iterator(prefix)
			}
			return m.Memory.Iterator(prefix)
		}
	}},
	{"next at the end begins again", "seek", true, func(m *mutant) {
		m.iterator = func(m *mutant, prefix []byte) kv.Iterator {
			ended := false
			return &walker{Iterator: m.Memory.Iterator(prefix), next: func(it kv.Iterator) bool {
				if ended {
					return it.Seek(prefix)
				}
				ended = !it.Next()
				return !ended
			}}
		}
	}},
	{"get gives what the store holds", "slices", false, func(m *mutant) {
		m.kept = map[string][]byte{}
		m.get = func(m *mutant, key []byte) ([]byte, bool, error) {
			m.mu.Lock()
			defer m.mu.Unlock()
			v, ok, err := m.Memory.Get(key)
			if kept := m.kept[string(key)]; len(kept) == len(v) {
				return kept, ok, err
			}
			m.kept[string(key)] = v
			return v, ok, err
		}
	}},
	{"the store holds what it was given", "slices", false, func(m *mutant) {
		m.kept = map[string][]byte{}
		m.write = func(m *mutant, b *kv.Batch, durable bool) error {
			for _, op := range b.Ops {
				m.kept[string(op.Key)] = op.Value
			}
			return m.Memory.Write(b, durable)
		}
		m.get = func(m *mutant, key []byte) ([]byte, bool, error) {
			_, ok, err := m.Memory.Get(key)
			return bytes.Clone(m.kept[string(key)]), ok, err
		}
	}},
	{"closing loses what was not synced", "reopen", true, func(m *mutant) {
		m.past = m.Clone()
		m.write = func(m *mutant, b *kv.Batch, durable bool) error {
			err := m.Memory.Write(b, durable)
			if durable {
				m.past = m.Clone()
			}
			return err
		}
		m.reopen = func(m *mutant) *kv.Memory { return m.past }
	}},
	{"what was deleted comes back when opened again", "values", true, func(m *mutant) {
		m.past = m.Clone()
		m.write = func(m *mutant, b *kv.Batch, durable bool) error {
			for _, op := range b.Ops {
				if !op.Delete {
					if err := m.past.Write(&kv.Batch{Ops: []kv.Op{op}}, false); err != nil {
						return err
					}
				}
			}
			return m.Memory.Write(b, durable)
		}
		m.reopen = func(m *mutant) *kv.Memory { return m.past }
	}},
	{"a closed store answers", "closed", false, func(m *mutant) {
		m.closes = func(*mutant) error { return nil }
	}},
	{"a batch is seen in part", "concurrent", false, func(m *mutant) { m.write = apart(1) }},
	{"a large batch is seen in part", "concurrent", false, func(m *mutant) {
		m.write = func(m *mutant, b *kv.Batch, durable bool) error {
			size := len(b.Ops)
			if b.Size() > 1<<20 {
				size = 50
			}
			return apart(max(size, 1))(m, b, durable)
		}
	}},
	{"get is one write behind now and then", "concurrent", false, func(m *mutant) {
		m.past = m.Clone()
		m.write = func(m *mutant, b *kv.Batch, durable bool) error {
			m.mu.Lock()
			m.past = m.Clone()
			m.mu.Unlock()
			return m.Memory.Write(b, durable)
		}
		reads := 0
		m.get = func(m *mutant, key []byte) ([]byte, bool, error) {
			m.mu.Lock()
			defer m.mu.Unlock()
			if reads++; reads%100 == 99 {
				return m.past.Get(key)
			}
			return m.Memory.Get(key)
		}
	}},
}

// trial takes what a test says of a store that is to fail it.
type trial struct {
	testing.TB
	mu   sync.Mutex
	said []string
}

func (t *trial) Helper() {}

func (t *trial) Failed() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.said) > 0
}

func (t *trial) Error(args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.said = append(t.said, fmt.Sprint(args...))
}

func (t *trial) Errorf(format string, args ...any) { t.Error(fmt.Sprintf(format, args...)) }

func (t *trial) Fatal(args ...any) {
	t.Error(args...)
	runtime.Goexit()
}

func (t *trial) Fatalf(format string, args ...any) { t.Fatal(fmt.Sprintf(format, args...)) }

// try runs a test on its own goroutine, which Fatal ends, and returns what it said.
func try(t *testing.T, run func(t testing.TB)) []string {
	trial := &trial{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		run(trial)
	}()
	<-done
	return trial.said
}

func mutantHarness(make func(m *mutant)) Harness {
	wrap := func(memory *kv.Memory) kv.DB {
		m := &mutant{Memory: memory}
		make(m)
		return m
	}
	return Harness{
		Open: func(testing.TB) kv.DB { return wrap(kv.NewMemory()) },
		Reopen: func(tb testing.TB, db kv.DB) kv.DB {
			m := db.(*mutant)
			if err := m.Close(); err != nil {
				tb.Fatal(err)
			}
			if m.reopen != nil {
				return wrap(m.reopen(m).Clone())
			}
			return wrap(m.Clone())
		},
	}
}

// TestMutants gives the conformance tests stores that are wrong in one thing each. A test that passes one of them tests less than it says.
func TestMutants(t *testing.T) {
	for _, test := range mutants {
		t.Run(test.name, func(t *testing.T) {
			h := mutantHarness(test.make)
			i := slices.IndexFunc(conformance, func(c conformanceTest) bool { return c.name == test.by })
			if i < 0 {
				t.Fatalf("no conformance test %q", test.by)
			}
			said := try(t, func(t testing.TB) { conformance[i].run(t, h) })
			if said == nil {
				t.Fatalf("%q passes it", test.by)
			}
			t.Logf("%s: %.200s", test.by, said[0])
			if !test.model {
				return
			}
			said = try(t, func(t testing.TB) { testModel(t, h) })
			if said == nil {
				t.Fatal("the random test passes it")
			}
			t.Logf("model: %s", said[0])
			steps := 0
			if _, err := fmt.Sscanf(said[0][strings.LastIndexByte(said[0], '\n')+1:], "%d", &steps); err != nil || steps < 1 || steps > 5 {
				t.Errorf("shrunk to %d steps, %v, expected 5 at most", steps, err)
			}
		})
	}
}

// TestFaultsConform runs the suite over the wrappers, which are to change nothing where they are told nothing.
func TestFaultsConform(t *testing.T) {
	wrap := func(m *kv.Memory) kv.DB { return NewFaults(NewRecorder(m)) }
	Run(t, Harness{
		Open: func(testing.TB) kv.DB { return wrap(kv.NewMemory()) },
		Reopen: func(tb testing.TB, db kv.DB) kv.DB {
			if err := db.Close(); err != nil && !errors.Is(err, kv.ErrClosed) {
				tb.Fatal(err)
			}
			return wrap(db.(*Faults).Inner().(*Recorder).Clone())
		},
		Rounds: 100,
	})
}
