package kvtest

import (
	"errors"
	"testing"

	"github.com/gotensor/gotensor/storage/kv"
)

var errDisk = errors.New("injected disk error")

func TestFaults(t *testing.T) {
	f := NewFaults(kv.NewMemory())
	f.FailAt(Writes, 2, errDisk)
	f.FailAt(Syncs, 1, kv.ErrFull)
	f.CrashAt(Changes, 5, true)
	for i, want := range []error{nil, errDisk, nil} {
		if err := f.Write(set("a", string(rune('0'+i))), true); !errors.Is(err, want) {
			t.Fatalf("write %d: %v, expected %v", i, err, want)
		}
		if i == 1 {
			expect(t, f, "a", "0")
		}
	}
	expect(t, f, "a", "2")
	if err := f.Sync(); !errors.Is(err, kv.ErrFull) {
		t.Fatalf("sync: %v", err)
	}
	it := f.Iterator(nil)
	if err := f.Write(set("b", "1"), false); !errors.Is(err, ErrCrashed) {
		t.Fatalf("the fifth change: %v", err)
	}
	if _, _, err := f.Get([]byte("a")); !errors.Is(err, ErrCrashed) {
		t.Fatalf("get after the crash: %v", err)
	}
	if it.Next() || !errors.Is(it.Err(), ErrCrashed) {
		t.Fatalf("iterator after the crash: %v", it.Err())
	}
	it.Close()
	if n := f.Count(Changes); n != 5 {
		t.Errorf("%d changes, expected 5", n)
	}
	if err := f.Close(); !errors.Is(err, ErrCrashed) || !f.Crashed() {
		t.Errorf("close: %v, crashed %v", err, f.Crashed())
	}
	expect(t, f.Inner(), "b", "1")

	f = NewFaults(kv.NewMemory())
	f.CrashAt(Writes, 1, false)
	if err := f.Write(set("a", "1"), true); !errors.Is(err, ErrCrashed) {
		t.Fatalf("write: %v", err)
	}
	expect(t, f.Inner(), "a", absent)
}

func TestReadFaults(t *testing.T) {
	f := NewFaults(kv.NewMemory())
	write(t, f, set("a", "1", "b", "2", "c", "3"), true)
	f.FailAt(Gets, 2, errDisk)
	expect(t, f, "a", "1")
	if _, _, err := f.Get([]byte("a")); !errors.Is(err, errDisk) {
		t.Fatalf("get: %v", err)
	}
	expect(t, f, "a", "1")

	f.FailAt(Steps, 3, errDisk)
	f.FailAt(Values, 2, kv.ErrCorrupt)
	it := f.Iterator(nil)
	defer it.Close()
	if !it.Next() || !it.Seek([]byte("b")) {
		t.Fatalf("iterator: %v before its third step", it.Err())
	}
	if v, err := it.Value(); string(v) != "2" || err != nil {
		t.Fatalf("value: %q, %v", v, err)
	}
	if v, err := it.Value(); v != nil || !errors.Is(err, kv.ErrCorrupt) {
		t.Fatalf("value: %q, %v", v, err)
	}
	if it.Next() || it.Key() != nil || !errors.Is(it.Err(), errDisk) {
		t.Fatalf("iterator at its third step: %q, %v", it.Key(), it.Err())
	}
	if _, err := it.Value(); it.Seek(nil) || !errors.Is(err, errDisk) {
		t.Fatalf("iterator goes on after its end: %v", err)
	}

	// Each plan counts what it is about, whatever the others did.
	f = NewFaults(kv.NewMemory())
	calls := 0
	f.Fail(Reads, func() error {
		calls++
		return errDisk
	})
	f.FailAt(Gets, 2, kv.ErrFailed)
	for range 3 {
		if _, _, err := f.Get(nil); !errors.Is(err, errDisk) {
			t.Fatalf("get: %v", err)
		}
	}
	if calls != 3 || f.Count(Reads) != 3 {
		t.Errorf("asked %d times, %d reads, expected 3", calls, f.Count(Reads))
	}
}

func TestRecorder(t *testing.T) {
	m := kv.NewMemory()
	write(t, m, set("a", "0"), true)
	r := NewRecorder(m)
	f := NewFaults(r)
	f.FailAt(Writes, 2, errDisk)
	for i, durable := range []bool{false, true, true, false} {
		if err := f.Write(set("a", string(rune('1'+i))), durable); (err != nil) != (i == 1) {
			t.Fatalf("write %d: %v", i, err)
		}
	}
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	write(t, f, set("b", ""), false)
	want := []struct {
		a       string
		durable int
	}{{"0", 0}, {"1", 0}, {"3", 2}, {"4", 2}, {"4", 4}, {"4", 4}}
	if r.Now() != len(want)-1 {
		t.Fatalf("now is %d, expected %d", r.Now(), len(want)-1)
	}
	for moment, w := range want {
		expect(t, r.At(moment), "a", w.a)
		if r.Durable(moment) != w.durable {
			t.Errorf("durable at %d: %d, expected %d", moment, r.Durable(moment), w.durable)
		}
	}
	// A state that was taken is the caller's.
	write(t, r.At(5), set("b", "changed"), true)
	expect(t, r.At(5), "b", "")
	expect(t, r.At(4), "b", absent)
	expect(t, r, "b", "")
}
