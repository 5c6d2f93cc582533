package offchain

import (
	"context"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gotensor/gotensor/wasmhost"
)

const (
	// maxInFlight bounds the requests of all workers that are on the wire; others wait.
	maxInFlight = 128
	// maxRequests bounds the requests of one worker that it has neither finished nor seen fail.
	maxRequests = 1024
	// maxHeaders bounds the bytes of a request's headers and URI.
	maxHeaders = 64 << 10
	// maxResponseHeaders is where hyper's buffer ends.
	maxResponseHeaders = 400 << 10
	// chunkSize and chunks bound what is read of a response ahead of the worker.
	chunkSize = 16 << 10
	chunks    = 3
)

// httpClient makes the requests of all workers.
type httpClient struct {
	transport *http.Transport
	inFlight  chan struct{} // holds one for each request on the wire
}

func newHTTPClient() *httpClient {
	return &httpClient{
		transport: &http.Transport{
			DisableCompression:     true,
			ForceAttemptHTTP2:      true,
			IdleConnTimeout:        90 * time.Second,
			MaxIdleConns:           maxInFlight,
			MaxResponseHeaderBytes: maxResponseHeaders,
			TLSHandshakeTimeout:    time.Minute,
		},
		inFlight: make(chan struct{}, maxInFlight),
	}
}

func (c *httpClient) close() { c.transport.CloseIdleConnections() }

// session is what one run does over HTTP. It implements wasmhost.OffchainHTTP, for one goroutine.
type session struct {
	client   *httpClient
	ctx      context.Context // of the run
	cancel   context.CancelFunc
	running  sync.WaitGroup
	next     uint16
	requests map[uint16]*request
}

// session begins the requests of a run; close ends them.
func (c *httpClient) session(ctx context.Context) *session {
	ctx, cancel := context.WithCancel(ctx)
	// The first id is random, so that nobody writes a runtime that counts on ids. Source: sc-offchain, api/http.rs.
	return &session{client: c, ctx: ctx, cancel: cancel, next: uint16(rand.N(2000)), requests: make(map[uint16]*request)}
}

func (s *session) close() {
	s.cancel()
	s.running.Wait()
}

// request is one request. Before it is dispatched it belongs to the session alone.
type request struct {
	method, uri string
	header      http.Header
	size        int // bytes of header and uri
	dispatched  bool
	writing     bool // the worker may add to the body
	cancel      context.CancelFunc
	body        *body

	done   chan struct{} // closed when status and headers are there, or failed says why not
	failed error
	status uint16
	heads  [][2][]byte

	arriving chan []byte // pieces of the body; closed at its end, or where broken says why it broke off
	broken   error
	rest     []byte // of a piece
}

// body is the body of a request, which the worker writes and the transport reads.
type body struct {
	pieces chan []byte // one waits to be read
	closed chan struct{}
	once   sync.Once
	rest   []byte // of the piece at hand; the transport's
}

func newBody() *body { return &body{pieces: make(chan []byte, 1), closed: make(chan struct{})} }

// Read waits for what the worker writes; the end of the request closes the body.
func (b *body) Read(to []byte) (int, error) {
	for len(b.rest) == 0 {
		select {
		case piece, ok := <-b.pieces:
			if !ok {
				return 0, io.EOF
			}
			b.rest = piece
		case <-b.closed:
			return 0, errClosed
		}
	}
	n := copy(to, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

// Close is the transport's: nothing of the body is wanted any more.
func (b *body) Close() error {
	b.once.Do(func() { close(b.closed) })
	return nil
}

var (
	errClosed = errors.New("request was closed")
	errURI    = errors.New("URI is not absolute, or of another scheme than http and https")
)

// RequestStart implements wasmhost.OffchainHTTP. What is no method or no URI, or too long, is refused; an id too many as well.
func (s *session) RequestStart(method, uri string) (id uint16, ok bool) {
	if !token(method) || !validURI(uri) || len(s.requests) == maxRequests || s.next == math.MaxUint16 {
		return 0, false
	}
	id = s.next
	s.next++
	s.requests[id] = &request{method: method, uri: uri, header: make(http.Header), size: len(uri), writing: true, done: make(chan struct{})}
	return id, true
}

// token tells whether s is a token of HTTP: a method or the name of a header.
func token(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0:
		default:
			return false
		}
	}
	return s != ""
}

// validURI tells whether uri could be one; whether a request can be made to it shows when it is made.
func validURI(uri string) bool {
	if uri == "" || len(uri) > maxHeaders-1024 {
		return false
	}
	for i := range len(uri) {
		if uri[i] <= ' ' || uri[i] == 0x7f {
			return false
		}
	}
	if !strings.Contains(uri, "://") {
		return true
	}
	u, err := url.Parse(uri)
	return err == nil && u.Host != ""
}

// AddHeader implements wasmhost.OffchainHTTP. Headers of one name are kept side by side.
func (s *session) AddHeader(id uint16, name, value string) bool {
	r := s.requests[id]
	if r == nil || r.dispatched || !token(name) || !validValue(value) || r.size+len(name)+len(value) > maxHeaders {
		return false
	}
	r.size += len(name) + len(value)
	name = http.CanonicalHeaderKey(name)
	r.header[name] = append(r.header[name], value)
	return true
}

func validValue(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' && s[i] != '\t' || s[i] == 0x7f {
			return false
		}
	}
	return true
}

// dispatch sends a request on its way. Its body follows as the worker writes it.
func (s *session) dispatch(r *request) {
	r.dispatched, r.arriving = true, make(chan []byte, chunks)
	var ctx context.Context
	ctx, r.cancel = context.WithCancel(s.ctx)
	r.body = newBody()
	send, err := r.build(ctx)
	if err != nil {
		r.body.Close()
		r.failed = err
		close(r.done)
		return
	}
	s.running.Go(func() {
		defer r.cancel()
		defer r.body.Close()
		// The transport does not give up while it waits for more of the body.
		stop := context.AfterFunc(ctx, func() { r.body.Close() })
		defer stop()
		select {
		case s.client.inFlight <- struct{}{}:
			defer func() { <-s.client.inFlight }()
			r.run(ctx, s.client.transport, send)
		case <-ctx.Done():
			r.failed = ctx.Err()
			close(r.done)
		}
	})
}

// build makes the request as hyper would: nothing is added to the headers. Requests without a body by nature have one only where a header announces it.
func (r *request) build(ctx context.Context) (*http.Request, error) {
	u, err := url.Parse(r.uri)
	if err != nil {
		return nil, err
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errURI
	}
	u.User, u.Fragment, u.RawFragment = nil, "", ""
	if path, _, _ := strings.Cut(afterHost(r.uri), "?"); strings.HasPrefix(path, "/") && !strings.HasPrefix(path, "//") {
		u.Opaque = path // as it was written, where url would escape it in its own way
	}
	send := (&http.Request{
		Method: r.method, URL: u, Host: u.Host, Header: r.header, Body: r.body, ContentLength: -1,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}).WithContext(ctx)
	if host := r.header.Values("Host"); len(host) > 0 {
		send.Host = host[0]
	}
	if _, ok := r.header["User-Agent"]; !ok {
		r.header["User-Agent"] = []string{""} // none, instead of the transport's
	}
	announced := len(r.header.Values("Transfer-Encoding")) > 0
	if length := r.header.Values("Content-Length"); len(length) > 0 {
		if send.ContentLength, err = strconv.ParseInt(length[0], 10, 64); err != nil || send.ContentLength < 0 {
			return nil, errors.New("content-length is no number")
		}
		announced = send.ContentLength > 0
	}
	bodiless := r.method == http.MethodGet || r.method == http.MethodHead || r.method == http.MethodConnect
	if !announced && (bodiless || send.ContentLength == 0) {
		send.Body, send.ContentLength = http.NoBody, 0
		r.body.Close()
	}
	return send, nil
}

// afterHost is what follows the host in an absolute URI, without the fragment.
func afterHost(uri string) string {
	_, rest, _ := strings.Cut(uri, "://")
	rest, _, _ = strings.Cut(rest, "#")
	if at := strings.IndexAny(rest, "/?"); at >= 0 {
		return rest[at:]
	}
	return ""
}

// run makes the request and passes the response on, as fast as the worker takes it.
func (r *request) run(ctx context.Context, transport http.RoundTripper, send *http.Request) {
	response, err := transport.RoundTrip(send)
	if err != nil {
		r.failed = err
		close(r.done)
		return
	}
	defer response.Body.Close()
	r.status, r.heads = uint16(response.StatusCode), headers(response)
	close(r.done)
	defer close(r.arriving)
	for {
		piece := make([]byte, chunkSize)
		n, err := response.Body.Read(piece)
		if n > 0 {
			select {
			case r.arriving <- piece[:n]:
			case <-ctx.Done():
				r.broken = ctx.Err()
				return
			}
		}
		if err == io.EOF {
			return
		}
		if err != nil {
			r.broken = err
			return
		}
	}
}

// headers are those of a response in the order of their names, which are in lower case as hyper has them.
func headers(response *http.Response) (out [][2][]byte) {
	for name, values := range response.Header {
		for _, value := range values {
			out = append(out, [2][]byte{[]byte(strings.ToLower(name)), []byte(value)})
		}
	}
	for _, encoding := range response.TransferEncoding {
		out = append(out, [2][]byte{[]byte("transfer-encoding"), []byte(encoding)})
	}
	slices.SortStableFunc(out, func(a, b [2][]byte) int { return strings.Compare(string(a[0]), string(b[0])) })
	return out
}

// remove forgets a request, and ends it where it still runs.
func (s *session) remove(id uint16) {
	if r := s.requests[id]; r != nil {
		if r.cancel != nil {
			r.cancel()
		}
		delete(s.requests, id)
	}
}

// WriteBody implements wasmhost.OffchainHTTP. The first piece dispatches the request, an empty one ends the body.
func (s *session) WriteBody(ctx context.Context, id uint16, chunk []byte, deadline *uint64) wasmhost.HTTPError {
	r := s.requests[id]
	if r == nil || !r.writing {
		return wasmhost.HTTPInvalidID
	}
	if !r.dispatched {
		s.dispatch(r)
	}
	if len(chunk) == 0 {
		s.endBody(r)
		return wasmhost.HTTPOk
	}
	after, stop := wake(deadline)
	defer stop()
	select {
	case <-r.body.closed:
		// A body that nobody takes is an error even where there would be room for a piece.
		s.remove(id)
		return wasmhost.HTTPIOError
	default:
	}
	piece := slices.Clone(chunk) // the chunk is the guest's memory
	select {
	case r.body.pieces <- piece: // room comes before the deadline
		return wasmhost.HTTPOk
	default:
	}
	select {
	case r.body.pieces <- piece:
		return wasmhost.HTTPOk
	case <-r.body.closed:
		s.remove(id)
		return wasmhost.HTTPIOError
	case <-after:
		return wasmhost.HTTPDeadlineReached
	case <-ctx.Done():
		return wasmhost.HTTPDeadlineReached
	}
}

// endBody ends the body of a dispatched request.
func (s *session) endBody(r *request) {
	if r.writing {
		r.writing = false
		close(r.body.pieces)
	}
}

// Statuses of wasmhost.OffchainHTTP.ResponseWait.
const (
	statusInvalid  = 0
	statusDeadline = 10
	statusIOError  = 20
)

// ResponseWait implements wasmhost.OffchainHTTP. Requests that were not sent yet are, and nothing more can be added to their bodies. One that failed is forgotten.
func (s *session) ResponseWait(ctx context.Context, ids []uint16, deadline *uint64) []uint16 {
	for _, id := range ids {
		if r := s.requests[id]; r != nil {
			if !r.dispatched {
				s.dispatch(r)
			}
			s.endBody(r)
		}
	}
	after, stop := wake(deadline)
	defer stop()
	late := false // the deadline has passed, or the call has ended
	statuses := make([]uint16, len(ids))
	for i, id := range ids {
		r := s.requests[id]
		if r == nil {
			statuses[i] = statusInvalid
			continue
		}
		select {
		case <-r.done: // what has come counts, however late it is
			statuses[i] = r.outcome()
			continue
		default:
		}
		if late {
			statuses[i] = statusDeadline
			continue
		}
		select {
		case <-r.done:
			statuses[i] = r.outcome()
		case <-after:
			late, statuses[i] = true, statusDeadline
		case <-ctx.Done():
			late, statuses[i] = true, statusDeadline
		}
	}
	for i, id := range ids {
		if statuses[i] == statusIOError {
			s.remove(id)
		}
	}
	return statuses
}

// outcome is the status of a request that is done.
func (r *request) outcome() uint16 {
	if r.failed != nil {
		return statusIOError
	}
	return r.status
}

// ResponseHeaders implements wasmhost.OffchainHTTP: none where there is no response yet.
func (s *session) ResponseHeaders(id uint16) [][2][]byte {
	at := uint64(0)
	s.ResponseWait(s.ctx, []uint16{id}, &at)
	if r := s.requests[id]; r != nil {
		select {
		case <-r.done:
			return r.heads
		default:
		}
	}
	return nil
}

// ReadBody implements wasmhost.OffchainHTTP. It waits for the response first. A request whose response was read to its end, or broke off, is forgotten, and so is
// one that failed: as in Substrate it is unknown then. A buffer without room skips what is left of the body.
func (s *session) ReadBody(ctx context.Context, id uint16, buffer []byte, deadline *uint64) (int, wasmhost.HTTPError) {
	if s.ResponseWait(ctx, []uint16{id}, deadline)[0] == statusDeadline {
		return 0, wasmhost.HTTPDeadlineReached
	}
	r := s.requests[id]
	if r == nil {
		return 0, wasmhost.HTTPInvalidID
	}
	after, stop := wake(deadline)
	defer stop()
	for {
		if len(buffer) > 0 && len(r.rest) > 0 {
			n := copy(buffer, r.rest)
			r.rest = r.rest[n:]
			return n, wasmhost.HTTPOk
		}
		piece, ok, late := s.arrive(ctx, r, after)
		switch {
		case late:
			return 0, wasmhost.HTTPDeadlineReached
		case ok:
			r.rest = piece
		case r.broken != nil:
			s.remove(id)
			return 0, wasmhost.HTTPIOError
		default:
			s.remove(id)
			return 0, wasmhost.HTTPOk
		}
	}
}

// arrive waits for the next piece of a response; ok is false at its end. What is there comes before the deadline.
func (s *session) arrive(ctx context.Context, r *request, after <-chan time.Time) (piece []byte, ok, late bool) {
	select {
	case piece, ok = <-r.arriving:
		return piece, ok, false
	default:
	}
	select {
	case piece, ok = <-r.arriving:
		return piece, ok, false
	case <-after:
	case <-ctx.Done():
	}
	return nil, false, true
}
