package jsonrpc

import (
	"net"
	"sync"
	"time"
)

// conn is an accepted connection: it knows its listener's policy, gives up on a peer that takes no bytes, and gathers the small writes
// of many answers into few.
type conn struct {
	net.Conn
	unsafe  bool
	timeout time.Duration

	mu     sync.Mutex // frames of answers and of pings come from different goroutines
	corked bool
	buf    []byte
}

// chunk is how much has to go out within one timeout, and how much is gathered at most.
const chunk = 64 << 10

// Write implements net.Conn.
func (c *conn) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.corked && len(c.buf)+len(b) <= chunk {
		c.buf = append(c.buf, b...)
		return len(b), nil
	}
	if err := c.flushLocked(); err != nil {
		return 0, err
	}
	return c.writeLocked(b)
}

func (c *conn) flushLocked() error {
	if len(c.buf) == 0 {
		return nil
	}
	_, err := c.writeLocked(c.buf)
	c.buf = c.buf[:0]
	return err
}

func (c *conn) writeLocked(b []byte) (int, error) {
	written := 0
	for {
		part := b[written:min(len(b), written+chunk)]
		if err := c.Conn.SetWriteDeadline(time.Now().Add(c.timeout)); err != nil {
			return written, err
		}
		n, err := c.Conn.Write(part)
		written += n
		if err != nil || written == len(b) {
			return written, err
		}
	}
}

// cork gathers writes until uncork, up to a chunk.
func (c *conn) cork() {
	c.mu.Lock()
	c.corked = true
	c.mu.Unlock()
}

func (c *conn) uncork() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.corked = false
	return c.flushLocked()
}

// listener makes its connections so.
type listener struct {
	net.Listener
	unsafe  bool
	timeout time.Duration
}

func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, unsafe: l.unsafe, timeout: l.timeout}, nil
}
