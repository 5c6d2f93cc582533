package storage

// Vectors of polkadot-sdk, substrate/primitives/state-machine/src: ext.rs, lib.rs, overlayed_changes/mod.rs and
// overlayed_changes/changeset.rs. Each test is named after the one there whose inputs and expectations it repeats.

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/gotensor/gotensor/storage/trie"
)

// memory makes a state of top pairs, and of children under the names "child:" + key.
func memory(t testing.TB, c content) *TrieState {
	t.Helper()
	if c["top"] == nil {
		c["top"] = map[string]string{}
	}
	s, err := NewMemoryState(c.changes(), trie.V1)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func set(t testing.TB, o *Overlay, child []byte, key, value string) {
	t.Helper()
	if err := o.Set(child, []byte(key), []byte(value)); err != nil {
		t.Fatal(err)
	}
}

func del(t testing.TB, o *Overlay, child []byte, key string) {
	t.Helper()
	if err := o.Delete(child, []byte(key)); err != nil {
		t.Fatal(err)
	}
}

// do fails the test on an error.
func do(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// want checks one value; "-" stands for none.
func want(t testing.TB, r Reader, child []byte, key, value string) {
	t.Helper()
	got, ok, err := r.Get(child, []byte(key))
	if err != nil {
		t.Fatal(err)
	}
	if text := string(got); ok && text != value || ok == (value == "-") {
		t.Fatalf("key %q: expected %q, got %q, %v", key, value, text, ok)
	}
}

func wantNext(t testing.TB, r Reader, child []byte, after, next byte) {
	t.Helper()
	got, ok, err := r.NextKey(child, []byte{after})
	if err != nil {
		t.Fatal(err)
	}
	if !ok || len(got) != 1 || got[0] != next {
		t.Fatalf("next key after %d: expected %d, got %v, %v", after, next, got, ok)
	}
}

func wantCleared(t testing.TB, got Cleared, err error, next string, backend, unique, loops uint32) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if string(got.Next) != next || got.Backend != backend || got.Unique != unique || got.Loops != loops {
		t.Fatalf("expected next %q, backend %d, unique %d, loops %d, got %+v", next, backend, unique, loops, got)
	}
}

// wantChanges checks all changes: "key=value" or "-key" for a deletion.
func wantChanges(t testing.TB, list []Change, expected ...string) {
	t.Helper()
	var got []string
	for _, c := range list {
		if c.Delete {
			got = append(got, "-"+string(c.Key))
		} else {
			got = append(got, string(c.Key)+"="+string(c.Value))
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(expected) {
		t.Fatalf("expected changes %q, got %q", expected, got)
	}
}

func k(b ...byte) string { return string(b) }

func TestSubstrate_next_storage_key_works(t *testing.T) {
	for _, child := range [][]byte{nil, []byte("Child1")} { // and next_child_storage_key_works
		s := memory(t, content{trieName(child): {k(10): k(10), k(20): k(20), k(40): k(40)}})
		o := NewOverlay(s)
		del(t, o, child, k(20))
		set(t, o, child, k(30), k(31))
		wantNext(t, o, child, 5, 10)
		wantNext(t, o, child, 10, 30)
		wantNext(t, o, child, 20, 30)
		wantNext(t, o, child, 30, 40)
		set(t, o, child, k(50), k(50))
		wantNext(t, o, child, 40, 50)
	}
}

func TestSubstrate_next_storage_key_works_with_a_lot_empty_values_in_overlay(t *testing.T) {
	o := NewOverlay(memory(t, content{"top": {k(30): k(30)}}))
	for key := byte(20); key < 30; key++ {
		del(t, o, nil, k(key))
	}
	wantNext(t, o, nil, 5, 30)
}

func TestSubstrate_child_storage_works(t *testing.T) {
	child := []byte("Child1")
	o := NewOverlay(memory(t, content{"child:Child1": {k(10): k(10), k(20): k(20), k(30): k(40)}}))
	del(t, o, child, k(20))
	set(t, o, child, k(30), k(31))
	want(t, o, child, k(10), k(10))
	want(t, o, child, k(20), "-")
	want(t, o, child, k(30), k(31))
}

func TestSubstrate_clear_prefix_cannot_delete_a_child_root(t *testing.T) {
	child := []byte("Child1")
	o := NewOverlay(memory(t, content{"child:Child1": {k(30): k(40)}}))
	notUnder := ":chiXd_storage:path"
	set(t, o, nil, notUnder, k(10))
	for _, prefix := range []string{"", ":chi", ":child_storage:", ":child_storage:default:Ch"} {
		cleared, err := o.ClearPrefix(nil, []byte(prefix), nil, nil)
		wantCleared(t, cleared, err, "", 0, 0, 0)
	}
	want(t, o, child, k(30), k(40))
	want(t, o, nil, notUnder, k(10))
	cleared, err := o.ClearPrefix(nil, []byte(notUnder[:5]), nil, nil)
	wantCleared(t, cleared, err, "", 0, 1, 0)
	want(t, o, nil, notUnder, "-")
}

func TestSubstrate_clear_prefix_in_ext_works(t *testing.T) {
	overlay := func() *Overlay {
		o := NewOverlay(memory(t, content{"top": {"aaa": "0", "abb": "1", "abc": "2", "bbb": "3"}}))
		set(t, o, nil, "aba", "1312")
		set(t, o, nil, "bab", "228")
		do(t, o.Begin())
		set(t, o, nil, "abd", "69")
		set(t, o, nil, "bbd", "42")
		return o
	}
	o := overlay()
	cleared, err := o.ClearPrefix(nil, []byte("ab"), nil, nil)
	wantCleared(t, cleared, err, "", 2, 4, 2)
	do(t, o.Commit())
	wantChanges(t, o.Changes().Top, "-aba", "-abb", "-abc", "-abd", "bab=228", "bbd=42")

	o = overlay()
	limit := uint32(1)
	cleared, err = o.ClearPrefix(nil, []byte("ab"), &limit, nil)
	wantCleared(t, cleared, err, "abc", 1, 3, 1)
	do(t, o.Commit())
	wantChanges(t, o.Changes().Top, "-aba", "-abb", "-abd", "bab=228", "bbd=42")
}

func TestSubstrate_limited_child_kill_works(t *testing.T) {
	child := []byte("sub1")
	o := NewOverlay(memory(t, content{"child:sub1": {"a": "0", "b": "1", "c": "2", "d": "3"}}))
	for _, key := range []string{"1", "2", "3", "4"} {
		set(t, o, child, key, "1312")
	}
	limit := uint32(2)
	cleared, err := o.KillChild(child, &limit, nil)
	wantCleared(t, cleared, err, "c", 2, 6, 2)
	wantChanges(t, o.Changes().Child[0].Changes, "-1", "-2", "-3", "-4", "-a", "-b")
}

func TestSubstrate_limited_child_kill_off_by_one_works(t *testing.T) {
	child := []byte("sub1")
	o := NewOverlay(memory(t, content{"child:sub1": {"a": "0", "b": "1", "c": "2", "d": "3"}}))
	kill := func(limit uint32, cursor []byte) (Cleared, error) { return o.KillChild(child, &limit, cursor) }
	cleared, err := kill(0, nil)
	wantCleared(t, cleared, err, "a", 0, 0, 0)
	cleared, err = kill(1, cleared.Next)
	wantCleared(t, cleared, err, "b", 1, 1, 1)
	cleared, err = kill(4, cleared.Next)
	wantCleared(t, cleared, err, "", 3, 3, 3)
	cleared, err = kill(1, nil)
	wantCleared(t, cleared, err, "b", 0, 0, 1)
}

func TestSubstrate_limited_child_kill_off_by_one_works_without_limit(t *testing.T) {
	o := NewOverlay(memory(t, content{"child:sub1": {"a": "0", "b": "1", "c": "2", "d": "3"}}))
	cleared, err := o.KillChild([]byte("sub1"), nil, nil)
	wantCleared(t, cleared, err, "", 4, 4, 4)
}

func TestSubstrate_set_child_storage_works(t *testing.T) {
	child := []byte("sub1")
	o := NewOverlay(memory(t, content{}))
	set(t, o, child, "abc", "def")
	want(t, o, child, "abc", "def")
	_, err := o.KillChild(child, nil, nil)
	do(t, err)
	want(t, o, child, "abc", "-")
}

// list is a SCALE sequence of at most 63 items.
func list(items ...string) string {
	return string([]byte{byte(len(items) << 2)}) + strings.Join(items, "")
}

// str is a SCALE string of at most 63 bytes.
func str(s string) string { return string([]byte{byte(len(s) << 2)}) + s }

func TestSubstrate_append_storage_works(t *testing.T) {
	o := NewOverlay(memory(t, content{}))
	add := func(s string) { t.Helper(); do(t, o.Append([]byte("key"), []byte(str(s)))) }
	add("data1")
	want(t, o, nil, "key", list(str("data1")))
	do(t, o.Begin())
	add("2")
	add("D3")
	add("d4")
	want(t, o, nil, "key", list(str("data1"), str("2"), str("D3"), str("d4")))
	do(t, o.Rollback())
	want(t, o, nil, "key", list(str("data1")))
}

func TestSubstrate_remove_with_append_then_rollback_appended_then_append_again(t *testing.T) {
	o := NewOverlay(memory(t, content{}))
	const initialization, discarded, committed = "\x00", "\x01", "\x02"
	del(t, o, nil, "events")
	do(t, o.Append([]byte("events"), []byte(initialization)))
	do(t, o.Begin())
	want(t, o, nil, "events", list(initialization))
	do(t, o.Append([]byte("events"), []byte(discarded)))
	want(t, o, nil, "events", list(initialization, discarded))
	do(t, o.Rollback())
	want(t, o, nil, "events", list(initialization))
	do(t, o.Append([]byte("events"), []byte(committed)))
	want(t, o, nil, "events", list(initialization, committed))
	do(t, o.Begin())
	want(t, o, nil, "events", list(initialization, committed))
}

func TestSubstrate_storage_append_works(t *testing.T) {
	for _, parent := range []string{"", "\x01"} { // nothing, and what is no sequence
		o := NewOverlay(memory(t, content{"top": {"k": parent}}))
		do(t, o.Append([]byte("k"), []byte("\x01\x00\x00\x00")))
		do(t, o.Append([]byte("k"), []byte("\x02\x00\x00\x00")))
		want(t, o, nil, "k", list("\x01\x00\x00\x00", "\x02\x00\x00\x00"))
	}
}

func TestSubstrate_append_works(t *testing.T) {
	// There the value of a key that was not written comes from a closure, here from the parent state.
	init := list(str("valinit"))
	o := NewOverlay(memory(t, content{"top": {"key2": init, "key3": init}}))
	add := func(key, item string) { t.Helper(); do(t, o.Append([]byte(key), []byte(str(item)))) }
	set(t, o, nil, "key0", list(str("val0")))
	del(t, o, nil, "key1")
	add("key3", "-modified")
	val0, val3 := list(str("val0")), list(str("valinit"), str("-modified"))
	before := []string{"key0=" + val0, "-key1", "key3=" + val3}
	wantChanges(t, o.Changes().Top, before...)
	do(t, o.Begin())
	do(t, o.Begin())
	add("key3", "-twice")
	add("key2", "-modified")
	add("key0", "-modified")
	add("key1", "deleted-modified")
	inner := []string{
		"key0=" + list(str("val0"), str("-modified")),
		"key1=" + list(str("deleted-modified")),
		"key2=" + val3,
		"key3=" + list(str("valinit"), str("-modified"), str("-twice")),
	}
	wantChanges(t, o.Changes().Top, inner...)
	do(t, o.Begin())
	add("key3", "-2")
	inner3 := inner[3]
	inner[3] = "key3=" + list(str("valinit"), str("-modified"), str("-twice"), str("-2"))
	wantChanges(t, o.Changes().Top, inner...)
	do(t, o.Rollback())
	inner[3] = inner3
	wantChanges(t, o.Changes().Top, inner...)
	do(t, o.Begin())
	add("key3", "-thrice")
	inner[3] = "key3=" + list(str("valinit"), str("-modified"), str("-twice"), str("-thrice"))
	wantChanges(t, o.Changes().Top, inner...)
	do(t, o.Commit())
	do(t, o.Commit())
	wantChanges(t, o.Changes().Top, inner...)
	do(t, o.Rollback())
	wantChanges(t, o.Changes().Top, before...)
}

func TestSubstrate_restore_append_to_parent(t *testing.T) {
	o := NewOverlay(memory(t, content{}))
	items := ""
	for i := byte(0); i < 100; i++ {
		if i == 50 {
			do(t, o.Begin())
		}
		do(t, o.Append([]byte("akey"), []byte{i}))
		items += string([]byte{i})
		if i == 49 {
			want(t, o, nil, "akey", "\xc8"+items)
		}
	}
	want(t, o, nil, "akey", "\x91\x01"+items) // 100 as a compact of two bytes
	do(t, o.Rollback())
	want(t, o, nil, "akey", "\xc8"+items[:50])
}

func TestSubstrate_restore_initial_set_after_append_to_parent(t *testing.T) {
	o := NewOverlay(memory(t, content{}))
	initial := "\xc8" + strings.Repeat("\x01", 50)
	set(t, o, nil, "akey", initial)
	do(t, o.Begin())
	for i := byte(0); i < 50; i++ {
		do(t, o.Append([]byte("akey"), []byte{i}))
	}
	value, _, _ := o.Get(nil, []byte("akey"))
	if !strings.HasPrefix(string(value), "\x91\x01\x01") || len(value) != 102 {
		t.Fatalf("got %x", value)
	}
	do(t, o.Rollback())
	want(t, o, nil, "akey", initial)
}

func TestSubstrate_overlayed_storage_works(t *testing.T) {
	o := NewOverlay(memory(t, content{}))
	key := k(42, 69, 169, 142)
	want(t, o, nil, key, "-")
	do(t, o.Begin())
	set(t, o, nil, key, k(1, 2, 3))
	want(t, o, nil, key, k(1, 2, 3))
	do(t, o.Commit())
	want(t, o, nil, key, k(1, 2, 3))
	do(t, o.Begin())
	set(t, o, nil, key, "")
	want(t, o, nil, key, "")
	del(t, o, nil, key)
	want(t, o, nil, key, "-")
	do(t, o.Rollback())
	want(t, o, nil, key, k(1, 2, 3))
	del(t, o, nil, key)
	want(t, o, nil, key, "-")
}

func TestSubstrate_overlayed_storage_root_works(t *testing.T) {
	o := NewOverlay(memory(t, content{"top": {"doe": "reindeer", "dog": "puppyXXX", "dogglesworth": "catXXX", "doug": "notadog"}}))
	do(t, o.Begin())
	set(t, o, nil, "dog", "puppy")
	set(t, o, nil, "dogglesworth", "catYYY")
	set(t, o, nil, "doug", "")
	do(t, o.Commit())
	do(t, o.Begin())
	set(t, o, nil, "dogglesworth", "cat")
	del(t, o, nil, "doug")
	for range 2 {
		wantRoot(t, o, "0x39245109cef3758c2eed2ccba8d9b370a917850af3824bc8348d505df2c298fa")
	}
	set(t, o, nil, "doug2", "yes")
	wantRoot(t, o, "0x5c0a4e35cb967de785e1cb8743e6f24b6ff6d45155317f2078f6eb3fc4ff3e3d")
}

func wantRoot(t testing.TB, o *Overlay, expected string) {
	t.Helper()
	root, err := o.Root(trie.V1)
	if err != nil || root.String() != expected {
		t.Fatalf("root: expected %s, got %s, %v", expected, root, err)
	}
}

func TestSubstrate_overlayed_child_storage_root_works(t *testing.T) {
	child := []byte("Child1")
	o := NewOverlay(memory(t, content{}))
	do(t, o.Begin())
	for _, key := range []byte{20, 30, 40} {
		set(t, o, child, k(key), k(key))
	}
	do(t, o.Commit())
	set(t, o, child, k(10), k(10))
	del(t, o, child, k(30))
	wantChild := func() {
		t.Helper()
		const expected = "0xc02965e1df4dc5baf6977390ce67dab1d7a9b27a87c1afe27b50d29cc990e0f5"
		if root, err := o.ChildRoot(child, trie.V1); err != nil || root.String() != expected {
			t.Fatalf("child root: expected %s, got %s, %v", expected, root, err)
		}
	}
	wantChild()
	wantRoot(t, o, "0xeafb765909c3ed5afd92a0c564acf4620d0234b31702e8e8e9b48da72a748838")
	wantChild()
}

func TestSubstrate_no_transaction_works(t *testing.T) {
	o := NewOverlay(memory(t, content{}))
	set(t, o, nil, "key0", "val0")
	set(t, o, nil, "key1", "val1")
	set(t, o, nil, "key0", "val0-1")
	wantChanges(t, o.Changes().Top, "key0=val0-1", "key1=val1")
}

func TestSubstrate_transaction_works(t *testing.T) {
	for _, rollback := range []bool{true, false} { // and transaction_commit_then_rollback_works
		o := NewOverlay(memory(t, content{}))
		set(t, o, nil, "key0", "val0")
		set(t, o, nil, "key1", "val1")
		set(t, o, nil, "key0", "val0-1")
		do(t, o.Begin())
		set(t, o, nil, "key42", "val42")
		set(t, o, nil, "key99", "val99")
		do(t, o.Begin())
		set(t, o, nil, "key42", "val42-rolled")
		set(t, o, nil, "key7", "val7-rolled")
		set(t, o, nil, "key0", "val0-rolled")
		set(t, o, nil, "key5", "val5-rolled")
		all := []string{"key0=val0-rolled", "key1=val1", "key42=val42-rolled", "key5=val5-rolled", "key7=val7-rolled", "key99=val99"}
		wantChanges(t, o.Changes().Top, all...)
		do(t, o.Begin())
		do(t, o.Begin())
		do(t, o.Rollback())
		do(t, o.Commit())
		wantChanges(t, o.Changes().Top, all...)
		if rollback {
			do(t, o.Rollback())
			rolledBack := []string{"key0=val0-1", "key1=val1", "key42=val42", "key99=val99"}
			wantChanges(t, o.Changes().Top, rolledBack...)
			do(t, o.Commit())
			wantChanges(t, o.Changes().Top, rolledBack...)
			continue
		}
		do(t, o.Commit())
		wantChanges(t, o.Changes().Top, all...)
		do(t, o.Rollback())
		wantChanges(t, o.Changes().Top, "key0=val0-1", "key1=val1")
	}
}

func TestSubstrate_clear_works(t *testing.T) {
	o := NewOverlay(memory(t, content{}))
	for _, pair := range [][2]string{{"key0", "val0"}, {"key1", "val1"}, {"del1", "delval1"}, {"del2", "delval2"}} {
		set(t, o, nil, pair[0], pair[1])
	}
	do(t, o.Begin())
	cleared, err := o.ClearPrefix(nil, []byte("del"), nil, nil)
	wantCleared(t, cleared, err, "", 0, 2, 0)
	wantChanges(t, o.Changes().Top, "-del1", "-del2", "key0=val0", "key1=val1")
	do(t, o.Rollback())
	wantChanges(t, o.Changes().Top, "del1=delval1", "del2=delval2", "key0=val0", "key1=val1")
}

func TestSubstrate_next_change_works(t *testing.T) {
	o := NewOverlay(memory(t, content{}))
	next := func(after, expected string) {
		t.Helper()
		key, ok, err := o.NextKey(nil, []byte(after))
		if err != nil || ok == (expected == "-") || ok && string(key) != expected {
			t.Fatalf("after %q: expected %q, got %q, %v", after, expected, key, ok)
		}
	}
	set(t, o, nil, "key0", "val0")
	set(t, o, nil, "key1", "val1")
	set(t, o, nil, "key2", "val2")
	do(t, o.Begin())
	set(t, o, nil, "key3", "val3")
	set(t, o, nil, "key4", "val4")
	set(t, o, nil, "key11", "val11")
	for _, pair := range [][2]string{{"key0", "key1"}, {"key1", "key11"}, {"key11", "key2"}, {"key2", "key3"}, {"key3", "key4"}, {"key4", "-"}} {
		next(pair[0], pair[1])
	}
	do(t, o.Rollback())
	for _, pair := range [][2]string{{"key0", "key1"}, {"key1", "key2"}, {"key11", "key2"}, {"key2", "-"}, {"key3", "-"}, {"key4", "-"}} {
		next(pair[0], pair[1])
	}
}

func TestSubstrate_transactions_without_partner(t *testing.T) {
	// no_open_tx_commit_errors, no_open_tx_rollback_errors, unbalanced_transactions_errors, drain_with_open_transaction_panics
	o := NewOverlay(memory(t, content{}))
	if err := o.Commit(); !errors.Is(err, ErrNoTransaction) {
		t.Fatal(err)
	}
	if err := o.Rollback(); !errors.Is(err, ErrNoTransaction) {
		t.Fatal(err)
	}
	do(t, o.Begin())
	do(t, o.Commit())
	if err := o.Commit(); !errors.Is(err, ErrNoTransaction) {
		t.Fatal(err)
	}
	do(t, o.Begin())
	if _, _, err := o.Finish(trie.V1); !errors.Is(err, ErrOpenTransaction) {
		t.Fatal(err)
	}
}

func TestSubstrate_runtime_cannot_close_client_tx(t *testing.T) {
	o := NewOverlay(memory(t, content{}))
	do(t, o.Begin())
	do(t, o.EnterRuntime())
	do(t, o.Begin())
	do(t, o.Commit())
	if err := o.Commit(); !errors.Is(err, ErrNoTransaction) {
		t.Fatal(err)
	}
	if err := o.Rollback(); !errors.Is(err, ErrNoTransaction) {
		t.Fatal(err)
	}
}

func TestSubstrate_exit_runtime_closes_runtime_tx(t *testing.T) {
	o := NewOverlay(memory(t, content{}))
	do(t, o.Begin())
	set(t, o, nil, "key0", "val0")
	do(t, o.EnterRuntime())
	do(t, o.Begin())
	set(t, o, nil, "key1", "val1")
	if n, err := o.ExitRuntime(); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	do(t, o.Commit())
	wantChanges(t, o.Changes().Top, "key0=val0")
}

func TestSubstrate_enter_exit_runtime_fails_when_already_in_requested_mode(t *testing.T) {
	o := NewOverlay(memory(t, content{}))
	exit := func() error { _, err := o.ExitRuntime(); return err }
	for i, step := range []struct {
		do   func() error
		fail bool
	}{{exit, true}, {o.EnterRuntime, false}, {o.EnterRuntime, true}, {exit, false}, {exit, true}} {
		if err := step.do(); errors.Is(err, ErrMode) != step.fail || (err != nil) != step.fail {
			t.Fatalf("step %d: %v", i, err)
		}
	}
}
