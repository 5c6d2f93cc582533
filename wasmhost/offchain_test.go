package wasmhost

import (
	"context"
	"fmt"
	"strings"
)

// offchainStub is an offchain worker's world with a clock that stands still, its transaction pool and its local storage: what a test needs
// to know of the world it can set.
type offchainStub struct {
	validator bool
	pool      []string // transactions that were submitted
	full      bool     // the pool takes no more
	now       uint64
	peer      string
	addresses []string
	local     map[string]string
	requests  []*request
}

// request is an HTTP request; the answer is made of it.
type request struct {
	method, uri string
	headers     []string
	body        string
	sent        bool
	left        string // of the answer
}

func (o *offchainStub) IsValidator() bool { return o.validator }

func (o *offchainStub) SubmitTransaction(extrinsic []byte) bool {
	if !o.full {
		o.pool = append(o.pool, string(extrinsic))
	}
	return !o.full
}

func (o *offchainStub) NetworkState() ([]byte, [][]byte, bool) {
	var addresses [][]byte
	for _, a := range o.addresses {
		addresses = append(addresses, []byte(a))
	}
	return []byte(o.peer), addresses, o.peer != ""
}

func (o *offchainStub) Timestamp() uint64 { return o.now }

func (o *offchainStub) SleepUntil(_ context.Context, deadline uint64) { o.now = max(o.now, deadline) }

func (o *offchainStub) RandomSeed() (seed [32]byte) {
	copy(seed[:], "not random, and good for a test.")
	return seed
}

func localKey(kind uint32, key []byte) string { return fmt.Sprint(kind, " ", string(key)) }

func (o *offchainStub) Set(kind uint32, key, value []byte) {
	if o.local == nil {
		o.local = map[string]string{}
	}
	o.local[localKey(kind, key)] = string(value)
}

func (o *offchainStub) Clear(kind uint32, key []byte) {
	delete(o.local, localKey(kind, key))
}

func (o *offchainStub) CompareAndSet(kind uint32, key, old []byte, hasOld bool, value []byte) bool {
	if present, ok := o.Get(kind, key); ok != hasOld || string(present) != string(old) {
		return false
	}
	o.Set(kind, key, value)
	return true
}

func (o *offchainStub) Get(kind uint32, key []byte) ([]byte, bool) {
	value, ok := o.local[localKey(kind, key)]
	return []byte(value), ok
}

func (o *offchainStub) HTTP() OffchainHTTP { return o }

func (o *offchainStub) find(id uint16) *request {
	if int(id) >= len(o.requests) {
		return nil
	}
	return o.requests[id]
}

func (o *offchainStub) RequestStart(method, uri string) (uint16, bool) {
	if !strings.HasPrefix(uri, "http://") {
		return 0, false
	}
	o.requests = append(o.requests, &request{method: method, uri: uri})
	return uint16(len(o.requests) - 1), true
}

func (o *offchainStub) AddHeader(id uint16, name, value string) bool {
	r := o.find(id)
	if r != nil {
		r.headers = append(r.headers, name+": "+value)
	}
	return r != nil
}

func (o *offchainStub) WriteBody(_ context.Context, id uint16, chunk []byte, deadline *uint64) HTTPError {
	r := o.find(id)
	switch {
	case r == nil:
		return HTTPInvalidID
	case deadline != nil && *deadline < o.now:
		return HTTPDeadlineReached
	case r.sent:
		return HTTPIOError
	}
	r.body += string(chunk)
	if len(chunk) == 0 {
		r.sent, r.left = true, strings.Join(append([]string{r.method, r.uri, r.body}, r.headers...), "\n")
	}
	return HTTPOk
}

func (o *offchainStub) ResponseWait(_ context.Context, ids []uint16, deadline *uint64) []uint16 {
	out := make([]uint16, len(ids))
	for i, id := range ids {
		switch r := o.find(id); {
		case r == nil:
		case deadline != nil && *deadline < o.now:
			out[i] = 10
		case !r.sent:
			out[i] = 20
		default:
			out[i] = 200
		}
	}
	return out
}

func (o *offchainStub) ResponseHeaders(id uint16) [][2][]byte {
	if o.find(id) == nil {
		return nil
	}
	return [][2][]byte{{[]byte("content-type"), []byte("text/plain")}, {[]byte("empty"), nil}}
}

func (o *offchainStub) ReadBody(_ context.Context, id uint16, buffer []byte, deadline *uint64) (int, HTTPError) {
	r := o.find(id)
	switch {
	case r == nil:
		return 0, HTTPInvalidID
	case deadline != nil && *deadline < o.now:
		return 0, HTTPDeadlineReached
	}
	n := copy(buffer, r.left)
	r.left = r.left[n:]
	return n, HTTPOk
}
