package trie

import (
	"bytes"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

func randomTrie(r *rand.Rand, n int) (*Trie, map[string][]byte) {
	tr, model := New(), map[string][]byte{}
	for range n {
		k, v := randomKey(r), randomValue(r)
		model[string(k)] = v
		tr.Put(k, v, V1)
	}
	tr.Root()
	return tr, model
}

func someKeys(r *rand.Rand, model map[string][]byte, n int) [][]byte {
	have := slices.Sorted(maps.Keys(model))
	var keys [][]byte
	for range n {
		if len(have) > 0 && r.IntN(3) > 0 {
			keys = append(keys, []byte(have[r.IntN(len(have))]))
		} else {
			keys = append(keys, randomKey(r))
		}
	}
	return keys
}

func itemsOf(keys [][]byte, model map[string][]byte) []Item {
	keys = slices.Clone(keys)
	slices.SortFunc(keys, bytes.Compare)
	keys = slices.CompactFunc(keys, bytes.Equal)
	var items []Item
	for _, k := range keys {
		v, ok := model[string(k)]
		items = append(items, Item{k, v, !ok})
	}
	return items
}

// TestProofs makes proofs of random keys in all formats, checks them, and checks that any change to them is noticed.
func TestProofs(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 4))
		tr, model := randomTrie(r, 1+r.IntN(60))
		root := tr.Root()
		keys := someKeys(r, model, 1+r.IntN(5))
		plain, err := tr.Prove(keys)
		if err != nil {
			t.Fatal(err)
		}
		compact, err := EncodeCompact(root, plain)
		if err != nil {
			t.Fatal(err)
		}
		back, err := DecodeCompact(root, compact)
		if err != nil || !slices.EqualFunc(back, plain, bytes.Equal) {
			t.Fatalf("compact: %v\n got %x\nwant %x", err, back, plain)
		}
		for _, k := range keys {
			v, ok, err := VerifyProof(root, plain, k)
			if want, has := model[string(k)]; err != nil || ok != has || !bytes.Equal(v, want) {
				t.Fatalf("key %x: %x %v %v, want %x", k, v, ok, err, want)
			}
		}
		for i := range plain {
			less := slices.Delete(slices.Clone(plain), i, i+1)
			missing := 0
			for _, k := range keys {
				if _, _, err := VerifyProof(root, less, k); errors.Is(err, ErrMissing) {
					missing++
				} else if err != nil {
					t.Fatal(err)
				}
			}
			if missing == 0 {
				t.Fatalf("proof of %x is as good without node %d", keys, i)
			}
		}
		for range 10 {
			bad := slices.Clone(compact)
			i := r.IntN(len(bad))
			bad[i] = bytes.Clone(bad[i])
			if len(bad[i]) > 0 {
				bad[i][r.IntN(len(bad[i]))] ^= 1 << r.IntN(8)
			} else {
				bad[i] = []byte{1}
			}
			if _, err := DecodeCompact(root, bad); err == nil {
				t.Fatalf("changed compact proof passes: %x", bad)
			}
		}

		items := itemsOf(keys, model)
		proof, err := tr.ProveItems(keys)
		if err != nil {
			t.Fatal(err)
		}
		if err := VerifyItems(root, proof, items, V1); err != nil {
			t.Fatalf("%v\n%x\n%v", err, proof, items)
		}
		for range 20 {
			bad, stated := slices.Clone(proof), slices.Clone(items)
			i := r.IntN(len(bad))
			kind := r.IntN(5)
			switch kind {
			case 0:
				bad = slices.Delete(bad, i, i+1)
			case 1:
				bad = append(bad, bad[i])
			case 2:
				bad[i] = bytes.Clone(bad[i])
				bad[i][r.IntN(len(bad[i]))] ^= 1 << r.IntN(8)
			case 3:
				j := r.IntN(len(stated))
				stated[j].Absent = !stated[j].Absent
			default:
				j := r.IntN(len(stated))
				stated[j].Absent, stated[j].Value = false, append(bytes.Clone(stated[j].Value), 7)
			}
			if err := VerifyItems(root, bad, stated, V1); !errors.Is(err, ErrItemProof) {
				t.Fatalf("changed proof, kind %d, node %d: %v\n%x\n%x\n%v", kind, i, err, bad, proof, stated)
			}
		}
	}
}

// TestReexecution records reads, walks and changes, and repeats them on nothing but the proof.
func TestReexecution(t *testing.T) {
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 6))
		base, model := randomTrie(r, 1+r.IntN(80))
		root := base.Root()
		rec := NewRecorder()
		type op struct {
			kind int
			key  []byte
			val  []byte
		}
		var ops []op
		for _, k := range someKeys(r, model, 8) {
			ops = append(ops, op{r.IntN(5), k, randomValue(r)})
		}
		run := func(tr *Trie) (out []byte, err error) {
			for _, o := range ops {
				var b []byte
				switch o.kind {
				case 0:
					b, _, err = tr.Get(o.key)
				case 1:
					b, _, err = tr.NextKey(o.key)
				case 2:
					_, err = tr.Has(o.key)
				case 3:
					err = tr.Put(o.key, o.val, V1)
				default:
					err = tr.Delete(o.key)
				}
				if err != nil {
					return nil, err
				}
				out = append(out, b...)
			}
			sum := tr.Root()
			return append(out, sum[:]...), nil
		}
		want, err := run(base.Snapshot())
		if err != nil {
			t.Fatal(err)
		}
		recorded, err := run(base.Record(rec))
		if err != nil {
			t.Fatal(err)
		}
		part, err := FromProof(root, rec.Proof())
		if err != nil {
			t.Fatal(err)
		}
		again, err := run(part)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(recorded, want) || !bytes.Equal(again, want) {
			t.Fatal("runs differ")
		}
		size := 0
		for i, n := range rec.Proof() {
			size += scaleSize(len(n))
			if bytes.Equal(n, []byte{emptyNode}) {
				continue // recorded where the operations emptied the trie; needed by nobody
			}
			less := slices.Delete(slices.Clone(rec.Proof()), i, i+1)
			part, err := FromProof(root, less)
			if err == nil {
				_, err = run(part)
			}
			if !errors.Is(err, ErrMissing) {
				t.Fatalf("without node %d of %d: %v", i, len(rec.Proof()), err)
			}
		}
		if rec.Size() != size {
			t.Fatalf("size %d, want %d", rec.Size(), size)
		}
		// The same from nodes in a store instead of memory.
		s := newStore()
		s.values = model
		if err := base.Diff(nil, s); err != nil {
			t.Fatal(err)
		}
		rec2 := NewRecorder()
		if _, err := run(Load(root, s).Record(rec2)); err != nil {
			t.Fatal(err)
		}
		if !slices.EqualFunc(rec2.Proof(), rec.Proof(), bytes.Equal) {
			t.Fatalf("recorded %d nodes from the store, %d from memory", len(rec2.Proof()), len(rec.Proof()))
		}
	}
}

func TestRecorderTransactions(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 8))
	base, model := randomTrie(r, 80)
	rec := NewRecorder()
	tr := base.Record(rec)
	keys := slices.Sorted(maps.Keys(model))
	tr.Get([]byte(keys[0]))
	size, proof := rec.Size(), rec.Proof()
	rec.Begin()
	tr.Get([]byte(keys[10]))
	rec.Begin()
	tr.Get([]byte(keys[20]))
	if err := rec.Commit(); err != nil {
		t.Fatal(err)
	}
	if rec.Size() <= size {
		t.Fatal("nothing was recorded")
	}
	if err := rec.Rollback(); err != nil {
		t.Fatal(err)
	}
	if rec.Size() != size || !slices.EqualFunc(rec.Proof(), proof, bytes.Equal) {
		t.Fatalf("after rollback: size %d, want %d", rec.Size(), size)
	}
	if !errors.Is(rec.Rollback(), ErrNoTransaction) || !errors.Is(rec.Commit(), ErrNoTransaction) {
		t.Fatal("no error without a transaction")
	}
}
