package jsonrpc

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	jsonType = "application/json; charset=utf-8"
	textType = "text/plain"
)

// respond writes a whole answer. The names and texts of these answers are the reference server's: jsonrpsee 0.24,
// server/src/transport/http.rs.
func respond(w http.ResponseWriter, status int, contentType string, body []byte) {
	h := w.Header()
	h["Content-Type"] = []string{contentType}
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(status)
	w.Write(body)
}

func (s *Server) serveHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.hostAllowed(r) {
		respond(w, http.StatusForbidden, textType, []byte("Provided Host header is not whitelisted.\n"))
		return
	}
	if s.cors(w, r) {
		return
	}
	select {
	case s.connections <- struct{}{}:
		defer func() { <-s.connections }()
	default:
		respond(w, http.StatusTooManyRequests, textType, []byte("Too many connections. Please try again later."))
		return
	}
	p := s.peer(r)
	if isUpgrade(r) {
		if !s.originAllowed(r) {
			respond(w, http.StatusForbidden, textType, nil)
			return
		}
		p.proto = "ws"
		s.serveWebSocket(w, r, p)
		return
	}
	if r.Method == http.MethodGet {
		switch r.URL.Path {
		case "/health":
			s.health(w, r, p, false)
			return
		case "/health/readiness":
			s.health(w, r, p, true)
			return
		}
	}
	switch {
	case r.Method != http.MethodPost:
		respond(w, http.StatusMethodNotAllowed, textType, []byte("Used HTTP Method is not allowed. POST is required\n"))
		return
	case !isJSON(r.Header.Get("Content-Type")):
		respond(w, http.StatusUnsupportedMediaType, textType,
			[]byte("Supplied content type is not allowed. Content-Type: application/json is required\n"))
		return
	}
	body, err := s.body(w, r)
	switch {
	case errors.Is(err, errTooLarge):
		limit := s.cfg.MaxRequestSize
		w.Header().Set("Connection", "close")
		respond(w, http.StatusRequestEntityTooLarge, jsonType,
			appendError(nil, null, exceeded(CodeOversizedRequest, "Request is too big", limit)))
		return
	case err != nil:
		respond(w, http.StatusInternalServerError, jsonType, appendError(nil, null, errInternal))
		return
	}
	frame, ok := start(body)
	if !ok {
		respond(w, http.StatusBadRequest, jsonType, appendError(nil, null, errParse))
		return
	}
	respond(w, http.StatusOK, jsonType, s.answer(context.WithValue(r.Context(), peerKey{}, p), p, frame).out)
}

// peer says who sent the request.
func (s *Server) peer(r *http.Request) *peer {
	p := &peer{proto: "http", remote: r.RemoteAddr}
	c, ok := r.Context().Value(connKey{}).(*conn)
	if !ok {
		return p
	}
	p.unsafe = c.unsafe && s.unsafeOrigin(r)
	if c.limit != nil {
		addr, known := s.clientAddr(r)
		trusted := known && slices.ContainsFunc(s.cfg.RateLimitTrusted, func(n netip.Prefix) bool { return n.Contains(addr) })
		if !trusted {
			p.limit = c.limit
		}
	}
	return p
}

// body reads a request's body up to the limit. As with writes, each chunk of it has to come within the timeout.
func (s *Server) body(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	limit := int64(s.cfg.MaxRequestSize)
	if r.ContentLength > limit {
		return nil, errTooLarge
	}
	control := http.NewResponseController(w)
	defer control.SetReadDeadline(time.Time{})
	var b bytes.Buffer
	b.Grow(int(min(max(r.ContentLength, 0), chunk)) + bytes.MinRead)
	for {
		if err := control.SetReadDeadline(time.Now().Add(s.cfg.WriteTimeout)); err != nil {
			return nil, err
		}
		n, err := b.ReadFrom(io.LimitReader(r.Body, min(chunk, limit+1-int64(b.Len()))))
		switch {
		case err != nil:
			return nil, err
		case int64(b.Len()) > limit:
			return nil, errTooLarge
		case n == 0:
			return b.Bytes(), nil
		}
	}
}

func isJSON(contentType string) bool {
	switch strings.ToLower(contentType) {
	case "application/json", "application/json; charset=utf-8", "application/json;charset=utf-8",
		"application/json-rpc", "application/json-rpc;charset=utf-8", "application/json-rpc; charset=utf-8":
		return true
	}
	return false
}

func isUpgrade(r *http.Request) bool {
	return headerHas(r.Header, "Connection", "upgrade") && headerHas(r.Header, "Upgrade", "websocket")
}

func headerHas(h http.Header, name, token string) bool {
	for _, line := range h.Values(name) {
		for v := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(v), token) {
				return true
			}
		}
	}
	return false
}

// health answers GET /health with the result of system_health, and GET /health/readiness with 200 where the node has peers and is in
// sync, 500 otherwise. Source: sc-rpc-server, middleware/node_health.rs.
func (s *Server) health(w http.ResponseWriter, r *http.Request, p *peer, readiness bool) {
	out := s.answer(context.WithValue(r.Context(), peerKey{}, p), p, []byte(`{"jsonrpc":"2.0","method":"system_health","id":0}`)).out
	var reply struct {
		Result *struct {
			Peers           uint64 `json:"peers"`
			IsSyncing       bool   `json:"isSyncing"`
			ShouldHavePeers bool   `json:"shouldHavePeers"`
		} `json:"result"`
	}
	status := http.StatusOK
	var body []byte
	switch err := json.Unmarshal(out, &reply); {
	case err != nil || reply.Result == nil:
		status = http.StatusInternalServerError
	case !readiness:
		body, _ = json.Marshal(reply.Result)
	case reply.Result.IsSyncing || reply.Result.Peers == 0:
		status = http.StatusInternalServerError
	}
	respond(w, status, jsonType, body)
}

// localHosts are the Host headers that name a listener of this machine. Source: sc-rpc-server, utils.rs.
func localHosts(a net.Addr) []string {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return nil
	}
	port := strconv.Itoa(tcp.Port)
	if tcp.IP.To4() != nil {
		return []string{"localhost:" + port, "127.0.0.1:" + port}
	}
	return []string{"localhost:" + port, "[::1]:" + port} // the name has an IPv6 address, too
}

func (s *Server) hostAllowed(r *http.Request) bool {
	if s.cfg.CORS == nil {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hosts[strings.ToLower(r.Host)]
}

func (s *Server) originAllowed(r *http.Request) bool {
	origin := r.Header.Get("Origin")
	return s.cfg.CORS == nil || origin == "" || listed(s.cfg.CORS, origin)
}

// unsafeOrigin tells whether the page that sends a request, if any does, may call unsafe methods. A page can neither leave its origin out of a request that changes
// anything, nor give another; several are none that is listed.
func (s *Server) unsafeOrigin(r *http.Request) bool {
	origins := r.Header.Values("Origin")
	return s.cfg.UnsafeOrigins == nil || len(origins) == 0 || len(origins) == 1 && listed(s.cfg.UnsafeOrigins, origins[0])
}

// listed tells whether a list has the origin. "http://localhost:*" is for all ports, as in the flag's defaults.
func listed(list []string, origin string) bool {
	return slices.ContainsFunc(list, func(allowed string) bool {
		if prefix, any := strings.CutSuffix(allowed, "*"); any && strings.HasSuffix(prefix, ":") {
			port, ok := strings.CutPrefix(origin, prefix)
			return ok && port != "" && strings.Trim(port, "0123456789") == ""
		}
		return origin == allowed
	})
}

// cors adds the headers of cross-origin requests, and answers a preflight: true then.
func (s *Server) cors(w http.ResponseWriter, r *http.Request) bool {
	h := w.Header()
	preflight := r.Method == http.MethodOptions
	if s.cfg.CORS == nil {
		h["Access-Control-Allow-Origin"] = []string{"*"}
		if preflight {
			h["Access-Control-Allow-Methods"] = []string{"*"}
			h["Access-Control-Allow-Headers"] = []string{"*"}
		} else {
			h["Access-Control-Expose-Headers"] = []string{"*"}
		}
	} else if origin := r.Header.Get("Origin"); origin != "" && listed(s.cfg.CORS, origin) {
		h["Access-Control-Allow-Origin"] = []string{origin}
	}
	h["Vary"] = []string{"origin, access-control-request-method, access-control-request-headers"}
	if preflight {
		w.WriteHeader(http.StatusOK)
	}
	return preflight
}

// clientAddr returns the address that the rate limit's list of trusted networks is compared with.
func (s *Server) clientAddr(r *http.Request) (netip.Addr, bool) {
	if s.cfg.TrustProxyHeaders {
		if a, ok := proxyAddr(r.Header); ok {
			return a, true
		}
	}
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	return a.Addr().Unmap(), err == nil
}

// proxyAddr returns the client's address as proxies report it: the first one of Forwarded, of X-Forwarded-For, or X-Real-IP.
func proxyAddr(h http.Header) (netip.Addr, bool) {
	if v := h.Get("Forwarded"); v != "" {
		for element := range strings.SplitSeq(v, ",") {
			for pair := range strings.SplitSeq(element, ";") {
				name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
				if strings.EqualFold(name, "for") {
					if a, ok := hostAddr(strings.Trim(value, `"`)); ok {
						return a, true
					}
				}
			}
		}
	}
	if v := h.Get("X-Forwarded-For"); v != "" {
		for element := range strings.SplitSeq(v, ",") {
			if a, ok := hostAddr(strings.TrimSpace(element)); ok {
				return a, true
			}
		}
	}
	a, err := netip.ParseAddr(h.Get("X-Real-IP"))
	return a, err == nil
}

func hostAddr(s string) (netip.Addr, bool) {
	if a, err := netip.ParseAddrPort(s); err == nil {
		return a.Addr(), true
	}
	a, err := netip.ParseAddr(strings.Trim(s, "[]"))
	return a, err == nil
}
