package frame

import (
	"iter"

	"github.com/gotensor/gotensor/pallets/frame/host"
	"github.com/gotensor/gotensor/primitives/hash"
	"github.com/gotensor/gotensor/primitives/scale"
)

// keyScratch and valueScratch are where keys and values are put together. A key is used before the next is made, and encoding and
// decoding read no storage, so one of each is enough.
var keyScratch, hashScratch, valueScratch []byte

// Prefix is the beginning of the keys of an item: twox128 of the pallet's name and of the item's.
type Prefix [32]byte

// PrefixOf returns the prefix of an item.
func PrefixOf(pallet, item string) (p Prefix) {
	a, b := hash.Twox128([]byte(pallet)), hash.Twox128([]byte(item))
	copy(p[:16], a[:])
	copy(p[16:], b[:])
	return p
}

// read returns the value at key, or false where there is none or it is no T.
func read[T any](key []byte, c *Codec[T]) (v T, ok bool) {
	raw, ok := host.Borrow(key)
	if !ok {
		return v, false
	}
	v, ok = c.decode(raw)
	host.Return(raw)
	return v, ok
}

func write[T any](key []byte, c *Codec[T], v T) {
	valueScratch = c.Append(valueScratch[:0], v)
	host.Set(key, valueScratch)
}

// value is what Value and OptionValue share.
type value[T any] struct {
	prefix Prefix
	codec  Codec[T]
}

// Key returns the key of the state.
func (s *value[T]) Key() []byte { return s.prefix[:] }

// Put sets the value.
func (s *value[T]) Put(v T) { write(s.prefix[:], &s.codec, v) }

// Kill removes the value.
func (s *value[T]) Kill() { host.Clear(s.prefix[:]) }

// Exists tells whether there is a value.
func (s *value[T]) Exists() bool { return host.Exists(s.prefix[:]) }

// Value is a single value; where there is none it reads as its default.
type Value[T any] struct {
	value[T]
	def func() T // nil: the zero value
}

// Bind is called by generated code.
func (s *Value[T]) Bind(p Prefix, c Codec[T], def func() T) { s.prefix, s.codec, s.def = p, c, def }

// Get returns the value, or the default.
func (s *Value[T]) Get() T {
	v, ok := read(s.prefix[:], &s.codec)
	return either(v, ok, s.def)
}

// Take removes the value and returns it, or the default.
func (s *Value[T]) Take() T {
	v, ok := read(s.prefix[:], &s.codec)
	if ok {
		s.Kill()
	}
	return either(v, ok, s.def)
}

// Mutate changes the value in place.
func (s *Value[T]) Mutate(f func(v *T)) {
	v := s.Get()
	f(&v)
	s.Put(v)
}

// OptionValue is a single value that may be absent.
type OptionValue[T any] struct{ value[T] }

// Bind is called by generated code.
func (s *OptionValue[T]) Bind(p Prefix, c Codec[T]) { s.prefix, s.codec = p, c }

// Get returns the value and whether there is one.
func (s *OptionValue[T]) Get() (T, bool) { return read(s.prefix[:], &s.codec) }

// Take removes the value and returns it, and whether there was one.
func (s *OptionValue[T]) Take() (T, bool) {
	v, ok := s.Get()
	if ok {
		s.Kill()
	}
	return v, ok
}

// KeyPart is how one part of a map's key is written: generated code makes it.
type KeyPart[K any] struct {
	Hasher Hasher
	Codec  Codec[K]
}

// Append appends the hashed part.
func (k *KeyPart[K]) Append(dst []byte, key K) []byte {
	hashScratch = k.Codec.Append(hashScratch[:0], key)
	return k.Hasher.Append(dst, hashScratch)
}

// Decode reads the part back; d stands at its hash.
func (k *KeyPart[K]) Decode(d *scale.Decoder) K {
	n := k.Hasher.skip()
	if n < 0 {
		panic("BUG: keys of this hasher cannot be read back")
	}
	d.Take(n)
	return k.Codec.Decode(d)
}

// table is what all maps share. K is the whole key: of maps with several parts a tuple.
type table[K, V any] struct {
	prefix  Prefix
	append  func(dst []byte, k K) []byte // appends the hashed key
	decoded func(d *scale.Decoder) K     // reads the hashed key
	codec   Codec[V]
}

func (t *table[K, V]) key(k K) []byte {
	keyScratch = t.append(append(keyScratch[:0], t.prefix[:]...), k)
	return keyScratch
}

func (t *table[K, V]) find(k K) (V, bool) { return read(t.key(k), &t.codec) }
func (t *table[K, V]) put(k K, v V)       { write(t.key(k), &t.codec, v) }
func (t *table[K, V]) remove(k K)         { host.Clear(t.key(k)) }
func (t *table[K, V]) has(k K) bool       { return host.Exists(t.key(k)) }

// all walks the entries whose key of the state begins with prefix, in the order of the state. Entries may be removed or changed
// on the way, and entries that do not decode are passed over.
func (t *table[K, V]) all(prefix []byte) iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for key, ok := host.NextKey(prefix); ok && len(key) >= len(prefix) && string(key[:len(prefix)]) == string(prefix); key, ok = host.NextKey(key) {
			v, ok := read(key, &t.codec)
			if !ok {
				continue
			}
			decoder.Reset(key[len(t.prefix):])
			k := t.decoded(&decoder)
			if decoder.Err() == nil && !yield(k, v) {
				return
			}
		}
	}
}

// clearPrefix removes at most limit entries under prefix; more tells that some are left.
func clearPrefix(prefix []byte, limit uint32) (removed uint32, more bool) {
	return host.ClearPrefix(prefix, limit)
}
