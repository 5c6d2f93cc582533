package jsonrpc

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// Handler answers one call. ctx ends when the connection does (over HTTP: when the client goes away), or the server.
// The result is encoded by appendValue's rules: an Appender and json.RawMessage are written as they are.
type Handler func(ctx context.Context, p *Params) (any, error)

// SubscriptionHandler serves one subscription. It reads its parameters, counts with Sink.Keep what it holds of them, then either returns an error, which answers the call, or calls
// Accept once and sends until it returns. ctx ends with the connection, with the unsubscribing, and with ErrSlow.
// What it returns after Accept closes the subscription; an error is logged, the client is told nothing, as with Substrate.
type SubscriptionHandler func(ctx context.Context, p *Params, s *Sink) error

// method is one registered name.
type method struct {
	name    string
	names   []string // of parameters, for calls that pass an object
	unsafe  bool
	handler Handler

	// subscriptions only
	subscribe    SubscriptionHandler
	notification string
	// unsubscriptions only: the set of names whose subscriptions it ends is this one subscription
	unsubscribes *method
}

// Option adds to a registration.
type Option func(*registration)

type registration struct {
	aliases, unsubscribeAliases []string
	names                       []string
	unsafe                      bool
}

// Unsafe marks a method that only a connection with unsafe methods allowed may call; others get ErrUnsafe.
func Unsafe() Option { return func(r *registration) { r.unsafe = true } }

// Alias registers further names of the method, or of the subscribing call.
func Alias(names ...string) Option {
	return func(r *registration) { r.aliases = append(r.aliases, names...) }
}

// UnsubscribeAlias registers further names of the unsubscribing call.
func UnsubscribeAlias(names ...string) Option {
	return func(r *registration) { r.unsubscribeAliases = append(r.unsubscribeAliases, names...) }
}

// Names gives the names of the parameters in their order: a call may then pass an object in place of an array. Names are written as in
// the reference sources (snake_case); lowerCamelCase is accepted too.
func Names(names ...string) Option {
	return func(r *registration) { r.names = names }
}

// Methods is the set of what a server answers. Fill it before NewServer, which copies it.
type Methods struct {
	byName map[string]*method
}

// NewMethods returns an empty set.
func NewMethods() *Methods { return &Methods{byName: make(map[string]*method)} }

// add panics on a name given twice: the set is put together at start, by code.
func (m *Methods) add(name string, entry *method) {
	if _, ok := m.byName[name]; ok {
		panic(fmt.Sprintf("BUG: RPC method %q is registered twice", name))
	}
	m.byName[name] = entry
}

// Method registers a call.
func (m *Methods) Method(name string, h Handler, opts ...Option) {
	var r registration
	for _, o := range opts {
		o(&r)
	}
	entry := &method{name: name, names: r.names, unsafe: r.unsafe, handler: h}
	m.add(name, entry)
	for _, a := range r.aliases {
		m.add(a, entry)
	}
}

// Subscription registers the call that subscribes, the method name of its notifications, and the call that unsubscribes.
func (m *Methods) Subscription(subscribe, notification, unsubscribe string, h SubscriptionHandler, opts ...Option) {
	var r registration
	for _, o := range opts {
		o(&r)
	}
	entry := &method{name: subscribe, names: r.names, unsafe: r.unsafe, subscribe: h, notification: notification}
	m.add(subscribe, entry)
	for _, a := range r.aliases {
		m.add(a, entry)
	}
	end := &method{name: unsubscribe, unsubscribes: entry}
	m.add(unsubscribe, end)
	for _, a := range r.unsubscribeAliases {
		m.add(a, end)
	}
}

// List returns all names, aliases and rpc_methods included, sorted: the answer of rpc_methods.
func (m *Methods) List() []string {
	names := slices.Collect(maps.Keys(m.byName))
	if _, ok := m.byName["rpc_methods"]; !ok {
		names = append(names, "rpc_methods")
	}
	slices.Sort(names)
	return names
}

// withList returns a copy that answers rpc_methods.
func (m *Methods) withList() *Methods {
	all := &Methods{byName: maps.Clone(m.byName)}
	b := append([]byte(nil), `{"methods":[`...)
	for i, name := range m.List() {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, name)
	}
	b = append(b, "]}"...)
	all.Method("rpc_methods", func(context.Context, *Params) (any, error) { return raw(b), nil })
	return all
}

// raw is JSON that is known to be valid.
type raw []byte

func (r raw) AppendJSON(b []byte) []byte { return append(b, r...) }
