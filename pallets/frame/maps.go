package frame

import (
	"iter"

	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/primitives/scale"
)

// keyed is what Map and OptionMap share.
type keyed[H HasherType, K, V any] struct{ table[K, V] }

func (m *keyed[H, K, V]) bind(p Prefix, key Codec[K], c Codec[V]) {
	var h H
	part := &KeyPart[K]{h.Hasher(), key}
	m.table = table[K, V]{p, part.Append, part.Decode, c}
}

// Key returns the key of the state for k. It is the caller's.
func (m *keyed[H, K, V]) Key(k K) []byte { return append([]byte(nil), m.key(k)...) }

// Prefix returns the beginning of the keys of all entries.
func (m *keyed[H, K, V]) Prefix() Prefix { return m.prefix }

// Put sets the value of k.
func (m *keyed[H, K, V]) Put(k K, v V) { m.put(k, v) }

// Remove removes the value of k.
func (m *keyed[H, K, V]) Remove(k K) { m.remove(k) }

// Has tells whether k has a value.
func (m *keyed[H, K, V]) Has(k K) bool { return m.has(k) }

// TakeEncoded removes the value of k and appends it to dst as it is stored; ok is false where there was none.
func (m *keyed[H, K, V]) TakeEncoded(dst []byte, k K) (_ []byte, ok bool) {
	key := m.key(k)
	raw, ok := host.Borrow(key)
	if ok {
		dst = append(dst, raw...)
		host.Return(raw)
		host.Clear(key)
	}
	return dst, ok
}

// All walks the entries in the order of the state. Entries may be changed and removed on the way.
func (m *keyed[H, K, V]) All() iter.Seq2[K, V] { return m.all(m.prefix[:]) }

// Clear removes at most limit entries; more tells that some are left.
func (m *keyed[H, K, V]) Clear(limit uint32) (removed uint32, more bool) {
	return clearPrefix(m.prefix[:], limit)
}

// Map maps keys to values; a key without a value reads as the default.
type Map[H HasherType, K, V any] struct {
	keyed[H, K, V]
	def func() V
}

// Bind is called by generated code.
func (m *Map[H, K, V]) Bind(p Prefix, key Codec[K], c Codec[V], def func() V) {
	m.bind(p, key, c)
	m.def = def
}

// Get returns the value of k, or the default.
func (m *Map[H, K, V]) Get(k K) V {
	v, ok := m.find(k)
	return either(v, ok, m.def)
}

// Take removes the value of k and returns it, or the default.
func (m *Map[H, K, V]) Take(k K) V {
	v, ok := m.find(k)
	if ok {
		m.remove(k)
	}
	return either(v, ok, m.def)
}

// Mutate changes the value of k in place.
func (m *Map[H, K, V]) Mutate(k K, f func(v *V)) {
	v := m.Get(k)
	f(&v)
	m.put(k, v)
}

// OptionMap maps keys to values; a key may have none.
type OptionMap[H HasherType, K, V any] struct{ keyed[H, K, V] }

// Bind is called by generated code.
func (m *OptionMap[H, K, V]) Bind(p Prefix, key Codec[K], c Codec[V]) { m.bind(p, key, c) }

// Get returns the value of k and whether it has one.
func (m *OptionMap[H, K, V]) Get(k K) (V, bool) { return m.find(k) }

// Take removes the value of k and returns it, and whether there was one.
func (m *OptionMap[H, K, V]) Take(k K) (V, bool) {
	v, ok := m.find(k)
	if ok {
		m.remove(k)
	}
	return v, ok
}

// either returns v, or the default where it was not found.
func either[V any](v V, ok bool, def func() V) V {
	if !ok && def != nil {
		return def()
	}
	return v
}

// Pair is the key of a map with two parts.
type Pair[A, B any] struct {
	A A
	B B
}

// doubled is what DoubleMap and OptionDoubleMap share.
type doubled[HA HasherType, A any, HB HasherType, B, V any] struct {
	table[Pair[A, B], V]
	first KeyPart[A]
}

func (m *doubled[HA, A, HB, B, V]) bind(p Prefix, a Codec[A], b Codec[B], c Codec[V]) {
	var ha HA
	var hb HB
	first, second := KeyPart[A]{ha.Hasher(), a}, KeyPart[B]{hb.Hasher(), b}
	m.first = first
	m.table = table[Pair[A, B], V]{
		p,
		func(dst []byte, k Pair[A, B]) []byte { return second.Append(first.Append(dst, k.A), k.B) },
		func(d *scale.Decoder) (k Pair[A, B]) {
			k.A = first.Decode(d)
			k.B = second.Decode(d)
			return k
		},
		c,
	}
}

// Key returns the key of the state for a and b. It is the caller's.
func (m *doubled[HA, A, HB, B, V]) Key(a A, b B) []byte {
	return append([]byte(nil), m.key(Pair[A, B]{a, b})...)
}

// Prefix returns the beginning of the keys of all entries.
func (m *doubled[HA, A, HB, B, V]) Prefix() Prefix { return m.prefix }

// Put sets the value of a and b.
func (m *doubled[HA, A, HB, B, V]) Put(a A, b B, v V) { m.put(Pair[A, B]{a, b}, v) }

// Remove removes the value of a and b.
func (m *doubled[HA, A, HB, B, V]) Remove(a A, b B) { m.remove(Pair[A, B]{a, b}) }

// Has tells whether a and b have a value.
func (m *doubled[HA, A, HB, B, V]) Has(a A, b B) bool { return m.has(Pair[A, B]{a, b}) }

// All walks the entries in the order of the state. Entries may be changed and removed on the way.
func (m *doubled[HA, A, HB, B, V]) All() iter.Seq2[Pair[A, B], V] { return m.all(m.prefix[:]) }

// Under walks the entries of a. Entries may be changed and removed on the way.
func (m *doubled[HA, A, HB, B, V]) Under(a A) iter.Seq2[B, V] {
	return func(yield func(B, V) bool) {
		for k, v := range m.all(m.under(a)) {
			if !yield(k.B, v) {
				return
			}
		}
	}
}

// ClearUnder removes at most limit entries of a; more tells that some are left.
func (m *doubled[HA, A, HB, B, V]) ClearUnder(a A, limit uint32) (removed uint32, more bool) {
	return clearPrefix(m.under(a), limit)
}

// Clear removes at most limit entries; more tells that some are left.
func (m *doubled[HA, A, HB, B, V]) Clear(limit uint32) (removed uint32, more bool) {
	return clearPrefix(m.prefix[:], limit)
}

func (m *doubled[HA, A, HB, B, V]) under(a A) []byte {
	return m.first.Append(append([]byte(nil), m.prefix[:]...), a)
}

// DoubleMap maps pairs of keys to values; a pair without a value reads as the default.
type DoubleMap[HA HasherType, A any, HB HasherType, B, V any] struct {
	doubled[HA, A, HB, B, V]
	def func() V
}

// Bind is called by generated code.
func (m *DoubleMap[HA, A, HB, B, V]) Bind(p Prefix, a Codec[A], b Codec[B], c Codec[V], def func() V) {
	m.bind(p, a, b, c)
	m.def = def
}

// Get returns the value of a and b, or the default.
func (m *DoubleMap[HA, A, HB, B, V]) Get(a A, b B) V {
	v, ok := m.find(Pair[A, B]{a, b})
	return either(v, ok, m.def)
}

// Take removes the value of a and b and returns it, or the default.
func (m *DoubleMap[HA, A, HB, B, V]) Take(a A, b B) V {
	v, ok := m.find(Pair[A, B]{a, b})
	if ok {
		m.Remove(a, b)
	}
	return either(v, ok, m.def)
}

// Mutate changes the value of a and b in place.
func (m *DoubleMap[HA, A, HB, B, V]) Mutate(a A, b B, f func(v *V)) {
	v := m.Get(a, b)
	f(&v)
	m.Put(a, b, v)
}

// OptionDoubleMap maps pairs of keys to values; a pair may have none.
type OptionDoubleMap[HA HasherType, A any, HB HasherType, B, V any] struct {
	doubled[HA, A, HB, B, V]
}

// Bind is called by generated code.
func (m *OptionDoubleMap[HA, A, HB, B, V]) Bind(p Prefix, a Codec[A], b Codec[B], c Codec[V]) {
	m.bind(p, a, b, c)
}

// Get returns the value of a and b and whether they have one.
func (m *OptionDoubleMap[HA, A, HB, B, V]) Get(a A, b B) (V, bool) { return m.find(Pair[A, B]{a, b}) }

// Take removes the value of a and b and returns it, and whether there was one.
func (m *OptionDoubleMap[HA, A, HB, B, V]) Take(a A, b B) (V, bool) {
	v, ok := m.Get(a, b)
	if ok {
		m.Remove(a, b)
	}
	return v, ok
}

// many is what NMap and OptionNMap share. K is a struct whose fields are the parts of the key, each with its hasher in a tag:
//
//	type stakeKey struct {
//		Hotkey  chain.AccountID `hasher:"Blake2_128Concat"`
//		Coldkey chain.AccountID `hasher:"Blake2_128Concat"`
//		Netuid  uint16          `hasher:"Identity"`
//	}
type many[K, V any] struct {
	table[K, V]
	part func(dst []byte, k K, parts int) []byte
}

func (m *many[K, V]) bind(p Prefix, parts int, part func(dst []byte, k K, parts int) []byte, decode func(d *scale.Decoder) K, c Codec[V]) {
	m.part = part
	m.table = table[K, V]{p, func(dst []byte, k K) []byte { return part(dst, k, parts) }, decode, c}
}

// Key returns the key of the state for k. It is the caller's.
func (m *many[K, V]) Key(k K) []byte { return append([]byte(nil), m.key(k)...) }

// Prefix returns the beginning of the keys of all entries.
func (m *many[K, V]) Prefix() Prefix { return m.prefix }

// Put sets the value of k.
func (m *many[K, V]) Put(k K, v V) { m.put(k, v) }

// Remove removes the value of k.
func (m *many[K, V]) Remove(k K) { m.remove(k) }

// Has tells whether k has a value.
func (m *many[K, V]) Has(k K) bool { return m.has(k) }

// All walks the entries in the order of the state. Entries may be changed and removed on the way.
func (m *many[K, V]) All() iter.Seq2[K, V] { return m.all(m.prefix[:]) }

// Under walks the entries whose first parts are those of k.
func (m *many[K, V]) Under(k K, parts int) iter.Seq2[K, V] { return m.all(m.under(k, parts)) }

// ClearUnder removes at most limit entries whose first parts are those of k; more tells that some are left.
func (m *many[K, V]) ClearUnder(k K, parts int, limit uint32) (removed uint32, more bool) {
	return clearPrefix(m.under(k, parts), limit)
}

func (m *many[K, V]) under(k K, parts int) []byte {
	return m.part(append([]byte(nil), m.prefix[:]...), k, parts)
}

// NMap maps keys of several parts to values; a key without a value reads as the default. See many for K.
type NMap[K, V any] struct {
	many[K, V]
	def func() V
}

// Bind is called by generated code: part appends the first so many hashed parts of a key.
func (m *NMap[K, V]) Bind(p Prefix, parts int, part func(dst []byte, k K, parts int) []byte, decode func(d *scale.Decoder) K, c Codec[V], def func() V) {
	m.bind(p, parts, part, decode, c)
	m.def = def
}

// Get returns the value of k, or the default.
func (m *NMap[K, V]) Get(k K) V {
	v, ok := m.find(k)
	return either(v, ok, m.def)
}

// Take removes the value of k and returns it, or the default.
func (m *NMap[K, V]) Take(k K) V {
	v, ok := m.find(k)
	if ok {
		m.remove(k)
	}
	return either(v, ok, m.def)
}

// Mutate changes the value of k in place.
func (m *NMap[K, V]) Mutate(k K, f func(v *V)) {
	v := m.Get(k)
	f(&v)
	m.put(k, v)
}

// OptionNMap maps keys of several parts to values; a key may have none. See many for K.
type OptionNMap[K, V any] struct{ many[K, V] }

// Bind is called by generated code: part appends the first so many hashed parts of a key.
func (m *OptionNMap[K, V]) Bind(p Prefix, parts int, part func(dst []byte, k K, parts int) []byte, decode func(d *scale.Decoder) K, c Codec[V]) {
	m.bind(p, parts, part, decode, c)
}

// Get returns the value of k and whether it has one.
func (m *OptionNMap[K, V]) Get(k K) (V, bool) { return m.find(k) }

// Take removes the value of k and returns it, and whether there was one.
func (m *OptionNMap[K, V]) Take(k K) (V, bool) {
	v, ok := m.find(k)
	if ok {
		m.remove(k)
	}
	return v, ok
}

// CountedMap is an OptionMap that knows how many entries it has, in an item CounterFor<Name> of its own.
type CountedMap[H HasherType, K, V any] struct {
	entries OptionMap[H, K, V]
	count   Value[uint32]
}

// Bind is called by generated code; counter is the prefix of the item CounterFor<Name>.
func (m *CountedMap[H, K, V]) Bind(p, counter Prefix, key Codec[K], c Codec[V]) {
	m.entries.Bind(p, key, c)
	m.count.Bind(counter, Codec[uint32]{scale.AppendU32, (*scale.Decoder).U32}, nil)
}

// Count returns how many entries there are.
func (m *CountedMap[H, K, V]) Count() uint32 { return m.count.Get() }

// Get returns the value of k and whether it has one.
func (m *CountedMap[H, K, V]) Get(k K) (V, bool) { return m.entries.Get(k) }

// Has tells whether k has a value.
func (m *CountedMap[H, K, V]) Has(k K) bool { return m.entries.Has(k) }

// Put sets the value of k and counts a new entry.
func (m *CountedMap[H, K, V]) Put(k K, v V) {
	if !m.entries.Has(k) {
		m.count.Put(uint32(saturatingAdd(uint64(m.count.Get()), 1)))
	}
	m.entries.Put(k, v)
}

// Remove removes the value of k and counts it off.
func (m *CountedMap[H, K, V]) Remove(k K) {
	if m.entries.Has(k) {
		m.count.Put(m.count.Get() - min(m.count.Get(), 1))
		m.entries.Remove(k)
	}
}

// All walks the entries in the order of the state.
func (m *CountedMap[H, K, V]) All() iter.Seq2[K, V] { return m.entries.All() }
