package jsonrpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Config sets a server's limits. Zero values are the defaults of Substrate's flags, which the fields name.
type Config struct {
	MaxRequestSize   int // bytes; --rpc-max-request-size, 15 MiB
	MaxResponseSize  int // bytes; --rpc-max-response-size, 15 MiB
	MaxConnections   int // WebSocket sessions and HTTP requests under way together; --rpc-max-connections, 100
	MaxSubscriptions int // of one connection; --rpc-max-subscriptions-per-connection, 1024
	MessageBuffer    int // notifications of one subscription that wait to be sent; --rpc-message-buffer-capacity-per-connection, 64
	MaxCalls         int // calls of one connection under way together, further ones wait unread; 64

	MaxBatch  int  // calls in a batch, 0: any number; --rpc-max-batch-request-len
	NoBatches bool // --rpc-disable-batch-requests

	RateLimit         int            // calls a minute of one connection, 0: any number; --rpc-rate-limit
	RateLimitTrusted  []netip.Prefix // addresses without that limit; --rpc-rate-limit-whitelisted-ips
	TrustProxyHeaders bool           // take a client's address from Forwarded, X-Forwarded-For, X-Real-IP; --rpc-rate-limit-trust-proxy-headers

	// CORS is the list of origins that browsers may call from; nil allows all, and any Host header with it. --rpc-cors.
	// With a list, requests must name a local host, as a page of a stranger can otherwise point its own name here.
	CORS []string
	// UnsafeOrigins, where not nil, is the list of origins whose pages may call unsafe methods where the listener offers them; pages of others may call the safe ones
	// that CORS lets them call. Clients that are no browsers send no origin, and are not asked for one. A listener that is open to all origins by a CORS of nil
	// needs it: any page that its user visits reaches a loopback address, too.
	UnsafeOrigins []string

	PingInterval time.Duration // 30 s; a WebSocket peer that answers none within twice that, three times over, is closed
	WriteTimeout time.Duration // within which a peer has to take, or over HTTP to send, 64 KiB of a message; 30 s

	Logger  *slog.Logger          // nil: none
	Metrics prometheus.Registerer // nil: none
}

func (c *Config) defaults() {
	set := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	set(&c.MaxRequestSize, 15<<20)
	set(&c.MaxResponseSize, 15<<20)
	set(&c.MaxConnections, 100)
	set(&c.MaxSubscriptions, 1024)
	set(&c.MessageBuffer, 64)
	set(&c.MaxCalls, 64)
	if c.PingInterval <= 0 {
		c.PingInterval = 30 * time.Second
	}
	if c.WriteTimeout <= 0 {
		c.WriteTimeout = 30 * time.Second
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
}

// Policy says which methods a listener offers: --rpc-methods.
type Policy uint8

const (
	Auto         Policy = iota // unsafe methods on loopback addresses only
	Safe                       // no unsafe methods
	Unrestricted               // all methods
)

// ParsePolicy reads "auto", "safe" or "unsafe".
func ParsePolicy(s string) (Policy, error) {
	switch s {
	case "auto":
		return Auto, nil
	case "safe":
		return Safe, nil
	case "unsafe":
		return Unrestricted, nil
	}
	return 0, fmt.Errorf("RPC methods %q: expected auto, safe or unsafe", s)
}

// allowsUnsafe decides for a listener's local address.
func (p Policy) allowsUnsafe(local net.Addr) bool {
	switch p {
	case Unrestricted:
		return true
	case Auto:
		a, ok := local.(*net.TCPAddr)
		return ok && a.IP.IsLoopback()
	}
	return false
}

// Server answers JSON-RPC over HTTP and WebSocket on any number of listeners.
type Server struct {
	cfg     Config
	methods *Methods
	log     *slog.Logger
	metrics *metrics
	http    *http.Server

	connections chan struct{} // a token a session or request
	sockets     atomic.Int64
	weight      atomic.Int64 // bytes of frames and answers under way
	kept        atomic.Int64 // bytes that subscriptions hold
	queued      atomic.Int64 // bytes of notifications that wait, beyond what each session has room for by itself

	mu       sync.Mutex
	closing  bool
	sessions map[*session]struct{}
	hosts    map[string]bool // allowed Host headers, where Config.CORS is a list
	done     sync.WaitGroup  // sessions
}

// NewServer makes a server of the methods, to which it adds rpc_methods. Changes of m after that do not reach it.
func NewServer(cfg Config, m *Methods) *Server {
	cfg.defaults()
	s := &Server{
		cfg:         cfg,
		methods:     m.withList(),
		log:         cfg.Logger.With("target", "rpc"),
		connections: make(chan struct{}, cfg.MaxConnections),
		sessions:    make(map[*session]struct{}),
		hosts:       make(map[string]bool),
	}
	s.metrics = newMetrics(cfg.Metrics)
	s.http = &http.Server{
		Handler:           http.HandlerFunc(s.serveHTTP),
		ReadHeaderTimeout: 30 * time.Second,
		IdleTimeout:       10 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connKey{}, c)
		},
	}
	return s
}

type connKey struct{}

// Serve answers the connections of l until Close, or until ctx ends, which closes l alone. It returns nil then, and the error of l else.
// Call it once for each listener, of IPv4 and IPv6 for example.
func (s *Server) Serve(ctx context.Context, l net.Listener, p Policy) error {
	s.mu.Lock()
	for _, h := range localHosts(l.Addr()) {
		s.hosts[h] = true
	}
	s.mu.Unlock()
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	err := s.http.Serve(listener{l, s, p.allowsUnsafe(l.Addr())})
	if errors.Is(err, http.ErrServerClosed) || ctx.Err() != nil {
		return nil
	}
	return err
}

// Close stops the listeners, ends the subscriptions, lets calls under way finish and sends their answers, then closes the connections,
// WebSockets with status 1001. When ctx ends first, what is left is cut off and ctx's error returned.
func (s *Server) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	for c := range s.sessions {
		go c.drain()
	}
	s.mu.Unlock()

	err := s.http.Shutdown(ctx)
	finished := make(chan struct{})
	go func() { s.done.Wait(); close(finished) }()
	select {
	case <-finished:
	case <-ctx.Done():
		err = ctx.Err()
		s.http.Close()
		s.mu.Lock()
		for c := range s.sessions {
			c.abort()
		}
		s.mu.Unlock()
		// Handlers that do not heed their contexts are not waited for.
	}
	return err
}

// peer is who calls.
type peer struct {
	session *session // nil over HTTP
	proto   string   // "ws" or "http"
	unsafe  bool
	limit   *limiter // nil: no limit
	remote  string
}

type peerKey struct{}

// UnsafeAllowed tells whether the caller of a handler may call unsafe methods, for methods of which only a part is unsafe.
// A context that is no handler's allows none.
func UnsafeAllowed(ctx context.Context) bool {
	p, ok := ctx.Value(peerKey{}).(*peer)
	return ok && p.unsafe
}

// answer is what came of a frame.
type answer struct {
	out      []byte // nil: nothing is to be sent
	reserved int    // what the session has counted for out already
	sent     bool   // in the session's queue, as the answers of subscriptions are once they are accepted; out is a copy
}

// answer handles a frame that start has accepted: one object, or a batch. ctx carries p.
func (s *Server) answer(ctx context.Context, p *peer, frame []byte) (a answer) {
	defer func() {
		if r := recover(); r != nil { // in this package's own code
			s.bug("", r)
			a.out = appendError(nil, null, errInternal)
		}
	}()
	if frame[0] == '[' {
		if p.session == nil {
			return answer{out: s.batch(ctx, p, frame)}
		}
		return p.session.compose(s.cfg.MaxResponseSize, func() []byte { return s.batch(ctx, p, frame) })
	}
	r := parseRequest(frame, errParse)
	switch r.kind {
	case notification:
		return answer{}
	case invalid:
		return answer{out: appendError(nil, r.id, r.err)}
	}
	return s.call(ctx, p, &r, false)
}

func (s *Server) batch(ctx context.Context, p *peer, frame []byte) []byte {
	if s.cfg.NoBatches {
		return appendError(nil, null, errNoBatches)
	}
	n, ok := count(frame)
	if !ok {
		return appendError(nil, null, errParse)
	}
	if s.cfg.MaxBatch > 0 && n > s.cfg.MaxBatch {
		return appendError(nil, null, exceeded(CodeTooBigBatchRequest, "The batch request was too large", s.cfg.MaxBatch))
	}
	notified := false
	out := []byte{'['}
	for value := range values(frame) {
		r := parseRequest(value, errInvalidRequest)
		var one []byte
		switch r.kind {
		case notification:
			notified = true
			continue
		case invalid:
			one = appendError(nil, r.id, r.err)
		case call:
			one = s.call(ctx, p, &r, true).out
		}
		if len(out)+len(one)+1 > s.cfg.MaxResponseSize {
			return appendError(nil, null, exceeded(CodeTooBigBatchResponse, "The batch response was too large", s.cfg.MaxResponseSize))
		}
		out = append(append(out, one...), ',')
		if ctx.Err() != nil {
			return nil
		}
	}
	if len(out) == 1 {
		if notified {
			return nil
		}
		return appendError(nil, null, errInvalidRequest)
	}
	out[len(out)-1] = ']'
	return out
}

// call answers one call. The answer to a subscribing call of a batch goes out by itself and with the batch, as with the reference server.
func (s *Server) call(ctx context.Context, p *peer, r *request, inBatch bool) answer {
	m := s.methods.byName[r.method]
	label := "unknown"
	if m != nil {
		label = r.method
	}
	begun := time.Now()
	s.metrics.started(p.proto, label)
	limited, ok := p.limit.wait(ctx)
	if !ok {
		return answer{out: appendError(nil, r.id, &Error{Code: CodeRateLimited, Message: "RPC rate limit exceeded"})}
	}
	var a answer
	failed := true
	switch {
	case m == nil:
		a.out = appendError(nil, r.id, errMethodNotFound)
	case m.handler == nil && p.session == nil: // subscriptions need a connection
		a.out = appendError(nil, r.id, errInternal)
	case m.unsafe && !p.unsafe:
		a.out = appendError(nil, r.id, ErrUnsafe)
	case m.subscribe != nil:
		a, failed = p.session.subscribe(m, r, inBatch)
	case m.unsubscribes != nil:
		a.out, failed = p.session.unsubscribe(m, r), false
	default:
		run := func() (out []byte) {
			result, err := s.run(ctx, m, newParams(r.params, m.names))
			out, failed = s.reply(r, m, result, err)
			return out
		}
		if p.session == nil || inBatch { // a batch is made as a whole
			a.out = run()
		} else {
			a = p.session.compose(0, run)
		}
	}
	s.metrics.finished(p.proto, label, failed, limited, time.Since(begun))
	return a
}

// A panic below is our bug, never the end of the node: it is logged, and the client sees an internal error. What handlers return is their
// code too, where it writes its JSON or says its error.

func (s *Server) bug(name string, panicked any) {
	s.log.Error("BUG: RPC handler panicked", "method", name, "panic", fmt.Sprint(panicked), "stack", string(debug.Stack()))
}

// run calls the handler.
func (s *Server) run(ctx context.Context, m *method, p *Params) (result any, err error) {
	defer func() {
		if r := recover(); r != nil {
			s.bug(m.name, r)
			err = errInternal
		}
	}()
	return m.handler(ctx, p)
}

// reply makes the answer out of what the handler has returned.
func (s *Server) reply(r *request, m *method, result any, err error) (out []byte, failed bool) {
	defer func() {
		if p := recover(); p != nil {
			s.bug(m.name, p)
			out, failed = appendError(nil, r.id, errInternal), true
		}
	}()
	if err == nil {
		out, err = encode(r.id, result)
	}
	switch {
	case err != nil:
		return appendError(nil, r.id, s.asError(m, err)), true
	case len(out) > s.cfg.MaxResponseSize:
		return appendError(nil, r.id, exceeded(CodeOversizedResponse, "Response is too big", s.cfg.MaxResponseSize)), true
	}
	return out, false
}

// asError returns what the client sees of a handler's error.
func (s *Server) asError(m *method, err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	s.log.Warn("RPC handler error", "method", m.name, "error", err.Error())
	return errInternal
}

func encode(id []byte, result any) ([]byte, error) {
	size := 64 + len(id)
	switch v := result.(type) {
	case Hex:
		size += 2 * len(v)
	case json.RawMessage:
		size += len(v)
	}
	out := append(appendHead(make([]byte, 0, size), id), `,"result":`...)
	out, err := appendValue(out, result)
	if err != nil {
		return nil, fmt.Errorf("encode result: %w", err)
	}
	return append(out, '}'), nil
}
