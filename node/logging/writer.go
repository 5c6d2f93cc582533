package logging

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// writer passes lines on from a goroutine of its own, so that whoever logs never waits for the reader of the log.
//
// Lines wait in one buffer of at most maxWaiting bytes; those that do not fit are counted and dropped, and the count is written when
// the reader takes lines again. Lines are never cut or mixed.
type writer struct {
	out io.Writer

	mu      sync.Mutex
	cond    *sync.Cond // waiting, writing or closed have changed
	waiting []byte
	writing bool
	dropped uint64
	closed  bool
}

// maxWaiting is how much may wait. Source: sc-tracing, logging/stderr_writer.rs.
const maxWaiting = 2 << 20

func newWriter(out io.Writer) *writer {
	w := &writer{out: out}
	w.cond = sync.NewCond(&w.mu)
	go w.run()
	return w
}

func (w *writer) line(b []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || len(w.waiting)+len(b) > maxWaiting {
		w.dropped++
		return
	}
	if w.dropped > 0 {
		// The line says at its place in the order what is missing.
		w.waiting = fmt.Appendf(w.waiting, "%d log lines dropped: the reader of the log is too slow\n", w.dropped)
		w.dropped = 0
	}
	w.waiting = append(w.waiting, b...)
	w.cond.Broadcast()
}

func (w *writer) run() {
	var batch []byte
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		for len(w.waiting) == 0 {
			if w.closed {
				return
			}
			w.cond.Wait()
		}
		batch, w.waiting = w.waiting, batch[:0]
		w.writing = true
		w.mu.Unlock()
		w.out.Write(batch) // there is nowhere to report an error of the log to
		w.mu.Lock()
		w.writing = false
		w.cond.Broadcast()
	}
}

// flush waits until all lines before it are written, at most for the timeout. It tells whether they are.
func (w *writer) flush(timeout time.Duration) bool {
	expired := false
	t := time.AfterFunc(timeout, func() {
		w.mu.Lock()
		expired = true
		w.cond.Broadcast()
		w.mu.Unlock()
	})
	defer t.Stop()
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.waiting) > 0 || w.writing {
		if expired {
			return false
		}
		w.cond.Wait()
	}
	return true
}

func (w *writer) close(timeout time.Duration) bool {
	done := w.flush(timeout)
	w.mu.Lock()
	w.closed = true
	w.cond.Broadcast()
	w.mu.Unlock()
	return done
}
